from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Severity
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.conditional import simplified
from covlint.rule import Invalid, Rule, Valid


class InstallSuffix(Rule[GoBuild]):
    """`-installsuffix` in a build that takes part in coverage.

    Why: a published standard (DD-TEST-007 of the kubernaut project) forbids it in coverage
    builds. We measured it on Go 1.21 to 1.27: **no data is lost**. It named the folder of
    installed packages; since the build cache came with Go 1.10, it does nothing at all.

    Instead: leave it out.

    Left out: the production branch of a conditional build. In a build that takes no part in
    coverage it is a notice, which never fails a run.

    Fix: safe where the build is for coverage alone; unsafe where production is built by the
    same line.
    """

    code = "COV108"
    name = "install-suffix"
    severity = Severity.WARNING
    evidence = Evidence.REFUTED
    since = "0.1.0"
    source = "DD-TEST-007; facts, part B"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        if build.in_production_branch:
            return
        for flag in build.all_flags:
            if flag.name == "installsuffix" and flag.removal.start < flag.removal.end:
                yield self.diagnostic(
                    flag.span,
                    "-installsuffix does nothing since Go has a build cache; DD-TEST-007 forbids "
                    "it in coverage builds (it loses no data: measured on Go 1.21 to 1.27)",
                    severity=None if build.takes_part else Severity.NOTICE,
                    fix=simplified(build, "Remove -installsuffix", (flag.removal,)),
                )

    VALID = (Valid("FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /app .\n"),)
    INVALID = (
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN go build -cover «-installsuffix cgo» -o /app .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /app .\n",
            safe=True,
        ),
        Invalid(
            'FROM golang:1.24\nENV GOFLAGS="-cover «-installsuffix=nocgo»"\nCOPY . .\n'
            "RUN go build -o /app .\n",
            fixed='FROM golang:1.24\nENV GOFLAGS="-cover"\nCOPY . .\nRUN go build -o /app .\n',
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN go build \\\n  «-installsuffix 'static'» \\\n  -o /app .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build \\\n  -o /app .\n",
            severity=Severity.NOTICE,
            safe=False,
        ),
    )
