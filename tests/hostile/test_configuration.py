"""A repository's own configuration, and how covlint is called in it: nothing of it is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hostile.repository import HONEST
from hostile.test_hostile import OWN
from overlay_cases import DEPLOYMENT

PROGRAMS = ("git", "helm", "kustomize", "kubectl", "python", "sh", "docker", "go")
CONSOLE = ("-c", "import sys; sys.path.pop(0); from covlint.cli import entry; entry()")
REMOTE = "https://example.invalid/x.git//base?ref=v1"
#: What covlint does not resolve by itself, so that it asks kustomize.
REPLACED = (
    "replacements:\n- source: {kind: ConfigMap, name: images, fieldPath: data.till}\n"
    "  targets:\n  - select: {kind: Deployment, name: till}\n"
    "    fieldPaths: ['spec.template.spec.containers.[name=till].image']\n"
)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that is there when something of the repository has run."""
    return tmp_path / "ran"


@pytest.fixture
def repository(tmp_path: Path, mark: Path) -> Path:
    root = tmp_path / "repository"
    (root / "bin").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    script = f"#!/bin/sh\necho \"$0\" >>'{mark}'\necho 'kind: ConfigMap'\n"
    for name in PROGRAMS:
        for folder in (root, root / "bin"):
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
    code = f"open({str(mark)!r}, 'a').write(__file__)\nRULES = ()\n"
    for name in ("evil", "click", "msgspec", "ruamel", "sitecustomize", "yaml"):
        (root / f"{name}.py").write_text(code)
    installed = root / "evil-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[covlint.rules]\nevil = evil\n")
    (root / "Dockerfile").write_text(HONEST)
    exec_plugin = (
        "apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n"
        "    config.kubernetes.io/function: |\n      exec: {path: ../bin/helm}\n"
    )
    for name, text in {
        "base/kustomization.yaml": "resources: [x.yaml]\n",
        "base/x.yaml": DEPLOYMENT,
        "remote/kustomization.yaml": f"resources: [../base, {REMOTE}]\n{REPLACED}",
        "exec/kustomization.yaml": "resources: [../base]\ngenerators: [x.yaml]\n"
        f"transformers: [x.yaml]\nvalidators: [x.yaml]\n{REPLACED}",
        "exec/x.yaml": exec_plugin,
        "charts/kustomization.yaml": "resources: [../base]\n"
        f"helmCharts: [{{name: x, repo: https://example.invalid}}]\n{REPLACED}",
        "out/kustomization.yaml": "resources: [../base, /etc/hostname, ../../secret.yaml]\n"
        f"configMapGenerator: [{{name: x, files: [/etc/passwd]}}]\n{REPLACED}",
        "chart/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n"
        "dependencies: [{name: y, version: 1.0.0, repository: https://example.invalid}]\n",
        "chart/templates/x.yaml": "kind: Deployment\nenv: GOCOVERDIR\nx: {{ .Values.x }}\n",
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


def covlint(
    root: Path, trace: Path, *words: str, start: tuple[str, ...] = CONSOLE
) -> subprocess.CompletedProcess[str]:
    """A run in the repository, with relative entries in PATH; its programs go to ``trace``."""
    strace = ("strace", "-f", "-qq", "-z", "-e", "trace=execve,connect", "-o", str(trace))
    return subprocess.run(
        [*strace, sys.executable, *start, *words],
        cwd=root,
        env={
            **os.environ,
            "PATH": f".::bin:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(OWN),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def programs(trace: Path) -> set[str]:
    """The programs that were run, without covlint itself."""
    return set(re.findall(r'execve\("([^"]+)"', trace.read_text())[1:])


@pytest.mark.parametrize("command", [("check",), ("check", "--fix", "--unsafe-fixes"), ("graph",)])
def test_what_renders_is_the_users_and_has_no_network(
    repository: Path, mark: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (repository / ".covlint.yaml").write_text("render: true\n")
    trace = tmp_path / "trace"
    done = covlint(repository, trace, *command)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    users = {shutil.which(name) for name in ("git", "helm", "kustomize", "kubectl")} - {None}
    ran = programs(trace)
    # git again, and its helpers: kustomize asks it for a remote base, and it may not
    assert {name for name in ran if not name.startswith("/usr/lib/git-core/")} <= users
    assert not any(name.startswith((str(repository), ".")) for name in ran)
    assert shutil.which("kubectl") is None or ran & (users - {shutil.which("git")})
    connected = re.findall(
        r"connect\(\d+, \{sa_family=AF_INET6?, .*?inet_addr\(\"([^\"]+)", trace.read_text()
    )
    assert set(connected) <= {"127.0.0.1"}
    assert "root:x:0" not in done.stdout
    assert not mark.exists()


@pytest.mark.parametrize(
    "config",
    [
        "packs: [evil]\n",
        "packs: [./evil.py]\n",
        "packs: ['os:system']\n",
        "packs: !!python/object/apply:os.system ['touch ran']\n",
        "plugins: [evil]\n",
        "targets: {x: {exercise: ./sh, build: ./go, binary: x, run: ./sh}}\n",
    ],
)
@pytest.mark.parametrize("start", [CONSOLE, ("-m", "covlint")])
def test_no_configuration_names_code(
    repository: Path, mark: Path, tmp_path: Path, config: str, start: tuple[str, ...]
) -> None:
    (repository / ".covlint.yaml").write_text(config)
    trace = tmp_path / "trace"
    done = covlint(repository, trace, "check", "--fix", start=start)
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert programs(trace) <= {shutil.which("git")}
    assert not mark.exists()
    if config == "packs: [evil]\n":
        assert "'evil' is not installed" in done.stderr
