"""The worked rule pack, installed and used as docs/writing-a-rule-pack.md says."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import site
import subprocess
import venv
from pathlib import Path

import pytest

import covlint
import covlint_rules
from covlint.registry import SUBJECTS

ROOT = Path(__file__).parents[2]
PACKS = ROOT / "fixtures" / "packs"
DOCUMENT = (ROOT / "docs" / "writing-a-rule-pack.md").read_text()


def shown_files() -> dict[str, str]:
    found = re.findall(
        r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE
    )
    return dict(found)


def commands() -> list[tuple[str, str]]:
    """Each command of the page, and what the page says that it prints."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found.append((command, printed))
    return found


def timeless(text: str) -> str:
    return re.sub(r"in \d+\.\d+s", "in …s", text)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that sees covlint and the tools of this one, and a folder in it."""
    folder = tmp_path_factory.mktemp("pack")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    sources = {str(Path(module.__file__ or "").parents[1]) for module in (covlint, covlint_rules)}
    (packages / "here.pth").write_text("\n".join([*sorted(sources), *site.getsitepackages()]))
    program = folder / "venv" / "bin" / "covlint"
    program.write_text(
        f"#!{folder}/venv/bin/python\nimport sys\nfrom covlint.cli import entry\nsys.exit(entry())\n"
    )
    program.chmod(0o755)
    shutil.copytree(
        PACKS / "team-rules",
        folder / "work" / "team-rules",
        ignore=shutil.ignore_patterns("__pycache__", "dist"),
    )
    return folder


def test_the_page_shows_the_files_of_the_pack() -> None:
    shown = {path: text for path, text in shown_files().items() if path.startswith("team-rules/")}
    assert len(shown) == 4
    for path, text in shown.items():
        assert (PACKS / path).read_text() == text, path


def test_the_page_lists_what_a_rule_can_judge() -> None:
    rows = re.findall(r"^\| `(\w+)` \(`([\w.]+)`\) \|", DOCUMENT, re.MULTILINE)
    assert {name for name, _ in rows} == SUBJECTS
    for name, module in rows:
        assert isinstance(getattr(importlib.import_module(module), name), type)


def test_the_commands_of_the_page_do_what_it_says(machine: Path) -> None:
    work, repository = machine / "work", machine / "till"
    repository.mkdir()
    for path, text in shown_files().items():
        if not path.startswith("team-rules/"):
            (repository / path).write_text(text)
    environment = {
        **os.environ,
        "PATH": f"{machine}/venv/bin{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("PYTHONPATH", None)
    for command, printed in commands():
        words = shlex.split(command)
        if "pip" in words:  # the build backend is here, and nothing may be fetched
            words += ["--no-index", "--no-deps", "--no-build-isolation"]
        if "pytest" in words:  # not the configuration of this repository
            words += ["-p", "no:cacheprovider", "--rootdir", str(work)]
        answer = subprocess.run(
            words,
            cwd=repository if words[0] == "covlint" else work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == (1 if words == ["covlint"] else 0), (
            answer.stdout + answer.stderr
        )
        assert timeless(answer.stdout) == timeless(printed), command
    page = subprocess.run(
        ["covlint", "rule", "TEAM001"],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert page.stdout.startswith("# TEAM001 plain-covermode\n"), page.stderr
    assert "+RUN go build -covermode=atomic -cover -o /till ." in page.stdout
