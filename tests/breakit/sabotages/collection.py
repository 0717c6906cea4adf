"""The collection: the data is there, and the report does not see it, or sees too much."""

from __future__ import annotations

from breakit.change import Edit, Engine, Sabotage
from covlint.diagnostics import Symptom

SMOKE = "scripts/smoke.sh"
COLLECT = "scripts/collect.sh"
TEXTFMT = 'go tool covdata textfmt -i="$data/tracker,$data/pricer" -o smoke-coverage.txt\n'
PERCENT = 'go tool covdata percent -i="$data/tracker,$data/pricer"\n'

COLLECTION = (
    Sabotage(
        "-i twice",
        "COV701",
        SMOKE,
        (
            Edit(
                SMOKE,
                TEXTFMT,
                'go tool covdata textfmt -i="$data/tracker" -i="$data/pricer" -o smoke-coverage.txt\n',
            ),
        ),
        Engine.SMOKE,
        Symptom.NOT_EXTRACTED,
    ),
    Sabotage(
        "the directory above the data",
        "COV702",
        SMOKE,
        (Edit(SMOKE, TEXTFMT, 'go tool covdata textfmt -i="$data" -o smoke-coverage.txt\n'),),
        Engine.SMOKE,
        Symptom.NESTED,
    ),
    Sabotage(
        "docker cp of the directory into one that is there",
        "COV702",
        "scripts/smoke-image.sh",
        (Edit("scripts/smoke-image.sh", "smoke:/coverdata/. ", "smoke:/coverdata "),),
        Engine.IMAGE,
        Symptom.NESTED,
    ),
    Sabotage(
        "profiles put together by cat",
        "COV703",
        SMOKE,
        (
            Edit(
                SMOKE,
                TEXTFMT,
                'go tool covdata textfmt -i="$data/tracker" -o tracker-coverage.txt\n'
                'go tool covdata textfmt -i="$data/pricer" -o pricer-coverage.txt\n'
                "cat tracker-coverage.txt pricer-coverage.txt > smoke-coverage.txt\n",
            ),
        ),
        Engine.SMOKE,
        Symptom.UNREADABLE_FILE,
    ),
    Sabotage(
        "nothing clears the data",
        "COV704",
        SMOKE,
        (
            Edit(SMOKE, 'rm -rf "$data"\n', ""),
            Edit("Makefile", "\trm -rf bin $(COVERDATA) *coverage.txt\n", "\trm -rf bin\n"),
            Edit("Makefile", "\trm -rf $(COVERDATA)\n", ""),
        ),
        Engine.SMOKE,
        None,
        repaired=False,
        note="lost only from the second build on",
    ),
    Sabotage(
        "no build cache for covdata",
        "COV705",
        SMOKE,
        (
            Edit("go.mod", "go 1.21\n", "go 1.25\n"),
            Edit(SMOKE, PERCENT, "GOCACHE=off " + PERCENT),
        ),
        Engine.SMOKE,
        Symptom.NOT_EXTRACTED,
        repaired=False,
    ),
    Sabotage(
        "a failure of covdata is thrown away",
        "COV706",
        COLLECT,
        (
            Edit(COLLECT, "percent -i=coverdata\n", "percent -i=coverdata || true\n"),
            Edit(COLLECT, "-o e2e-coverage.txt\n", "-o e2e-coverage.txt || true\n"),
        ),
        Engine.NONE,
        None,
        repaired=False,
        note="hides a loss, and is none",
    ),
    Sabotage(
        "if on the exit code of covdata",
        "COV706",
        SMOKE,
        (
            Edit(
                SMOKE,
                PERCENT,
                'if go tool covdata percent -i="$data/tracker,$data/pricer"; then echo collected; fi\n',
            ),
        ),
        Engine.NONE,
        None,
        repaired=False,
        note="hides a loss, and is none",
    ),
    Sabotage(
        "a newer Go for one of two services",
        "COV707",
        "build/tracker.Dockerfile",
        (Edit("build/pricer.Dockerfile", "golang:1.24-bookworm", "golang:1.27-bookworm"),),
        Engine.NONE,
        Symptom.HASH_MISMATCH,
        repaired=False,
        note="needs Go 1.27 beside another: see its lab",
    ),
)
