"""Parsers of threads: covlint is used by several at once, in labs and in servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from covlint.documents.golang import read_go, syntax_error
from covlint.documents.grammars import TANGLED, TangledSyntax, parser
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.source import SourceFile


def test_a_thread_has_a_parser_of_its_own_and_keeps_it() -> None:
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(parser, "tree_sitter_bash").result()
        again = pool.submit(parser, "tree_sitter_bash").result()
    assert other is again
    assert other is not parser("tree_sitter_bash")
    assert parser("tree_sitter_bash") is parser("tree_sitter_bash")


#: Takes the grammars minutes.
NESTED_ERRORS = b"for esac in\x16>/bin/sh" * 4_000
UNCLOSED = (
    b'package a\nvar a = "GOCOVERDIR"\nvar b = exec.Command("go", "build")\n' + b"a([" * 9_000
)


@pytest.mark.parametrize(
    ("package", "data"),
    [("tree_sitter_bash", NESTED_ERRORS), ("tree_sitter_go", UNCLOSED)],
    ids=["errors", "brackets"],
)
def test_what_is_no_program_is_given_up_and_the_next_file_is_read(
    package: str, data: bytes
) -> None:
    with pytest.raises(TangledSyntax):
        parser(package).parse(data)
    root = parser(package).parse(b"a\n" * 5_000).root_node
    assert root.start_byte == 0
    assert root.end_byte == 10_000


def test_long_scripts_are_parsed_as_short_ones_are() -> None:
    line = b'if [ -n "$a" ]; then cp -r "$GOCOVERDIR" "$(mktemp -d)"; fi\n'
    root = parser("tree_sitter_bash").parse(line * 5_000).root_node
    assert not root.has_error
    assert root.named_child_count == 5_000


def test_a_report_says_what_was_given_up() -> None:
    files = {
        "a.sh": b"export GOCOVERDIR=/x\ngo build -cover\n" + NESTED_ERRORS,
        "a/a.go": UNCLOSED,
        "Dockerfile": b"FROM golang\nRUN go build -cover; " + NESTED_ERRORS,
    }
    report = inspect(MemoryFiles(files), Registry.builtin(), Options()).report
    assert not report.crashes
    assert {(one.path, one.reason) for one in report.unread} == {(path, TANGLED) for path in files}
    go = SourceFile("a/a.go", UNCLOSED)
    assert syntax_error(go) == TANGLED
    assert read_go(go).calls == ()
