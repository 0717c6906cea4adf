"""The shell reader: simple commands, what they depend on, and the byte of every character."""

from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.documents.shell import Command, Script, ShellWord, parse_script
from covlint.documents.shellwords import _Decoder, decode_word, split_words
from covlint.source import Span


def read(text: str) -> Script:
    script = parse_script("x.sh", text.encode())
    assert not script.broken, text
    return script


def shown(command: Command) -> str:
    """The command with ``?`` for what cannot be told."""
    return " ".join(word.shape.replace("\0", "?") for word in command.words)


def names(text: str) -> list[str]:
    return [shown(command) for command in read(text).commands]


def conditions_of(command: Command) -> list[str]:
    """Its conditions as ``NAME operator value``, with ``not`` where the test has to fail."""
    return [
        f"{'' if c.holds else 'not '}{c.variable} {c.operator} {c.value}"
        for c in command.conditions
    ]


def flags_of(command: Command) -> set[str]:
    every = ("piped", "background", "substituted", "subshell", "redirected", "last", "nested")
    return {name for name in every if getattr(command, name)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b\nc && d || e | f & g", ["a", "b", "c", "d", "e", "f", "g"]),
        ("A=1 go build -o x .", ["go build -o x ."]),
        ("go build \\\n  -a \\\n  -o x\\\ny .", ["go build -a -o xy ."]),
        ("go build \\\r\n  -a .\r\n", ["go build -a ."]),
        ("set -e; (cd x && go build)", ["set -e", "cd x", "go build"]),
        ("{ a; b; } && (c)", ["a", "b", "c"]),
        ("time go build", ["time go build"]),
        ("env A=1 go build", ["env A=1 go build"]),
        ("f() { go build; }; f", ["go build", "f"]),
        ("function g { a; }", ["a"]),
        ("while a; do b; done; for i in 1 2; do c $i; done", ["a", "b", "c ?"]),
        ("go build > log 2>&1", ["go build"]),
        ("go build > log ./cmd -x", ["go build ./cmd -x"]),
        ("cat <<EOF\nFROM b\n$(inner)\nEOF\nnext", ["cat", "inner", "next"]),
        ("cat > x <<'EOF'\n$(inner)\nEOF\nsh x", ["cat", "sh x"]),
        ("cat <<EOF && next $(sub)\nbody\nEOF\nlast", ["cat", "next ?", "sub", "last"]),
        ("cat <<-EOF\n\tbody\n\tEOF\nlast", ["cat", "last"]),
        ("a # $(no)\n: # b", ["a", ":"]),
        ("echo $(a) `b` '$(no)' \"$(c $(d))\"", ["echo ? ? $(no) ?", "a", "b", "c ?", "d"]),
        ("X=$(a) b", ["b", "a"]),
        ("X=$(a)", ["", "a"]),
        ("[ -f x ]", ["[ -f x ]"]),
        ("[[ $A == *b* ]]", ["[[ ? == *b* ]]"]),
        ("export A=1 B", ["export A=1 B"]),
        ("case $A in a) b ;; *) c ;; esac", ["b", "c"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("trap 'kill $p' TERM; app & p=$!; wait $p", ["trap kill $p TERM", "app", "", "wait ?"]),
    ],
)
def test_commands_come_in_the_order_in_which_they_are_written(
    text: str, expected: list[str]
) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[ "$C" = true ] && go', ["C = true"]),
        ("[ true = $C ] && go", ["C = true"]),
        ('[ "x$C" = "xtrue" ] && go', ["C = true"]),
        ("[ $C != true ] && go", ["C != true"]),
        ('[ "$C" = true ] || go', ["not C = true"]),
        ('[ "$C" = true ] && x || go', ["not C = true"]),
        ('[ -n "$C" ] && x && go', ["C -n None"]),
        ('x && [ -z "$C" ] && go', ["C -z None"]),
        ('! [ -z "$C" ] && go', ["not C -z None"]),
        ('[ ! -z "$C" ] && go', ["not C -z None"]),
        ('test "$C" && go', ["C -n None"]),
        ('[[ "$C" == *-cover* ]] && go', ["C matches *-cover*"]),
        ('[[ "$C" != *-cover* ]] && go', ["not C matches *-cover*"]),
        ("[ $C -eq 1 ] && go", ["C = 1"]),
        ('echo "$C" | grep -q -- -cover && go', ["C matches -cover"]),
        ('[ "$A" = 1 -a "$B" = 2 ] && go', ["None other None"]),
        ("[ -f x ] && go", ["None other None"]),
        ("x && go", []),
        ("[ $A = 1 ] || y && go", []),
        ('if [ "$C" = 1 ]; then go; else x; fi', ["C = 1"]),
        ('if [ "$C" = 1 ]; then x; else go; fi', ["not C = 1"]),
        ('if ! [ "$C" = 1 ]; then x; else go; fi', ["C = 1"]),
        ("if x; then go; fi", ["None other None"]),
        (
            'if [ $A = 1 ]; then x; elif [ -n "$B" ]; then go; fi',
            ["not A = 1", "B -n None"],
        ),
        (
            'if [ $A = 1 ]; then x; elif [ -n "$B" ]; then y; else go; fi',
            ["not A = 1", "not B -n None"],
        ),
        ("if [ $A = 1 ] && [ $B = 2 ]; then go; fi", ["A = 1", "B = 2"]),
        ("if [ $A = 1 ]; then if [ $B = 2 ]; then go; fi; fi", ["A = 1", "B = 2"]),
        ("if [ $A = 1 ]; then x; fi; go", []),
        ('case "$G" in *-cover*) go ;; *) x ;; esac', ["G matches *-cover*"]),
        ('case " $G " in *" -cover"*) x ;; *) go ;; esac', ["not G matches * -cover*"]),
        ("case $C in true|1) go ;; esac", ["C matches true|1"]),
        ("case $C in (1) x ;; (2) go ;; esac", ["C matches 2"]),
        ("[ $A = 1 ] && (x && { go; })", ["A = 1"]),
    ],
)
def test_a_command_knows_the_tests_it_depends_on(text: str, expected: list[str]) -> None:
    (command,) = (c for c in read(text).commands if c.name == "go")
    assert conditions_of(command) == expected


def test_a_condition_spans_its_test_and_the_whole_statement() -> None:
    text = 'x\nif [ "$C" = 1 ]; then go; fi\n'
    command = read(text).commands[2]
    (condition,) = command.conditions
    assert text[condition.span.start : condition.span.end] == '[ "$C" = 1 ]'
    assert text[condition.statement.start : condition.statement.end] == text[2:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go", {"last"}),
        ("go; x", set()),
        ("x; go", {"last"}),
        ("go && x", set()),
        ("x && go", {"last"}),
        ("x || go", {"last"}),
        ("go & wait", {"background"}),
        ("x && go &\nwait", {"background"}),
        ("go | x", {"piped", "last"}),
        ("go 2>&1", {"redirected", "last"}),
        ("go 2>&1 | x", {"piped", "redirected", "last"}),
        ("go | x > f", {"piped", "last"}),
        ("x && go > f", {"redirected", "last"}),
        ("go && x > f", set()),
        ("(go)", {"subshell", "last"}),
        ("(go; x)", {"subshell"}),
        ("{ go; }", {"last"}),
        ("echo $(go)", {"substituted"}),
        ("while go; do x; done", set()),
        ("while x; do go; done", set()),
        ("if x; then go; fi", {"last"}),
        ("if x; then go; y; fi", set()),
        ("if go; then x; fi", set()),
        ("case a in b) go;; c) x;; esac", {"last"}),
        ("go <<EOF && x\nb\nEOF", {"redirected"}),
        ("x <<EOF && go\nb\nEOF", {"last"}),
        ("go\nf() { x; }", {"last"}),
        ("sh -c 'x; go'", {"nested", "last"}),
        ("sh -c 'go; x'", {"nested"}),
        ("sh -c go; x", set()),
    ],
)
def test_a_command_knows_its_place(text: str, expected: set[str]) -> None:
    found = [c for c in read(text).commands if c.name == "go"]
    if "sh -c go" in text:
        assert found == []
    else:
        assert flags_of(found[0]) == expected


@pytest.mark.parametrize(
    ("text", "operators"),
    [("a && b || c; d\ne", ["", "&&", "||", ";", ";"]), ("a; sh -c 'b; c'", ["", ";", "", ";"])],
)
def test_a_command_knows_the_operator_before_it(text: str, operators: list[str]) -> None:
    assert [command.chained for command in read(text).commands] == operators


def test_a_command_in_a_function_names_it_and_not_what_encloses_it() -> None:
    inner, call = read('[ -n "$A" ] && f() { go; }; f').commands[1:]
    assert (inner.name, inner.function, inner.conditions) == ("go", "f", ())
    assert (call.name, call.function) == ("f", None)


def test_assignments() -> None:
    text = 'A=1 B="x y" go; export C=$A D=; E+=\' z\'; F=(-a "b c"); G=a\\ b; declare -x H=1\n'
    found = [a for command in read(text).commands for a in command.assignments]
    assert [(a.name, a.value.resolve({"A": "9"}), a.exported, a.appends) for a in found] == [
        ("A", "1", False, False),
        ("B", "x y", False, False),
        ("C", "9", True, False),
        ("D", "", True, False),
        ("E", " z", False, True),
        ("F", "(-a b c)", False, False),
        ("G", "a b", False, False),
        ("H", "1", True, False),
    ]
    assert [word.literal for word in found[5].items or ()] == ["-a", "b c"]
    assert [text[a.span.start : a.span.end] for a in found[:4]] == ["A=1", 'B="x y"', "C=$A", "D="]


@pytest.mark.parametrize(
    "script",
    [
        "sh -c 'cd /x && exec app -y'",
        'sh -c "cd /x && exec app -y"',
        "/bin/bash -ec 'cd /x && exec app -y'",
        "exec sh -e -c 'cd /x && exec app -y'",
    ],
)
def test_the_script_of_sh_c_follows_it_with_its_own_bytes(script: str) -> None:
    commands = parse_script("x", script.encode(), offset=100).commands
    assert [c.nested for c in commands] == [False, True, True]
    start, end = commands[2].span.start - 100, commands[2].span.end - 100
    assert script[start:end] == "exec app -y"


def test_a_quoted_script_whose_bytes_are_moved_by_escapes_is_left_alone() -> None:
    assert len(read('sh -c "echo \\"x\\""').commands) == 1


def test_spans_are_shifted_by_the_offset() -> None:
    text = "A=1 go build $(x)"
    command, inner = parse_script("f", text.encode(), offset=7).commands
    assert command.span == Span("f", 7, 7 + len(text))
    assert [word.span for word in command.words] == [
        Span("f", 11, 13),
        Span("f", 14, 19),
        Span("f", 20, 24),
    ]
    assert inner.span == Span("f", 22, 23)


# -- words ---------------------------------------------------------------------------


def word(text: str) -> ShellWord:
    return ShellWord(decode_word(text.encode(), 0), Span("x", 0, len(text.encode())))


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("a", "a"),
        ("'a b'", "a b"),
        ('"a b"', "a b"),
        ("a\\ b", "a b"),
        ("a'b'\"c\"d", "abcd"),
        ('"a\\"b\\$c\\\\d\\e"', 'a"b$c\\d\\e'),
        ("a\\\nb", "ab"),
        ('"a\\\nb"', "ab"),
        ("'a\\\nb'", "a\\\nb"),
        ("''", ""),
        ('""', ""),
        ("$'a b'", "a b"),
        ("a$", "a$"),
        ("é\\é'é'", "ééé"),
        ("\\", "\\"),
        ("$a", None),
        ("${a}", None),
        ("$(a)", None),
        ("`a`", None),
        ("$'a\\n'", None),
        ("'$a'", "$a"),
    ],
)
def test_quotes_and_escapes_are_resolved(text: str, literal: str | None) -> None:
    assert word(text).literal == literal


@pytest.mark.parametrize(
    ("text", "values", "resolved"),
    [
        ("$A", {"A": "x"}, "x"),
        ("a${A}b", {"A": "x"}, "axb"),
        ("${A:-d e}", {"A": ""}, "d e"),
        ("${A-d}", {"A": ""}, ""),
        ("${A:+-cover}", {"A": ""}, ""),
        ("${A:+-cover $B}", {"A": "1", "B": "2"}, "-cover 2"),
        ('${A:-"d"}', {"A": ""}, "d"),
        ("$A", {}, None),
        ("${A%x}", {"A": "x"}, None),
        ("${A[@]}", {"A": "x"}, None),
        ("$A[@]", {"A": "x"}, "x[@]"),
        ("$(a)", {}, None),
    ],
)
def test_resolve(text: str, values: dict[str, str], resolved: str | None) -> None:
    assert word(text).resolve(values) == resolved


_PLAIN = ("a", "-x=", "é", "☃", ",", "{", "}", "a#", "~", "=")
_QUOTED = ("'b c'", '"d e"', "''", '""', "'\\'", "'\n'", '"\\\n"', '"$"', '"\\a"', "'\"'", '"\'"')
_ESCAPED = ("\\ ", "\\'", '\\"', "\\\\", "\\$", "\\\n", "\\é", '"\\""', '"\\$"', '"\\`"')
_LITERAL = st.lists(st.sampled_from([*_PLAIN, *_QUOTED, *_ESCAPED]), min_size=1, max_size=6).map(
    "".join
)


def _run(shell: str, script: str) -> list[str]:
    """What a real shell makes of ``script``, which prints words with NUL after each."""
    # with HOME="~", bash's expansion of ~ (also behind a "=") changes nothing
    environment = {"LC_ALL": "C.UTF-8", "HOME": "~"}
    done = subprocess.run([shell, "-c", script], capture_output=True, check=True, env=environment)
    return done.stdout.decode().split("\0")[:-1]


@settings(max_examples=60, deadline=None)
@given(st.lists(_LITERAL, min_size=1, max_size=5))
def test_bash_sees_the_same_words(pieces: list[str]) -> None:
    line = "x" + " x".join(pieces)  # no word starts with # or ~
    expected = _run("bash", f"set -f +B; printf '%s\\0' {line}")
    data = line.encode()
    split = [
        "".join(part.text for part in decode_word(data[first:last], first))
        for first, last in split_words(data, 0, len(data))
    ]
    assert split == expected
    script = parse_script("x", f"printf {line}".encode())
    assert [w.literal for w in script.commands[0].words[1:]] == expected


_VALUE = st.text(alphabet="ab \t\n", max_size=6)
_FIELDS = st.lists(
    st.sampled_from(
        ["${A}", '"$A"', "${B}", '"${B}"', "x", "'y z'", '""', "${A:-$B}", "${A:+c d}"]
    ),
    min_size=1,
    max_size=4,
).map("".join)


@settings(max_examples=60, deadline=None)
@given(_FIELDS, _VALUE, _VALUE)
def test_dash_splits_variables_into_the_same_fields(text: str, a: str, b: str) -> None:
    script = f"set -f; A='{a}' B='{b}'; for w in {text}; do printf '%s\\0' \"$w\"; done"
    assert list(word(text).fields({"A": a, "B": b}) or ()) == _run("dash", script)


@given(_LITERAL, st.integers(0, 30), st.integers(0, 30))
def test_the_bytes_of_some_characters_decode_to_these_characters(
    text: str, start: int, end: int
) -> None:
    value = word(text)
    literal = value.literal
    assert literal is not None
    span = value.span_of(start, end)
    if end > len(literal) or start >= end:
        assert span is None or start >= end
        return
    assert span is not None
    data = text.encode()
    for part in value.parts:  # what is cut is whole escapes and whole characters
        if part.start < span.start < part.end and part.end - part.start != len(part.text.encode()):
            raise AssertionError("cut inside an escape")
    inside = data[span.start : span.end].decode()
    for quote in ("'", '"', "\\\n"):
        if quote not in literal:
            inside = inside.replace(quote, "")
    if "\\" not in text and not {"'", '"'} & set(literal):
        assert inside == literal[start:end]


def test_span_of_a_flag_inside_a_quoted_value() -> None:
    text = '-ldflags="-s \\"-w\\" -extldflags \'-static\' $V -x"'
    value = word(text)
    shape = value.shape
    for flag in ("-s", "-w", "-extldflags '-static'", "-x", "\0"):
        at = shape.index(flag)
        span = value.span_of(at, at + len(flag))
        assert span is not None
        assert text[span.start : span.end] == flag.replace("\0", "$V")


# -- anything at all -----------------------------------------------------------------

_PIECES = (
    "if |then |else |fi |; |\n|&& ||| ||\\\n|(|)|{ |} |[ |] |[[ |]] |$|${|$(|`|\"|'|case a in |b) "
    "|;;|esac|<<EOF|\nEOF\n|> |& |a|=|A=1|! |do |done|while |for |é|#|<(|\0|sh -c '|export "
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.sampled_from(_PIECES.split("|")), max_size=40).map(
            lambda p: "".join(p).encode()
        ),
    )
)
def test_any_bytes_are_read(data: bytes) -> None:
    script = parse_script("x", data, offset=5)
    for command in script.commands:
        assert 5 <= command.span.start <= command.span.end <= 5 + len(data)
        for item in command.words:
            assert 5 <= item.span.start <= item.span.end <= 5 + len(data)
            item.fields({})
            item.span_of(0, len(item.shape))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 8_000,
        "$(" * 8_000,
        '"$(' * 8_000,
        "! " * 8_000 + "a",
        "if a; then " * 4_000,
        "{ " * 8_000,
        "a && " * 13_000 + "b",
        "a | " * 13_000 + "b",
        "A=b\n" * 13_000,
        "A=b " * 13_000,
        "a;" * 30_000,
        "a " * 32_000,
        "a" * 65_000,
        "'a'\\ " * 13_000,
        '"$." ' * 10_000,
        "${A:-" * 10_000,
        "sh -c '" * 5_000,
        "case a in " * 5_000,
        "[ " * 20_000,
        "<<E " * 1_000,
        "f() { " * 5_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_long_or_deep_script_does_not_hang(text: str) -> None:
    parse_script("x", b"")  # the grammar is loaded
    start = time.process_time()
    parse_script("x", text.encode())
    assert (
        time.process_time() - start < 5
    )  # a loaded machine takes longer; what hangs takes minutes


def test_a_long_list_is_read_to_its_end() -> None:
    commands = read("a && " * 1_000 + "b").commands
    assert len(commands) == 1_001
    assert commands[-1].last


@given(st.text(alphabet="aB_1\"'$\\{}`é :-", max_size=12), st.booleans())
def test_common_words_are_decoded_as_all_are(word: str, substitution: bool) -> None:
    raw = word.encode()
    slow = tuple(_Decoder(raw, 3, substitution).read())
    assert decode_word(raw, 3, substitution=substitution) == slow
