"""The namespaces of the process engine, seen by the program that runs in them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.command import Command, Processes
from covlint.runner.process.namespaces import Bind, Inside, enclosed, refusal, start, unavailable
from covlint.runner.verdict import Outcome
from covlint.wiring import Hop
from runner.programs import HTTP, LOCAL
from runner.test_chains import MANIFEST, OPEN, SOUND, TARGET, change
from runner.test_commands import covlint

pytestmark = pytest.mark.real

#: Says what it sees, serves until SIGTERM.
LOOKING = SOUND["cmd/app/main.go"].replace(
    'log.Print("listening")',
    """log.Print("pid ", os.Getpid(), " uid ", os.Getuid(), " in ", os.Getenv("GOCOVERDIR"))
	for _, place := range []string{"/", "/data", "/coverdata", "/usr"} {
		file, err := os.CreateTemp(place, "trial")
		if err == nil {
			os.Remove(file.Name())
		}
		log.Print("write to ", place, ": ", err)
	}""",
)
CONFINED = (
    MANIFEST.replace("INIT\n", OPEN)
    .replace(
        "          volumeMounts:\n            - name: coverage\n              mountPath: /coverdata\n      vol",
        "          securityContext: {readOnlyRootFilesystem: true}\n          volumeMounts:\n"
        "            - name: coverage\n              mountPath: /coverdata\n"
        "            - name: data\n              mountPath: /data\n      vol",
    )
    .replace("      volumes:\n", "      volumes:\n        - name: data\n          emptyDir: {}\n")
)


@pytest.fixture(scope="module")
def possible() -> None:
    with Processes() as processes:
        why = unavailable(processes)
    if why is not None:
        pytest.skip(f"this host makes no namespaces: {why}")


@pytest.mark.usefixtures("possible")
def test_the_service_is_pid_1_as_the_manifest_has_it(project):
    project.write({**SOUND, "cmd/app/main.go": LOOKING, "deploy/e2e.yaml": CONFINED})
    verdict = project.prove(**TARGET)
    assert verdict.outcome is Outcome.PASSED, (verdict.validations, project.log)
    assert "pid 1 uid 1001 in /coverdata\n" in project.log
    assert "write to /coverdata: <nil>" in project.log
    assert "write to /data: <nil>" in project.log
    for place in ("/", "/usr"):
        line = next(line for line in project.log.splitlines() if f"write to {place}:" in line)
        assert line.endswith("read-only file system"), line
    assert not Path("/coverdata").exists()
    assert not Path("/data").exists()


def test_namespaces_can_be_switched_off(project):
    project.write({**SOUND, "cmd/app/main.go": LOOKING})
    verdict = project.prove(**TARGET, namespaces=False)
    assert verdict.outcome is Outcome.PASSED, verdict.validations
    assert "pid 1 " not in project.log
    told = [hop.reason for hop in verdict.unproven if hop.hop is Hop.CONTAINER]
    assert any("`namespaces: false`" in reason for reason in told)


@pytest.mark.usefixtures("possible")
def test_a_directory_that_the_image_has_not_is_missing_though_this_host_has_it(project, scratch):
    place = scratch / "coverage"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    project.write(change("deploy/e2e.yaml", "value: /coverdata", f"value: {place}"))
    verdict = project.prove(**TARGET)
    assert verdict.causes[0].symptom is Symptom.MISSING_DIRECTORY
    assert list(place.iterdir()) == []


@pytest.mark.usefixtures("possible")
def test_a_read_only_mount_is_one(project):
    project.write(
        change(
            "deploy/e2e.yaml",
            "mountPath: /coverdata\n      volumes",
            "mountPath: /coverdata\n              readOnly: true\n      volumes",
        )
    )
    verdict = project.prove(**TARGET)
    assert verdict.causes[0].symptom is Symptom.READ_ONLY
    assert "read-only file system" in project.log


@pytest.mark.usefixtures("possible")
def test_the_stop_signal_of_the_image_is_sent(project):
    files = change("Dockerfile", "USER 1001", "STOPSIGNAL SIGINT\nUSER 1001")
    files["cmd/app/main.go"] = SOUND["cmd/app/main.go"].replace("syscall.SIGTERM", "os.Interrupt")
    project.write({name: text.replace('\t"syscall"\n', "") for name, text in files.items()})
    verdict = project.prove(
        dockerfile="Dockerfile", manifest="deploy/e2e.yaml", env=LOCAL, ready=HTTP
    )
    assert verdict.outcome is Outcome.PASSED, verdict.validations


@pytest.mark.usefixtures("possible")
def test_what_this_host_does_not_allow_is_said(tmp_path):
    """A mount whose source is missing stands for one that the kernel refuses."""
    (tmp_path / "bin").mkdir()
    command = Command(("true",), tmp_path, {"PATH": os.environ["PATH"]}, "service")
    for binds, told in (((), None), ((Bind("nowhere", "/x"),), "nowhere")):
        inside = Inside(tmp_path, binds, unprivileged=os.getuid() or None)
        with Processes() as processes:
            code = start(enclosed(command, inside), processes).wait(20)
        assert (code == 0) is (told is None)
        refused = refusal(tmp_path)
        assert (refused is None) if told is None else (refused is not None and told in refused)


@pytest.mark.usefixtures("possible")
def test_a_run_whose_namespaces_are_refused_goes_on_without(project, monkeypatch):
    from covlint.runner.process import plan

    real = plan.enclose
    monkeypatch.setattr(
        plan, "enclose", lambda *known: replace(real(*known), binds=(Bind("nowhere", "/x"),))
    )
    project.write(SOUND)
    verdict = project.prove(**TARGET)
    assert verdict.outcome is Outcome.PASSED, verdict.validations
    told = [hop.reason for hop in verdict.unproven if hop.hop is Hop.CONTAINER]
    assert "nowhere" in told[0]


@pytest.mark.usefixtures("possible")
def test_the_printed_script_runs_in_the_same_namespaces(project):
    project.write({**SOUND, "cmd/app/main.go": LOOKING, "deploy/e2e.yaml": CONFINED})
    project.write(
        {
            ".covlint.yaml": "targets:\n  app:\n    dockerfile: Dockerfile\n    manifest: deploy/e2e.yaml\n"
            "    env: {ADDR: '127.0.0.1:${PORT}'}\n    ready: {tcp: '127.0.0.1:${PORT}'}\n"
            "    exercise: cat /proc/sys/kernel/ostype\n"
        }
    )
    script = covlint(project.root, "verify", "--dry-run")
    assert script.returncode == 0, script.stderr
    ran = subprocess.run(
        ["sh"], input=script.stdout, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Linux" in ran.stdout
    assert ".1." in next(line for line in ran.stdout.splitlines() if "covcounters" in line)
    assert "example.com/app/cmd/app\t\tcoverage:" in ran.stdout


@pytest.mark.usefixtures("possible")
def test_the_path_of_a_user_who_is_not_root_will_do(monkeypatch):
    """Debian leaves the folder of chroot out of it."""
    monkeypatch.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
    with Processes() as processes:
        assert unavailable(processes) is None
