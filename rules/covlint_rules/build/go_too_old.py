from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Evidence, Fix, Severity, Symptom
from covlint.facts.dockerfile.base_images import go_version
from covlint.facts.dockerfile.build import GoBuild
from covlint.rule import Invalid, Rule, Valid

_TOOLCHAIN = re.compile(r"go(\d+)\.(\d+)")


class GoTooOld(Rule[GoBuild]):
    """The builder's Go is older than 1.20, the first version that knows `go build -cover`.

    Why: with `-cover` on the command line the build fails (`flag provided but not defined:
    -cover`). With `GOFLAGS=-cover` it succeeds, because Go passes over GOFLAGS words that
    only other commands know, and the binary is not instrumented. Nothing says so.

    Instead: use a builder image with Go 1.20 or newer.

    Left out: images whose Go version their name does not show, and builds that take no part
    in coverage. GOTOOLCHAIN is read: it may ask for another version than the image has.
    """

    code = "COV102"
    name = "go-too-old"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part A: measured on Go 1.19.8"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        if not build.takes_part:
            return
        found, span = go_version(build.base), build.base_span
        if build.toolchain is not None:
            match = _TOOLCHAIN.match(build.toolchain.text)
            if match is not None:
                found, span = (int(match[1]), int(match[2])), build.toolchain.span
        if found is None or found >= (1, 20):
            return
        explicit = any(flag.name == "cover" for flag in build.flags)
        outcome = "fails" if explicit else "succeeds without instrumenting anything"
        yield self.diagnostic(
            span,
            f"Go {found[0]}.{found[1]} cannot build with -cover: this build {outcome}; "
            "Go 1.20 is the first that can",
            fix=Fix("Use a builder image with Go 1.20 or newer", Applicability.DISPLAY),
        )

    VALID = (
        Valid("FROM golang:1.20\nCOPY . .\nRUN go build -cover -o /app .\n"),
        Valid("FROM golang:1.19\nCOPY . .\nRUN go build -o /app .\n", "no coverage here"),
        Valid(
            "FROM golang:1.19\nENV GOTOOLCHAIN=go1.24.1\nCOPY . .\nRUN go build -cover -o /app .\n",
            "another toolchain is asked for",
        ),
        Valid("ARG GO\nFROM golang:${GO}\nCOPY . .\nRUN go build -cover .\n", "version unknown"),
    )
    INVALID = (
        Invalid("FROM «golang:1.19-alpine»\nCOPY . .\nRUN go build -cover -o /app .\n"),
        Invalid(
            "ARG GO=1.18.10\nFROM «golang:${GO}» AS b\nENV GOFLAGS=-cover\nCOPY . .\nRUN go build .\n",
            message="without instrumenting",
        ),
        Invalid(
            "FROM golang:1.24\nENV GOTOOLCHAIN=«go1.19.8»\nCOPY . .\nRUN go build -cover -o /app .\n"
        ),
    )
