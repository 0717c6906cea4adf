"""Go's coverage data files: read without a Go toolchain, merged, and written as reports.

``layout`` says how the files are laid out, ``meta`` and ``counters`` read one
file, ``dataset`` reads folders, ``profile`` is what they amount to, ``flags`` lays
several of them over one another, ``summary`` has the numbers alone; ``textfmt``, ``func``,
``percent``, ``cobertura``, ``lcov``, ``json``, ``markdown``, ``badge``, ``bars`` (a table
for terminals) and ``page`` (HTML) write it.

Source: the comments and types of Go's ``internal/coverage/defs.go``, format
version 1, the same from Go 1.21 to 1.27 (facts, part G).
"""
