"""The command line: one module per command, loaded when it is called."""

from __future__ import annotations

import sys


def entry() -> None:
    """The console script ``covlint``."""
    from covlint.cli.main import run  # click is not needed by those who import this package

    sys.exit(run(sys.argv[1:]))
