"""The command line: one module per command, loaded when it is called."""

from __future__ import annotations

import atexit
import gc
import os
import sys

#: Objects that may be made before Python looks for circles among them. What a run reads is kept
#: to its end, so that looking after every 700 is a tenth of a run, and finds next to nothing.
_BEFORE_COLLECTED = 100_000


def entry() -> None:
    """The console script ``covlint``."""
    gc.set_threshold(_BEFORE_COLLECTED, 20, 100)
    from covlint.cli.main import run  # click is not needed by those who import this package

    _leave(run(sys.argv[1:]))


def _leave(code: int) -> None:
    """End the process at once: to free every object by itself first is a twentieth of a run."""
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(code)  # which waits for the others
    atexit._run_exitfuncs()  # noqa: SLF001 - as the interpreter does
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # the reader has gone, or the stream is closed
        sys.exit(code)
    os._exit(code)
