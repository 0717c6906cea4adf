"""The messages of the facts tables, word for word, and what they mean."""

from __future__ import annotations

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.diagnosis.symptoms import MEANINGS, signs_in_log

HASH = "7d7f5809b0d30fb84e2b1688b09ec449"


@pytest.mark.parametrize(
    ("line", "symptom"),
    [
        ("warning: GOCOVERDIR not set, no coverage data emitted", Symptom.NOT_SET),
        (
            (
                'error: coverage meta-data emit failed: output directory "/c" inaccessible '
                "(err: stat /c: no such file or directory); no coverage data written"
            ),
            Symptom.MISSING_DIRECTORY,
        ),
        (
            (
                'error: coverage meta-data emit failed: output directory "/c" not a directory; '
                "no coverage data written"
            ),
            Symptom.MISSING_DIRECTORY,
        ),
        (
            (
                f"error: coverage meta-data emit failed: creating meta-data file /c/tmp.covmeta.{HASH}1: "
                f"open /c/tmp.covmeta.{HASH}1: permission denied"
            ),
            Symptom.PERMISSION_DENIED,
        ),
        (
            (
                f"error: coverage counter data emit failed: creating counter data file /c/tmp.covcounters.{HASH}.1.2: "
                f"open /c/tmp.covcounters.{HASH}.1.2: read-only file system"
            ),
            Symptom.READ_ONLY,
        ),
        (
            (
                "error: coverage counter data emit failed: write error: write /c/tmp.covcounters.x: "
                "no space left on device"
            ),
            Symptom.NO_SPACE,
        ),
        (
            "error: no meta-data available (binary not built with -cover?)",
            Symptom.NOT_INSTRUMENTED,
        ),
        ("flag provided but not defined: -cover", Symptom.NOT_INSTRUMENTED),
        (
            "warning: no packages being built depend on matches for pattern ./b/...",
            Symptom.MAIN_MISSING,
        ),
        (
            (
                "WriteCountersDir invoked for program built with -covermode=set "
                "(please use -covermode=atomic)"
            ),
            Symptom.META_ONLY,
        ),
        ("warning: no applicable files found in input directories", Symptom.NO_META),
        (
            (
                "error: counter mode clash while reading meta-data file covmeta.1: previous file had "
                "atomic, new file has set"
            ),
            Symptom.MODE_CLASH,
        ),
        ("error: reading inputs: open /c: no such file or directory", Symptom.MISSING_DIRECTORY),
        ("error: error: reading counter data file /c/covcounters.x: EOF", Symptom.UNREADABLE_FILE),
        ("error: error: decoding meta-file /c/covmeta.x: EOF", Symptom.UNREADABLE_FILE),
        ("cover: open /src/cmd/app/main.go: no such file or directory", Symptom.WRONG_NAMES),
        ("panic: lost", Symptom.CRASHED),
        ("fatal error: all goroutines are asleep - deadlock!", Symptom.CRASHED),
    ],
)
@pytest.mark.parametrize("prefix", ["", "datastorage-1  | ", "2026-11-22T10:00:00.123Z stderr F "])
def test_lines(line, symptom, prefix):
    (sign,) = signs_in_log(f"{prefix}listening\n{prefix}{line}\n")
    assert (sign.symptom, sign.evidence) == (symptom, line)


@pytest.mark.parametrize(
    "line",
    ["", "listening on :8080", "the panic: button was pressed", "level=error permission denied"],
)
def test_ordinary_lines(line):
    assert signs_in_log(line) == ()


def test_every_symptom_of_the_runner_has_a_meaning():
    assert set(Symptom) - set(MEANINGS) == set()
