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
from covlint.facts.dockerfile.build import Instrumentation
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Chain


class UninstrumentedBuild(Rule[Chain]):
    """The image that runs with GOCOVERDIR is built without `-cover`.

    Why: only a binary that was built with `-cover` writes coverage data. Any other ignores
    GOCOVERDIR: no file, no warning, exit code 0.

    Instead: add `-cover` to the build, or pass it with GOFLAGS. `-coverpkg` and `-covermode`
    imply it.

    Left out: services that nothing gives GOCOVERDIR, and builds that a build argument or a
    branch can instrument: whether somebody passes the argument is COV117's question. A build
    line that is not seen (`RUN make`) is unknown.

    Fix: safe where the Dockerfile itself sets GOCOVERDIR and no release is made from it,
    since the image is then plainly for coverage; otherwise unsafe, because production may be
    built by the same line.
    """

    code = "COV101"
    name = "uninstrumented-build"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part A: a build without -cover writes no files (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if chain.coverdir is None or chain.image is None:
            return
        for build in chain.builds:
            if build.instrumentation is not Instrumentation.NO:
                continue
            place = build.after_subcommand
            only_coverage = chain.image.coverdir is not None and not chain.feeds_production
            yield self.diagnostic(
                Span(build.span.path, build.span.start, place),
                f"{chain.service} runs with GOCOVERDIR={chain.coverdir.text}, but this build has "
                "no -cover: the binary writes no coverage data",
                related=(Related(chain.coverdir.span, "GOCOVERDIR is set here"),),
                fix=Fix(
                    "Add -cover",
                    Applicability.SAFE if only_coverage else Applicability.UNSAFE,
                    (Edit(Span(build.span.path, place, place), b" -cover"),),
                ),
            )

    VALID = (
        Valid(
            """\
FROM golang:1.24 AS build
COPY . /src
WORKDIR /src
RUN go build -cover -o /till ./cmd/till
FROM debian:bookworm-slim
COPY --from=build /till /till
ENV GOCOVERDIR=/tmp
ENTRYPOINT ["/till"]
"""
        ),
        Valid(
            """\
FROM golang:1.24 AS build
COPY . /src
WORKDIR /src
RUN go build -o /till ./cmd/till
FROM debian:bookworm-slim
COPY --from=build /till /till
ENTRYPOINT ["/till"]
""",
            "nothing asks for coverage",
        ),
        Valid(
            """\
FROM golang:1.24 AS build
ARG GOFLAGS
COPY . /src
WORKDIR /src
RUN go build -o /till ./cmd/till
FROM debian:bookworm-slim
COPY --from=build /till /till
ENV GOCOVERDIR=/tmp
ENTRYPOINT ["/till"]
""",
            "a build argument can turn it on",
        ),
    )
    INVALID = (
        Invalid(
            """\
FROM golang:1.24 AS build
COPY . /src
WORKDIR /src
RUN CGO_ENABLED=0 «go build» -o /till ./cmd/till
FROM debian:bookworm-slim
COPY --from=build /till /till
ENV GOCOVERDIR=/tmp
ENTRYPOINT ["/till"]
""",
            fixed="""\
FROM golang:1.24 AS build
COPY . /src
WORKDIR /src
RUN CGO_ENABLED=0 go build -cover -o /till ./cmd/till
FROM debian:bookworm-slim
COPY --from=build /till /till
ENV GOCOVERDIR=/tmp
ENTRYPOINT ["/till"]
""",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": """\
FROM golang:1.24
WORKDIR /src
COPY . .
RUN «go build» -o /till ./cmd/till
ENTRYPOINT ["/till"]
""",
                "e2e/till.yaml": """\
apiVersion: v1
kind: Pod
metadata:
  name: till
spec:
  containers:
    - name: till
      image: till:e2e
      env:
        - name: GOCOVERDIR
          value: /coverdata
""",
            },
            fixed="""\
FROM golang:1.24
WORKDIR /src
COPY . .
RUN go build -cover -o /till ./cmd/till
ENTRYPOINT ["/till"]
""",
            safe=False,
        ),
    )
