"""Programs that scripts run in the background, and the signals that end them."""

from __future__ import annotations

import pytest

from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.commands.steps import Step, StepKind
from covlint.source import SourceFile


def steps(text: str) -> list[tuple[str, tuple[str | None, ...], str | None]]:
    facts = read_script_steps(SourceFile.of_text("e2e.sh", f"#!/bin/sh\n{text}\n"))
    return [
        (one.kind.value, one.operands, one.source)
        for one in facts
        if isinstance(one, Step) and one.kind in (StepKind.START, StepKind.STOP, StepKind.KILL)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GOCOVERDIR=cov ./bin/till &", [("start", ("till", "$!"), "cov")]),
        ("d=cov/x\nGOCOVERDIR=$d ./till & pid=$!", [("start", ("till", "$!", "$pid"), "cov/x")]),
        ('GOCOVERDIR=cov ./till --port 1 &\nA="$!"', [("start", ("till", "$!", "$A"), "cov")]),
        ("GOCOVERDIR=cov ./till", []),
        ("GOCOVERDIR=cov ./till | tee log &", []),
        ("PORT=1 ./till &", []),
        ('kill "$pid"', [("stop", ("$pid",), None)]),
        ("kill -TERM $a ${b}", [("stop", ("$a", "$b"), None)]),
        ("kill -s INT $pid", [("stop", ("$pid",), None)]),
        ("kill %1", [("stop", ("?",), None)]),
        ("kill $(jobs -p)", [("stop", ("?",), None)]),
        ("kill -9 $pid", [("kill", ("$pid",), None)]),
        ("kill -SIGKILL $pid", [("kill", ("$pid",), None)]),
        ("kill -s KILL $pid", [("kill", ("$pid",), None)]),
        ("if kill -0 $pid; then kill -9 $pid; fi", [("stop", ("$pid",), None)]),
        ("kill -0 $pid", []),
        ("kill -USR1 $pid", []),
    ],
)
def test_steps_of_programs(
    text: str, expected: list[tuple[str, tuple[str | None, ...], str | None]]
) -> None:
    assert steps(text) == expected
