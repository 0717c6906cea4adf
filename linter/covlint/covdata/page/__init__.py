"""A run as one web page that needs nothing else, on- or offline.

``document`` puts it together from ``verdict`` (chain and claims), ``treemap``, ``tree``
(folders, packages, files) and ``source``; ``style.css`` and ``script.js`` go into it as they
are. Without scripts all of it can be read; they add search, keys and colours of syntax.
"""
