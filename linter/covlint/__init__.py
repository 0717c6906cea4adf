"""covlint finds why a Go service's e2e coverage comes back empty, fixes it and proves the fix.

The packages build on one another in one direction only: sources, diagnostics,
documents, facts, wiring, project, rule, engine, and on top of them the
reports, the runner and the command line.
"""

__version__ = "0.1.0"
