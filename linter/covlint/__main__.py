"""``python -m covlint``."""

from __future__ import annotations

from covlint.cli import entry

if __name__ == "__main__":
    entry()
