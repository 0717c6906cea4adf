"""Go builds that ko makes: judged and repaired where their flags are written."""

from __future__ import annotations

import pytest

from covlint.engine import Options
from covlint.facts.dockerfile.build import GoBuild
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.project import Project
from covlint.registry import Registry
from covlint.selection import Selection

MODULE = {
    "go.mod": "module example.com/till\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
}
KO = (
    "builds:\n  - id: till\n    main: ./cmd/till\n    env:\n      - GOFLAGS=-mod=mod\n    flags:\n"
    "      - -cover\n      - -a\n      - '-ldflags=-s -w'\n      - -tags={{.Env.TAGS}}\n"
)
SKAFFOLD = (
    "apiVersion: skaffold/v4beta6\nkind: Config\nbuild:\n  artifacts:\n    - image: till\n"
    "      ko: {main: ./cmd/till, dir: '.', flags: [-cover, -a]}\n"
)


def builds(path: str, text: str) -> list[GoBuild]:
    project = Project(MemoryFiles({**MODULE, path: text}))
    return [fact for _, fact in project.subjects(None) if isinstance(fact, GoBuild)]


def test_a_build_of_ko() -> None:
    (build,) = builds(".ko.yaml", KO)
    assert [flag.name for flag in build.all_flags] == ["mod", "cover", "a", "ldflags"]
    assert build.flags[-1].value == "-s -w"
    assert build.unseen  # the template
    assert build.site is not None
    assert build.site.package == "cmd/till"


def test_a_build_of_skaffold_by_ko() -> None:
    (build,) = builds("skaffold.yaml", SKAFFOLD)
    assert [flag.name for flag in build.flags] == ["cover", "a"]
    assert build.site is not None
    assert build.site.package == "cmd/till"


@pytest.mark.parametrize(
    "text",
    [
        KO.replace("      - -cover\n", ""),
        "builds:\n  - main: .\n",
        "builds:\n  - flags: -cover\n",
        "builds: [a, {flags: [[-cover]]}]\n",
        KO.replace("-cover", "'{{ .Cover }}'"),
    ],
)
def test_a_build_that_nobody_instruments_is_no_fact(text: str) -> None:
    assert builds(".ko.yaml", text) == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".ko.yaml", KO, KO.replace("      - -a\n", "")),
        ("skaffold.yaml", SKAFFOLD, SKAFFOLD.replace(", -a", "")),
        # the first item, and one behind a comment, stay: nothing says what is meant there
        ("skaffold.yaml", SKAFFOLD.replace("-cover, -a", "-a, -cover"), None),
        (".ko.yaml", KO.replace("- -cover\n", "- -cover # why\n"), None),
    ],
)
def test_a_flag_goes_with_its_item(path: str, text: str, expected: str | None) -> None:
    options = Options(selection=Selection(select=("COV107",)))
    outcome = fix(MemoryFiles({**MODULE, path: text}), Registry.builtin(), options, unsafe=True)
    changed = {change.path: change.after.decode() for change in outcome.changes}
    assert changed == ({path: expected} if expected is not None else {})
