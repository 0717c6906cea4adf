from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity, Symptom
from covlint.facts.dockerfile.base_images import go_version
from covlint.facts.dockerfile.build import GoBuild
from covlint.rule import Invalid, Rule, Valid

_WORD = re.compile(r"(?:^|,)(nocoverageredesign)(?=,|$)")


class DisabledRedesign(Rule[GoBuild]):
    """`GOEXPERIMENT=nocoverageredesign` switches off the coverage of programs.

    Why: the experiment of that name is what `go build -cover` rests on. Without it, Go up to
    1.24 builds a binary that is not instrumented and says nothing; from Go 1.25 on the name
    is unknown, and the build fails.

    Instead: remove the word from GOEXPERIMENT.

    Left out: builds that take no part in coverage, and those for which the variable is set
    anew or emptied.
    """

    code = "COV116"
    name = "disabled-redesign"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part G: measured on Go 1.24 and 1.25"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        experiment = build.experiment
        if not build.takes_part or build.in_production_branch or experiment is None:
            return
        word = experiment.word
        match = _WORD.search(word.shape) if word is not None else None
        if word is None or match is None:
            return
        version = go_version(build.base)
        if version is None:
            outcome = "no coverage up to Go 1.24, no build from 1.25 on"
        elif version < (1, 25):
            outcome = f"Go {version[0]}.{version[1]} builds without instrumentation"
        else:
            outcome = f"Go {version[0]}.{version[1]} does not know it and the build fails"
        start, end = match.span(1)
        if word.shape[end : end + 1] == ",":
            end += 1
        elif start:
            start -= 1
        removal = word.span_of(start, end)
        alone = removal is not None and end - start == len(word.shape) and build.holds('"')
        # `ENV GOEXPERIMENT` without a value is no instruction
        edit = Edit(word.span, b'""') if alone else Edit(removal, b"") if removal else None
        named = word.span_of(*match.span(1)) or word.span
        yield self.diagnostic(
            named,
            f"nocoverageredesign switches coverage off: {outcome}",
            fix=Fix("Remove nocoverageredesign", Applicability.SAFE, (edit,))
            if edit is not None
            else None,
        )

    VALID = (
        Valid(
            "FROM golang:1.24\nENV GOEXPERIMENT=boringcrypto\nCOPY . .\nRUN go build -cover .\n",
        ),
        Valid(
            "FROM golang:1.24\nENV GOEXPERIMENT=nocoverageredesign\nCOPY . .\nRUN go build .\n",
            "no coverage here",
        ),
        Valid(
            "FROM golang:1.24\nENV GOEXPERIMENT=nocoverageredesign\nCOPY . .\n"
            "RUN GOEXPERIMENT= go build -cover .\n",
            "undone for this build",
        ),
    )
    INVALID = (
        Invalid(
            "FROM golang:1.24\nENV GOEXPERIMENT=«nocoverageredesign»\nCOPY . .\n"
            "RUN go build -cover -o /till .\n",
            fixed='FROM golang:1.24\nENV GOEXPERIMENT=""\nCOPY . .\n'
            "RUN go build -cover -o /till .\n",
            message="Go 1.24 builds without instrumentation",
            safe=True,
        ),
        Invalid(
            "FROM golang:1.26\nARG GOEXPERIMENT=boringcrypto,«nocoverageredesign»,jsonv2\nCOPY . .\n"
            "RUN go build -cover -o /till .\n",
            fixed="FROM golang:1.26\nARG GOEXPERIMENT=boringcrypto,jsonv2\nCOPY . .\n"
            "RUN go build -cover -o /till .\n",
            message="the build fails",
        ),
        Invalid(
            {
                "Makefile": "till:\n\tGOEXPERIMENT=«nocoverageredesign» go build -cover -o till .\n",
            },
            fixed={"Makefile": 'till:\n\tGOEXPERIMENT="" go build -cover -o till .\n'},
            message="no coverage up to Go 1.24",
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\n"
            "RUN export GOEXPERIMENT=jsonv2,«nocoverageredesign» && go build -cover -o /till .\n",
            fixed="FROM golang:1.24\nCOPY . .\n"
            "RUN export GOEXPERIMENT=jsonv2 && go build -cover -o /till .\n",
        ),
    )
