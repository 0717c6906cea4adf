"""Whole repositories: beside grep and reading every file, which are floors, and beside linters.

covlint checks the whole tree, also beside yamllint and checkov, which read its YAML and its
Dockerfiles only; beside hadolint it is given the same Dockerfiles.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figures import Figure, beside, mebibytes, rounded
from benchmarks.growth import mixed, write
from benchmarks.measuring import ROOT, Failed, Program, Usage, covlint, in_turns, python
from benchmarks.peers import Peers

TABLE = "repositories"
MEMORY = "memory"
RUNS = 5
PATTERN = "GOCOVERDIR|go (build|install)|apiVersion"
#: hadolint, native, starts sooner: goals hold for repositories with more Dockerfiles than these.
MANY = 20
#: Bytes.
MOST_MEMORY = 250 * 2**20
#: Files of the tree that is made when no repository is given.
GENERATED = 2_000


@dataclass(frozen=True, slots=True)
class Tree:
    """What is in a repository: numbers of files. ``wall``: seconds that covlint takes for it."""

    name: str
    commit: str
    files: int
    yaml: int
    dockerfiles: int
    wall: float
    peak: int


def figures(folders: Iterable[Path], peers: Peers) -> Iterator[tuple[list[Figure], Tree]]:
    """One repository after the other; without any, fixtures/ and a generated tree."""
    given = list(folders)
    for name, folder in _named(given):
        rows, tree = _measured(name, folder, peers)
        if not given:  # goals are for repositories of thousands of files
            rows = [replace(one, limit=None) for one in rows]
        yield rows, tree


def _named(folders: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    given = [(folder.resolve().name, folder.resolve()) for folder in folders]
    yield from given
    if given:
        return
    with tempfile.TemporaryDirectory() as place:
        fixtures, generated = Path(place, "fixtures"), Path(place, "generated")
        shutil.copytree(ROOT / "fixtures", fixtures, symlinks=True)
        (fixtures / ".git").mkdir()  # its own root: this repository has a lot more
        yield "fixtures", fixtures
        write(generated, mixed(GENERATED))
        yield "generated", generated


def _measured(name: str, folder: Path, peers: Peers) -> tuple[list[Figure], Tree]:
    files = listed(folder)
    yaml = [file for file in files if file.endswith((".yaml", ".yml"))]
    images = [file for file in files if is_dockerfile(file)]
    programs = {
        "covlint": covlint(folder, "check", "."),
        "grep": Program(["grep", "-rlE", "--exclude-dir=.git", PATTERN, "."], folder, (0, 1)),
        "reading": Program(python(str(ROOT / "benchmarks" / "reading.py")), folder),
    }
    if yaml:
        programs["yamllint"] = peers.yamllint(folder, yaml)
    if yaml or images:
        programs["checkov"] = peers.checkov(folder, "-d", ".")
    if images:
        programs["hadolint"] = peers.hadolint(folder, images)
        programs["images"] = covlint(folder, "check", *images)
    took = in_turns(programs, RUNS)
    whole = took["covlint"]
    if isinstance(whole, str):
        raise Failed(f"{name}: {whole}")
    tree = Tree(name, commit(folder), len(files), len(yaml), len(images), whole.wall, whole.peak)
    return list(_figures(tree, whole, took)), tree


def _figures(tree: Tree, whole: Usage, took: dict[str, Usage | str]) -> Iterator[Figure]:
    cpu = {name: one if isinstance(one, str) else one.cpu for name, one in took.items()}
    yield beside(TABLE, f"{tree.name}: grep", whole.cpu, cpu["grep"], at_most=12.0)
    yield beside(TABLE, f"{tree.name}: reading every file", whole.cpu, cpu["reading"])
    if "yamllint" in cpu:
        yield beside(TABLE, f"{tree.name}: yamllint", whole.cpu, cpu["yamllint"], faster=5.0)
    if "checkov" in cpu:
        yield beside(TABLE, f"{tree.name}: checkov", whole.cpu, cpu["checkov"], faster=8.0)
    own = cpu.get("images")
    if isinstance(own, float):
        goal = 1.0 if tree.dockerfiles > MANY else None
        name = f"{tree.name}: hadolint, {tree.dockerfiles} Dockerfiles"
        yield beside(TABLE, name, own, cpu["hadolint"], faster=goal)
    ratio = rounded(whole.peak / MOST_MEMORY)
    yield Figure(MEMORY, tree.name, mebibytes(whole.peak), mebibytes(MOST_MEMORY), ratio, 1.0)


def listed(folder: Path) -> list[str]:
    """Regular files, relative to the folder; nothing of git's own."""
    found = []
    for place, folders, files in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        for name in files:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                found.append(str(path.relative_to(folder)))
    return sorted(found)


def is_dockerfile(path: str) -> bool:
    """By the names that `docker build` is given: Dockerfile, Dockerfile.x, x.Dockerfile."""
    name = os.path.basename(path).lower()
    if name.endswith(".dockerignore"):
        return False
    return name.startswith("dockerfile.") or name == "dockerfile" or name.endswith(".dockerfile")


def commit(folder: Path) -> str:
    """Short; empty when the folder is no repository of its own."""
    if not (folder / ".git").exists():
        return ""
    done = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
