"""go.mod and go.work."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.gomod import read_go_mod, read_go_work
from covlint.source import SourceFile

MOD = """\
// Deprecated: no
module "example.com/app" // the path

go 1.22.3
toolchain go1.22.4

require example.com/a v1.0.0 // indirect
require (
\t// example.com/no v1
\texample.com/b/v2 v2.0.0
)
replace (
\texample.com/b/v2 => ../b
\texample.com/c v1.0.0 => example.com/d v1.2.0
)
replace example.com/a => ./a
"""


def test_go_mod() -> None:
    source = SourceFile.of_text("go.mod", MOD)
    file = read_go_mod(source)
    assert file.module is not None
    assert file.module.text == "example.com/app"
    assert source.slice(file.module.span) == b'"example.com/app"'
    assert file.go is not None
    assert file.go.text == "1.22.3"
    assert file.toolchain is not None
    assert file.toolchain.text == "go1.22.4"
    assert file.requires == ("example.com/a", "example.com/b/v2")
    assert file.replaces == (("example.com/b/v2", "../b"), ("example.com/a", "./a"))


def test_crlf_byte_order_mark_and_module_block() -> None:
    source = SourceFile("go.mod", b"\xef\xbb\xbfmodule (\r\n\texample.com/x//y\r\n)\r\ngo 1.20")
    file = read_go_mod(source)
    assert file.module is not None
    assert file.module.text == "example.com/x"
    assert source.slice(file.module.span) == b"example.com/x"
    assert file.go is not None
    assert file.go.text == "1.20"


def test_go_work() -> None:
    text = "go 1.22\nuse ./cmd\nuse (\n\t. // root\n\t./lib\n)\n"
    file = read_go_work(SourceFile.of_text("go.work", text))
    assert [word.text for word in file.uses] == ["./cmd", ".", "./lib"]


@given(st.one_of(st.binary(), st.text(alphabet='module go use()"`/\n\r\t =>.').map(str.encode)))
def test_any_bytes_are_read(data: bytes) -> None:
    source = SourceFile("go.mod", data)
    file = read_go_mod(source)
    for word in (file.module, file.go, *read_go_work(source).uses):
        if word is not None:
            assert 0 <= word.span.start <= word.span.end <= len(data)
