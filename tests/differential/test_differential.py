"""A small part of `make differential`: readers beside the programs whose files they read."""

from __future__ import annotations

import pytest

from differential import makefiles
from differential.outcomes import Outcome
from differential.shell.claims import Claim
from differential.shell.compare import compare, compare_syntax
from differential.shell.scripts import script
from differential.shell.traced import Record
from differential.yaml_suite.shapes import misplaced, ours, theirs

#: Scripts of the generator, the same ones each time; `make differential` takes others.
_SEEDS = range(1000, 1090)


def assert_same(outcome: Outcome) -> None:
    assert outcome.different == []
    assert outcome.inputs


def test_bash_and_dash_run_what_is_claimed() -> None:
    assert_same(compare([script(seed) for seed in _SEEDS]))


def test_what_shells_take_is_read_without_an_error() -> None:
    assert_same(compare_syntax([script(seed) for seed in _SEEDS]))


def test_a_wrong_claim_is_a_difference() -> None:

    record = Record(("go", "id1", "a", "b"), ".", (None, "/data", None))

    def claim(
        argv: tuple[object, ...], folder: str | None = None, coverdir: str = "/data"
    ) -> Claim:
        prefixes = tuple(one if isinstance(one, str) else "" for one in argv)
        return Claim("id1", argv, prefixes, folder, ((1, coverdir),), None)  # type: ignore[arg-type]

    assert claim(("go", "id1", ...), ".").fits(record)
    assert claim(("go", "id1", None, "b")).fits(record)
    assert not claim(("go", "id1", None)).fits(record)
    assert not claim(("go", "id1", ..., "c")).fits(record)
    assert not claim(("go", "id1", ...), "sub").fits(record)
    assert not claim(("go", "id1", ...), ".", "/other").fits(record)


def value(text: str, style: str = "") -> tuple[object, ...]:
    return ("=", style, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('# chapter 5: characters\na: "\\x41 \\u00e9\\t"\n', ("{", value("a"), value("A é\t", '"'))),
        ("a: 'it''s'\n", ("{", value("a"), value("it's", "'"))),
        ("a:\n- b\n-  c\n", ("{", value("a"), ("[", value("b"), value("c")))),
        ("- - a\n  - b\n- c: d\n  e: f\n",
         ("[", ("[", value("a"), value("b")), ("{", value("c"), value("d"), value("e"), value("f")))),
        ("a: one\n  two\n\n  three\n", ("{", value("a"), value("one two\nthree"))),
        ('a: "one\n  two\\\n  three"\n', ("{", value("a"), value("one twothree", '"'))),
        ("a: |\n  b\n   c\n\n  d\n\n", ("{", value("a"), value("b\n c\n\nd\n", "|"))),
        ("a: |-\n  b\n", ("{", value("a"), value("b", "|"))),
        ("a: |+\n  b\n\nc: d\n",
         ("{", value("a"), value("b\n\n", "|"), value("c"), value("d"))),
        ("a: |2\n    b\n", ("{", value("a"), value("  b\n", "|"))),
        ("a: >\n  b\n  c\n\n  d\n   e\n", ("{", value("a"), value("b c\nd\n e\n", ">"))),
        ("a: >-\n  b\n  c\n", ("{", value("a"), value("b c", ">"))),
        ("{a: [b, {c: d}], e: }\n",
         ("{", value("a"), ("[", value("b"), ("{", value("c"), value("d"))), value("e"), value(""))),
        ("[a, b: c, [d]]\n",
         ("[", value("a"), ("{", value("b"), value("c")), ("[", value("d")))),
        ("? a\n: b\n? c\n", ("{", value("a"), value("b"), value("c"), value(""))),
        ("? [a, b]\n: c\n", ("{", ("a collection as key",), value("c"))),
        ("a: &x b\nc: *x\n", ("{", value("a"), value("b"), value("c"), value("b"))),
        ("a: &x\n  b: c\nd: *x\n",
         ("{", value("a"), ("{", value("b"), value("c")), value("d"), ("{", value("b"), value("c")))),
        ("a: !!str 1\nb: !x c\n", ("{", value("a"), value("1"), value("b"), value("c"))),
        ("a:\nb: ~\n", ("{", value("a"), value(""), value("b"), value("~"))),
        ("a: b # c\n# d\n e: f\n".replace("\n e", "\ne"), ("{", value("a"), value("b"), value("e"), value("f"))),
        ("a: b#c\nd: e:f\n", ("{", value("a"), value("b#c"), value("d"), value("e:f"))),
        ("'a': b\n\"c\": d\n", ("{", value("a", "'"), value("b"), value("c", '"'), value("d"))),
        ("a: 'one\n\n  two'\n", ("{", value("a"), value("one\ntwo", "'"))),
        ("%YAML 1.1\n---\na\n", value("a")),
        ("--- |\n a\n...\n", value("a\n", "|")),
        ("---\n", value("")),
        ("é: ☃\r\nb: 🙂\r\n", ("{", value("é"), value("☃"), value("b"), value("🙂"))),
    ],
)  # fmt: skip
def test_yaml_of_each_chapter_is_read_at_its_bytes(text: str, expected: object) -> None:
    """Chapters 5 to 9 of YAML 1.2.2: characters, structures, flow, block, documents."""
    assert ours(text) == [expected]
    assert list(misplaced(text)) == []


def test_events_of_the_suite_are_read() -> None:
    events = '+STR\n +DOC\n  +MAP\n   =VAL &a :k\n   +SEQ [] &b\n    =VAL "x\\n \n   -SEQ\n   =ALI *a\n   =ALI *b\n  -MAP\n -DOC\n-STR\n'
    sequence = ("[", value("x\n ", '"'))
    assert theirs(events) == [("{", value("k"), sequence, value("k"), sequence)]


def test_make_prints_the_recipe_lines_that_are_read() -> None:
    assert_same(makefiles.compare([makefiles.makefile(seed) for seed in range(20)]))
