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
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.covermode import CoverMode, covermode_of
from covlint.facts.golang.snapshots import Snapshot
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Chain

_FILES = {
    "go.mod": "module example.com/till\n\ngo 1.24\n",
    "main.go": 'package main\n\nimport "runtime/coverage"\n\nfunc main() {\n'
    '\tif err := coverage.WriteCountersDir("/coverdata"); err != nil {\n\t\tpanic(err)\n\t}\n}\n',
}
_DOCKERFILE = "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN go build {} -o /till .\nCMD /till\n"


class NonAtomicSnapshot(Rule[Chain]):
    """The program takes snapshots of its counters, and was not built with `-covermode=atomic`.

    Why: `coverage.WriteCounters`, `WriteCountersDir` and `ClearCounters` fail in a binary
    that counts in mode `set` (the default) or `count`: `WriteCountersDir invoked for program
    built with -covermode=set`. The error is a return value, which programs tend to drop, so
    that the snapshot is missing without a word.

    Instead: build with `-covermode=atomic`, or with `-race`, which implies it.

    Left out: `WriteMeta…`, which works in any mode, files that the tags of the build exclude,
    and flags that are not seen. Where the program also ends on SIGTERM with GOCOVERDIR set,
    or only clears its counters, it is a warning: the data of the end is written all the same.

    Fix: safe where no release is made from this build; atomic counters cost a little speed.
    """

    code = "COV112"
    name = "non-atomic-snapshot"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.META_ONLY
    source = "facts, part A: WriteCounters and ClearCounters without atomic mode (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        main = chain.main
        part = chain.takes_part or chain.program is not None
        if not part or main is None or not main.snapshots:
            return
        for build in chain.builds:
            mode = covermode_of(build, chain.image_builds)
            snapshots = [one for one in main.snapshots if self.built_in(one, build)]
            if mode is None or mode.name not in {"set", "count"} or not snapshots:
                continue
            writes = [one for one in snapshots if one.function.startswith("Write")]
            # what a snapshot loses is still written when the program ends
            given = chain.coverdir is not None or chain.program is not None
            kept = given and main.handles_sigterm is True
            snapshot = (writes or snapshots)[0]
            yield self.diagnostic(
                mode.span if mode.flag is not None else self.head(build, mode),
                f"coverage.{snapshot.function} fails in a binary that is built with "
                f"-covermode={mode.name}: it needs -covermode=atomic",
                related=(Related(snapshot.span, "the snapshot"),),
                fix=self.atomic(build, mode, chain),
                severity=Severity.WARNING if kept or not writes else None,
            )

    def built_in(self, snapshot: Snapshot, build: GoBuild) -> bool:
        """Whether the file of the snapshot is part of the build, by its tags."""
        if not snapshot.tags:
            return True
        named = [flag.value or "" for flag in build.all_flags if flag.name == "tags"]
        return any(tag in snapshot.tags for tag in " ".join(named).replace(",", " ").split())

    def head(self, build: GoBuild, mode: CoverMode) -> Span:
        """``go build``, where nothing written decides the mode."""
        if mode.span != build.span:
            return mode.span
        return Span(build.span.path, build.span.start, build.after_subcommand)

    def atomic(self, build: GoBuild, mode: CoverMode, chain: Chain) -> Fix | None:
        """The flag of the command line wins over that of GOFLAGS."""
        title = "Build with -covermode=atomic"
        if mode.flag is not None and not mode.flag.from_goflags:
            span = mode.flag.part_span(0, len(mode.flag.value or ""))
            edit = Edit(span, b"atomic") if span is not None else None
        elif mode.span == build.span or mode.flag is not None:
            edit = build.with_flag("-covermode=atomic")
        else:
            edit = None  # a build argument: how it is quoted is not seen
        if edit is None:
            return Fix("Pass -covermode=atomic along with -cover", Applicability.DISPLAY)
        safe = Applicability.UNSAFE if chain.feeds_production else Applicability.SAFE
        return Fix(title, safe, (edit,))

    VALID = (
        Valid({**_FILES, "Dockerfile": _DOCKERFILE.format("-cover -covermode=atomic")}),
        Valid({**_FILES, "Dockerfile": _DOCKERFILE.format("-cover -race")}, "-race is atomic"),
        Valid({**_FILES, "Dockerfile": _DOCKERFILE.format("")}, "no coverage here"),
        Valid({**_FILES, "Dockerfile": _DOCKERFILE.format("-cover $MODE")}, "flags not seen"),
        Valid(
            {
                **_FILES,
                "main.go": "package main\n\nfunc main() {}\n",
                "cover.go": "//go:build snapshots\n\n" + _FILES["main.go"].replace("main()", "s()"),
                "Dockerfile": _DOCKERFILE.format("-cover"),
            },
            "a file that this build leaves out",
        ),
        Valid(
            {
                **_FILES,
                "main.go": _FILES["main.go"].replace("WriteCountersDir", "WriteMetaDir"),
                "Dockerfile": _DOCKERFILE.format("-cover"),
            },
            "meta data may be written in any mode",
        ),
        Valid(
            {
                **_FILES,
                "Dockerfile": "FROM golang:1.24\nARG COVERAGE\nWORKDIR /src\nCOPY . .\n"
                'RUN if [ "$COVERAGE" = 1 ]; then go build -o /till .; else go build -o /till .; fi\n'
                'ENV GOCOVERDIR=/tmp\nCMD ["/till"]\n',
            },
            "the coverage branch lacks -cover: COV101",
        ),
    )
    INVALID = (
        Invalid(
            {
                **_FILES,
                "e2e.sh": "#!/bin/sh\n«go build» -cover -o till .\nGOCOVERDIR=cov ./till &\n"
                "pid=$!\nkill -USR1 $pid\nkill $pid\n",
            },
            fixed={
                "e2e.sh": "#!/bin/sh\ngo build -covermode=atomic -cover -o till .\n"
                "GOCOVERDIR=cov ./till &\npid=$!\nkill -USR1 $pid\nkill $pid\n",
            },
            safe=True,
        ),
        Invalid(
            {
                **_FILES,
                "Dockerfile": _DOCKERFILE.format("-cover").replace("go build", "«go build»"),
            },
            fixed=_DOCKERFILE.format("-covermode=atomic -cover"),
            message="-covermode=set: it needs -covermode=atomic",
            safe=True,
        ),
        Invalid(
            {**_FILES, "Dockerfile": _DOCKERFILE.format("-cover «-covermode=count»")},
            fixed=_DOCKERFILE.format("-cover -covermode=atomic"),
        ),
        Invalid(
            {
                **_FILES,
                "main.go": _FILES["main.go"].replace('WriteCountersDir("/c")', "ClearCounters()"),
                "Dockerfile": _DOCKERFILE.replace("CMD", "ENV GOFLAGS=-cover\nCMD").format(
                    "-tags netgo «-covermode count»"
                ),
            },
            fixed=_DOCKERFILE.replace("CMD", "ENV GOFLAGS=-cover\nCMD").format(
                "-tags netgo -covermode atomic"
            ),
        ),
    )
