"""The Go reader, its header scan, build constraints and import edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.goconstraint import takes_part
from covlint.documents.goheader import package_name, scan_header
from covlint.documents.goimports import add_import
from covlint.documents.golang import GoFile, read_go
from covlint.source import SourceFile


def go(text: str) -> GoFile:
    return read_go(SourceFile.of_text("main.go", text))


def test_imports_keep_alias_and_span() -> None:
    file = go('package main\n\nimport (\n\tsig "os/signal"\n\t_ "embed"\n)\n\nimport "fmt"\n')
    assert [(one.alias, one.path.text, one.grouped) for one in file.imports] == [
        ("sig", "os/signal", True),
        ("_", "embed", True),
        ("", "fmt", False),
    ]
    assert file.source.slice(file.imports[0].span) == b'sig "os/signal"'
    assert file.resolve("sig.Notify") == ("os/signal", "Notify")
    assert file.resolve("signal.Notify") is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("os/signal", "signal"),
        ("github.com/go-kratos/kratos/v2", "kratos"),
        ("gopkg.in/yaml.v3", "yaml"),
        ("v2", "v2"),
        ("", ""),
    ],
)
def test_package_name(path: str, name: str) -> None:
    assert package_name(path) == name


def test_calls_know_callee_function_and_goroutine() -> None:
    file = go(
        "package main\nfunc (s *Srv) run() { go func() { fx.New(1).Run(a, b...) }() }\n"
        "var x = f()\nfunc main() { (g)(2) }\n"
    )
    calls = {call.callee: call for call in file.calls}
    run = calls["fx.New().Run"]
    assert run.concurrent
    assert run.function is not None
    assert run.function.receiver == "Srv"
    assert [(one.text, one.spread) for one in run.arguments] == [("a", False), ("b", True)]
    assert calls["f"].function is None
    assert not calls["g"].concurrent


def test_values_take_the_elements_of_slices() -> None:
    file = go("package main\nvar s, t = []os.Signal{os.Interrupt, syscall.SIGTERM}, 3\n")
    first, second = file.values
    assert first.expression.elements is not None
    assert [file.source.slice(one.span) for one in first.expression.elements] == [
        b"os.Interrupt",
        b"syscall.SIGTERM",
    ]
    assert (second.name, second.expression.text, second.expression.elements) == ("t", "3", None)


def test_waits() -> None:
    file = go(
        "package main\nfunc main() {\n\tselect {}\n\t<-ctx.Done()\n\tfor { f() }\n"
        "\tfor { if done { break } }\n\tselect { case <-c: }\n\tfor i := range x { }\n}\n"
    )
    assert [(one.kind, one.operand) for one in file.waits] == [
        ("select", ""),
        ("receive", "ctx.Done()"),
        ("loop", ""),
        ("receive", "c"),
    ]


def test_header_scan_agrees_with_the_parse() -> None:
    text = (
        '// import "no"\npackage main // x\nimport "C"\nimport (\n\t"a" // ) "b"\n'
        '\t/* "c" ) */ d "e"\n\t`f`\n)\n'
    )
    package, paths = scan_header(text.encode())
    file = go(text)
    assert package == file.package == "main"
    assert paths == {"C", "a", "e", "f"} == {one.path.text for one in file.imports}


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    source = SourceFile("x.go", b"package main\n" + data)
    read_go(source)
    scan_header(data)
    takes_part(source)


@pytest.mark.parametrize(
    ("name", "head", "built"),
    [
        ("a.go", "", True),
        ("a_test.go", "", False),
        ("signal_windows.go", "", False),
        ("signal_linux_arm64.go", "", False),
        ("signal_posix.go", "//go:build !windows\n// +build !windows\n\n", True),
        ("linux.go", "", True),
        ("gen.go", "//go:build ignore\n\n", False),
        ("a.go", "// +build darwin freebsd\n\n", False),
        ("a.go", "//go:build e2e && linux\n\n", None),
        ("a.go", "//go:build !(e2e || windows) && go1.21\n\n", True),
        ("a.go", "//go:build )(\n\n", None),
    ],
)
def test_build_constraints(name: str, head: str, built: bool | None) -> None:
    assert takes_part(SourceFile.of_text(f"cmd/{name}", head + "package main\n")) is built


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'import (\n\t"os"\n\t"os/signal"\n\n\t"a.b/c"\n)\n',
            'import (\n\t"os"\n\t"os/signal"\n\t"syscall"\n\n\t"a.b/c"\n)\n',
        ),
        (
            'import (\n\t"os/signal" // x\n\t"time"\n)\n',
            'import (\n\t"os/signal" // x\n\t"syscall"\n\t"time"\n)\n',
        ),
        (
            'import (\n\t"os"\n\n\t"os/signal"\n)\n',
            'import (\n\t"os"\n\n\t"os/signal"\n\t"syscall"\n)\n',
        ),
        (
            'import "os"\nimport "os/signal"\n',
            'import "os"\nimport "os/signal"\nimport "syscall"\n',
        ),
        ('import ("os/signal"; "os")\n', 'import ("os/signal"; "os")\nimport "syscall"\n'),
        ("", '\nimport "syscall"\n'),
        ('import s "syscall"\n', None),
        ('import (\n\t"os"\n\t"os/signal")\n', 'import (\n\t"os"\n\t"os/signal"\n\t"syscall")\n'),
    ],
)
def test_add_import(before: str, after: str | None) -> None:
    file = go("package main\n\n" + before if before else "package main\n")
    edit = add_import(file, "syscall", "os/signal")
    if after is None:
        assert edit is None
        return
    assert edit is not None
    data = file.source.data
    changed = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    assert changed.decode() == "package main\n" + ("\n" + after if before else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "// package main is it\npackage main // all of it; yes\n",
            '// package main is it\npackage main // all of it; yes\n\nimport "syscall"\n',
        ),
        ("package main; var a = 1\n", None),
    ],
)
def test_an_import_stands_below_the_package_clause(before: str, after: str | None) -> None:
    file = go(before)
    edit = add_import(file, "syscall", "os/signal")
    data = file.source.data
    found = edit and data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    assert found == (after.encode() if after else None)


def test_the_head_of_a_file_has_imports_at_the_beginnings_of_lines() -> None:
    data = (
        b'// package doc\npackage till\nimport "a"; import "b"\nimport (\n\t"c" // import "d"\n)\n'
    )
    assert scan_header(data) == ("till", frozenset({"a", "c"}))
