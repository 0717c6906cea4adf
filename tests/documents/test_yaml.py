"""The YAML reader: exact bytes, shared values, errors with places, no explosions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.yaml import (
    YamlDocument,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    may_be_manifest,
    open_yaml,
    walk,
)
from covlint.source import SourceFile, UnreadableSource


def read(text: str) -> YamlDocument:
    return open_yaml(SourceFile.of_text("a.yaml", text))


def root(text: str) -> YamlMapping:
    document = read(text)
    assert document.error is None, document.error
    node = document.documents[0]
    assert isinstance(node, YamlMapping)
    return node


def written(text: str) -> list[str]:
    """The source text of every value and key, in order."""
    return [node.written for node in walk(root(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 'b c'  # d\n", ["a: 'b c'", "a", "'b c'"]),
        ("\ufeffé: ü  # x\r\nb: ☃\r\n", ["é: ü  # x\r\nb: ☃", "é", "ü", "b", "☃"]),
        ("🙂: [é, 🙂]\n", ["🙂: [é, 🙂]", "🙂", "[é, 🙂]", "é", "🙂"]),
        ("a: &x !!str  b\n", ["a: &x !!str  b", "a", "b"]),
        ("a: &x\n- b\n# c\nd: 1\n", ["a: &x\n- b\n# c\nd: 1", "a", "- b", "b", "d", "1"]),
        ("a: |+\n  b\n\nc: 1", ["a: |+\n  b\n\nc: 1", "a", "|+\n  b\n", "c", "1"]),
        ("a: >-\r\n  b\r\n", ["a: >-\r\n  b", "a", ">-\r\n  b"]),
        ("a:   # c\nb:", ["a:   # c\nb:", "a", "", "b", ""]),
        ("a: {b: , c}", ["a: {b: , c}", "a", "{b: , c}", "b", "", "c", ""]),
        ("a: {{ .Values.x }}\n", ["a: {{ .Values.x }}", "a", "{{ .Values.x }}"]),
        ('{\n\t"a": [1]\n}', ['{\n\t"a": [1]\n}', '"a"', "[1]", "1"]),
    ],
)
def test_every_value_knows_its_own_bytes(text: str, expected: list[str]) -> None:
    assert written(text) == expected


def test_entries_and_items_span_what_stands_at_their_place() -> None:
    node = root("a: &x  {k: 1}\nb: *x\nc: [*x, 2]\nd:\n")
    data = node.source.data
    assert [data[e.span.start : e.span.end] for e in node.entries] == [
        b"a: &x  {k: 1}",
        b"b: *x",
        b"c: [*x, 2]",
        b"d:",
    ]
    items = node.sequence("c")
    assert items is not None
    assert [data[s.start : s.end] for s in items.item_spans] == [b"*x", b"2"]


def test_the_last_of_duplicate_keys_counts() -> None:
    value = root("a: 1\nb: 2\na: 3\n").scalar("a")
    assert value is not None
    assert value.text == "3"


def test_merge_keys_are_found_after_own_entries_and_the_first_merge_wins() -> None:
    node = root("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\n")
    merged = node.mapping("z")
    assert merged is not None
    assert {key: value.written for key, value in merged.items()} == {"a": "0", "b": "1", "c": "2"}
    assert merged.get("b") is node.mapping("x").get("b")  # type: ignore[union-attr]
    assert merged.entry("b") is None


def test_what_an_alias_repeats_is_shared_with_all_that_is_in_it() -> None:
    node = root("a: &x\n  k: [1]\nb: *x\nc: &unused 1\nd: 2\n")
    shared = {n.written for n in walk(node) if n.shared}
    assert shared == {"k: [1]", "k", "[1]", "1"}
    assert node.get("a") is node.get("b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("yes", True),
        ("False", False),
        ('"true"', None),
        ("1", None),
        ("0755", None),
    ],
)
def test_a_boolean_is_a_plain_word(text: str, value: bool | None) -> None:
    scalar = root(f"a: {text}\n").scalar("a")
    assert scalar is not None
    assert scalar.boolean is value
    assert scalar.written == text


@pytest.mark.parametrize(
    "text", ['"{{ .x }}"', "{{ .x }}", "a-{{ x }}", "{{x}}", "'{% if x %}'", "|\n  {{ x }}"]
)
def test_a_value_with_template_markers_is_templated(text: str) -> None:
    scalar = root(f"a: {text}\n").scalar("a")
    assert scalar is not None
    assert scalar.templated


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a:\n\tb: 1\n", 2, 1, "a tab in the indentation"),
        ("é: b: c\n", 1, 5, "mapping values are not allowed"),
        ("a: [1\n", 2, 1, "did not find expected ',' or ']'"),
        ("a: é\n  \x07", 2, 3, "control characters"),
        ("\ufeffa: *x\n", 1, 4, "unknown anchor in the alias *x"),
        ("a: &x [*x]\n", 1, 8, "contains itself"),
        ("a: !x!y z\n", 1, 4, "undefined tag handle"),
        ("[" * 5000, 1, 201, "nested deeper than 200 levels"),
    ],
)
def test_an_error_has_a_place_and_names_what_is_wrong(
    text: str, line: int, column: int, part: str
) -> None:
    error = read(text).error
    assert error is not None
    assert (error.line, error.reason) == (line, "invalid YAML")
    assert abs(error.column - column) <= 1
    assert part in error.message


def test_documents_before_an_error_are_kept() -> None:
    document = read("a: 1\n---\nb: 2\n---\nc: [\n")
    assert [node.written for node in document.documents] == ["a: 1", "b: 2"]
    assert document.error is not None


def test_an_unrendered_template_is_not_called_invalid() -> None:
    error = read("a: 1\n{{- if .Values.x }}\nb: 2\n{{- end }}\n").error
    assert error is not None
    assert error.reason == "template"


def test_aliases_of_aliases_cost_no_more_than_their_text() -> None:
    levels = ["a0: &a0 [x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 100)]
    merges = ["m0: &m0 {k: 1}"]
    merges += [f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}]}}" for i in range(1, 100)]
    started = time.perf_counter()
    node = root("\n".join(levels + merges))
    last = node.mapping("m99")
    assert last is not None
    assert last.scalar("k") is not None
    assert sum(1 for _ in walk(node)) < 1000
    assert time.perf_counter() - started < 2


def test_text_that_is_not_utf8_is_refused_with_a_reason() -> None:
    with pytest.raises(UnreadableSource, match="not UTF-8"):
        open_yaml(SourceFile("a.yaml", b"a: \xff\n"))


def test_the_prefilter_takes_manifests_and_kind_configurations_only() -> None:
    assert may_be_manifest(b"apiVersion: v1\nkind: Pod\nspec:\n  initContainers: []\n")
    assert may_be_manifest(b"kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n")
    assert not may_be_manifest(b"apiVersion: v1\nkind: Service\n")
    assert not may_be_manifest(b"containers: []\n")


@given(st.text(alphabet=" \t\r\n-?:,[]{}#&*!|>'\"%@`ab0é🙂<\x85\u2028\ufeff", max_size=40))
def test_any_text_gives_nodes_inside_the_file_or_an_error(text: str) -> None:
    document = read(text)
    size = len(document.source.data)
    for node in (n for top in document.documents for n in walk(top)):
        assert 0 <= node.start <= node.end <= size
        if isinstance(node, YamlScalar) and node.style == "" and len(node.written.splitlines()) < 2:
            assert node.written.rstrip() == node.text
        elif isinstance(node, YamlMapping | YamlSequence) and node.parent is not None:
            assert node.parent.start <= node.start


def test_a_colon_in_a_flow_list_is_read_as_yaml_1_2_has_it() -> None:
    document = open_yaml(SourceFile.of_text("compose.yaml", "é: [./data:/data, b]\n"))
    assert document.error is None
    (root,) = document.documents
    assert isinstance(root, YamlMapping)
    values = root.sequence("é")
    assert values is not None
    assert [item.written for item in values.items] == ["./data:/data", "b"]


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("host:5000/x", True),
        ('"a", y:z: b', True),
        ("y:", True),
        ("-", True),
        (":y", False),
        ("?y", False),
        ("a?b", False),
    ],
)
def test_flow_scalars_are_taken_as_kubectl_takes_them(value: str, accepted: bool) -> None:
    """Measured with kubectl 1.20: what it accepts, and what it refuses."""
    text = f"kind: ConfigMap\ndata: {{x: {value}}}\n" + "# long\n" * 20_000
    assert (open_yaml(SourceFile.of_text("x.yaml", text)).error is None) is accepted
