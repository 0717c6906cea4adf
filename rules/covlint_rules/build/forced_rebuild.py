from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Severity
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.conditional import simplified
from covlint.rule import Invalid, Rule, Valid


class ForcedRebuild(Rule[GoBuild]):
    """`-a` in a build that takes part in coverage.

    Why: a published standard (DD-TEST-007 of the kubernaut project) forbids `-a` in coverage
    builds. We measured it on Go 1.21 to 1.27: **no data is lost**, and the percentages are
    the same. What `-a` does is to compile every package again on each build, the standard
    library included, which makes the build slow.

    Instead: leave it out. The build cache of Go knows when a package has to be compiled
    again.

    Left out: the production branch of a conditional build. In a build that takes no part in
    coverage it is a notice, which never fails a run.

    Fix: safe where the build is for coverage alone, since `-a` does not change what is built;
    unsafe where production is built by the same line.
    """

    code = "COV107"
    name = "forced-rebuild"
    severity = Severity.WARNING
    evidence = Evidence.REFUTED
    since = "0.1.0"
    source = "DD-TEST-007; facts, part B"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        if build.in_production_branch:
            return
        for flag in build.all_flags:
            if flag.name == "a" and flag.enabled and flag.removal.start < flag.removal.end:
                yield self.diagnostic(
                    flag.span,
                    "-a compiles every package again on each build; DD-TEST-007 forbids it in "
                    "coverage builds (it loses no data: measured on Go 1.21 to 1.27)",
                    severity=None if build.takes_part else Severity.NOTICE,
                    fix=simplified(build, "Remove -a", (flag.removal,)),
                )

    VALID = (
        Valid("FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /app .\n"),
        Valid(
            'FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN if [ "$GOFLAGS" = -cover ]; then '
            "go build .; else go build -a .; fi\n",
            "the production branch may have it",
        ),
        Valid("FROM golang:1.24\nCOPY . .\nRUN go vet -a . && echo go build -a\n", "no go build"),
        Valid(
            {"Makefile": "bin:\n\tgo build -a -o bin/till ./cmd/till\n"},
            "outside of Dockerfiles only builds for coverage are read",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /app .\n",
                "Makefile": "e2e:\n\tdocker build --build-arg GOFLAGS='-cover «-a»' .\n"
                "image:\n\tdocker build --build-arg GOFLAGS=-a .\n",
            },
            fixed={
                "Makefile": "e2e:\n\tdocker build --build-arg GOFLAGS='-cover' .\n"
                "image:\n\tdocker build --build-arg GOFLAGS=-a .\n",
            },
            safe=True,
        ),
        Invalid(
            {
                "Makefile": "GO ?= go\nFLAGS ?=\nbin:\n"
                "\tCGO_ENABLED=0 $(GO) build -cover $(FLAGS) «-a» -o bin/till ./cmd/till\n"
            },
            fixed={
                "Makefile": "GO ?= go\nFLAGS ?=\nbin:\n"
                "\tCGO_ENABLED=0 $(GO) build -cover $(FLAGS) -o bin/till ./cmd/till\n"
            },
            safe=True,
        ),
        Invalid(
            {
                ".github/workflows/e2e.yaml": "jobs:\n  e2e:\n    steps:\n      - run: |\n"
                "          go build -cover \\\n            «-a» \\\n            -o bin/till .\n"
            },
            fixed={
                ".github/workflows/e2e.yaml": "jobs:\n  e2e:\n    steps:\n      - run: |\n"
                "          go build -cover \\\n            -o bin/till .\n"
            },
            safe=True,
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN go build -cover \\\n    «-a» \\\n    -o /app .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build -cover \\\n    -o /app .\n",
            safe=True,
            example=True,
        ),
        Invalid(
            'FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN if [ "$GOFLAGS" = -cover ]; then '
            "go build «-a» .; else go build -a .; fi\n",
            fixed='FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN if [ "$GOFLAGS" = -cover ]; then '
            "go build .; else go build -a .; fi\n",
            safe=True,
        ),
        Invalid(
            "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN CGO_ENABLED=0 go build «-a» -o /app .\n"
            "ENV GOCOVERDIR=/tmp\n",
            fixed="FROM golang:1.24\nARG GOFLAGS\nCOPY . .\n"
            'RUN case " $GOFLAGS " in *" -cover"*) CGO_ENABLED=0 go build -o /app . ;; '
            "*) CGO_ENABLED=0 go build -a -o /app . ;; esac\nENV GOCOVERDIR=/tmp\n",
            safe=False,
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /app . && "
            "go build «-a» -o /sweep ./cmd/sweep\n",
            severity=Severity.NOTICE,
            message="-a compiles every package again",
            safe=False,
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /app . && "
            "go build -o /sweep ./cmd/sweep\n",
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN go build «-a» -o /app .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build -o /app .\n",
            severity=Severity.NOTICE,
            safe=False,
        ),
    )
