"""Targets are read from plain mappings, and every mistake is named."""

from __future__ import annotations

import pytest

from covlint.runner.target import Expect, Ready, TargetError, parse_target, parse_targets


def test_everything():
    target = parse_target(
        "till",
        {
            "engine": "process",
            "main": "./cmd/till",
            "build_args": {"GOFLAGS": "-cover", "N": 1},
            "env": {"DEBUG": True, "EMPTY": None},
            "args": ["--port", 8080],
            "ready": {"http": "http://localhost:8080/", "timeout": 5},
            "exercise": "make e2e",
            "require_exercise": False,
            "expect": {"total": 50, "packages": ["./internal/x"]},
            "grace_period": 3,
        },
    )
    assert target.build_args == (("GOFLAGS", "-cover"), ("N", "1"))
    assert target.env == (("DEBUG", "true"), ("EMPTY", ""))
    assert target.args == ("--port", "8080")
    assert target.ready == Ready(http="http://localhost:8080/", timeout=5.0)
    assert target.expect == Expect(50.0, ("./internal/x",))
    assert target.require_exercise is False
    assert target.grace_period == 3.0


def test_a_target_with_run_is_a_suite():
    (target,) = parse_targets({"all": {"run": "make e2e", "data": "coverdata"}})
    assert target.engine == "suite"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("text", r"targets\.x: expected a mapping, found str"),
        ({"maine": "."}, r"targets\.x: unknown key `maine`; did you mean `main`\?"),
        ({"ready": {"htpp": "x"}}, r"targets\.x\.ready: unknown key `htpp`; did you mean `http`"),
        ({"expect": {"totals": 1}}, r"did you mean `total`\?"),
        ({"main": 5}, r"targets\.x\.main: expected text, found int"),
        ({"main": "  "}, r"targets\.x\.main: expected text"),
        ({"engine": "rocket"}, r"targets\.x\.engine: 'rocket' is none of process, suite"),
        ({"engine": "suite"}, r"needs `run:`"),
        ({"build": "make"}, r"`build:` needs `binary:`"),
        ({"ready": {"http": "a", "tcp": "b"}}, r"give one of http, tcp, log and command"),
        ({"ready": {"log": "("}}, r"not a regular expression"),
        ({"ready": {"timeout": -1}}, r"expected a number of 0 or more"),
        ({"args": "one two"}, r"targets\.x\.args: expected a list"),
        ({"env": ["A=1"]}, r"targets\.x\.env: expected a mapping"),
        ({"env": {"A": ["1"]}}, r"targets\.x\.env\.A: expected text"),
        ({"port": 70000}, r"a port from 1 to 65535"),
        ({"require_exercise": "yes"}, r"expected true or false"),
    ],
)
def test_mistakes(entries, message):
    with pytest.raises(TargetError, match=message):
        parse_target("x", entries)
