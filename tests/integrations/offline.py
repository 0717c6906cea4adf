"""pip without an index: it finds what covlint needs in the environment of the test."""

from __future__ import annotations

import os
import sys

#: pip means by the second one that it builds without isolation (``0``, as its own issue 5735).
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_BUILD_ISOLATION": "0",
    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path.endswith("-packages")),
}
