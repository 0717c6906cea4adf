"""Sabotages that files show and covlint does not see yet, each with what is missing."""

from __future__ import annotations

from collections.abc import Mapping

MISSED: Mapping[str, str] = {
    "another covermode for one of two programs": "directories that programs of a script share",
}
