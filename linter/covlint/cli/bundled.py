"""Where the fixtures lie that ``demo`` and ``lab`` need: in the wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

from covlint.cli.exits import Failure


def fixtures(wanted: str) -> Path:
    """The folder of fixtures that holds ``wanted``. Raises Failure."""
    package = Path(__file__).resolve().parent.parent
    for place in (package / "_bundled", package.parent.parent / "fixtures"):
        if (place / wanted).is_dir():
            return place
    raise Failure(f"the bundled {wanted} is missing: covlint is not installed whole")
