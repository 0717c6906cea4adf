"""Makefiles as CI jobs, scripts and other Makefiles call them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.makereader import read_makefile
from covlint.documents.makevariants import reached
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.dockerfile.build import GoBuild, Instrumentation
from covlint.files import MemoryFiles
from covlint.project import Project
from covlint.source import SourceFile

DOCKERFILE = "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n"
SWITCH = (
    "COVERAGE ?= 0\nIMG ?= till:dev\nifeq ($(COVERAGE),1)\n"
    "ARGS := --build-arg GOFLAGS=-cover\nelse\nARGS :=\nendif\n"
    "image:\n\tdocker build $(ARGS) -t $(IMG) .\n"
)


def job(*lines: str, env: str = "") -> str:
    steps = "".join(f"      - run: {line}\n" for line in lines)
    return f"on: push\n{env}jobs:\n  e2e:\n    steps:\n{steps}"


def facts(files: dict[str, str]) -> Project:
    project = Project(MemoryFiles({"Dockerfile": DOCKERFILE, **files}))
    list(project.subjects(None))
    return project


def passed(files: dict[str, str]) -> list[tuple[str, str | None]]:
    """Tag and GOFLAGS of the builds that pass some, where make is called."""
    return [
        (build.tags[0] if build.tags else "", argument.value)
        for build in facts(files).facts.image_builds
        for argument in build.arguments
        if argument.name == "GOFLAGS" and "=" in (build.recipe or "")
    ]


@pytest.mark.parametrize(
    "calls",
    [
        {".github/workflows/e.yml": job("make image COVERAGE=1 IMG=till:e2e")},
        {".github/workflows/e.yml": job("make IMG=till:e2e", env="env:\n  COVERAGE: 1\n")},
        {".github/workflows/e.yml": job("COVERAGE=1 make -j 4 image IMG=till:e2e")},
        {".github/workflows/e.yml": job("cd ./hack/.. && make image COVERAGE=1 IMG=till:e2e")},
        {".gitlab-ci.yml": "e2e:\n  script:\n    - make -s image COVERAGE=1 IMG=till:e2e\n"},
        {"hack/e2e.sh": "#!/bin/sh\nexport COVERAGE=1\nmake image IMG=till:e2e\n"},
        {"hack/e2e.sh": "#!/bin/sh\nmake -C hack/.. image COVERAGE=1 IMG=till:e2e\n"},
        {"test/Makefile": "e2e:\n\t$(MAKE) -C .. image COVERAGE=1 IMG=till:e2e\n"},
        {"test/e2e.mk": "e2e:\n\tmake -f ../Makefile -C .. image COVERAGE=1 IMG=till:e2e\n"},
    ],
)
def test_what_a_call_of_make_builds(calls: dict[str, str]) -> None:
    files = {"Makefile": SWITCH, **calls}
    if "test/e2e.mk" in calls:
        files["test/e2e.mk"] = calls["test/e2e.mk"].replace("-f ../Makefile", "-f Makefile")
    assert passed(files) == [("till:e2e", "-cover")]


def test_without_a_call_the_switch_is_open() -> None:
    (build,) = facts({"Makefile": SWITCH}).facts.image_builds
    assert build.opaque
    assert not build.arguments


@pytest.mark.parametrize(
    ("makefile", "call", "expected"),
    [
        ("ifdef COVER\nA := --build-arg GOFLAGS=-cover\nendif\n", "COVER=yes", ["-cover"]),
        ("ifndef COVER\nelse\nA := --build-arg GOFLAGS=-cover\nendif\n", "COVER=yes", ["-cover"]),
        ('ifneq "$(COVER)" ""\nA = --build-arg GOFLAGS=-cover\nendif\n', "COVER=yes", ["-cover"]),
        ("ifneq ($(COVER),)\nA = --build-arg GOFLAGS=-cover\nendif\n", "COVER=", []),
        ("A = $(if $(COVER),--build-arg GOFLAGS=-cover)\n", "COVER=1", ["-cover"]),
        ("A = $(if $(COVER),--build-arg GOFLAGS=-cover)\n", "COVER=", []),
        (
            "ifeq ($(COVER),a)\nA = --build-arg GOFLAGS=-a\nelse ifeq ($(COVER),b)\nA = --build-arg GOFLAGS=-cover\nelse\nA = -q\nendif\n",
            "COVER=b",
            ["-cover"],
        ),
        (
            "ifeq ($(OTHER),x)\nifdef COVER\nA = --build-arg GOFLAGS=-cover\nendif\nendif\n",
            "COVER=1",
            ["-cover"],  # whether OTHER is x, nobody says
        ),
        ("ARCH := 0\nA = --build-arg GOFLAGS=-cover\n", "ARCH=arm64", []),  # of no interest
        ("COVER := 0\nA = --build-arg GOFLAGS=$(COVER)\n", "COVER=-cover", ["-cover"]),
    ],
)
def test_conditionals_on_what_is_passed(makefile: str, call: str, expected: list[str]) -> None:
    text = makefile + "image:\n\tdocker build $(A) .\n"
    found = passed({"Makefile": text, ".github/workflows/e.yml": job(f"make image {call}")})
    assert [value for _, value in found] == expected


def test_a_go_build_that_a_call_instruments_is_so_only_sometimes() -> None:
    files = {
        "Makefile": "F = $(if $(COVER),-cover)\nbin:\n\tgo build $(F) -o bin/till .\n",
        ".github/workflows/e.yml": job("make bin COVER=1"),
    }
    builds = [b for b in facts(files).facts.builds if b.span.path == "Makefile"]
    assert [b.instrumentation for b in builds] == [Instrumentation.CONDITIONAL]


def test_goflags_on_the_command_line_of_make() -> None:
    files = {
        "Makefile": "bin:\n\tgo build -o bin/till .\n",
        ".github/workflows/e.yml": job("make bin GOFLAGS='-cover -a'"),
    }
    (build,) = [b for b in facts(files).facts.builds if b.span.path == "Makefile"]
    assert isinstance(build, GoBuild)
    assert [flag.name for flag in build.all_flags] == ["cover", "a", "o"]
    assert build.all_flags[1].span.path == ".github/workflows/e.yml"


def test_calls_that_pass_nothing_add_nothing() -> None:
    files = {"Makefile": "image:\n\tdocker build .\n", "hack/e2e.sh": "make image COVERAGE=1\n"}
    assert len(facts(files).facts.image_builds) == 1


@given(st.text(alphabet="%ab-", min_size=1, max_size=6), st.text(alphabet="%ab-", max_size=6))
def test_pattern_rules_end(target: str, needed: str) -> None:
    text = f"{target}: {needed} x-%\n%: {needed}-%\na: b\n"
    makefile = read_makefile(SourceFile.of_text("Makefile", text))
    assert len(reached(makefile, ["a", "b"])) <= 1001


def test_image_builds_keep_their_place() -> None:
    files = {"Makefile": SWITCH, "hack/e2e.sh": "make image COVERAGE=1\n"}
    builds = [b for b in facts(files).facts.image_builds if isinstance(b, ImageBuild)]
    assert {b.span.path for b in builds} == {"Makefile"}
    assert len({b.span for b in builds}) == 1
    assert {b.recipe for b in builds} == {"image", "image COVERAGE=1"}
