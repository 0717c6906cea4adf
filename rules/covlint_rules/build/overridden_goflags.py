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
from covlint.facts.dockerfile.build import COVER_FLAGS, GoBuild, GoFlagsSource, Instrumentation
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span


class OverriddenGoflags(Rule[GoBuild]):
    """A later GOFLAGS, or `-cover=false`, undoes the instrumentation.

    Why: GOFLAGS is one value, not a sum. An ENV wins over an ARG of the same name, and an
    assignment in front of the command wins over both; the `-cover` of the earlier value is
    gone. `-cover=false` on the command line wins over any GOFLAGS. The binary is not
    instrumented, and Go says nothing.

    Instead: merge the values, as in `GOFLAGS="$GOFLAGS -mod=vendor"`.

    Left out: builds that take no part in coverage, a later value that refers to `$GOFLAGS`,
    and the production branch of a conditional build.

    Fix: merging is safe inside one build command, and unsafe in an ENV, which later builds
    and the running container see as well. Removing `-cover=false` is unsafe: somebody has
    written it on purpose.
    """

    code = "COV104"
    name = "overridden-goflags"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part A: measured on Go 1.21 to 1.27"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        if not build.takes_part or build.instrumentation is not Instrumentation.NO:
            return
        for flag in build.flags:
            if flag.name == "cover" and not flag.enabled:
                yield self.diagnostic(
                    flag.span,
                    f"-cover={flag.value} turns the instrumentation off, whatever GOFLAGS says",
                    fix=Fix(
                        f"Remove -cover={flag.value}",
                        Applicability.UNSAFE,
                        (Edit(flag.removal, b""),),
                    ),
                )
                return
        for earlier, later in zip(build.goflags, build.goflags[1:], strict=False):
            if later.refers or later.settable or later.word is None or not self.carries(earlier):
                continue
            value = later.word
            yield self.diagnostic(
                value.span if value.parts else later.statement,
                f"GOFLAGS is set again here, which undoes the value that carries -cover "
                f"({'ENV wins over ARG' if later.kind == 'env' else 'the last value wins'})",
                related=(Related(earlier.statement, "the value that is lost"),),
                fix=self.merged(later, build),
            )
            return

    def carries(self, source: GoFlagsSource) -> bool:
        """Whether -cover may come by this value."""
        return source.settable is not None or any(f.name in COVER_FLAGS for f in source.flags)

    def merged(self, later: GoFlagsSource, build: GoBuild) -> Fix | None:
        text = later.word.literal if later.word is not None else None
        if not text or '"' in text or later.word is None or "$" in text:
            return None
        # in an ENV, $GOFLAGS is the ARG's value while the image is built
        span = Span(build.span.path, later.word.span.start, later.word.span.end)
        return Fix(
            f'Write GOFLAGS="$GOFLAGS {text}"',
            Applicability.UNSAFE if later.kind == "env" else Applicability.SAFE,
            (Edit(span, f'"$GOFLAGS {text}"'.encode()),),
        )

    VALID = (
        Valid("FROM golang:1.24\nENV GOFLAGS=-mod=vendor\nCOPY . .\nRUN go build -cover .\n"),
        Valid(
            "FROM golang:1.24\nARG GOFLAGS=-cover\nCOPY . .\n"
            'RUN GOFLAGS="$GOFLAGS -mod=mod" go build .\n'
        ),
        Valid(
            "FROM golang:1.24\nARG GOFLAGS\nENV GOFLAGS=-mod=vendor\nCOPY . .\nRUN go build .\n",
            "nothing says that this build is for coverage",
        ),
        Valid(
            'FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN if [ "$GOFLAGS" = "-cover" ]; then '
            "go build .; else GOFLAGS=-trimpath go build .; fi\n",
            "the production branch may say what it likes",
        ),
    )
    INVALID = (
        Invalid(
            "FROM golang:1.24\nARG GOFLAGS=-cover\nENV GOFLAGS=«-mod=vendor»\nCOPY . .\n"
            "RUN go build -o /app .\nENV GOCOVERDIR=/tmp\n",
            fixed='FROM golang:1.24\nARG GOFLAGS=-cover\nENV GOFLAGS="$GOFLAGS -mod=vendor"\n'
            "COPY . .\nRUN go build -o /app .\nENV GOCOVERDIR=/tmp\n",
            safe=False,
        ),
        Invalid(
            "FROM golang:1.24\nENV GOFLAGS=-cover\nCOPY . .\n"
            "RUN GOFLAGS=«'-mod=mod'» go build -o /app .\nENV GOCOVERDIR=/tmp\n",
            fixed="FROM golang:1.24\nENV GOFLAGS=-cover\nCOPY . .\n"
            'RUN GOFLAGS="$GOFLAGS -mod=mod" go build -o /app .\nENV GOCOVERDIR=/tmp\n',
            safe=True,
        ),
        Invalid(
            "FROM golang:1.24\nENV GOFLAGS=-cover\nCOPY . .\n"
            "RUN go build «-cover=false» -o /app .\nENV GOCOVERDIR=/tmp\n",
            fixed="FROM golang:1.24\nENV GOFLAGS=-cover\nCOPY . .\n"
            "RUN go build -o /app .\nENV GOCOVERDIR=/tmp\n",
        ),
    )
