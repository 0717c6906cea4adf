"""Edits of YAML: the data changes as asked, every other byte stays."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from covlint.diagnostics import Edit
from covlint.documents.yaml import (
    AnyNode,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    open_yaml,
    walk,
)
from covlint.documents.yaml_edit import (
    append_item,
    append_to,
    insert_entry,
    join_edits,
    remove_entry,
    remove_item,
    replace_scalar,
    set_in,
)
from covlint.documents.yaml_text import scalar_text
from covlint.source import SourceFile


def root(text: str) -> YamlMapping:
    document = open_yaml(SourceFile("a.yaml", text.encode()))
    assert document.error is None, document.error
    node = document.documents[0]
    assert isinstance(node, YamlMapping)
    return node


def applied(text: str, edits: Iterable[Edit]) -> str:
    data = text.encode()
    for edit in reversed(join_edits(edits)):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    return data.decode()


def load(text: str) -> Any:
    return YAML(typ="safe").load(text)


def comments(text: str) -> list[str]:
    return re.findall(r"#c\d+", text)


# -- examples -----------------------------------------------------------------

ITEM = {"name": "GOCOVERDIR", "value": "/coverdata"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "env:\n- name: A\n  value: b # why\n# end\nx: 1\n",
            "env:\n- name: A\n  value: b # why\n- name: GOCOVERDIR\n  value: /coverdata\n# end\nx: 1\n",
            id="dash at the parent's column",
        ),
        pytest.param(
            "env:\n    -   name: A\n        value: b",
            "env:\n    -   name: A\n        value: b\n    -   name: GOCOVERDIR\n        value: /coverdata",
            id="wide dashes, no final newline",
        ),
        pytest.param(
            "a: 1\r\nenv: [] # none\r\nb: [\r\n]\r\n",
            "a: 1\r\nenv: # none\r\n- name: GOCOVERDIR\r\n  value: /coverdata\r\nb: [\r\n]\r\n",
            id="empty list, CRLF",
        ),
        pytest.param(
            "env:   # soon\nb:\n  - c\n",
            "env:   # soon\n  - name: GOCOVERDIR\n    value: /coverdata\nb:\n  - c\n",
            id="null, dashes indented like the nearest list",
        ),
        pytest.param(
            "a: 1", "a: 1\nenv:\n- name: GOCOVERDIR\n  value: /coverdata", id="missing key"
        ),
        pytest.param(
            "env: [{name: A}] # c\n",
            "env: [{name: A}, {name: GOCOVERDIR, value: /coverdata}] # c\n",
            id="flow",
        ),
        pytest.param(
            '{\n  "env": [\n    {"name": "A"}\n  ]\n}\n',
            '{\n  "env": [\n    {"name": "A"},\n    {"name": "GOCOVERDIR", "value": "/coverdata"}\n  ]\n}\n',
            id="JSON stays JSON",
        ),
        pytest.param(
            '{"a": 1}',
            '{"a": 1, "env": [{"name": "GOCOVERDIR", "value": "/coverdata"}]}',
            id="JSON",
        ),
        pytest.param(
            "env: &e []\nb: *e\n",
            "env: &e [{name: GOCOVERDIR, value: /coverdata}]\nb: *e\n",
            id="an anchored empty list keeps its anchor",
        ),
    ],
)
def test_an_item_goes_into_a_list_however_it_is_written(before: str, after: str) -> None:
    assert applied(before, append_to(root(before), "env", ITEM)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1001 # c\n", "a: 0 # c\n"),
        ("a: '1001'\n", "a: 0\n"),
        ("a: &x !!int 1001\n", "a: &x !!int 0\n"),
        ("a: # c\n", "a: 0 # c\n"),
        ("a: |\n  1001\nb: 1\n", "a: 0\nb: 1\n"),
    ],
)
def test_a_number_takes_the_scalars_place(before: str, after: str) -> None:
    scalar = root(before).scalar("a")
    assert scalar is not None
    assert applied(before, replace_scalar(scalar, 0)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [("a: 'x'\n", "a: '/c d'\n"), ('a: "x"\n', 'a: "/c d"\n'), ("a: x\n", "a: /c d\n")],
)
def test_a_replaced_string_keeps_its_quotes(before: str, after: str) -> None:
    scalar = root(before).scalar("a")
    assert scalar is not None
    assert applied(before, replace_scalar(scalar, "/c d")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\nx: true  # gone\n# stays\nb: 2\n", "a: 1\n# stays\nb: 2\n"),
        ("- x: true\n  b: 2\n", "- b: 2\n"),
        ("- a: 1\n  x: true", "- a: 1"),
        ("- {a: 1, x: true}\n", "- {a: 1}\n"),
        ("- {x: true, a: 1}\n", "- {a: 1}\n"),
        ("- {x: true,}\n", "- {}\n"),
        ("s:\n  x: true\n", "s:\n  {}\n"),
        ("a: 1\r\nx: true\r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"),
        # no empty line is left at the end of the file
        ("a: 1\n\n \nx: true\n", "a: 1\n"),
        ("a: 1 # c\r\n\r\nx: true", "a: 1 # c"),
        ("a: 1\n\nx: true\n# end\n", "a: 1\n\n# end\n"),
    ],
)
def test_an_entry_goes_with_its_line_or_its_comma(before: str, after: str) -> None:
    tops = open_yaml(SourceFile.of_text("a", before)).documents
    owner = next(n for n in walk(tops[0]) if isinstance(n, YamlMapping) and n.entry("x"))
    assert applied(before, remove_entry(owner, "x")) == after


@pytest.mark.parametrize(
    "text",
    [
        "x: &t true\nb: *t\n",  # b would lose its anchor
        "- x: true\n  # about b\n  b: 2\n",  # the comment would have to move
        "a: |\n  text\nx: true\n  # below\nb: 1\n",  # the comment would become text
        "? x\n: true\n? b\n: 2\n",
    ],
)
def test_an_entry_stays_when_more_than_it_would_change(text: str) -> None:
    tops = open_yaml(SourceFile.of_text("a", text)).documents
    owner = next(n for n in walk(tops[0]) if isinstance(n, YamlMapping) and n.entry("x"))
    assert remove_entry(owner, "x") == ()


def test_entries_are_set_in_a_mapping_that_may_be_missing() -> None:
    wanted: dict[str, str | int] = {"runAsUser": 0, "runAsNonRoot": False}
    for before, after in [
        ("a: 1\n", "a: 1\ns:\n  runAsUser: 0\n  runAsNonRoot: false\n"),
        ("s: {}\n", "s:\n  runAsUser: 0\n  runAsNonRoot: false\n"),
        ("s: {runAsUser: 5}\n", "s: {runAsUser: 0, runAsNonRoot: false}\n"),
        ("s:\n    runAsNonRoot: true\n", "s:\n    runAsNonRoot: false\n    runAsUser: 0\n"),
    ]:
        assert applied(before, set_in(root(before), "s", wanted)) == after


def test_edits_that_meet_are_joined_with_the_deeper_one_first() -> None:
    before = "s:\n  c:\n  - n: a\n"
    outer = root(before).mapping("s")
    assert outer is not None
    containers = outer.sequence("c")
    assert containers is not None
    inner = containers.items[0]
    assert isinstance(inner, YamlMapping)
    edits = join_edits((*insert_entry(outer, "v", "1"), *insert_entry(inner, "m", "2")))
    assert len(edits) == 1
    assert applied(before, edits) == 's:\n  c:\n  - n: a\n    m: "2"\n  v: "1"\n'


def test_a_bom_does_not_move_an_edit() -> None:
    before = "\ufeffa: é\nb: 1\n"
    assert applied(before, insert_entry(root(before), "c", "d")) == "\ufeffa: é\nb: 1\nc: d\n"
    assert applied(before, remove_entry(root(before), "a")) == "\ufeffb: 1\n"


# -- properties ---------------------------------------------------------------

TEXTS = st.sampled_from(
    ["a", "b c", "/x/y", "true", "0", "0755", "", "é", "it's", 'say "x"', "a: b", "#no", "- x", "~"]
)
KEYS = st.sampled_from(["k", "key two", "é", "on", "1", "name"])
DATA = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
ROOTS = st.dictionaries(KEYS, DATA, min_size=1, max_size=4)


class Writer:
    """Writes data as YAML in styles that hypothesis draws, with numbered comments."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.step = draw(st.sampled_from([2, 4]))
        self.dash = draw(st.sampled_from([0, 2]))
        self.width = draw(st.sampled_from([2, 4]))
        self.count = 0

    def comment(self) -> str:
        if self.draw(st.integers(0, 3)):
            return ""
        self.count += 1
        return f"  #c{self.count}"

    def between(self, column: int) -> list[str]:
        kind = self.draw(st.integers(0, 9))
        if kind == 0:
            return [""]
        if kind == 1:
            self.count += 1
            return [" " * column + f"#c{self.count}"]
        return []

    def scalar(self, text: str) -> str:
        return scalar_text(text, self.draw(st.sampled_from(["", "'", '"'])))

    def flow(self, value: Any) -> str:
        gap = self.draw(st.sampled_from(["", " "]))
        end = self.draw(st.sampled_from(["", ","])) if value else ""
        if isinstance(value, dict):
            pairs = [f"{self.scalar(k)}: {self.flow(v)}" for k, v in value.items()]
            return "{" + gap + ", ".join(pairs) + end + gap + "}"
        if isinstance(value, list):
            return "[" + gap + ", ".join(self.flow(v) for v in value) + end + gap + "]"
        return self.scalar(value)

    def lines(self, value: Any, column: int) -> list[str]:
        pad = " " * column
        out: list[str] = []
        if isinstance(value, dict):
            for key, inner in value.items():
                out += self.between(column)
                out += self.nested(f"{pad}{self.scalar(key)}:", inner, column, self.step)
        else:
            for inner in value:
                out += self.between(column)
                if isinstance(inner, (dict, list)) and inner and self.draw(st.booleans()):
                    below = self.lines(inner, column + self.width)
                    assume(below[0].strip() and not below[0].lstrip().startswith("#c"))
                    out.append(pad + "-" + " " * (self.width - 1) + below[0][column + self.width :])
                    out += below[1:]
                else:
                    out += self.nested(f"{pad}-", inner, column, self.width)
        return out

    def nested(self, head: str, value: Any, column: int, step: int) -> list[str]:
        if isinstance(value, (dict, list)):
            if not value or not self.draw(st.integers(0, 3)):
                return [f"{head} {self.flow(value)}{self.comment()}"]
            if isinstance(value, list) and not head.endswith("-"):
                step = self.dash
            return [head + self.comment(), *self.lines(value, column + step)]
        if value and not self.draw(st.integers(0, 4)):
            block = self.draw(st.sampled_from(["|-", ">-"]))
            blank = [""] if self.draw(st.booleans()) else []
            return [f"{head} {block}{self.comment()}", " " * (column + 2) + value, *blank]
        return [f"{head} {self.scalar(value)}{self.comment()}"]


@st.composite
def documents(draw: st.DrawFn) -> str:
    data = draw(ROOTS)
    writer = Writer(draw)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    text = newline.join(writer.lines(data, 0)) + draw(st.sampled_from(["", newline]))
    assume(load(text) == data)
    return draw(st.sampled_from(["", "\ufeff"])) + text


def places(node: AnyNode, path: tuple[Any, ...] = ()) -> Iterable[tuple[tuple[Any, ...], AnyNode]]:
    yield path, node
    if isinstance(node, YamlMapping):
        for entry in node.entries:
            yield from places(entry.value, (*path, entry.key.text))
    elif isinstance(node, YamlSequence):
        for index, item in enumerate(node.items):
            yield from places(item, (*path, index))


def at(data: Any, path: Iterable[Any]) -> Any:
    for step in path:
        data = data[step]
    return data


def check(before: str, edits: tuple[Edit, ...], expected: Any, *, kept: bool = True) -> None:
    event("edited" if edits else "refused")
    after = applied(before, edits)
    if not edits:
        return
    assert load(after.removeprefix("\ufeff")) == expected
    if kept:
        assert comments(after) == comments(before)
    assert ("\r\n" in before) or ("\r" not in after)
    if "\r\n" in before:
        assert "\n" not in after.replace("\r\n", "")


NEW = st.recursive(
    TEXTS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(KEYS, inner, min_size=1, max_size=2)
    ),
    max_leaves=4,
)


@given(documents(), NEW, st.data())
def test_an_insertion_changes_nothing_else(text: str, value: Any, data: st.DataObject) -> None:
    top = root(text)
    where = [place for place in places(top) if isinstance(place[1], YamlMapping | YamlSequence)]
    path, node = data.draw(st.sampled_from(where))
    expected = copy.deepcopy(load(text.removeprefix("\ufeff")))
    if isinstance(node, YamlMapping):
        edits = insert_entry(node, "new key", value)
        at(expected, path)["new key"] = value
    else:
        assert isinstance(node, YamlSequence)
        edits = append_item(node, value)
        at(expected, path).append(value)
    assert all(edit.span.start == edit.span.end for edit in edits)
    check(text, edits, expected)
    assert edits or "|" in text or ">" in text


@given(documents(), NEW, st.data())
def test_a_list_is_made_where_there_is_none(text: str, value: Any, data: st.DataObject) -> None:
    top = root(text)
    mappings = [place for place in places(top) if isinstance(place[1], YamlMapping)]
    path, node = data.draw(st.sampled_from(mappings))
    assert isinstance(node, YamlMapping)
    key = data.draw(st.sampled_from([e.key.text for e in node.entries] + ["new key"]))
    expected = copy.deepcopy(load(text.removeprefix("\ufeff")))
    old = at(expected, path).get(key)
    edits = append_to(node, key, value)
    assert not edits or old is None or isinstance(old, list) or old == {}
    at(expected, path)[key] = [*(old or []), value] if isinstance(old, list) else [value]
    check(text, edits, expected)


@given(documents(), TEXTS, st.data())
def test_a_replacement_changes_nothing_else(text: str, value: str, data: st.DataObject) -> None:
    scalars = [p for p in places(root(text)) if isinstance(p[1], YamlScalar)]
    assume(scalars)
    path, node = data.draw(st.sampled_from(scalars))
    assert isinstance(node, YamlScalar)
    expected = copy.deepcopy(load(text.removeprefix("\ufeff")))
    at(expected, path[:-1])[path[-1]] = value
    edits = replace_scalar(node, value)
    assert edits
    check(text, edits, expected, kept=node.style not in ("|", ">"))


@given(documents(), st.data())
def test_a_removal_changes_nothing_else(text: str, data: st.DataObject) -> None:
    path, _ = data.draw(st.sampled_from([p for p in places(root(text)) if p[0]]))
    owner = dict(places(root(text)))[path[:-1]]
    expected = copy.deepcopy(load(text.removeprefix("\ufeff")))
    del at(expected, path[:-1])[path[-1]]
    if isinstance(owner, YamlMapping):
        edits = remove_entry(owner, path[-1])
    else:
        assert isinstance(owner, YamlSequence)
        edits = remove_item(owner, path[-1])
    check(text, edits, expected, kept=False)
    after = applied(text, edits)
    lost = set(comments(text)) - set(comments(after))
    start, end = edits[0].span.start if edits else 0, edits[-1].span.end if edits else 0
    assert lost <= set(comments(text.encode()[start:end].decode()))


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.sampled_from(["", "'", '"'])
)
def test_a_written_string_reads_back_in_block_and_in_flow(text: str, style: str) -> None:
    written = scalar_text(text, style)
    assert load(f"a: {written}\nb: [{written}, {{k: {written}}}]\n") == {
        "a": text,
        "b": [text, {"k": text}],
    }


def test_flow_style_quotes_what_has_a_colon() -> None:
    """libyaml takes no colon inside a plain scalar of a flow collection."""
    before = "{containers: [{name: till}]}\n"
    (edit,) = append_to(root(before), "containers", {"image": "busybox:stable"})
    assert edit.replacement == b', {image: "busybox:stable"}'
