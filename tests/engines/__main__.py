"""Runs what `test_failures` runs, and prints the rate and what is missing of it, by name.

PYTHONPATH=tests python -m engines [WORD]...    WORDs are those of `pytest -k`
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


def main() -> int:
    here = Path(__file__).parent
    words = " or ".join(sys.argv[1:])
    chosen = ["-k", words] if words else []
    return pytest.main(["-q", "--tb=no", "-m", "engines", str(here / "test_failures.py"), *chosen])


if __name__ == "__main__":
    sys.exit(main())
