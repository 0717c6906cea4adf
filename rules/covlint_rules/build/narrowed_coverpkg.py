from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity, Symptom
from covlint.facts.dockerfile.build import GoBuild, names_files
from covlint.facts.dockerfile.flags import Flag
from covlint.rule import Invalid, Rule, Valid

_MODULE = {
    "go.mod": "module example.com/till\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
    "internal/cart/cart.go": "package cart\n",
}


class NarrowedCoverpkg(Rule[GoBuild]):
    """`-coverpkg=./...` runs below the module's root and leaves most of the module out.

    Why: the pattern counts from the directory in which the build runs. Without `-coverpkg`
    every package of the module is instrumented; with it only those below that directory are.
    The report then shows high numbers for a few packages, and nothing of the others.

    Instead: name the module, as in `-coverpkg=example.com/till/...`, or leave the flag out.

    Left out: lists with further patterns, which somebody has chosen, builds whose directory
    is not seen, and modules of their own that lie below another.
    """

    code = "COV115"
    name = "narrowed-coverpkg"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.MAIN_MISSING
    source = "facts, part A: -coverpkg=./... run from cmd/app (Go 1.21 to 1.27)"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        site = build.site
        if build.in_production_branch or site is None or site.module is None:
            return
        module = site.module
        if site.directory is None or site.directory == module.directory:
            return
        flag = next((f for f in reversed(build.all_flags) if f.name == "coverpkg"), None)
        if flag is None or flag.opaque or flag.value_span is None:
            return
        patterns = (flag.value or "").split(",")
        # other patterns say that somebody has chosen
        if set(patterns) != {"./..."}:
            return
        yield self.diagnostic(
            flag.value_span,
            f"./... counts from {site.directory}: of module {module.module_path}, only the "
            "packages below that directory are instrumented",
            fix=self.widened(build, flag, module.module_path),
        )

    def widened(self, build: GoBuild, flag: Flag, module: str) -> Fix | None:
        span = flag.part_span(0, len(flag.value or ""))
        # patterns by import path miss the main package of a build of files
        if span is None or any(names_files(word.literal) for word in build.packages):
            return Fix("Leave -coverpkg out", Applicability.DISPLAY)
        edit = Edit(span, f"{module}/...".encode())
        return Fix(f"Instrument {module}/...", Applicability.SAFE, (edit,))

    VALID = (
        Valid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -coverpkg=./... -o /till ./cmd/till\n",
            },
            "at the module's root",
        ),
        Valid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN cd cmd/till && go build -coverpkg=./...,example.com/till/internal/... .\n",
            },
            "a list that somebody chose",
        ),
        Valid(
            {
                "till/go.mod": "module example.com/till\n",
                "till/main.go": "package main\n\nfunc main() {}\n",
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nWORKDIR /src/till\n"
                "RUN go build -coverpkg=./... -o /till .\n",
            },
            "the root of a module below",
        ),
    )
    INVALID = (
        Invalid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nWORKDIR /src/cmd/till\n"
                "RUN go build -cover -coverpkg=«./...» -o /till .\n",
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\nWORKDIR /src/cmd/till\n"
            "RUN go build -cover -coverpkg=example.com/till/... -o /till .\n",
            message="counts from cmd/till",
            safe=True,
        ),
        Invalid(
            {
                **_MODULE,
                "Makefile": "till:\n\tcd cmd && go build -cover -coverpkg «'./...'» ./till\n",
            },
            fixed={
                "Makefile": "till:\n\tcd cmd && go build -cover -coverpkg 'example.com/till/...'"
                " ./till\n",
            },
        ),
        Invalid(
            {
                **_MODULE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -C cmd/till -coverpkg=«./...» -o /till main.go\n",
            },
            message="only the packages below",
        ),
    )
