"""What holds for every fix, on every project there is, and on what is derived from it.

``properties.py`` says what has to hold, ``structure.py`` whether a file says the same off its edits,
``projects.py`` where the projects come from and ``variants.py`` how else they might have been written.
``make fixes`` (``python -m fixes`` with ``tests`` on the path) runs it all at length.
"""
