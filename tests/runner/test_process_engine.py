"""The process engine against programs that lose their coverage in every known way."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.target import TargetError
from covlint.runner.verdict import Outcome, Verdict
from runner.programs import FAILING, HTTP, LOCAL, PANICKING, SERVER, SILENT, STUBBORN

pytestmark = pytest.mark.real
Service = Callable[[str], "Prover"]  # noqa: F821 - the fixture's type lives in conftest


def failed(verdict: Verdict) -> dict[str, str]:
    return {
        claim.claim: claim.evidence
        for claim in verdict.validations
        if claim.outcome is Outcome.FAILED
    }


def symptoms(verdict: Verdict) -> list[Symptom | None]:
    return [cause.symptom for cause in verdict.causes]


def test_a_service_that_handles_sigterm_passes(service):
    till = service("till")
    verdict = till.prove(
        main="./cmd/till",
        env={"TILL_ADDR": "127.0.0.1:${PORT}"},
        ready={"http": "http://127.0.0.1:${PORT}/healthz"},
        exercise="python3 exercise.py",
        expect={"total": 50, "packages": ["./internal/ledger"]},
    )
    assert verdict.outcome is Outcome.PASSED, failed(verdict)
    assert verdict.profile is not None
    percents = {package.path: package.percent for package in verdict.profile.packages}
    assert set(percents) == {
        "example.com/till/cmd/till",
        "example.com/till/internal/httpapi",
        "example.com/till/internal/ledger",
        "example.com/till/internal/pricing",
    }
    assert all(0 < percent < 100 for percent in percents.values())
    kinds = dict(verdict.artifacts)
    assert "total:" in kinds["func"].read_text()
    assert kinds["profile"].read_text().startswith("mode: set\n")


def test_expectations_that_are_not_met_fail(service):
    verdict = service("till").prove(
        main="./cmd/till",
        env={"TILL_ADDR": "127.0.0.1:${PORT}"},
        ready={"http": "http://127.0.0.1:${PORT}/healthz"},
        expect={"total": 99, "packages": ["./internal/pricing", "./internal/nowhere"]},
    )
    assert verdict.outcome is Outcome.FAILED
    assert set(failed(verdict)) == {
        "total at least 99 %",
        "example.com/till/internal/pricing has counters",
        "example.com/till/internal/nowhere has counters",
    }


def test_a_service_without_sigterm_handler_is_cov601(service):
    verdict = service("deaf").prove(
        main="./cmd/deaf",
        env={"DEAF_ADDR": "127.0.0.1:${PORT}"},
        ready={"http": "http://127.0.0.1:${PORT}/healthz"},
    )
    assert verdict.outcome is Outcome.FAILED
    assert list(failed(verdict)) == ["counters belong to the meta-data"]
    (cause,) = verdict.causes
    assert (cause.code, cause.path, cause.line) == ("COV601", "cmd/deaf/main.go", 13)


def test_a_worker_is_waited_for(service):
    verdict = service("batch").prove(main="./cmd/batch", args=["a b", "b"])
    assert verdict.outcome is Outcome.PASSED, failed(verdict)
    assert "the service ends by itself" in [claim.claim for claim in verdict.validations]


def test_a_worker_that_fails_is_judged_and_failed(service):
    verdict = service("batch").prove(main="./cmd/batch")
    assert failed(verdict) == {"the service ends by itself": "it ended with exit code 2"}
    assert verdict.profile is not None
    assert verdict.profile.counter_files == 1


def test_a_service_that_ends_at_once_is_told_with_its_last_words(program):
    verdict = program(FAILING).prove(main="./cmd/app")
    assert "the service: it ended with exit code 1" in verdict.causes[0].message
    assert "no database at db:5432" in verdict.causes[0].message


def test_a_service_without_readiness_is_found_listening(program):
    verdict = program(SERVER).prove(
        main="./cmd/app",
        env=LOCAL,
        exercise='python3 -c "import os, urllib.parse, socket; u = urllib.parse.urlsplit('
        "os.environ['SERVICE_URL']); socket.create_connection((u.hostname, u.port))\"",
    )
    assert verdict.outcome is Outcome.PASSED, failed(verdict)


def test_missing_directory(program):
    app = program(SERVER)
    verdict = app.prove(
        main="./cmd/app", env={**LOCAL, "GOCOVERDIR": "/nowhere/at/all"}, ready=HTTP
    )
    assert verdict.outcome is Outcome.FAILED
    assert Symptom.MISSING_DIRECTORY in symptoms(verdict)
    assert "/nowhere/at/all" in verdict.causes[0].message


def test_unset_coverdir(program):
    verdict = program(SERVER).prove(main="./cmd/app", env={**LOCAL, "GOCOVERDIR": ""}, ready=HTTP)
    assert symptoms(verdict) == [Symptom.NOT_SET]


def test_not_instrumented(program):
    app = program(SERVER)
    verdict = app.prove(
        build="go build -o bin/app ./cmd/app", binary="bin/app", env=LOCAL, ready=HTTP
    )
    assert verdict.outcome is Outcome.FAILED
    assert symptoms(verdict) == [Symptom.NOT_INSTRUMENTED]


def test_own_build_command_takes_the_build_arguments(program):
    app = program(SERVER)
    verdict = app.prove(
        build="go build -o bin/app ./cmd/app",
        binary="bin/app",
        main="./cmd/app",
        build_args={"GOFLAGS": "-cover"},
        env=LOCAL,
        ready=HTTP,
    )
    assert verdict.outcome is Outcome.PASSED, failed(verdict)


def test_coverpkg_without_main_leaves_no_files(program):
    app = program(SERVER.replace('"log"', '"log"\n\t_ "example.com/app/internal/part"'))
    app.write({"internal/part/part.go": "package part\n\nfunc F() int { return 1 }\n"})
    verdict = app.prove(
        build="go build -cover -coverpkg=./internal/... -o bin/app ./cmd/app",
        binary="bin/app",
        env=LOCAL,
        ready=HTTP,
    )
    assert verdict.outcome is Outcome.FAILED
    assert symptoms(verdict) == [Symptom.NOT_INSTRUMENTED]
    assert verdict.profile is not None
    assert verdict.profile.meta_files == 0


def test_file_argument_build_has_the_wrong_name(program):
    verdict = program(SERVER).prove(
        build="go build -cover -o bin/app ./cmd/app/main.go",
        binary="bin/app",
        env=LOCAL,
        ready=HTTP,
    )
    assert list(failed(verdict)) == ["the main package has its name"]
    assert [(cause.code, cause.symptom) for cause in verdict.causes] == [
        ("COV110", Symptom.WRONG_NAMES)
    ]


def test_never_ready(program):
    verdict = program(SILENT).prove(
        main="./cmd/app", ready={"tcp": "127.0.0.1:${PORT}", "timeout": 0.5}
    )
    assert verdict.outcome is Outcome.FAILED
    assert verdict.causes[0].symptom is Symptom.NEVER_STARTED
    assert "not ready after 0.5 seconds" in verdict.causes[0].message
    assert "accepts no connection" in verdict.causes[0].message


def test_ends_at_once(program):
    verdict = program(FAILING).prove(main="./cmd/app", ready=HTTP)
    assert verdict.outcome is Outcome.FAILED
    assert "exit code 1" in verdict.causes[0].message
    assert "no database at db:5432" in verdict.causes[0].message


def test_crash(program):
    verdict = program(PANICKING).prove(main="./cmd/app")
    assert Symptom.CRASHED in symptoms(verdict)
    assert "lost my marbles" in verdict.causes[0].message


def test_port_in_use_before_the_start(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        verdict = program(SERVER).prove(
            main="./cmd/app", port=port, env=LOCAL, ready={"tcp": f"127.0.0.1:{port}"}
        )
    assert "the port is in use" in verdict.causes[0].message
    assert f"127.0.0.1:{port}" in verdict.causes[0].message


def test_port_in_use_that_only_the_service_knows_of(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        verdict = program(SERVER).prove(
            main="./cmd/app", env={"ADDR": f"127.0.0.1:{port}"}, ready={"log": "listening"}
        )
    assert "the port is in use" in verdict.causes[0].message


def test_a_service_that_ignores_sigterm_is_killed(program):
    verdict = program(STUBBORN).prove(main="./cmd/app", env=LOCAL, ready=HTTP, grace_period=0.3)
    assert verdict.outcome is Outcome.FAILED
    assert symptoms(verdict) == [Symptom.KILLED]
    stop = next(step for step in verdict.steps if step.name == "stop")
    assert (stop.exit, stop.detail) == (-9, "SIGKILL after 0.3 s")


def test_a_grace_period_that_is_too_short_loses_the_counters(program):
    app = program(SERVER)
    slow = {**LOCAL, "SLOW": "1s"}
    assert symptoms(app.prove(main="./cmd/app", env=slow, ready=HTTP, grace_period=0.2)) == [
        Symptom.KILLED
    ]
    assert app.prove(main="./cmd/app", env=slow, ready=HTTP).outcome is Outcome.PASSED


def test_an_exercise_that_fails_is_a_claim_of_its_own(program):
    app = program(SERVER)
    entries = {"main": "./cmd/app", "env": LOCAL, "ready": HTTP}
    entries["exercise"] = "echo 82 of 84 passed; exit 1"
    verdict = app.prove(**entries)
    assert failed(verdict) == {
        "the exercise passed": "the exercise failed (exit code 1): 82 of 84 passed"
    }
    assert verdict.profile is not None
    assert verdict.profile.total_percent > 50
    lenient = app.prove(**entries, require_exercise=False)
    assert lenient.outcome is Outcome.PASSED
    assert "the exercise passed" in failed(lenient)


def test_a_build_that_fails_says_so(program):
    verdict = program("package main\n\nfunc main() { nonsense }\n").prove(main="./cmd/app")
    assert verdict.outcome is Outcome.FAILED
    assert "undefined: nonsense" in verdict.causes[0].message


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("./cmd/nothing", "is not a folder"),
        ("./internal/part", "holds no `package main`"),
    ],
)
def test_a_target_without_main_package(program, main, message):
    app = program(SERVER)
    app.write({"internal/part/part.go": "package part\n"})
    with pytest.raises(TargetError, match=message):
        app.prove(main=main)


def test_a_program_outside_of_any_module(project):
    project.write({"cmd/app/main.go": FAILING})
    with pytest.raises(TargetError, match=r"no go\.mod"):
        project.prove(main="./cmd/app")


def test_the_service_has_a_clean_environment(program, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    app = program(
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc main() { fmt.Println(os.Environ()) }\n'
    )
    assert app.prove(main="./cmd/app", env={"MINE": "2"}).outcome is Outcome.PASSED
    assert "MINE=2" in app.log
    assert "SECRET_OF_THE_SHELL" not in app.log


def test_nothing_is_left_behind(program, tmp_path_factory, monkeypatch):
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    program(STUBBORN).prove(main="./cmd/app", env=LOCAL, ready=HTTP, grace_period=0.1)
    assert os.listdir(scratch) == []
    assert not _running(Path(scratch))


def _running(folder: Path) -> list[str]:
    """Programs that run from below ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place = os.readlink(process / "exe")
        except OSError:
            continue
        if place.startswith(str(folder)):
            found.append(place)
    return found
