"""What is published: the same bytes from the same sources, by workflows that the platform reads."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("linter", "rules", "fixtures", "README.md", "LICENSE", "pyproject.toml")
NAME = re.compile(r'^  "([A-Za-z0-9._-]+)', re.MULTILINE)


def built(folder: Path) -> bytes:
    for part in PARTS:
        source, copy = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, copy)  # with the time of now, and today's umask
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel.read_bytes()


def test_two_builds_of_the_wheel_are_one(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "another folder"
    first.mkdir()
    second.mkdir(mode=0o700)
    assert built(first) == built(second)


def test_every_dependency_is_locked_with_a_hash() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    dependencies = project[project.index("\ndependencies = [") : project.index("[project.scripts]")]
    unlocked = [
        dependencies[
            dependencies.index(f"\n{extra} = [") : dependencies.index(f"\n{following} = [")
        ]
        for extra, following in (("go", "server"), ("fuzz", "dev"))
    ]
    for extra in unlocked:
        dependencies = dependencies.replace(extra, "")
    wanted = {re.sub(r"[-_.]+", "-", name.lower()) for name in NAME.findall(dependencies)}
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements-dev.txt").read_text())
    locked = {entry.split("==")[0].lower() for entry in entries if "--hash=sha256:" in entry}
    assert "click" in wanted
    assert wanted - {"covlint"} <= locked
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


@pytest.mark.parametrize("name", ["test.yml", "release.yml"])
def test_the_workflows_keep_to_the_schema(name: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    workflow = ROOT / ".github" / "workflows" / name
    done = subprocess.run(
        [*command, "vendor.github-workflows", workflow], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
