"""What a fix is checked by before it is written."""

from __future__ import annotations

import dockerfile
import pytest

from covlint.reparse import parse_error
from covlint.source import SourceFile


@pytest.mark.parametrize(
    "line",
    [
        "ENV A=b",
        "ENV A=b C=d",
        'ENV A="b c"',
        "ENV A=b\\ c",
        "ENV A b c",
        "ENV A b=c d",
        "LABEL A='b c' d=e",
        "ENV A=b c",
        "ENV A=/my app/cov",
        "LABEL a=b c",
        "ENV A=b \\\n  C=d \\\n  # why\n  E=f",
    ],
)
def test_pairs_are_checked_as_buildkit_does(line: str) -> None:
    text = f"FROM a\n{line}\n"
    try:
        dockerfile.parse_string(text)
        refused = False
    except dockerfile.GoParseError:
        refused = True
    found = parse_error(SourceFile("Dockerfile", text.encode()))
    assert (found is not None) is refused
