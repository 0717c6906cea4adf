"""The Dockerfile reader: BuildKit's grammar, every instruction with its own bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.documents.dockerfile import Dockerfile, Instruction, open_dockerfile
from covlint.source import SourceFile, Span, UnreadableSource
from differential.generated import dockerfiles
from differential.rows import ours, theirs


def read(text: str) -> Dockerfile:
    return open_dockerfile(SourceFile.of_text("Dockerfile", text))


def written(document: Dockerfile, span: Span) -> str:
    return document.source.slice(span).decode()


def only(text: str) -> tuple[Dockerfile, Instruction]:
    """The one instruction after ``FROM a``."""
    document = read("FROM a\n" + text)
    assert document.error is None, document.error
    (instruction,) = document.stages[0].instructions
    return document, instruction


# -- lines ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "span", "words"),
    [
        ("RUN go build -a .\n", "RUN go build -a .", ["go", "build", "-a", "."]),
        ("RUN go build -a .", "RUN go build -a .", ["go", "build", "-a", "."]),
        ("  run go build\r\n", "run go build", ["go", "build"]),
        ("RUN a \\\n  b \\ \t\n  c\nUSER x\n", "RUN a \\\n  b \\ \t\n  c", ["a", "b", "c"]),
        ("RUN a \\\n# no \\\n\n  # nor this\n  b\n", None, ["a", "b"]),
        ("RUN a \\\r\n# no\r\n  b\r\n", "RUN a \\\r\n# no\r\n  b", ["a", "b"]),
        ("RUN a \\\n\n\n  b\n", "RUN a \\\n\n\n  b", ["a", "b"]),
        ("RUN a\\\nb c\n", "RUN a\\\nb c", ["ab", "c"]),
        ("RUN a \\\\\nUSER b\n", "RUN a \\\\", ["a", "\\"]),
        ("RUN a \\", "RUN a", ["a"]),
        ("RUN a # not a comment\n", "RUN a # not a comment", ["a", "#", "not", "a", "comment"]),
        ("RUN\\\n a\n", "RUN\\\n a", ["a"]),
        ("RUN echo é ☃\n", "RUN echo é ☃", ["echo", "é", "☃"]),
    ],
)
def test_an_instruction_ends_where_its_last_line_does(
    text: str, span: str | None, words: list[str]
) -> None:
    document = read("FROM a\n" + text)
    instruction = document.stages[0].instructions[0]
    assert document.error is None
    assert written(document, instruction.span) == (span if span is not None else text[:-1])
    assert [word.literal for word in instruction.words()] == words


def test_words_of_a_continued_instruction_have_their_own_bytes() -> None:
    document, run = only('RUN é \\\n# no\n\n  "b c" \\\r\n  d\\\ne\n')
    assert [written(document, word.span) for word in run.words()] == ["é", '"b c"', "d\\\ne"]


def test_a_byte_order_mark_is_no_part_of_the_first_instruction() -> None:
    document = read("\ufeffFROM a AS b\nRUN c\n")
    assert document.source.data.startswith(b"\xef\xbb\xbf")
    assert written(document, document.stages[0].origin.span) == "FROM a AS b"
    assert document.stages[0].name == "b"


def test_directives_are_read_in_any_order_before_the_first_other_line() -> None:
    document = read(
        "#escape=`\n# syntax = docker/dockerfile:1 \n# a comment\nFROM a\nRUN b `\n c\n"
    )
    assert (document.escape, document.syntax) == ("`", "docker/dockerfile:1")
    (run,) = document.stages[0].instructions
    assert [word.literal for word in run.words()] == ["b", "c"]


def test_an_escape_directive_after_a_comment_is_a_comment() -> None:
    document = read("# hello\n# escape=`\nFROM a\nRUN b `\nRUN c\n")
    assert document.escape == "\\"
    assert len(document.stages[0].instructions) == 2


def test_with_the_backquote_as_escape_a_backslash_is_a_character() -> None:
    document = read('# escape=`\nFROM a\nWORKDIR C:\\src\\go\nENV A=x`"y\n')
    workdir, env = document.stages[0].instructions
    assert [word.literal for word in workdir.words()] == ["C:\\src\\go"]
    value = env.pairs()[0].value
    assert value is not None
    assert value.literal == 'x"y'
    assert written(document, value.span) == 'x`"y'


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "no FROM instruction"),
        ("# only a comment\n", 1, "no FROM instruction"),
        ("FROM a\nFOO b\n", 2, "unknown instruction 'FOO'"),
        ("FROM a\nRUN-x b\n", 2, "unknown instruction 'RUN-x'"),
        ("FROM a\nRUN <<EOF\nb\n", 2, "heredoc 'EOF' is never closed"),
        ("FROM a\nONBUILD\n", 2, "ONBUILD without an instruction that it may hold"),
        ("FROM a\nONBUILD FROM b\n", 2, "ONBUILD without an instruction that it may hold"),
        ("# escape=x\nFROM a\n", 1, "the escape directive takes \\ or `, not 'x'"),
        ("#escape=`\n# escape=\\\nFROM a\n", 2, "only one escape directive can be used"),
    ],
)
def test_an_invalid_file_says_where_and_why(text: str, line: int, message: str) -> None:
    document = read(text)
    assert (document.error_line, document.error) == (line, message)


def test_what_follows_an_unknown_instruction_is_still_read() -> None:
    document = read("FROM a\nFOO b \\\n c\nRUN d\n")
    assert [i.keyword for i in document.instructions] == ["FROM", "RUN"]


@pytest.mark.parametrize("data", [b"FROM a\nRUN \xff\n", b"FROM a\0\n"])
def test_what_is_not_text_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableSource):
        open_dockerfile(SourceFile("Dockerfile", data))


# -- heredocs -------------------------------------------------------------------


def bodies(text: str) -> list[tuple[str, str, str, bool, bool]]:
    document, instruction = only(text)
    return [
        (h.name, written(document, h.marker), written(document, h.body), h.expand, h.strip_tabs)
        for h in instruction.heredocs
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN <<EOF\na\nFROM b\n\nEOF\n", [("EOF", "<<EOF", "a\nFROM b\n\n", True, False)]),
        ("RUN <<EOF\nEOF", [("EOF", "<<EOF", "", True, False)]),
        ("RUN <<-EOF\n\ta\n EOF\n\t\tEOF\n", [("EOF", "<<-EOF", "\ta\n EOF\n", True, True)]),
        ("RUN <<'EOF'\na\nEOF\n", [("EOF", "<<'EOF'", "a\n", False, False)]),
        ('RUN <<"E F"\na\nE F\n', [("E F", '<<"E F"', "a\n", False, False)]),
        ("RUN <<E\\OF\na\nEOF\n", [("EOF", "<<E\\OF", "a\n", False, False)]),
        ("RUN 3<<EOF cat <&3\na\nEOF\n", [("EOF", "3<<EOF", "a\n", True, False)]),
        ("RUN <<EOF;\na\nEOF;\n", [("EOF;", "<<EOF;", "a\n", True, False)]),
        ("RUN <<EOF\r\na\r\nEOF\r\n", [("EOF", "<<EOF", "a\r\n", True, False)]),
        ("RUN [ -f x ] && cat <<EOF\na\nEOF\n", [("EOF", "<<EOF", "a\n", True, False)]),
        (
            "RUN --mount=type=cache,target=/c <<EOF\na\nEOF\n",
            [("EOF", "<<EOF", "a\n", True, False)],
        ),
        (
            "COPY <<A <<'B' /x/\n1\nA\n2\nB\n",
            [("A", "<<A", "1\n", True, False), ("B", "<<'B'", "2\n", False, False)],
        ),
        ("ADD <<A /x\n1\nA\n", [("A", "<<A", "1\n", True, False)]),
        ("RUN a \\\n <<EOF\nb\nEOF\n", [("EOF", "<<EOF", "b\n", True, False)]),
        ("RUN echo '<<EOF'\n", []),
        ("RUN echo a<<EOF\n", []),
        ("RUN cat << EOF\n", []),
        ("RUN cat <<<EOF\n", []),
        ("ENV A=<<EOF\n", []),
        ('RUN ["cat", "<<EOF"]\n', []),
    ],
)
def test_heredocs(text: str, expected: list[tuple[str, str, str, bool, bool]]) -> None:
    assert bodies(text) == expected


def test_a_heredoc_belongs_to_the_span_and_the_next_instruction_follows_it() -> None:
    text = "FROM a\nRUN <<EOF && x\nUSER b\nEOF\n# c\nUSER d\n"
    document = read(text)
    run, user = document.stages[0].instructions
    assert written(document, run.span) == "RUN <<EOF && x\nUSER b\nEOF"
    assert run.body == b"<<EOF && x"
    assert written(document, user.span) == "USER d"


def test_onbuild_holds_an_instruction_with_its_own_heredoc() -> None:
    document, run = only("onbuild run --network=none <<EOF\na\nEOF\n")
    assert (run.keyword, run.onbuild, run.flag("network")) == ("RUN", True, "none")
    assert written(document, run.keyword_span) == "onbuild run"
    assert [h.name for h in run.heredocs] == ["EOF"]


# -- flags, forms, pairs -----------------------------------------------------------


def test_flags_come_before_the_body() -> None:
    document, copy = only("COPY --from=build --chown=1001:0 \\\n --chmod=0755 --link /a /b\n")
    assert [written(document, flag.span) for flag in copy.flags] == [
        "--from=build",
        "--chown=1001:0",
        "--chmod=0755",
        "--link",
    ]
    assert (copy.flag("from"), copy.flag("link"), copy.flag("none")) == ("build", "", None)
    assert [written(document, word.span) for word in copy.words()] == ["/a", "/b"]


def test_a_mount_flag_is_one_word_and_what_looks_like_a_flag_later_is_none() -> None:
    _, run = only('RUN --mount=type=cache,target="/a b" go --x\n')
    assert [flag.name for flag in run.flags] == ["mount"]
    assert [word.literal for word in run.words()] == ["go", "--x"]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ('--mount=type=cache,target="/a b"', "type=cache,target=/a b"),
        ("--mount=type=cache,\\\ntarget=/a", "type=cache,target=/a"),
        ('--mount="type=cache"', "type=cache"),
        ('--mount=""', ""),
        ("--mount='a \\'b'", "a 'b"),
    ],
)
def test_a_flag_is_unquoted_wherever_its_quotes_stand(flag: str, value: str) -> None:
    document, run = only(f"RUN {flag} go build\n")
    assert [written(document, one.span) for one in run.flags] == [flag]
    assert run.flag("mount") == value
    assert [word.literal for word in run.words()] == ["go", "build"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('CMD ["/app", "-x"]\n', ['"/app"', '"-x"']),
        ('ENTRYPOINT [ "a" ,\\\n  "b c" ]\n', ['"a"', '"b c"']),
        ('CMD ["a\\"b", "\\u00e9", "é"]\n', ['"a\\"b"', '"\\u00e9"', '"é"']),
        ('CMD ["a"] # ignored by BuildKit too\n', ['"a"']),
        ("CMD []\n", []),
        ("CMD ['a']\n", None),
        ('CMD ["a",]\n', None),
        ('CMD ["a"\n', None),
        ("CMD [1]\n", None),
        ("CMD [ -f x ]\n", None),
        ("CMD a\n", None),
        ('ENV ["a"]=b\n', None),
    ],
)
def test_exec_form(text: str, expected: list[str] | None) -> None:
    document, instruction = only(text)
    words = instruction.exec_form
    assert expected == (None if words is None else [written(document, w.span) for w in words])


def test_exec_form_decodes_json_escapes() -> None:
    _, command = only('CMD ["a\\"b", "\\u00e9\\n", "\\ud800"]\n')
    assert command.exec_form is not None
    assert [word.text for word in command.exec_form] == ['a"b', "é\n", "\ufffd"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=1 B=2\n", [("A", "1", "A=1"), ("B", "2", "B=2")]),
        ("ENV A=\"x y\" B='z w'\n", [("A", "x y", 'A="x y"'), ("B", "z w", "B='z w'")]),
        ("ENV A=x\\ y \\\n  B=\n", [("A", "x y", "A=x\\ y"), ("B", "", "B=")]),
        ("ENV A x y  z\n", [("A", "x y  z", "A x y  z")]),
        ("ENV A x=y\n", [("A", "x=y", "A x=y")]),
        ("LABEL \"a.b\"=c d='e'\n", [("a.b", "c", '"a.b"=c'), ("d", "e", "d='e'")]),
        ("ARG A\n", [("A", None, "A")]),
        ("ARG A B=1 C=\n", [("A", None, "A"), ("B", "1", "B=1"), ("C", "", "C=")]),
        ("ENV A=a\"b c\"d'e'\n", [("A", "ab cde", "A=a\"b c\"d'e'")]),
        ("ENV A=$(no) B=`no`\n", [("A", "$(no)", "A=$(no)"), ("B", "`no`", "B=`no`")]),
        ("ENV A=é B=☃\n", [("A", "é", "A=é"), ("B", "☃", "B=☃")]),
    ],
)
def test_pairs(text: str, expected: list[tuple[str, str | None, str]]) -> None:
    document, instruction = only(text)
    assert [
        (
            pair.name.text,
            None if pair.value is None else pair.value.literal,
            written(document, pair.span),
        )
        for pair in instruction.pairs()
    ] == expected


@pytest.mark.parametrize(
    ("value", "variables", "expected"),
    [
        ("$A", {"A": "x"}, "x"),
        ("${A}", {"A": "x"}, "x"),
        ("${A:-d}", {"A": ""}, "d"),
        ("${A:-d}", {"A": "x"}, "x"),
        ("${A:-$B}", {"A": "", "B": "b"}, "b"),
        ("${A:+-cover}", {"A": ""}, ""),
        ("${A:+-cover}", {"A": "1"}, "-cover"),
        ('"${A:+-cover -x}"', {"A": "1"}, "-cover -x"),
        ("\\$A", {"A": "x"}, "$A"),
        ("'$A'", {"A": "x"}, "$A"),
        ("$B", {"A": "x"}, None),
        ("${A##x}", {"A": "x"}, None),
    ],
)
def test_variables_of_a_value(value: str, variables: dict[str, str], expected: str | None) -> None:
    _, env = only(f"ENV X={value}\n")
    word = env.pairs()[0].value
    assert word is not None
    assert word.resolve(variables) == expected


def test_stages_have_names_platforms_and_the_args_before_them() -> None:
    document = read(
        "ARG V=1\nFROM --platform=$BUILDPLATFORM golang:${V} AS Build\nRUN a\nfrom scratch\nUSER 1\n"
    )
    assert [i.keyword for i in document.preamble] == ["ARG"]
    first, second = document.stages
    assert (first.index, first.name, first.platform) == (0, "Build", "$BUILDPLATFORM")
    assert written(document, first.base.span) == "golang:${V}"
    assert (second.index, second.name, second.base.literal) == (1, None, "scratch")
    assert [i.keyword for i in second.instructions] == ["USER"]


def test_instruction_at_finds_the_instruction_of_a_byte() -> None:
    document = read("FROM a\n\nRUN <<EOF\nb\nEOF\n")
    found = document.instruction_at(document.source.data.index(b"b\nEOF"))
    assert found is not None
    assert found.keyword == "RUN"
    assert document.instruction_at(7) is None


# -- against BuildKit's own parser (make differential takes more of them) ---------------------


@settings(max_examples=300, deadline=None)
@given(dockerfiles())
def test_buildkit_reads_the_same_instructions(text: str) -> None:
    assert ours(text) == theirs(text)


# -- anything at all ---------------------------------------------------------------------

_PIECES = (
    'FROM a|RUN|<<EOF|EOF|\\|`|\n|\r\n| |#|["|"]|"|\'|$|${|$(|)|}|ENV|ARG A|=|ONBUILD|--|é'
    "|\ufeff|# escape=`\n|[|]|,|\t|\0"
)
_FRAGMENTS = st.lists(st.sampled_from(_PIECES.split("|")), max_size=40).map(
    lambda parts: "".join(parts).encode()
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), _FRAGMENTS, _FRAGMENTS.map(lambda d: b"FROM a\n" + d)))
def test_any_bytes_are_read_or_unreadable_and_spans_lie_in_order(data: bytes) -> None:
    source = SourceFile("Dockerfile", data)
    try:
        document = open_dockerfile(source)
    except UnreadableSource:
        return
    position = 0
    for instruction in document.instructions:
        assert position <= instruction.span.start < instruction.span.end <= len(data)
        position = instruction.span.end
        inside = [instruction.keyword_span, *(flag.span for flag in instruction.flags)]
        inside += [word.span for word in instruction.words()]
        inside += [word.span for word in instruction.exec_form or ()]
        inside += [h.marker for h in instruction.heredocs] + [h.body for h in instruction.heredocs]
        if instruction.keyword in {"ENV", "ARG", "LABEL"}:
            inside += [pair.span for pair in instruction.pairs()]
        for span in inside:
            assert instruction.span.start <= span.start <= span.end <= len(data)
    assert (document.error is None) or document.error_line is not None


@pytest.mark.parametrize(
    "data",
    [
        "[" * 50_000,
        "$(" * 30_000,
        '"$(' * 20_000,
        "${A:-" * 12_000,
        "a\\\n" * 20_000,
        "<<E " * 10_000,
    ],
)
def test_a_hostile_line_does_not_take_long(data: str) -> None:
    start = time.monotonic()
    document = read(f"FROM a\nRUN {data}\nENV A={data}\nCMD {data}")
    for instruction in document.instructions:
        instruction.words()
        assert instruction.exec_form is None
    assert time.monotonic() - start < 5  # seconds; what is quadratic here takes a minute
