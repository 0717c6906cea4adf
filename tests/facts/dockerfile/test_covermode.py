"""The mode in which a build counts."""

from __future__ import annotations

import pytest

from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.commands.steps import BuildArgument, ImageBuild
from covlint.facts.dockerfile.build_reading import read_builds
from covlint.facts.dockerfile.covermode import covermode_of
from covlint.facts.dockerfile.scope import scoped_stages
from covlint.source import SourceFile, Span


def mode(text: str, *passed: str | None) -> str | None:
    dockerfile = open_dockerfile(SourceFile.of_text("Dockerfile", "FROM golang:1.24\n" + text))
    (build,) = read_builds(dockerfile, scoped_stages(dockerfile))
    here = Span("Makefile", 0, 1)
    commands = [
        ImageBuild(
            "Dockerfile", ".", (), None, (BuildArgument("GOFLAGS", value, here),), False, here, None
        )
        for value in passed
    ]
    found = covermode_of(build, commands)
    return found.name if found is not None else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN go build -cover .\n", "set"),
        ("RUN go build -cover -covermode=count .\n", "count"),
        ("RUN go build -covermode atomic -covermode set .\n", "set"),
        ("RUN go build -cover -race .\n", "atomic"),
        ("RUN go build -cover -race=false .\n", "set"),
        ("ENV GOFLAGS='-cover -covermode=atomic'\nRUN go build .\n", "atomic"),
        ("RUN go build -cover -covermode=$MODE .\n", None),
        ("RUN go build -cover $FLAGS .\n", None),
        ("RUN go build .\n", None),
    ],
)
def test_flags_decide(text: str, expected: str | None) -> None:
    assert mode(text) == expected


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (("-cover",), "set"),
        (("-cover -covermode=atomic", "-race -cover"), "atomic"),
        (("-cover", "-cover -covermode=atomic"), None),
        (("-mod=mod",), None),
        ((None,), None),
        ((), None),
    ],
)
def test_build_arguments_decide(passed: tuple[str | None, ...], expected: str | None) -> None:
    assert mode("ARG GOFLAGS\nRUN go build .\n", *passed) == expected
