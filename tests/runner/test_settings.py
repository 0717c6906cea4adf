"""What a RUN sets before its build, as the process engine takes it along."""

from __future__ import annotations

import pytest

from covlint.documents.shell import parse_script
from covlint.runner.process.settings import settings_before
from covlint.runner.verdict import Outcome
from runner.programs import HTTP, LOCAL, SERVER

_BUILD = "go build -o /app ."


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("export GOFLAGS=-cover; ", ["export GOFLAGS=-cover"]),
        ("A=1 && export A B=2 && ", ["A=1", "export A B=2"]),
        ("mkdir -p /x; F=-cover; cd cmd; ", ["F=-cover"]),
        (
            'if [ -n "$C" ]; then F=-cover; else F=; fi; ',
            ['if [ -n "$C" ]; then F=-cover; else F=; fi'],
        ),
        ("if [ -n x ]; then F=-cover; fetch; fi; ", []),
        ("case $C in y) F=-cover;; esac; ", ["case $C in y) F=-cover;; esac"]),
        ("export GOPATH=/go GOFLAGS=-cover; ", []),
        ("(F=-cover); ", []),
        ("f() { F=-cover; }; ", []),
        ("unset GOFLAGS; ", ["unset GOFLAGS"]),
        ("", []),
    ],
)
def test_what_is_set_before_the_build(before: str, expected: list[str]) -> None:
    text = f"{before}{_BUILD}; F=late".encode()
    commands = parse_script("Dockerfile", text).commands
    build = next(one for one in commands if one.name == "go")
    found = settings_before(commands, build.span, frozenset({"GOPATH"}))
    assert [text[span.start : span.end].decode() for span in found] == expected


@pytest.mark.real
def test_the_variables_of_a_run_reach_its_build(program) -> None:
    app = program(SERVER)
    app.write(
        {
            "Dockerfile": "FROM golang:1.24 AS build\nARG COVER=1\nWORKDIR /src\nCOPY . .\n"
            'RUN if [ -n "$COVER" ]; then MODE=atomic; fi; export GOFLAGS=-cover; '
            "go build -covermode=$MODE -o /out/app ./cmd/app\n"
            "FROM debian:12\nCOPY --from=build /out/ /\nENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/app"]\n'
        }
    )
    verdict = app.prove(dockerfile="Dockerfile", env=LOCAL, ready=HTTP)
    assert verdict.outcome is Outcome.PASSED
