from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity, Symptom
from covlint.facts.dockerfile.build import GoBuild, names_files
from covlint.facts.dockerfile.flags import Flag
from covlint.facts.quoting import is_plain
from covlint.rule import Invalid, Rule, Valid

_MODULE = {
    "go.mod": "module example.com/till\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
    "internal/cart/cart.go": "package cart\n",
}


_WORKSPACE = {
    "go.work": "go 1.24\n\nuse (\n\t./till\n\t./lib\n\t./other\n)\n",
    "lib/go.mod": "module example.com/lib\n",
    "lib/money/money.go": "package money\n\nfunc Add() {}\n",
    "other/go.mod": "module example.com/other\n",
    "till/go.mod": "module example.com/till\n",
    "till/main.go": 'package main\n\nimport "example.com/lib/money"\n\n'
    "func main() { money.Add() }\n",
}
_ALL = "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nWORKDIR /src/till\n"


class NarrowedCoverpkg(Rule[GoBuild]):
    """`-coverpkg=./...` runs below the module's root and leaves most of the module out.

    Why: the pattern counts from the directory in which the build runs. Without `-coverpkg`
    every package of the module is instrumented; with it only those below that directory are.
    The report then shows high numbers for a few packages, and nothing of the others.

    In a workspace (go.work) Go instruments all of its modules, and the pattern narrows that to
    one of them: said where the program is made of packages of the others.

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
    source = "facts, parts A and B2: -coverpkg=./... run from cmd/app, go.work (Go 1.21 to 1.27)"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        site = build.site
        if build.in_production_branch or site is None or site.module is None:
            return
        module = site.module
        if site.directory is None:
            return
        if site.directory == module.directory and not site.workspace:
            return
        flag = next((f for f in reversed(build.all_flags) if f.name == "coverpkg"), None)
        if flag is None or flag.opaque or flag.value_span is None:
            return
        patterns = (flag.value or "").split(",")
        # other patterns say that somebody has chosen
        if set(patterns) != {"./..."}:
            return
        message = (
            f"./... counts from {site.directory}: of module {module.module_path}, only the "
            "packages below that directory are instrumented"
        )
        if site.directory == module.directory:
            message = (
                f"./... stays in module {module.module_path}: of the workspace, "
                f"{', '.join(site.workspace)} would be instrumented without it"
            )
        yield self.diagnostic(
            flag.value_span,
            message,
            fix=self.widened(build, flag, (module.module_path, *site.workspace)),
        )

    def widened(self, build: GoBuild, flag: Flag, modules: tuple[str, ...]) -> Fix | None:
        span = flag.part_span(0, len(flag.value or ""))
        # patterns by import path miss the main package of a build of files
        if span is None or any(names_files(word.literal) for word in build.packages):
            return Fix("Leave -coverpkg out", Applicability.DISPLAY)
        wanted = ",".join(f"{module}/..." for module in modules)
        if not is_plain(wanted):
            return None
        return Fix(f"Instrument {wanted}", Applicability.SAFE, (Edit(span, wanted.encode()),))

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
        Valid(
            {
                **_WORKSPACE,
                "till/main.go": "package main\n\nfunc main() {}\n",
                "Dockerfile": _ALL + "RUN go build -coverpkg=./... -o /till .\n",
            },
            "nothing of the workspace's other modules is used",
        ),
        Valid(
            {
                **_WORKSPACE,
                "Dockerfile": _ALL + "RUN GOWORK=off go build -coverpkg=./... -o /till .\n",
            },
            "without the workspace",
        ),
        Valid(
            {
                **_WORKSPACE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY till/go.mod ./\n"
                "COPY till .\nRUN go build -coverpkg=./... -o /till .\n",
            },
            "the go.work is not copied",
        ),
        Valid(
            {
                "go.work": "go 1.24\n\nuse (\n\t.\n\t./cmd/till\n)\n",
                "go.mod": "module example.com/till\n",
                "money/money.go": "package money\n\nfunc Add() {}\n",
                "cmd/till/go.mod": "module example.com/till/cmd/till\n",
                "cmd/till/main.go": 'package main\n\nimport "example.com/till/money"\n\n'
                "func main() { money.Add() }\n",
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -cover -coverpkg=./... -o /till ./cmd/till\n",
            },
            "the pattern takes in the modules of the workspace below",
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
        Invalid(
            {
                **_WORKSPACE,
                "Dockerfile": _ALL + "RUN go build -cover -coverpkg=«./...» -o /till .\n",
            },
            fixed=_ALL + "RUN go build -cover -coverpkg=example.com/till/...,example.com/lib/..."
            " -o /till .\n",
            message="of the workspace, example.com/lib would be instrumented",
            safe=True,
        ),
        Invalid(
            {
                **_WORKSPACE,
                "Makefile": "till:\n\tcd till && go build -coverpkg=«./...» -o ../till.bin .\n",
            },
            fixed={
                "Makefile": "till:\n\tcd till && go build "
                "-coverpkg=example.com/till/...,example.com/lib/... -o ../till.bin .\n"
            },
        ),
    )
