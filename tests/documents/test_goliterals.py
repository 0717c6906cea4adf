"""Elements added to and taken from composite literals; gofmt is the judge of the layout."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.diagnostics import Edit
from covlint.documents.goliterals import (
    elements_in,
    insert_elements,
    remove_element,
    replace_element,
)
from covlint.documents.gosource import GoSource
from covlint.source import SourceFile
from gocode import applied

PATH = "test/e2e/a.go"
KEYS = st.sampled_from(["A", "Name", "Image", "VolumeMounts", "TerminationGracePeriodSeconds"])
VALUES = st.sampled_from(
    [
        "1",
        '"a"',
        "f(1, 2)",
        "[]string{1, 2}",
        "&T{A: 1}",
        "T{\nA: 1,\nName: 2,\n}",
        "[]T{{\nA: 1,\n}}",
        "func() *T {\nreturn nil\n}()",
    ]
)
AFTER = st.sampled_from([",\n", ", // why\n", ",\n\n", ",\n// why\n", ", "])
ADDED = st.lists(
    st.tuples(KEYS, st.sampled_from(["7", "T{\n{i}\tA: 1,\n{i}}"])), min_size=1, max_size=2
)


def stable(text: str) -> str:
    """What gofmt leaves; it needs two passes for some comments."""
    return gofmt(gofmt(text))


def gofmt(text: str) -> str:
    done = subprocess.run(["gofmt"], input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode()


def literal(text: str) -> tuple[GoSource, object]:
    file = GoSource(SourceFile.of_text(PATH, text))
    at = text.encode().index(b"T{")
    node = file.at(at, at + 1)
    while node is not None and node.type != "composite_literal":
        node = node.parent
    assert node is not None
    return file, node.child_by_field_name("body")


def added(text: str, fields: Sequence[tuple[str, str]]) -> tuple[Edit, ...]:
    file, body = literal(text)

    def write(indent: str | None) -> list[str] | None:
        if indent is None and any("\n" in value for _, value in fields):
            return None
        return [f"{key}: {value.replace('{i}', indent or '')}" for key, value in fields]

    return insert_elements(file, body, write)  # type: ignore[arg-type]


LITERALS = st.tuples(
    st.lists(st.tuples(KEYS, VALUES, AFTER), max_size=5), st.sampled_from(["\n", ""]), ADDED
)


@pytest.mark.usefixtures("toolchain")
@settings(max_examples=40, deadline=None)
@given(LITERALS)
def test_gofmt_has_nothing_to_change(
    shape: tuple[list[tuple[str, str, str]], str, list[tuple[str, str]]],
) -> None:
    fields, first, new = shape
    body = "".join(f"{key}: {value}{end}" for key, value, end in fields)
    text = stable(f"package a\n\nfunc f() {{\n\treturn T{{{first}{body}\n}}\n}}\n")
    edits = added(text, new)
    if edits:
        fixed = applied(text, edits)
        assert gofmt(fixed) == fixed


@pytest.mark.usefixtures("toolchain")
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(KEYS, VALUES, AFTER), min_size=1, max_size=5), st.integers(0, 4))
def test_gofmt_has_nothing_to_change_where_an_element_goes(
    fields: list[tuple[str, str, str]], index: int
) -> None:
    body = "".join(f"{key}: {value}{end}" for key, value, end in fields)
    text = stable(f"package a\n\nfunc f() {{\n\treturn T{{\n{body}\n}}\n}}\n")
    file, node = literal(text)
    elements = elements_in(node)  # type: ignore[arg-type]
    element = elements[index % len(elements)]
    edits = remove_element(file, element)
    if edits:
        fixed = applied(text, edits)
        assert gofmt(fixed) == fixed


@pytest.mark.usefixtures("toolchain")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("T{A: 1}", "T{A: 1, Image: 7}"),
        ("T{}", "T{Image: 7}"),
        ("T{\n\t\tA: 1,\n\t}", "T{\n\t\tA:     1,\n\t\tImage: 7,\n\t}"),
        (
            "T{\n\t\tA:            1,\n\t\tVolumeMounts: 2,\n\t}",
            "T{\n\t\tA:            1,\n\t\tVolumeMounts: 2,\n\t\tImage:        7,\n\t}",
        ),
        (
            "T{\n\t\tA: 1, // why\n\n\t\tNext: 2,\n\t}",
            "T{\n\t\tA: 1, // why\n\n\t\tNext:  2,\n\t\tImage: 7,\n\t}",
        ),
        (
            "T{\n\t\tA: T{\n\t\t\tB: 1,\n\t\t},\n\t}",
            "T{\n\t\tA: T{\n\t\t\tB: 1,\n\t\t},\n\t\tImage: 7,\n\t}",
        ),
    ],
)
def test_a_field_is_added(before: str, after: str) -> None:
    text = f"package a\n\nfunc f() {{\n\treturn {before}\n}}\n"
    fixed = applied(text, added(text, [("Image", "7")]))
    assert fixed == text.replace(before, after)
    assert gofmt(text) == text
    assert gofmt(fixed) == fixed


def test_line_endings_stay() -> None:
    text = "package a\r\n\r\nvar t = T{\r\n\tA: 1,\r\n}\r\n"
    fixed = applied(text, added(text, [("B", "7")]))
    assert fixed == text.replace("1,\r\n", "1,\r\n\tB: 7,\r\n")


def test_a_field_takes_the_place_of_another() -> None:
    text = "package a\n\nvar t = T{\n\tEmptyDir: 1,\n}\n"
    file, body = literal(text)
    (element,) = elements_in(body)  # type: ignore[arg-type]
    fixed = applied(text, replace_element(file, element, lambda _: ["HostPath: 2"]))
    assert fixed == text.replace("EmptyDir: 1", "HostPath: 2")
