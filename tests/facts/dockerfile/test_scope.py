"""What is in force at each instruction: variables, working directory, user, shell, scripts."""

from __future__ import annotations

import pytest

from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.dockerfile.scope import Scope, ScopedStage, running, scoped_stages
from covlint.source import SourceFile


def stages(text: str) -> tuple[ScopedStage, ...]:
    return scoped_stages(open_dockerfile(SourceFile.of_text("Dockerfile", text)))


def end(text: str) -> Scope:
    """The scope after the last instruction."""
    return stages(text)[-1].end


@pytest.mark.parametrize(
    ("text", "value", "settable"),
    [
        ("ENV A=1", "1", None),
        ("ENV A 1 2", "1 2", None),
        ("ARG A=1", "1", "A"),
        ("ARG A", "", "A"),
        ("ARG A=1\nENV A=2", "2", None),
        ("ENV A=2\nARG A=1", "2", None),
        ("ENV A=1\nENV A=2", "2", None),
        ("ENV A=1\nENV A=$A$A", "11", None),
        ("ARG B=1\nENV A=x$B", "x1", "B"),
        ("ARG B\nENV A=${B:-d}", "d", "B"),
        ("ARG B\nENV A=${B:+-cover}", "", "B"),
        ("ENV A=${B:-d}", "d", None),
        ("ENV A=x$B", None, None),
        ("ENV A=x$GOFLAGS", "x", None),
        ("ENV A=$PATH:/x", None, None),
        ("ENV B=1 A=${B:-2}", "2", None),
        ("ARG B=1 A=$B", None, "A"),
        ("ARG TARGETARCH\nENV A=$TARGETARCH", None, "TARGETARCH"),
        ("ENV A='$B'", "$B", None),
        ("ENV A=\\$B", "$B", None),
        ("ENV A=${B%x}", None, None),
    ],
)
def test_variables(text: str, value: str | None, settable: str | None) -> None:
    variable = end(f"FROM a\n{text}\n").variables["A"]
    assert (variable.value, variable.settable) == (value, settable)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ARG A=1\nFROM a\n", None),
        ("ARG A=1\nFROM a\nARG A\n", "1"),
        ("ARG A=1\nFROM a\nARG A=2\n", "2"),
        ("ARG A=1\nARG B=$A\nFROM a\nARG B\nENV A=$B\n", "1"),
        ("FROM a AS x\nARG A=1\nFROM b\n", None),
        ("FROM a AS x\nARG A=1\nFROM x\n", "1"),
        ("FROM a AS x\nENV A=1\nFROM X AS y\nFROM y\n", "1"),
    ],
)
def test_args_before_from_and_stages_built_on_stages(text: str, value: str | None) -> None:
    assert end(text).defaults.get("A") == value


def test_fixed_values_are_those_that_no_build_argument_changes() -> None:
    scope = end("FROM a\nARG X=1\nENV Y=2 Z=$X\n")
    assert scope.defaults == {"X": "1", "Y": "2", "Z": "1"}
    assert scope.fixed == {"Y": "2"}


def test_former_declarations_are_kept_in_order() -> None:
    history = end("FROM a\nARG A=1\nENV A=2\nENV A=3\n").history["A"]
    assert [(v.kind, v.value) for v in history] == [("arg", "1"), ("env", "2"), ("env", "3")]


@pytest.mark.parametrize(
    ("text", "base", "outer"),
    [
        ("FROM golang:1.22", "golang:1.22", "golang:1.22"),
        ("ARG V=1.22\nFROM golang:$V", "golang:1.22", "golang:1.22"),
        ("FROM ${B:-golang}", "golang", "golang"),
        ("ARG B\nFROM $B", None, None),
        ("FROM golang:$TARGETARCH", None, None),
        ("FROM a AS b\nFROM b", "b", "a"),
        ("FROM a AS b\nFROM b AS c\nFROM C", "C", "a"),
        ("ARG S=b\nFROM a AS b\nFROM $S", "b", "a"),
    ],
)
def test_bases(text: str, base: str | None, outer: str | None) -> None:
    stage = stages(text)[-1]
    assert (stage.base, stage.outer_base) == (base, outer)


@pytest.mark.parametrize(
    ("text", "workdir"),
    [
        ("", "/"),
        ("WORKDIR /a", "/a"),
        ("WORKDIR /a\nWORKDIR b\nWORKDIR ../c/", "/a/c"),
        ("ENV D=/x\nWORKDIR $D/y", "/x/y"),
        ("WORKDIR $GOPATH/src", "\0"),
    ],
)
def test_workdir(text: str, workdir: str) -> None:
    found = end(f"FROM a\n{text}\n").workdir
    assert "\0" in found if workdir == "\0" else found == workdir


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("USER app", "app"),
        ("USER 1001:0", "1001:0"),
        ("ARG UID=1001\nUSER ${UID}", "1001"),
        ("USER ${UID:-65532}", "65532"),
        ("USER app\nUSER root", "root"),
        ("USER $APP", "$"),
        ("ENV U=${X%y}\nUSER $U", "$"),
    ],
)
def test_user(text: str, user: str) -> None:
    found = end(f"FROM a\n{text}\n").user
    assert found is not None
    assert found.text == user


def test_shell_user_and_directory_are_inherited() -> None:
    scope = end('FROM a AS b\nSHELL ["/bin/bash", "-c"]\nUSER 1\nWORKDIR /w\nFROM b\n')
    assert (scope.shell, scope.workdir) == (("/bin/bash", "-c"), "/w")
    assert scope.user is not None


def test_each_step_sees_what_came_before_it_and_onbuild_changes_nothing() -> None:
    (stage,) = stages("FROM a\nENV A=1\nONBUILD ENV A=2\nRUN x\nENV A=3\n")
    assert [scope.defaults.get("A") for _, scope in stage.steps] == [None, "1", "1", "1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a && b", ["a", "b"]),
        ("RUN <<EOF\na\nb\nEOF", ["a", "b"]),
        ("RUN sh -x <<EOF\na\nEOF", ["sh", "a"]),
        ("RUN cat <<EOF > /x\na\nEOF", ["cat"]),
        ("RUN python3 <<EOF\na\nEOF", ["python3"]),
        ("RUN <<EOF\n#!/bin/bash\na\nEOF", ["a"]),
        ("RUN <<EOF\n#!/usr/bin/perl\na\nEOF", []),
        ('RUN ["a", "b"]', ["a"]),
        ('CMD ["sh", "-c", "a && exec b"]', ["sh", "a", "exec"]),
        ("CMD exec a", ["exec"]),
    ],
)
def test_the_commands_that_an_instruction_runs(text: str, expected: list[str]) -> None:
    document = open_dockerfile(SourceFile.of_text("Dockerfile", f"FROM x\n{text}\n"))
    commands = running(document.stages[0].instructions[0], document.source.data).commands
    assert [command.name for command in commands] == expected
    for command in commands:
        if command.name == "a":
            assert document.source.slice(command.words[0].span).strip(b'"') == b"a"


def test_another_interpreter_is_named() -> None:
    document = open_dockerfile(
        SourceFile.of_text("Dockerfile", "FROM x\nRUN <<EOF\n#!/usr/bin/perl\nEOF\n")
    )
    found = running(document.stages[0].instructions[0], document.source.data)
    assert found.interpreter == "#!/usr/bin/perl"
