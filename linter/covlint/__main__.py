"""``python -m covlint``."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Python puts the current folder in front: modules would come from the project, which may
    # be anybody's. With `python -P` it does not.
    if sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]

    from covlint.cli import entry

    entry()
