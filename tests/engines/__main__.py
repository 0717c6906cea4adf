"""Provokes every failure on containers and a cluster, runs the healthy services, and prints the
rates and what is missing of them, by name.

PYTHONPATH=tests python -m engines [WORD]...    only those with one of the words in their names
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
