"""Compose files that are used together: what a service is in the end."""

from __future__ import annotations

import pytest

from covlint.facts.kubernetes.pod import Container
from covlint.files import MemoryFiles
from covlint.project import Project
from covlint.wiring.inputs import Facts

BASE = (
    "services:\n  till:\n    build: {context: svc, args: {A: '1', GOFLAGS: -mod=mod}}\n"
    "    environment: {GOCOVERDIR: /cov, MODE: base}\n    volumes: [data:/data, ./logs:/logs]\n"
    "    user: '1000'\n  other: {image: other}\n"
)
OVER = (
    "services:\n  till:\n    build: {args: {GOFLAGS: -cover}}\n    environment:\n"
    "      - MODE=over\n      - MORE=yes\n    volumes: [./cov:/cov, ./mine:/logs]\n"
    "    stop_grace_period: 1m\n"
)


def read(files: dict[str, str]) -> Facts:
    project = Project(MemoryFiles(files))
    list(project.subjects(None))
    assert not project.unread
    return project.facts


def service(facts: Facts, name: str = "till") -> Container:
    (found,) = [one for one in facts.containers if one.name and one.name.text == name]
    return found


def variables(container: Container) -> dict[str, str | None]:
    return {one.name.text: one.value.text if one.value else None for one in container.env}


@pytest.mark.parametrize(
    "files",
    [
        {"compose.yaml": BASE, "compose.override.yaml": OVER},
        {"docker-compose.yml": BASE, "docker-compose.override.yml": OVER},
        {
            "compose.yaml": BASE,
            "compose.e2e.yaml": OVER,
            "Makefile": "up:\n\tdocker compose -f compose.yaml -f compose.e2e.yaml up -d\n",
        },
        {
            "base.compose.yaml": BASE,
            "e2e.compose.yaml": OVER,
            "run.sh": "docker-compose -f base.compose.yaml -f e2e.compose.yaml run till\n",
        },
        {
            "base.compose.yaml": BASE,
            "e2e.compose.yaml": OVER,
            ".github/workflows/e2e.yml": "env:\n  COMPOSE_FILE: base.compose.yaml:e2e.compose.yaml\n"
            "jobs:\n  e2e:\n    steps:\n      - run: docker compose up -d\n",
        },
        {
            "compose.yaml": "include:\n  - path: [base.compose.yaml, e2e.compose.yaml]\n"
            "services: {}\n",
            "base.compose.yaml": BASE,
            "e2e.compose.yaml": OVER,
        },
    ],
    ids=["override", "old-override", "makefile", "script", "variable", "include"],
)
def test_files_that_are_used_together_are_one(files: dict[str, str]) -> None:
    facts = read(files)
    till = service(facts)
    assert variables(till) == {"GOCOVERDIR": "/cov", "MODE": "over", "MORE": "yes"}
    assert not till.env_opaque
    mounts = {one.path.text: one.name.text for one in till.mounts}
    assert mounts == {"/data": "data", "/logs": "./mine", "/cov": "./cov"}
    assert till.pod.grace_period is not None
    assert till.pod.grace_period.text == "60"
    assert till.identity.user is not None
    assert till.identity.user.text == "1000"
    (build,) = facts.image_builds
    assert build.dockerfile == "svc/Dockerfile"
    assert {one.name: one.value for one in build.arguments} == {"A": "1", "GOFLAGS": "-cover"}
    # each value is where a person would edit it
    over = next(path for path, text in files.items() if text == OVER)
    assert {one.span.path for one in build.arguments if one.name == "GOFLAGS"} == {over}
    assert {one.span.path for one in till.env if one.name.text == "MORE"} == {over}
    assert till.node.source.path == over
    assert service(facts, "other").span.path != over


def test_files_that_nobody_names_together_stay_apart() -> None:
    facts = read({"compose.yaml": BASE, "compose.prod.yaml": OVER})
    assert len([one for one in facts.containers if one.name and one.name.text == "till"]) == 2


EXTENDS = "services:\n  base:\n    image: x\n    environment: {A: base, B: base}\n    user: '1'\n"


@pytest.mark.parametrize(
    ("extends", "expected"),
    [
        ("base", {"A": "base", "B": "own"}),
        ("{service: base}", {"A": "base", "B": "own"}),
        ("{service: far, file: common/far.yaml}", {"A": "far", "C": "far", "B": "own"}),
    ],
)
def test_extends(extends: str, expected: dict[str, str]) -> None:
    far = (
        "services:\n  far:\n    extends: {service: deep}\n    environment: [A=far]\n    build: .\n"
    )
    files = {
        "compose.yaml": f"{EXTENDS}  till:\n    extends: {extends}\n    environment: {{B: own}}\n",
        "common/far.yaml": far + "  deep:\n    environment: {C: far, A: deep}\n",
    }
    facts = read(files)
    assert variables(service(facts)) == expected
    assert not service(facts).env_opaque
    if "far" in expected.values():
        assert [one.dockerfile for one in facts.image_builds] == ["common/Dockerfile"]


@pytest.mark.parametrize(
    "extends", ["nobody", "{service: x, file: missing.yaml}", "till", "{service: base, file: $F}"]
)
def test_what_is_extended_but_not_seen_is_open(extends: str) -> None:
    text = f"{EXTENDS}  till:\n    extends: {extends}\n    image: y\n"
    till = service(read({"compose.yaml": text}))
    assert till.env_opaque
    assert till.mounts_opaque


def test_reset_and_override() -> None:
    over = (
        "services:\n  till:\n    environment: !reset {}\n    volumes: !override [./cov:/cov]\n"
        "    user: !reset null\n"
    )
    till = service(read({"compose.yaml": BASE, "compose.override.yaml": over}))
    assert variables(till) == {}
    assert [one.path.text for one in till.mounts] == ["/cov"]
    assert till.identity.user is None


def test_env_file() -> None:
    files = {
        "deploy/compose.yaml": "services:\n  till:\n    image: x\n"
        "    env_file: [a.env, {path: ../b.env, required: false}]\n    environment: {OWN: own}\n",
        "deploy/a.env": "# comment\nexport GOCOVERDIR=/cov # why\nA='single $x'\r\nOWN=file\nB=a\n",
        "b.env": 'B="b c"\nC=$HOME\nD\nE=\n',
    }
    till = service(read(files))
    assert variables(till) == {
        "GOCOVERDIR": "/cov",
        "A": "single $x",
        "B": "b c",
        "C": None,
        "D": None,
        "E": "",
        "OWN": "own",
    }
    assert not till.env_opaque
    directory = till.variable("GOCOVERDIR")
    assert directory is not None
    assert directory.value is not None
    span = directory.value.span
    assert files[span.path].encode()[span.start : span.end] == b"/cov"


def test_an_env_file_that_is_not_there_leaves_the_variables_open() -> None:
    text = "services:\n  till:\n    image: x\n    env_file: .env.local\n"
    assert service(read({"compose.yaml": text})).env_opaque
