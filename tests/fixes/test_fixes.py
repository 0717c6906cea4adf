"""What holds for every fix, on a share of all projects in all variants; `make fixes` tries all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covlint.cli.main import run
from covlint.engine import Options
from covlint.files import MemoryFiles
from fixes.generated import generated
from fixes.projects import Project, folder, of_folders, of_labs, of_rules, of_sabotages
from fixes.properties import checked
from fixes.runs import REGISTRY, Mode, Run, compared, refused_by_git, tried
from fixes.variants import VARIANTS, Variant

PLAIN = VARIANTS[0]
FIXED = [project for project in of_rules() if project.fixed]
#: One in so many cases is tried in each variant, others in each.
SHARE = 6


@cache
def as_written(number: int) -> Run:
    return tried(FIXED[number], PLAIN, Mode.UNSAFE)


@pytest.mark.parametrize("variant", VARIANTS[1:], ids=lambda variant: variant.name)
def test_fixes_hold_in_a_variant(variant: Variant) -> None:
    assert not list(told(variant))


def told(variant: Variant) -> Iterator[str]:
    runs = []
    for number in range(VARIANTS.index(variant) % SHARE, len(FIXED), SHARE):
        if variant.of(FIXED[number].files) == FIXED[number].files:
            continue
        found = tried(FIXED[number], variant, Mode.UNSAFE)
        runs.append(found)
        for what in (*found.problems, *compared(as_written(number), found)):
            yield f"{found}: {what}"
    assert runs
    yield from refused_by_git(runs)


@pytest.mark.parametrize("mode", [Mode.SAFE, Mode.ALONE], ids=lambda mode: mode.name.lower())
def test_fixes_hold_when_few_are_asked_for(mode: Mode) -> None:
    runs = [tried(project, PLAIN, mode, structure=False) for project in FIXED]
    assert not [f"{found}: {what}" for found in runs for what in found.problems]
    assert not list(refused_by_git(runs))


@pytest.mark.parametrize(
    "projects",
    [list(of_labs()), [*of_folders(), *list(of_sabotages())[::8]]],
    ids=["labs", "fixtures"],
)
def test_fixes_hold_on_whole_projects(projects: list[Project]) -> None:
    runs = [tried(project, PLAIN, Mode.UNSAFE) for project in projects]
    assert not [f"{found}: {what}" for found in runs for what in found.problems]
    assert not list(refused_by_git(runs))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # other ones each time are for `make fixes`
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_fixes_hold_on_what_nobody_wrote(random: Random) -> None:
    said, files = generated(random)
    _, problems = checked(MemoryFiles(files), REGISTRY, Options(), unsafe=True, mixed=True)
    assert not problems, said


@pytest.mark.parametrize(
    "name",
    ["CRLF", "byte order mark", "no final newline", "names with spaces and quotes"],
)
def test_the_patch_is_what_is_written_to_the_disk(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    variant = next(one for one in VARIANTS if one.name == name)
    sabotage = next(one for one in of_sabotages() if one.name.startswith("COV302"))
    before = variant.of(sabotage.files)
    written, patched = tmp_path / "written", tmp_path / "patched"
    for place in (written, patched):
        for path, data in before.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
        subprocess.run(["git", "init", "-q"], cwd=place, check=True)
    monkeypatch.chdir(patched)
    assert run(["check", "--unsafe-fixes", "--exit-zero", "--diff"]) == 0
    patch = capfdbinary.readouterr().out
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], input=patch, check=True)
    monkeypatch.chdir(written)
    assert run(["check", "--unsafe-fixes", "--exit-zero", "--fix"]) == 0
    assert folder(written / "deploy") == folder(patched / "deploy")
    assert (
        {path: (written / path).read_bytes() for path in before}
        == {path: (patched / path).read_bytes() for path in before}
        != before
    )
