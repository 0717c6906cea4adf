from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Release

_DOCKERFILE = 'FROM golang:1.24\nCOPY . .\nRUN go build {} -o /till .\nENTRYPOINT ["/till"]\n'
_WORKFLOW = (
    "on:\n  push:\n    tags: ['v*']\njobs:\n  release:\n    steps:\n"
    "      - uses: docker/build-push-action@v6\n        with:\n"
    "          push: true\n          tags: example/till:1.0\n"
)


class InstrumentedRelease(Rule[Release]):
    """A release ships a binary that is built with `-cover`.

    Why: an instrumented binary is slower and larger, and wherever GOCOVERDIR is not set it
    prints `warning: GOCOVERDIR not set, no coverage data emitted` at each start. Users of the
    release see that line.

    Instead: let a build argument or a branch turn the instrumentation on, and leave it out of
    what users get.

    Left out: images and binaries whose name says that they are for coverage, builds in which
    an argument decides, and repositories in which no release is seen.
    """

    code = "COV118"
    name = "instrumented-release"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_SET
    source = "field notes: warnings on stderr of instrumented releases, 8 threads"

    def check(self, release: Release) -> Iterator[Diagnostic]:
        yield self.diagnostic(
            release.span,
            f"{release.name} is released with an instrumented binary: nothing turns -cover off",
            related=(Related(release.by, "published here"),) if release.by is not None else (),
            fix=Fix(
                "Pass -cover by a build argument (ARG GOFLAGS), for the e2e image only",
                Applicability.DISPLAY,
            ),
        )

    VALID = (
        Valid({"Dockerfile": _DOCKERFILE.format(""), ".github/workflows/release.yml": _WORKFLOW}),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n",
                ".github/workflows/release.yml": _WORKFLOW,
            },
            "a build argument decides",
        ),
        Valid(
            {
                "Dockerfile": _DOCKERFILE.format("-cover"),
                ".github/workflows/release.yml": _WORKFLOW.replace("till:1.0", "till:coverage"),
            },
            "a coverage image, by its name",
        ),
        Valid(
            {
                "Dockerfile": _DOCKERFILE.format("-cover"),
                ".github/workflows/e2e.yml": _WORKFLOW.replace("release", "e2e"),
            },
            "no release",
        ),
        Valid(
            {".goreleaser.yaml": "builds:\n  - id: till-cover\n    flags: [-cover]\n"},
            "a binary for coverage, by its name",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": _DOCKERFILE.format("«-cover»"),
                ".github/workflows/release.yml": _WORKFLOW,
            },
            message="example/till:1.0 is released with an instrumented binary",
        ),
        Invalid(
            {
                "Dockerfile": _DOCKERFILE.format("«-coverpkg=./...»"),
                "Makefile": "release:\n\tdocker build -t till:1.0 .\n\tdocker push till:1.0\n",
            },
        ),
        Invalid(
            {
                ".goreleaser.yaml": "version: 2\nbuilds:\n  - id: till\n    flags:\n"
                "      - -trimpath\n      - «-cover»\n",
            },
            message="till is released",
        ),
    )
