"""Binaries of other kinds than the one that should run: plain twins, and tests."""

from __future__ import annotations

from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.dockerfile.build_reading import read_builds
from covlint.facts.dockerfile.image import Image, read_images
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
        "FROM golang:1.24\nRUN go test -c -cover -o /bin/a.test ./a\n"
        "RUN go test -c -o /bin/b.test ./b && go test -cover ./c && go test -c -cover -o $X ./d\n"
    )
    assert [one.output for one in images(text)[0].test_binaries] == ["a.test"]


def test_where_the_program_starts() -> None:
    build = "FROM golang:1.24 AS b\nRUN go build -o /till .\n"
    copy = "COPY --from=b /till /till\n"
    assert images(f"{build}FROM scratch\n{copy}")[-1].workdir == "/"
    assert images(f"{build}FROM debian:12\nWORKDIR /a\nWORKDIR b\n{copy}")[-1].workdir == "/a/b"
    assert images(f"{build}FROM golang:1.24\n{copy}")[-1].workdir is None
