"""GOFLAGS values are split as Go splits them, and their flags know their own bytes."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.shellwords import ShellWord, decode_word
from covlint.facts.dockerfile.flags import goflags_flags, split_goflags
from covlint.runner.toolchain import Toolchain
from covlint.source import Span

VALUES = [
    "",
    "-tags=a",
    "-tags=a -tags=b",
    " -tags=a\t-trimpath\n-tags=c \r\n",
    "'-tags=a b'",
    '"-tags=a b" -trimpath',
    "'-tags=a''-trimpath'",
    "'-tags=a'x -trimpath",
    '-tags="a b"',
    '-ldflags="-s -w"',
    "-tags a",
    "cover",
    "-tags=a'b",
    "-tags=a,b -x",
    "-tags=a\u00a0b",
    "-- -tags=a",
    "'' -tags=a",
]
KNOWN = {"tags", "trimpath", "x", "ldflags"}


def word(text: str) -> ShellWord:
    return ShellWord(decode_word(text.encode(), 0), Span("x", 0, len(text.encode())))


@pytest.mark.real
def test_go_splits_goflags_the_same_way(tmp_path: os.PathLike[str], toolchain: Toolchain) -> None:
    """Go names the first field that is no flag; the build tags show the last ``-tags``."""
    environment = {**os.environ, "GOFLAGS": "", "GO111MODULE": "off", "GOTOOLCHAIN": "local"}
    for value in VALUES:
        done = subprocess.run(
            [str(toolchain.go), "list", "-f", '{{join context.BuildTags "|"}}', "errors"],
            env={**environment, "GOFLAGS": value},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        fields = [field.text for field in split_goflags(value)]
        bad = [text for text in fields if not text.startswith("-") or text == "--"]
        unknown = [text for text in fields if text.lstrip("-").split("=")[0] not in KNOWN]
        if bad:
            quoted = '"' + bad[0].replace("\\", "\\\\").replace('"', '\\"') + '"'
            assert f"non-flag {quoted}" in done.stderr, value
        elif unknown:
            assert f"unknown flag {unknown[0]}" in done.stderr, value
        else:
            tags = [text[6:] for text in fields if text.startswith("-tags=")] or [""]
            expected = [tag for tag in tags[-1].replace(",", " ").split(" ") if tag]
            assert done.returncode == 0, (value, done.stderr)
            assert done.stdout.strip() == "|".join(expected), value


@given(st.text(alphabet="-ab= '\"\t\n", max_size=20))
def test_fields_lie_in_order_and_hold_their_text(value: str) -> None:
    position = 0
    for field in split_goflags(value):
        assert position <= field.start < field.end <= len(value)
        assert not value[position : field.start].strip()
        written = value[field.start : field.end]
        assert field.text in {written, written[1:-1]}
        position = field.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-cover", [("cover", None, "-cover", "-cover")]),
        (
            '"-cover -mod=mod"',
            [("cover", None, "-cover", "-cover "), ("mod", "mod", "-mod=mod", " -mod=mod")],
        ),
        (
            "\"'-ldflags=-s -w' -x\"",
            [
                ("ldflags", "-s -w", "'-ldflags=-s -w'", "'-ldflags=-s -w' "),
                ("x", None, "-x", " -x"),
            ],
        ),
        ('"$GOFLAGS -cover"', [("cover", None, "-cover", " -cover")]),
        ("--cover", [("cover", None, "--cover", "--cover")]),
        ("cover", []),
        ('"-X=$V"', [("X", "\0", "-X=$V", "-X=$V")]),
    ],
)
def test_flags_of_a_goflags_value(
    text: str, expected: list[tuple[str, str | None, str, str]]
) -> None:
    found = goflags_flags(word(text))
    assert [
        (f.name, f.value, text[f.span.start : f.span.end], text[f.removal.start : f.removal.end])
        for f in found
    ] == expected
    assert all(flag.from_goflags for flag in found)


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("-cover", True),
        ("-cover=true", True),
        ("-cover=1", True),
        ("-cover=false", False),
        ("-cover=0", False),
    ],
)
def test_a_boolean_flag_may_be_turned_off(text: str, enabled: bool) -> None:
    (flag,) = goflags_flags(word(text))
    assert flag.enabled is enabled
