"""What other linters say about the sabotages of the bench: counted, and listed.

Each sabotage of ``tests/breakit`` is one small change after which coverage is lost or wrong. A
linter *says something* about it when it reports, for the changed project, a rule at a file that it
does not report for the healthy one. That is generous: whether the message has anything to do with
coverage is for the reader, to whom all of them are listed.

The tools are found in the folders of --path, among those that `make bench` installs (``hadolint``,
``checkov``), or on PATH: ``kube-linter``, and ``buildkit-check``, which --build makes with Go out
of buildkit.go. One that is not there is left out, and named.

Usage: python benchmarks/comparison/compare.py [--path FOLDER]... [--build FOLDER] [--list]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("linter", "rules", "tests")]

from breakit.bench import said  # noqa: E402 - the path has to be there first
from breakit.change import changed, healthy  # noqa: E402
from breakit.harmless import HARMLESS  # noqa: E402
from breakit.sabotages import SABOTAGES  # noqa: E402

BUILDKIT = "v0.34.2"
#: What a tool says of one project: rule and file, and how often.
Said = Counter[str]
#: By the name of the project's folder.
Answers = dict[str, Said]
HEALTHY = "healthy"


def main() -> int:
    parser = argparse.ArgumentParser(description="what other linters say about the sabotages")
    parser.add_argument("--path", action="append", default=[], help="a folder with programs")
    parser.add_argument("--build", help="make buildkit-check in this folder first")
    parser.add_argument("--list", action="store_true", help="list what was said, change by change")
    asked = parser.parse_args()
    if asked.build:
        build_check(Path(asked.build))
    named = [*asked.path, *([asked.build] if asked.build else [])]
    named.append(str(ROOT / "build" / "peers" / "bin"))
    folders = [str(Path(folder).absolute()) for folder in named]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])
    projects = {HEALTHY: healthy()}
    sabotages = {f"s{number:03}": one for number, one in enumerate(SABOTAGES)}
    harmless = {f"h{number:03}": one for number, one in enumerate(HARMLESS)}
    for name, one in {**sabotages, **harmless}.items():
        projects[name] = changed(healthy(), one.edits)
    with tempfile.TemporaryDirectory(prefix="covlint-compare-") as place:
        tree = Path(place)
        for name, files in projects.items():
            for path, text in files.items():
                (tree / name / path).parent.mkdir(parents=True, exist_ok=True)
                (tree / name / path).write_text(text, encoding="utf-8")
        print(f"{'':<30} {'sabotages':>13} {'harmless changes':>18} {'healthy project':>17}")
        for title, answers in everybody(tree, projects):
            news = {name: answers.get(name, Counter()) - answers[HEALTHY] for name in projects}
            heard, alarms = (
                [name for name in group if news[name]] for group in (sabotages, harmless)
            )
            print(
                f"{title:<30} {len(heard):>6} of {len(sabotages)}"
                f" {len(alarms):>11} of {len(harmless)} {answers[HEALTHY].total():>17}"
            )
            if asked.list and title != "covlint":
                for name in heard:
                    one = sabotages[name]
                    print(f"    {one.code} {one.name}: {', '.join(sorted(news[name]))}")
                for name in alarms:
                    print(f"    harmless: {harmless[name].name}: {', '.join(sorted(news[name]))}")
    return 0


def everybody(
    tree: Path, projects: Mapping[str, Mapping[str, str]]
) -> Iterable[tuple[str, Answers]]:
    """Each tool that is there, with its version and its answers."""
    yield (
        "covlint",
        {
            name: Counter(f"{code} {path}" for code, path in said(files))
            for name, files in projects.items()
        },
    )
    tools: tuple[tuple[str, list[str], Callable[[Path], Answers]], ...] = (
        ("hadolint", ["--version"], hadolint),
        ("buildkit-check", [], buildkit),
        ("checkov", ["--version"], checkov),
        ("kube-linter", ["version"], kube_linter),
    )
    for program, version, ask in tools:
        if shutil.which(program) is None:
            print(f"{program:<30} not on PATH: left out")
            continue
        number = output([program, *version]).split()[-1] if version else BUILDKIT
        yield f"{program} {number}", ask(tree)


def hadolint(tree: Path) -> Answers:
    """All of its rules, at its default severity."""
    answers: dict[str, Said] = defaultdict(Counter)
    told = json.loads(output(["hadolint", "--no-fail", "-f", "json", *dockerfiles(tree)], tree))
    for one in told:
        project, _, path = one["file"].partition("/")
        answers[project][f"{one['code']} {path}"] += 1
    return answers


def buildkit(tree: Path) -> Answers:
    """What `docker build --check` says, and errors of the build that it finds on the way."""
    answers: dict[str, Said] = defaultdict(Counter)
    for file, lines in json.loads(output(["buildkit-check", *dockerfiles(tree)], tree)).items():
        project, _, path = file.partition("/")
        answers[project].update(f"{line.partition(':')[0]} {path}" for line in lines)
    return answers


def checkov(tree: Path) -> Answers:
    """Its frameworks for the files that the bench has; nothing is downloaded."""
    answers: dict[str, Said] = defaultdict(Counter)
    frameworks = ["dockerfile", "kubernetes", "github_actions", "gitlab_ci"]
    command = ["checkov", "-d", str(tree), "--framework", *frameworks, "--skip-download"]
    told: Any = json.loads(output([*command, "--soft-fail", "--compact", "--quiet", "-o", "json"]))
    for framework in told if isinstance(told, list) else [told]:
        for one in framework["results"]["failed_checks"]:
            project, _, path = one["file_path"].lstrip("/").partition("/")
            answers[project][f"{one['check_id']} {path}"] += 1
    return answers


def kube_linter(tree: Path) -> Answers:
    """Its default checks."""
    answers: dict[str, Said] = defaultdict(Counter)
    for project in sorted(path for path in tree.iterdir()):
        told = json.loads(output(["kube-linter", "lint", "--format", "json", str(project)]))
        for one in told.get("Reports") or ():
            path = Path(one["Object"]["Metadata"]["FilePath"])
            answers[project.name][f"{one['Check']} {path.relative_to(project)}"] += 1
    return answers


def dockerfiles(tree: Path) -> list[str]:
    found = [*tree.rglob("*.Dockerfile"), *tree.rglob("Dockerfile"), *tree.rglob("Dockerfile.*")]
    return sorted(str(path.relative_to(tree)) for path in found)


def output(command: list[str], folder: Path | None = None) -> str:
    """Standard output; these tools exit with 1 when they find something."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(f"{command[0]} printed nothing: {done.stderr[-2000:]}")
    return done.stdout


def build_check(folder: Path) -> None:
    """Build buildkit-check with the Go of PATH, in a module of its own."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copy(Path(__file__).with_name("buildkit.go"), Path(place, "main.go"))
        target = str(folder.absolute() / "buildkit-check")
        for command in (
            ["go", "mod", "init", "buildkit-check"],
            ["go", "get", f"github.com/moby/buildkit@{BUILDKIT}"],
            ["go", "mod", "tidy"],
            ["go", "build", "-o", target, "."],
        ):
            subprocess.run(command, cwd=place, check=True)


if __name__ == "__main__":
    sys.exit(main())
