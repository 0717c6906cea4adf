"""What CI systems are given: their scripts, run as the runners run them, and their schemas."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.dom import minidom

import dockerfile
import pytest
from ruamel.yaml import YAML

import validators
from integrations.offline import OFFLINE
from report.sheets import FILES

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = YAML(typ="safe").load(ROOT / "action.yml")
GITLAB: dict[str, Any] = YAML(typ="safe").load(ROOT / "ci" / "gitlab" / "covlint.yml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A service whose data goes astray."""
    folder = tmp_path / "my service"
    for path, text in FILES.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("schema", "file"),
    [("github-actions", "action.yml"), ("gitlab-ci", "ci/gitlab/covlint.yml")],
)
def test_the_published_schema_is_kept(schema: str, file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, ROOT / file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_docs_give_the_action_what_it_takes() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    given = [
        step["with"]
        for block in re.findall(r"```yaml\n(on:.*?)```", page, re.DOTALL)
        for job in YAML(typ="safe").load(block)["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("covlint/")
    ]
    assert given
    assert {name for one in given for name in one} <= set(ACTION["inputs"])


# -- GitHub ------------------------------------------------------------------------


@dataclass
class Runner:
    """Runs the scripts of the action as GitHub's runner does: bash -e -o pipefail, inputs as
    variables, files for outputs and for the summary."""

    source: Path
    project: Path
    temp: Path
    inputs: dict[str, str] = field(default_factory=dict)

    def run(self, step: str) -> subprocess.CompletedProcess[str]:
        (found,) = [one for one in ACTION["runs"]["steps"] if one.get("id") == step]
        values = {name: entry["default"] for name, entry in ACTION["inputs"].items()}
        values |= self.inputs
        env = {name: self.expand(text, values) for name, text in found["env"].items()}
        folder = self.expand(found.get("working-directory", "."), values)
        script = self.temp / f"{step}.sh"
        script.write_text(found["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.project / folder,
            env={**os.environ, **OFFLINE, **env, **self.files()},
            capture_output=True,
            text=True,
            check=False,
        )

    def expand(self, text: str, values: dict[str, str]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            return str(self.source) if name == "github.action_path" else values[name[7:]]

        return re.sub(r"\$\{\{ (inputs\.[\w-]+|github\.action_path) \}\}", value, text)

    def files(self) -> dict[str, str]:
        return {
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
        }

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in (self.temp / "output").read_text().splitlines())

    @property
    def summary(self) -> str:
        return (self.temp / "summary").read_text()


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the step that installs leaves in the runner's folder."""
    temp = tmp_path_factory.mktemp("runner temp")
    done = Runner(source, source, temp).run("install")
    assert done.returncode == 0, done.stderr
    assert list(temp.glob("covlint/lib/python*/site-packages/covlint/__init__.py"))
    return temp


@pytest.fixture
def runner(source: Path, project: Path, installed: Path) -> Runner:
    for name in ("output", "summary"):
        (installed / name).unlink(missing_ok=True)
    return Runner(source, project, installed)


def test_the_action_annotates_and_summarises(runner: Runner) -> None:
    done = runner.run("check")
    assert done.returncode == 1
    assert "::error file=deploy/e2e/till.yaml,line=11," in done.stdout
    assert "error COV501 mismatched-coverdir" in runner.summary
    assert runner.summary.count("~~~~~~~~~~~~") == 2
    results = json.loads(Path(runner.outputs["sarif"]).read_text())["runs"][0]["results"]
    assert "COV501" in {one["ruleId"] for one in results}
    assert json.loads(Path(runner.outputs["json"]).read_text())["version"] == 1


def test_inputs_are_words_and_run_nothing(runner: Runner) -> None:
    runner.inputs = {
        "paths": "deploy Dockerfile",
        "args": "--select COV1 --ignore COV107,COV108 $(touch ran) * ; touch ran",
    }
    done = runner.run("check")
    assert (done.returncode, "no such file or directory: $(touch, ran), *, ;" in done.stderr) == (
        3,
        True,
    )
    runner.inputs["args"] = "--select COV1"
    assert runner.run("check").returncode == 0
    assert not list(runner.project.rglob("ran"))
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_a_sub_folder_and_since(runner: Runner) -> None:
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *words], cwd=runner.project.parent, check=True)
    runner.inputs = {"working-directory": "deploy/..", "since": "HEAD"}
    assert runner.run("check").returncode == 0
    runner.inputs["since"] = "nowhere"
    assert runner.run("check").returncode == 2


def test_what_programs_log_is_no_command(runner: Runner) -> None:
    suite = "echo '::error::from the suite'; mkdir -p data; exit 1"
    target = {"engine": "suite", "run": f'sh -c "{suite}"', "data": "data"}
    YAML(typ="safe").dump({"targets": {"e2e": target}}, runner.project / ".covlint.yaml")
    done = runner.run("verify")
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stdout + done.stderr
    token = lines[0].removeprefix("::stop-commands::")
    assert lines[-1] == f"::{token}::"
    assert "covlint verify" in runner.summary
    assert "e2e" in runner.summary
    assert (runner.project / ".covlint").is_dir()


TILL = ROOT / "fixtures" / "services" / "till"
TARGET = {
    "main": "./cmd/till",
    "env": {"TILL_ADDR": "127.0.0.1:${PORT}"},
    "exercise": "python3 exercise.py",
}


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A clone of a repository with a service that can be verified."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    shutil.copytree(TILL, origin)
    YAML(typ="safe").dump({"targets": {"till": TARGET}}, origin / ".covlint.yaml")
    (origin / ".gitignore").write_text(".covlint*/\ncovlint/\n")
    git(origin, "init", "-q", "-b", "main")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", "origin", "clone")
    clone.chmod(0o755)
    return clone


def fewer_requests(service: Path) -> None:
    exercise = service / "exercise.py"
    lines = [line for line in exercise.read_text().splitlines() if "cloud" not in line]
    exercise.write_text("\n".join(lines) + "\n")


@pytest.mark.real
def test_the_trend_is_kept_in_a_branch_and_fails_a_fall(runner: Runner, service: Path) -> None:
    runner.project = service
    runner.inputs = {"verify": "true", "trend-branch": "coverage-runs", "trend-push": "true"}
    origin = service.parent / "origin"
    # the first push is refused, as when another job was faster
    hook = origin / ".git" / "hooks" / "update"
    hook.write_text("#!/bin/sh\n[ -e seen ] && exit 0\ntouch seen\nexit 1\n")
    hook.chmod(0o755)
    done = runner.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "covlint verify `till`: passed" in runner.summary
    done = runner.run("trend")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (origin / ".git" / "seen").exists()
    assert len(git(origin, "ls-tree", "--name-only", "coverage-runs").splitlines()) == 1
    # a pull request is compared, and leaves nothing
    fewer_requests(service)
    runner.inputs["trend-push"] = "false"
    assert runner.run("verify").returncode == 0
    done = runner.run("trend")
    assert done.returncode == 1, done.stdout + done.stderr
    comment = Path(runner.outputs["comment"]).read_text()
    for told in (runner.summary, comment):
        assert "till: coverage fell by 3.9 points: 72.4 % → 68.4 %" in told
    assert comment.startswith("<!-- covlint -->\n### ✅ covlint verify `till`: passed")
    assert len(git(origin, "ls-tree", "--name-only", "coverage-runs").splitlines()) == 1
    runner.inputs["trend-args"] = "--no-decrease 5"
    assert runner.run("trend").returncode == 0
    assert git(service, "status", "--porcelain") == "M exercise.py"
    validators.junit((service / ".covlint" / "verify.junit.xml").read_text())
    # what broke is no fall
    (service / "exercise.py").write_text("raise SystemExit('no database')\n")
    assert runner.run("verify").returncode == 1
    assert runner.run("trend").returncode == 4
    assert "till: collection broke" in runner.summary


# -- GitLab ------------------------------------------------------------------------


def test_the_job_of_gitlab(source: Path, project: Path) -> None:
    job, base = GITLAB["covlint"], GITLAB[".covlint"]
    script = "\n".join(["set -eo pipefail", *base["before_script"], *job["script"]])
    variables = {**GITLAB["variables"], "COVLINT_PACKAGE": str(source)}
    variables |= {"PACKAGE": variables["COVLINT_PACKAGE"], "CI_PROJECT_DIR": str(project)}
    assert job["variables"] == {"PACKAGE": "$COVLINT_PACKAGE"}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env={**os.environ, **OFFLINE, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "COV501" in done.stdout
    reports = job["artifacts"]["reports"]
    issues = json.loads((project / reports["codequality"]).read_text())
    assert "COV501" in {issue["check_name"] for issue in issues}
    assert minidom.parse(str(project / reports["junit"])).getElementsByTagName("failure")
    assert json.loads((project / job["artifacts"]["paths"][0]).read_text())["version"] == "2.1.0"


@pytest.mark.real
def test_the_job_of_gitlab_that_verifies(installed: Path, service: Path) -> None:
    """Twice: what the cache keeps of the first run is what the second one is compared with."""
    job = GITLAB["covlint verify"]
    assert job["extends"] == ".covlint"  # whose installation another test runs
    variables = {**GITLAB["variables"], "CI_PROJECT_DIR": str(service), "COVLINT_TREND": "true"}
    (service.parent / f"{service.name}.covlint").symlink_to(installed / "covlint")

    def run() -> subprocess.CompletedProcess[str]:
        script = "\n".join(["set -eo pipefail", *job["script"]])
        env = {**os.environ, **OFFLINE, **variables}
        return subprocess.run(
            ["bash", "-c", script],
            cwd=service,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    pattern = re.compile(job["coverage"].strip("/"))
    totals = [match[1] for line in done.stdout.splitlines() if (match := pattern.search(line))]
    assert totals == ["72.4"]
    reports = job["artifacts"]["reports"]
    validators.junit((service / reports["junit"]).read_text())
    assert len(list(service.glob(reports["coverage_report"]["path"]))) == 1
    assert job["cache"]["paths"] == [".covlint-trend"]
    fewer_requests(service)
    shutil.rmtree(service / ".covlint")
    done = run()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "coverage fell by 3.9 points" in done.stdout
    assert "coverage fell" in (service / ".covlint" / "trend.md").read_text()
    (service / "exercise.py").write_text("raise SystemExit('no database')\n")
    assert run().returncode == 1  # what verify says comes first


# -- the image ---------------------------------------------------------------------


def test_the_steps_of_the_image(source: Path, project: Path, tmp_path: Path) -> None:
    """Each instruction that does something, in folders instead of file systems."""
    environment = tmp_path / "python"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    work, wheels, entry = tmp_path / "src", tmp_path / "wheels", []
    for command in dockerfile.parse_file(str(ROOT / "Dockerfile")):
        words = [word.replace("/wheels", str(wheels)) for word in command.value]
        if command.cmd == "COPY" and not command.flags:
            assert words == [".", "."]
            shutil.copytree(source, work)
        elif command.cmd == "COPY":
            assert command.flags == ("--from=build",)
            assert wheels.is_dir()
        elif command.cmd == "RUN":
            env = {**os.environ, **OFFLINE, "PATH": path}
            subprocess.run(["sh", "-ec", words[0]], cwd=work, env=env, check=True)
        elif command.cmd == "ENTRYPOINT":
            entry = words
        else:
            assert command.cmd in ("ARG", "FROM", "WORKDIR")
    env = {**os.environ, **OFFLINE, "PATH": path}
    done = subprocess.run(entry, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "COV501" in done.stdout
    assert (environment / "bin" / "covlint").exists()
