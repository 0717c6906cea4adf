from __future__ import annotations

import posixpath
from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Evidence, Fix, Severity, Symptom
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.image import output_name
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Word
from covlint.wiring import Chain


class RemoteInstall(Rule[Chain]):
    """The service is installed by `go install package@version`, which is never instrumented.

    Why: with a version, Go builds the package outside of any module and leaves `-cover` out,
    whether it comes from GOFLAGS or from the command line, and whatever `-coverpkg` says.
    Nothing tells.

    Instead: copy or check out the source, and build it with `go build -cover` inside its
    module.

    Left out: tools that are installed so in a builder stage, as long as the container does
    not start them; a debugger that starts the service is such a tool.
    """

    code = "COV111"
    name = "remote-install"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part A: GOFLAGS=-cover with any -coverpkg (Go 1.19 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if not (chain.takes_part or chain.program):
            return
        for build in chain.builds:
            package = self.remote(build)
            if package is None or not self.runs(chain, output_name(build)):
                continue
            yield self.diagnostic(
                package.span,
                f"go install {package.text} builds without instrumentation, whatever the "
                f"flags say: {chain.service} writes no coverage data",
                fix=Fix(
                    "Check the source out at this version and build it with go build -cover",
                    Applicability.DISPLAY,
                ),
            )

    def remote(self, build: GoBuild) -> Word | None:
        if build.subcommand != "install" or len(build.packages) != 1:
            return None
        package = build.packages[0]
        literal = package.literal or ""
        return Word(literal, package.span) if "@" in literal else None

    def runs(self, chain: Chain, name: str | None) -> bool:
        """Whether the program of that name is what the container, image or script starts."""
        if chain.program is not None:
            return name is not None and name == chain.program.operands[0]
        if chain.container is not None and chain.container.command is not None:
            texts = [word.text for word in chain.container.command]
        elif chain.image is None or chain.image.process is None:
            return False
        else:
            process = chain.image.process
            texts = [word.text for word in process.argv]
            texts += [w.literal or "" for command in process.commands for w in command.words[:2]]
        started = {posixpath.basename(text) for text in texts}
        # `dlv exec /manager`: what a debugger or a wrapper starts is the service
        others = {output_name(b) for b in chain.builds if self.remote(b) is None}
        return name in started and not started & others

    VALID = (
        Valid(
            "FROM golang:1.24 AS build\nENV GOFLAGS=-cover\n"
            "RUN go install github.com/grpc-ecosystem/grpc-health-probe@v0.4.24\n"
            "COPY . /src\nWORKDIR /src\nRUN go build -o /till ./cmd/till\n"
            "FROM debian:12\nCOPY --from=build /till /till\n"
            "COPY --from=build /go/bin/grpc-health-probe /usr/bin/\n"
            'ENV GOCOVERDIR=/tmp\nENTRYPOINT ["/till"]\n',
            "a tool, not the service",
        ),
        Valid(
            "FROM golang:1.24\nENV GOFLAGS=-cover\nCOPY . /src\nWORKDIR /src\n"
            "RUN go build -o /till ./cmd/till\n"
            "RUN go install github.com/go-delve/delve/cmd/dlv@latest\n"
            'ENV GOCOVERDIR=/tmp\nCMD ["/go/bin/dlv", "exec", "/till"]\n',
            "a debugger that starts the service",
        ),
        Valid(
            "FROM golang:1.24 AS build\nRUN go install example.com/till/cmd/till@v1.2.3\n"
            'FROM debian:12\nCOPY --from=build /go/bin/till /till\nENTRYPOINT ["/till"]\n',
            "no coverage here",
        ),
        Valid(
            "FROM golang:1.24 AS build\nCOPY . /src\nWORKDIR /src\nRUN go install -cover ./cmd/till\n"
            "FROM debian:12\nCOPY --from=build /go/bin/till /till\nENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/till"]\n',
            "a local package",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e.sh": "#!/bin/sh\nGOFLAGS=-cover go install «example.com/till/cmd/till@v1.2.3»\n"
                "GOCOVERDIR=cov till &\npid=$!\ngo test ./e2e\nkill $pid\n",
            },
            message="till writes no coverage data",
        ),
        Invalid(
            "FROM golang:1.24 AS build\n"
            "RUN GOFLAGS=-cover go install «example.com/till/cmd/till@v1.2.3»\n"
            "FROM debian:12\nCOPY --from=build /go/bin/till /till\nENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/till"]\n',
            message="builds without instrumentation",
        ),
        Invalid(
            "FROM golang:1.24\nARG VERSION=v2.0.1\n"
            "RUN go install -cover -coverpkg=./... «example.com/till/v2@latest»\n"
            'ENV GOCOVERDIR=/tmp\nCMD ["till", "serve"]\n',
        ),
    )
