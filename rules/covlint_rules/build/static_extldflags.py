from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from covlint.diagnostics import Applicability, Diagnostic, Evidence, Fix, Severity
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.conditional import simplified
from covlint.facts.dockerfile.ldflags import static_link
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span


class StaticExtldflags(Rule[GoBuild]):
    """`-extldflags "-static"` in a build that takes part in coverage.

    Why: a published standard (DD-TEST-007 of the kubernaut project) forbids static linking in
    coverage builds. We measured it on Go 1.21 to 1.27, with CGO_ENABLED=0 and =1: **no data
    is lost**. With CGO_ENABLED=0 it does nothing, because the binary is static anyway.

    Instead: leave it out of coverage builds if you follow that standard; otherwise ignore
    this rule.

    Left out: the production branch of a conditional build. In a build that takes no part in
    coverage it is a notice, which never fails a run.

    Fix: safe where the build is for coverage alone and the command says CGO_ENABLED=0, so that the
    binary stays as it is; unsafe where production is built by the same line, or cgo may make
    the binary need libraries that its image has not. None where cgo is on or the linker external.
    """

    code = "COV109"
    name = "static-extldflags"
    severity = Severity.WARNING
    evidence = Evidence.REFUTED
    since = "0.1.0"
    source = "DD-TEST-007; facts, part B"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        if build.in_production_branch:
            return
        for flag in build.all_flags:
            static = static_link(flag)
            if static is not None:
                yield self.diagnostic(
                    static.span,
                    '-extldflags "-static" is not needed for coverage; DD-TEST-007 forbids it in '
                    "coverage builds (it loses no data: measured on Go 1.21 to 1.27)",
                    severity=None if build.takes_part else Severity.NOTICE,
                    fix=self.without(build, static.removal),
                )

    def without(self, build: GoBuild, removal: Span) -> Fix:
        """Without cgo nothing changes; with it, a binary that was static needs its libraries."""
        title = "Remove -extldflags -static"
        cgo = dict(build.environment).get("CGO_ENABLED")
        external = any("-linkmode" in (flag.value or "") for flag in build.all_flags)
        if cgo == "1" or external:
            return Fix(f"{title}, where no static binary is wanted", Applicability.DISPLAY)
        fix = simplified(build, title, (removal,))
        if cgo != "0" and fix.applicability is Applicability.SAFE:
            fix = replace(fix, applicability=Applicability.UNSAFE)
        return fix

    VALID = (
        Valid("FROM golang:1.24\nCOPY . .\nRUN go build -cover -ldflags '-s -w' -o /app .\n"),
        Valid(
            "FROM golang:1.24\nCOPY . .\nRUN go build -cover -ldflags '-extldflags -lm' -o /app .\n"
        ),
    )
    INVALID = (
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN go build -cover «-ldflags '-extldflags \"-static\"'» -o /app .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /app .\n",
            safe=False,  # of cgo nothing is said
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN CGO_ENABLED=0 go build -cover «-ldflags '-extldflags \"-static\"'» -o /app .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN CGO_ENABLED=0 go build -cover -o /app .\n",
            safe=True,
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN CGO_ENABLED=1 go build -cover «-ldflags '-extldflags \"-static\"'» -o /app .\n",
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN go build -cover -ldflags '-linkmode external «-extldflags -static»' -o /app .\n",
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN go build -cover -ldflags=\"-s -w «-extldflags '-static'» -X main.v=${V}\" .\n",
            fixed="FROM golang:1.24\nCOPY . .\n"
            'RUN go build -cover -ldflags="-s -w -X main.v=${V}" .\n',
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN go build -cover -ldflags '-w -extldflags \"«-static» -lm\"' .\n",
            fixed="FROM golang:1.24\nCOPY . .\n"
            "RUN go build -cover -ldflags '-w -extldflags \"-lm\"' .\n",
        ),
        Invalid(
            "FROM golang:1.24\nENV GOFLAGS=\"-cover «'-ldflags=-extldflags=-static'»\"\nCOPY . .\n"
            "RUN go build .\n",
            fixed='FROM golang:1.24\nENV GOFLAGS="-cover"\nCOPY . .\nRUN go build .\n',
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN go build -ldflags '-w «-extldflags \"-static\"»' -o /app .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build -ldflags '-w' -o /app .\n",
            severity=Severity.NOTICE,
            safe=False,
        ),
    )
