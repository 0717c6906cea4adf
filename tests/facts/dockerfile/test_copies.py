"""Binaries of other kinds than the one that should run: plain twins, and tests."""

from __future__ import annotations

import pytest

from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.dockerfile.build_reading import read_builds
from covlint.facts.dockerfile.image import Image, output_name, read_images
from covlint.facts.dockerfile.scope import scoped_stages
from covlint.source import SourceFile

_TWINS = (
    "FROM golang:1.24 AS plain\nRUN go build -o /till .\n"
    "FROM golang:1.24 AS cover\nRUN go build -cover -o /till .\n"
)


def images(text: str) -> tuple[Image, ...]:
    dockerfile = open_dockerfile(SourceFile.of_text("Dockerfile", text))
    stages = scoped_stages(dockerfile)
    return read_images(dockerfile, stages, read_builds(dockerfile, stages))


def test_the_stage_that_is_named_wrongly() -> None:
    text = _TWINS + "FROM scratch\nCOPY --chown=1 --from=plain /till /till\n"
    (copy,) = images(text)[-1].stale_copies
    assert text[copy.stage.start : copy.stage.end] == "plain"
    assert copy.instrumented.stage_name == "cover"


def test_an_instrumented_build_that_is_copied_somewhere_is_no_mistake() -> None:
    text = (
        _TWINS + "FROM scratch AS e2e\nCOPY --from=cover /till /till\n"
        "FROM scratch\nCOPY --from=plain /till /till\n"
    )
    assert not any(image.stale_copies for image in images(text))


def test_test_binaries_are_those_with_coverage_and_a_name() -> None:
    text = (
        "FROM golang:1.24\nRUN go test -c -cover -o /bin/a.test ./a && go test -cover -c . -o e.test\n"
        "RUN go test -c -o /bin/b.test ./b && go test -cover ./c && go test -c -cover -o $X ./d\n"
    )
    assert [one.output for one in images(text)[0].test_binaries] == ["a.test", "e.test"]


def test_where_the_program_starts() -> None:
    build = "FROM golang:1.24 AS b\nRUN go build -o /till .\n"
    copy = "COPY --from=b /till /till\n"
    assert images(f"{build}FROM scratch\n{copy}")[-1].workdir == "/"
    assert images(f"{build}FROM debian:12\nWORKDIR /a\nWORKDIR b\n{copy}")[-1].workdir == "/a/b"
    assert images(f"{build}FROM golang:1.24\n{copy}")[-1].workdir is None


_THREE = (
    "FROM golang:1.24 AS b\nWORKDIR /src\nRUN go build -cover -o /out/till ./cmd/till\n"
    "RUN go build -o /out/desk ./cmd/desk && go build -o /tools/lint ./cmd/lint\n"
)


@pytest.mark.parametrize(
    ("copy", "names"),
    [
        ("/out/ /", ["till", "desk"]),
        ("/out /app/bin", ["till", "desk"]),
        ("/out/* /usr/bin/", ["till", "desk"]),
        ("/out/t* /usr/bin/", ["till"]),
        ("/out/till /out/desk /", ["till", "desk"]),
        ("/out/till /", ["till"]),
        ("out/till /", ["till"]),
        ("/ /", ["till", "desk", "lint"]),
        ("/* /", ["till", "desk", "lint"]),
        ("/etc/ssl /etc/ssl", []),
        ("${DIR} /", []),
    ],
)
def test_a_directory_brings_the_builds_that_write_into_it(copy: str, names: list[str]) -> None:
    found = [one for one in images(f"{_THREE}FROM scratch\nCOPY --from=b {copy}\n") if one.final]
    assert [output_name(build) for one in found for build in one.builds] == names


@pytest.mark.parametrize(
    ("build", "copy", "joined"),
    [
        ("go build -cover -o /out/ ./cmd/...", "/out/ /", True),
        ("go build -cover -o bin/ ./cmd/till ./cmd/desk", "/src/bin/* /", True),
        ("go install -cover ./cmd/...", "/go/bin/ /usr/bin/", True),
        ("GOBIN=/out go install -cover ./cmd/till", "/out/ /", True),
        ("GOBIN=$DIR go install -cover ./cmd/till", "/out/ /", False),
        ("go build -cover ./cmd/till", "/src/ /app/", True),
        ("go build -cover -o /out/ ./cmd/...", "/etc/ /etc/", True),  # what it is called is not seen
    ],
)  # fmt: skip
def test_where_several_binaries_go(build: str, copy: str, joined: bool) -> None:
    text = (
        f"FROM golang:1.24 AS b\nWORKDIR /src\nRUN {build}\nRUN go build -o /x/other ./other\n"
        f"FROM scratch\nCOPY --from=b {copy}\n"
    )
    found = [build for one in images(text) if one.final for build in one.builds]
    assert any(one.flag("cover") for one in found) is joined
