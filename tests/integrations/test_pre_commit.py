"""The hooks, run by the real pre-commit and by prek in a repository of a user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from integrations.offline import OFFLINE
from report.sheets import FILES

ROOT = Path(__file__).parents[2]
MANIFEST = "deploy/e2e/till.yaml"
KIND = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts: [{hostPath: ./coverdata, containerPath: /coverdata}]
"""
TOOLS = ("pre-commit", "prek")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A healthy service under git, its Kind config besides, and nothing else."""
    folder = tmp_path / "service"
    for path, text in {**FILES, "kind.yaml": KIND, "README.md": "# till\n"}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("/tmp/coverage", "/coverdata"))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "healthy")
    return folder


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=TOOLS)
def run(request: pytest.FixtureRequest, repository: Path, tmp_path: Path) -> Run:
    """Runs one hook on what is staged; the hooks are those that are published, but start the
    covlint of this environment."""
    tool = shutil.which(request.param, path=str(Path(sys.executable).parent))
    assert tool is not None, f"{request.param} is not installed: see the extra `test`"
    published: list[dict[str, Any]] = YAML(typ="safe").load(ROOT / ".pre-commit-hooks.yaml")
    hooks = [
        {**hook, "language": "system", "entry": f"{sys.executable} -m {hook['entry']}"}
        for hook in published
    ]

    def running(hook: str, *args: str) -> subprocess.CompletedProcess[str]:
        chosen = [{**one, "args": list(args)} for one in hooks if one["id"] == hook]
        assert chosen
        config = repository / ".pre-commit-config.yaml"
        YAML(typ="safe").dump({"repos": [{"repo": "local", "hooks": chosen}]}, config)
        git(repository, "add", config.name)
        return start(tool, "run", folder=repository, home=tmp_path / "home")

    return running


def start(*command: str, folder: Path, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "GIT_" not in name}
    environment |= {"PRE_COMMIT_HOME": str(home), "PREK_HOME": str(home), "NO_COLOR": "1", **more}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def change(repository: Path, path: str, old: str, new: str) -> None:
    text = (repository / path).read_text()
    assert old in text
    (repository / path).write_text(text.replace(old, new))
    git(repository, "add", path)


def test_one_file_is_judged_in_the_context_of_all(run: Run, repository: Path) -> None:
    change(repository, MANIFEST, "hostPath: {path: /coverdata", "hostPath: {path: /elsewhere")
    done = run("covlint")
    assert done.returncode == 1
    assert f"{MANIFEST}:15:28: error COV502" in done.stdout
    assert "→ kind.yaml:5:58 what reaches the host" in done.stdout


@pytest.mark.parametrize("hook", ["covlint", "covlint-fix", "covlint-project"])
def test_what_has_nothing_to_do_with_it_is_skipped(run: Run, repository: Path, hook: str) -> None:
    change(repository, MANIFEST, "hostPath: {path: /coverdata", "hostPath: {path: /elsewhere")
    assert run(hook).returncode == 1
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "broken, and the hooks are configured")
    change(repository, "README.md", "till", "the till")
    done = run(hook)
    assert (done.returncode, "Skipped" in done.stdout) == (0, True)


def test_a_fix_is_left_to_be_staged(run: Run, repository: Path) -> None:
    healthy = (repository / MANIFEST).read_text()
    change(repository, MANIFEST, "value: /coverdata", "value: /tmp/coverage")
    done = run("covlint-fix")
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout
    assert (repository / MANIFEST).read_text() == healthy
    git(repository, "add", MANIFEST)
    assert run("covlint-fix").returncode == 0


def test_a_change_that_breaks_another_file(run: Run, repository: Path) -> None:
    change(repository, "kind.yaml", "containerPath: /coverdata", "containerPath: /elsewhere")
    assert run("covlint").returncode == 0  # the finding is in a file that is not staged
    done = run("covlint-project", "--since", "HEAD")
    assert done.returncode == 1
    assert f"{MANIFEST}:15:28: error COV502" in done.stdout
    git(repository, "commit", "-qm", "broken, and known")
    change(repository, "kind.yaml", "kind: Cluster", "# one node\nkind: Cluster")
    assert run("covlint-project", "--since", "HEAD").returncode == 0


def test_the_published_hook_installs_itself(source: Path, repository: Path, tmp_path: Path) -> None:
    """pre-commit clones this project and installs it with pip, which finds what it needs in
    the environment of this test and never asks an index."""
    source = Path(shutil.copytree(source, tmp_path / "covlint"))
    git(source, "init", "-q", "-b", "main")
    git(source, "add", "-f", ".")
    git(source, "commit", "-qm", "covlint")
    git(source, "tag", "v0")
    config = {"repos": [{"repo": str(source), "rev": "v0", "hooks": [{"id": "covlint"}]}]}
    YAML(typ="safe").dump(config, repository / ".pre-commit-config.yaml")
    change(repository, MANIFEST, "hostPath: {path: /coverdata", "hostPath: {path: /elsewhere")
    git(repository, "add", ".")
    tool = str(Path(sys.executable).parent / "pre-commit")
    home = tmp_path / "home"
    done = start(tool, "run", folder=repository, home=home, **OFFLINE)
    assert f"{MANIFEST}:15:28: error COV502" in done.stdout, done.stdout + done.stderr
    installed = list(home.glob("repo*/py_env-*/lib/python*/site-packages/covlint/__init__.py"))
    assert installed
