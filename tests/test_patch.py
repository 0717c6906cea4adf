from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.patch import unified_diff

LINES = st.lists(st.sampled_from([b"a", b"b", b"", b"\r", b"c\r", b"\x0b", b"\xff"]), max_size=12)


def applied(path: str, before: bytes, after: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(before)
        patch = unified_diff(path, before, after)
        completed = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=folder,
            input=patch,
            capture_output=True,
            check=False,
        )
        assert completed.returncode == 0, (patch, completed.stderr)
        return target.read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb", b"a\nc"),
        (b"a\nb\n", b"a\nb"),
        (b"a\nb", b"a\nb\n"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"", b"new\n"),
        (b"\xef\xbb\xbfFROM a\n", b"\xef\xbb\xbfFROM b\n"),
        (b"1\n" * 500 + b"x\n" + b"1\n" * 500, b"1\n" * 500 + b"y\n" + b"1\n" * 500),
    ],
)
def test_git_applies_the_diff(before: bytes, after: bytes) -> None:
    assert applied("Dockerfile", before, after) == after


@pytest.mark.parametrize(
    "path",
    ["with space.yaml", "deep/er/Dockerfile", 'quo"te', "back\\slash", "ümlaut", "tab\tname"],
)
def test_names_that_need_quotes(path: str) -> None:
    assert applied(path, b"a\n", b"b\n") == b"b\n"


@settings(max_examples=40, deadline=None)
@given(LINES, LINES, st.booleans(), st.booleans())
def test_the_diff_is_the_change(
    old: list[bytes], new: list[bytes], old_end: bool, new_end: bool
) -> None:
    before = b"\n".join(old) + (b"\n" if old and old_end else b"")
    after = b"\n".join(new) + (b"\n" if new and new_end else b"")
    if before == after:
        assert unified_diff("f", before, after) == b""
    elif after:  # nothing of covlint empties a file
        assert applied("f", before, after) == after


@pytest.mark.parametrize("content", [b"", b"a\n", b"a\nb"])
def test_git_makes_a_new_file(tmp_path: Path, content: bytes) -> None:
    patch = unified_diff("new dir/file", b"", content, created=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, check=True)
    assert (tmp_path / "new dir" / "file").read_bytes() == content
