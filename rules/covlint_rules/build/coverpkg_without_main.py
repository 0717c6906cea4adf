from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity, Symptom
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.coverpkg import PackageTarget, matches_main, renamed, target_of
from covlint.facts.dockerfile.flags import Flag
from covlint.facts.quoting import is_plain
from covlint.rule import Invalid, Rule, Valid

_MODULE = {
    "go.mod": "module example.com/till\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
}


class CoverpkgWithoutMain(Rule[GoBuild]):
    """`-coverpkg` leaves the main package out.

    Why: it is the instrumented main package that writes the files. When no pattern of
    `-coverpkg` matches it, the program runs, says nothing, not even that GOCOVERDIR is unset,
    and leaves no file. A list with spaces is one pattern that matches nothing at all.

    Instead: add the main package to the list (`-coverpkg=./internal/...,./cmd/till`), or
    write `-coverpkg=./...` at the root of the module. Separate patterns with commas.

    Left out: lists with a variable in them, and builds whose main package or module is not
    seen.
    """

    code = "COV105"
    name = "coverpkg-without-main"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part A: no files, no message, exit 0 (Go 1.21 to 1.27)"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        if build.in_production_branch:
            return
        flag = next((f for f in reversed(build.all_flags) if f.name == "coverpkg"), None)
        if flag is None or not flag.value or flag.opaque or flag.value_span is None:
            return
        if len(flag.value.split()) > 1:
            yield self.diagnostic(
                flag.value_span,
                "-coverpkg takes a list with commas; with spaces it is one pattern that matches "
                "no package, and nothing is instrumented",
                fix=self.rewritten(flag, ",".join(flag.value.replace(",", " ").split())),
            )
            return
        target = target_of(build)
        if target is None:
            return
        patterns = [pattern for pattern in flag.value.split(",") if pattern]
        verdicts = [matches_main(pattern, target) for pattern in patterns]
        if None in verdicts or True in verdicts:
            return
        yield self.diagnostic(
            flag.value_span,
            f"-coverpkg={flag.value} does not match the main package ({target.shown}): the "
            "binary will write no coverage files and say nothing",
            fix=self.with_main(flag, patterns, target, build),
        )

    def with_main(
        self, flag: Flag, patterns: list[str], target: PackageTarget, build: GoBuild
    ) -> Fix | None:
        if target.file_argument:
            return Fix("Build the package instead of the file", Applicability.DISPLAY)
        module = build.site.module if build.site is not None else None
        present = renamed(patterns, module) if module is not None else None
        return self.rewritten(flag, ",".join(present or [*patterns, target.pattern]))

    def rewritten(self, flag: Flag, value: str) -> Fix | None:
        span = flag.part_span(0, len(flag.value or ""))
        if span is None or not is_plain(value):
            return None
        return Fix(f"Write -coverpkg={value}", Applicability.SAFE, (Edit(span, value.encode()),))

    VALID = (
        Valid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -coverpkg=./... -o /till ./cmd/till\n",
            }
        ),
        Valid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -coverpkg=example.com/till/internal/...,example.com/till/cmd/... ./cmd/till\n",
            }
        ),
        Valid(
            "FROM golang:1.24\nCOPY . .\nRUN go build -coverpkg=$PACKAGES ./cmd/till\n",
            "the list is not seen",
        ),
        Valid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -coverpkg=./... -o /till ./cmd/till\n",
                "Makefile": "e2e:\n\tdocker build --build-arg GOFLAGS=-coverpkg=./internal/... .\n",
            },
            "the flag of the command line wins over that of GOFLAGS",
        ),
    )
    INVALID = (
        Invalid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -o /till ./cmd/till\n",
                ".github/workflows/e2e.yaml": "jobs:\n  e2e:\n    steps:\n      - run: |\n"
                '          docker build --build-arg GOFLAGS="-cover -coverpkg=«./internal/...»" .\n',
            },
            fixed={
                ".github/workflows/e2e.yaml": "jobs:\n  e2e:\n    steps:\n      - run: |\n"
                '          docker build --build-arg GOFLAGS="-cover '
                '-coverpkg=./internal/...,./cmd/till" .\n'
            },
            message="does not match the main package",
            safe=True,
        ),
        Invalid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -cover -coverpkg=«./internal/...» -o /till ./cmd/till\n",
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
            "RUN go build -cover -coverpkg=./internal/...,./cmd/till -o /till ./cmd/till\n",
            safe=True,
            example=True,
        ),
        Invalid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                'RUN go build -coverpkg «"./cmd/... ./internal/..."» ./cmd/till\n',
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
            'RUN go build -coverpkg "./cmd/...,./internal/..." ./cmd/till\n',
        ),
        Invalid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -coverpkg=«example.com/old/...» ./cmd/till\n",
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
            "RUN go build -coverpkg=example.com/till/... ./cmd/till\n",
            message="does not match the main package",
        ),
        Invalid(
            {
                **_MODULE,
                "go.mod": "module example.com/till\n\nrequire example.com/lib v1.0.0\n",
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -coverpkg=«example.com/lib/...,example.com/old/internal/a,example.com/old/internal/b/...» ./cmd/till\n",
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
            "RUN go build -coverpkg=example.com/lib/...,example.com/till/... ./cmd/till\n",
        ),
        Invalid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -coverpkg=«example.com/till/...» ./cmd/till/main.go\n",
            },
            message="command-line-arguments",
        ),
    )
