from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Edit,
    Evidence,
    Fix,
    Related,
    Severity,
    Symptom,
)
from covlint.facts.dockerfile.build import (
    ArgDeclaration,
    GoBuild,
    Instrumentation,
    is_coverage_name,
)
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Chain


class UndeclaredGoflags(Rule[Chain]):
    """The ARG that carries `-cover` is not declared in the stage that builds.

    Why: an ARG that stands before the first FROM, in another stage or below the build is not
    visible to `go build`. The builder takes the build argument, it has no effect, and the
    binary is not instrumented.

    Instead: declare the ARG again in the stage that builds, above the build line. `ARG
    GOFLAGS` without a value takes the value of the one before the first FROM.

    Left out: builds that are instrumented in any case, Dockerfiles without a sign of
    coverage, and other names than GOFLAGS, unless the build line uses them and they sound
    like coverage or flags.

    Fix: safe where it adds an ARG that is empty unless somebody passes it; unsafe where the
    ARG before the first FROM has a default, which would then reach every build.
    """

    code = "COV103"
    name = "undeclared-goflags"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "Dockerfile reference, 'Understand how ARG and FROM interact'; facts, part A"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if not chain.takes_part:
            return
        for build in chain.builds:
            declared = self.misplaced(build)
            if declared is None:
                continue
            name = declared.name.text
            line = Span(build.span.path, build.instruction_start, build.instruction_start)
            where = "before the first FROM" if declared.stage is None else "in another stage"
            if declared.stage == build.stage:
                where = "below the build"
            harmless = declared.stage is not None or not declared.default
            yield self.diagnostic(
                declared.name.span,
                f"ARG {name} is declared {where}, so this build never sees it: a build argument "
                f"{name}=-cover has no effect",
                related=(Related(build.span, "the build that needs it"),),
                fix=Fix(
                    f"Declare ARG {name} before the build",
                    Applicability.SAFE if harmless else Applicability.UNSAFE,
                    (Edit(line, f"ARG {name}".encode() + (build.newline)),),
                ),
            )

    def misplaced(self, build: GoBuild) -> ArgDeclaration | None:
        if build.instrumentation is Instrumentation.YES:
            return None
        used = {"GOFLAGS", build.variable}
        for declaration in build.elsewhere:
            name = declaration.name.text
            carries = name == "GOFLAGS" or is_coverage_name(name) or "FLAG" in name
            # another ARG that is declared and carries the flag does the job
            if name in used and carries and build.variable in {None, name}:
                return declaration
        return None

    VALID = (
        Valid(
            "ARG GOFLAGS=-cover\nFROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /app .\n"
            "ENV GOCOVERDIR=/tmp\n"
        ),
        Valid(
            "ARG GOFLAGS\nFROM golang:1.24\nCOPY . .\nRUN go build -o /app .\n", "no coverage here"
        ),
        Valid(
            "ARG GOFLAGS\nFROM golang:1.24\nCOPY . .\nRUN go build -cover -o /app .\n",
            "instrumented anyway",
        ),
    )
    INVALID = (
        Invalid(
            "ARG «GOFLAGS»\nFROM golang:1.24\nCOPY . .\nRUN go build -o /app .\n"
            "ENV GOCOVERDIR=/tmp\n",
            fixed="ARG GOFLAGS\nFROM golang:1.24\nCOPY . .\nARG GOFLAGS\nRUN go build -o /app .\n"
            "ENV GOCOVERDIR=/tmp\n",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24 AS base\nARG «GOFLAGS»=''\nFROM golang:1.24\n"
                "COPY . .\nRUN go build -o /app .\n",
                "Makefile": "image:\n\tdocker build --build-arg GOFLAGS=-cover -t app .\n",
            },
            fixed="FROM golang:1.24 AS base\nARG GOFLAGS=''\nFROM golang:1.24\n"
            "COPY . .\nARG GOFLAGS\nRUN go build -o /app .\n",
        ),
        Invalid(
            "ARG «COVER»=-cover\nFROM golang:1.24\nCOPY . .\nRUN go build $COVER -o /app .\n"
            "ENV GOCOVERDIR=/tmp\n",
            fixed="ARG COVER=-cover\nFROM golang:1.24\nCOPY . .\nARG COVER\n"
            "RUN go build $COVER -o /app .\nENV GOCOVERDIR=/tmp\n",
            safe=False,
        ),
    )
