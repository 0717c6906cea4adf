"""Parsers of threads: covlint is used by several at once, in labs and in servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from covlint.documents.grammars import parser


def test_a_thread_has_a_parser_of_its_own_and_keeps_it() -> None:
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(parser, "tree_sitter_bash").result()
        again = pool.submit(parser, "tree_sitter_bash").result()
    assert other is again
    assert other is not parser("tree_sitter_bash")
    assert parser("tree_sitter_bash") is parser("tree_sitter_bash")
