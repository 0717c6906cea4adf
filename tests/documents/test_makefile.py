"""Makefiles: variables, rules, and recipe lines traced back to their bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.makefile import Makefile
from covlint.documents.makereader import read_makefile
from covlint.source import SourceFile


def make(text: str) -> Makefile:
    return read_makefile(SourceFile.of_text("Makefile", text))


def lines(file: Makefile) -> list[str]:
    return [file.expand(line).text.decode() for line in file.lines()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("X := a b # c", "a b"),
        ("X = $(Y)/x\nY = y", "y/x"),
        ("X ?= a\nX ?= b", "a"),
        ("export X ?= ${Y}\nY := 1", "1"),
        ("X = a\nX += b", "a b"),
        ("X =\nX += b", "b"),
        ("X = a\nX +=", "a"),
        ("X = a \\\n   b", "a b"),
        ("X = a\\#b", "a\\#b"),
        ("X::=$$a", "$a"),
        ("X != date", None),
        ("X := $(shell date)", None),
        ("X = $(Y)\nY = $(X)", None),
        ("ifdef A\nX = a\nelse\nX = b\nendif", None),
        ("ifdef A\nX = a\nelse\nX = a\nendif", "a"),
        ("X = a\nall: X = b", "a"),
        ("X = a\n%.o: X = b", None),
        ("define X\nhello\nendef", "hello"),
        ("ifdef A\ndefine X\nhello\nendef\nendif", None),
        ("Y = $(1)-$(2)\nX = $(call Y,a,$(Z))\nZ := z", "a-z"),
        ("Y = a", None),
        ("X =", ""),
    ],
)
def test_value(text: str, value: str | None) -> None:
    assert make(text + "\n").value("X") == value


def test_rules_and_recipes() -> None:
    file = make(
        ".PHONY: all\nall: dep other ; @echo hi\n# note\n\t-@go build \\\n\t  -o x\n\nifdef A\n\t@+cp a b\n"
        "endif\nX = 1\n\tnot a recipe\nbin/%: src\n\tbuild $@ $* $<\n"
    )
    assert [(rule.targets, rule.prerequisites) for rule in file.rules] == [
        ((".PHONY",), ("all",)),
        (("all",), ("dep", "other")),
        (("bin/%",), ("src",)),
    ]
    assert lines(file) == ["echo hi", "go build \\\n\t  -o x", "cp a b", "build $(:) $(:) $(:)"]
    first = next(file.lines())
    assert file.source.slice(first.span) == b"echo hi"


def test_expansion_maps_back() -> None:
    file = make("IMG = app:$(TAG)\nTOOL ?= docker\nall:\n\t@$(TOOL) build -t $(IMG) $$HOME/$@ .\n")
    expansion = file.expand(next(file.lines()))
    assert expansion.text == b"docker build -t app:${TAG} $HOME/all ."
    at = expansion.text.index(b"build")
    assert file.source.slice(expansion.original(at, at + 5)) == b"build"
    assert file.source.slice(expansion.original(0, len(expansion.text))).startswith(
        b"$(TOOL) build"
    )


def test_expansion_is_bounded() -> None:
    text = "A0 = xxxxxxxxxx\n" + "".join(f"A{i} = $(A{i - 1})$(A{i - 1})\n" for i in range(1, 19))
    file = make(text + "all:\n\techo $(A18)\n")
    assert len(lines(file)[0]) < 1 << 21


def test_crlf() -> None:
    assert lines(make("X = a\r\nall:\r\n\techo $(X)\r\n")) == ["echo a"]


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(
            st.sampled_from(["$(", "${", ")", "}", "X", "\n", "\t", ":", "=", "\\\n", "#", "$$", " ",
                             "define ", "endef", "ifdef X\n", "endif\n", "$(X)", "all:", "+=", ";"])
        ).map(lambda parts: "".join(parts).encode()),
    )
)  # fmt: skip
def test_any_bytes_are_read(data: bytes) -> None:
    file = read_makefile(SourceFile("Makefile", data))
    for line in file.lines():
        expansion = file.expand(line)
        assert len(expansion.text) == len(expansion.origins)
        assert all(line.span.start <= one < line.span.end for one in expansion.origins)
    for name in file.variables:
        file.value(name)
