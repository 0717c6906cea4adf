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
from covlint.facts.commands.steps import BuildArgument
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.covermode import CoverMode, covermode_of
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Chain, SharedDirectory

_PODS = "".join(
    f"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n"
    f"    - name: {name}\n      image: {name}:e2e\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: data\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: data\n      hostPath:\n        path: /coverdata\n"
    for name in ("till", "desk")
)
_MAKEFILE = "images:\n" + "".join(
    f"\tdocker build -t {name}:e2e -f {name}.Dockerfile .\n" for name in ("till", "desk")
)


def _dockerfile(flags: str) -> str:
    return f'FROM golang:1.24\nCOPY . .\nRUN go build {flags} -o /app .\nCMD ["/app"]\n'


_ON_DEMAND = 'FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /app .\nCMD ["/app"]\n'


class MixedCovermodes(Rule[SharedDirectory]):
    """Images that write to one directory are built with different `-covermode`s.

    Why: `go tool covdata textfmt` stops at the first file of another mode (`counter mode
    clash`), so that there is no report. `percent`, `func` and a plain `merge` work and hide
    it. `-race` counts as `atomic`, no flag as `set`.

    Instead: build all of them with one mode, or convert with `go tool covdata merge
    -pcombine`, the one command that accepts such a directory.

    Left out: services whose directories differ on the node, builds whose mode is not seen,
    and projects that run `merge -pcombine`.

    Fix: safe where no release is made from the build that is changed. All are brought to
    `atomic` if one of them has it, else to `count`.
    """

    code = "COV113"
    name = "mixed-covermodes"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.MODE_CLASH
    source = "facts, part A: set and atomic in one directory, textfmt fails (Go 1.21 to 1.27)"

    def check(self, directory: SharedDirectory) -> Iterator[Diagnostic]:
        if any("-pcombine" in step.words for chain in directory.chains for step in chain.steps):
            return
        modes: list[tuple[Chain, GoBuild, CoverMode]] = []
        for chain in directory.chains:
            for build in chain.builds:
                mode = covermode_of(build, chain.image_builds)
                if mode is not None:
                    modes.append((chain, build, mode))
        names = {mode.name for _, _, mode in modes}
        if len(names) < 2:
            return
        wanted = "atomic" if "atomic" in names else "count"
        first = next(mode for _, _, mode in modes if mode.name == wanted)
        said: set[Span] = set()
        for chain, build, mode in modes:
            span = self.place(build, mode)
            if mode.name == wanted or span in said:
                continue
            said.add(span)
            yield self.diagnostic(
                span,
                f"{chain.service} counts in mode {mode.name}, and others that write to "
                f"{directory.path} in mode {wanted}: go tool covdata textfmt fails (counter mode "
                "clash)",
                related=(Related(first.span, f"mode {wanted}"),),
                fix=self.unified(build, mode, wanted, chain),
            )

    def place(self, build: GoBuild, mode: CoverMode) -> Span:
        if mode.span != build.span:
            return mode.span
        return Span(build.span.path, build.span.start, build.after_subcommand)

    def unified(self, build: GoBuild, mode: CoverMode, wanted: str, chain: Chain) -> Fix:
        title = f"Build with -covermode={wanted}"
        safe = Applicability.UNSAFE if chain.feeds_production else Applicability.SAFE
        if mode.flag is not None and not mode.flag.from_goflags:
            span = mode.flag.part_span(0, len(mode.flag.value or ""))
            if span is not None:
                return Fix(title, safe, (Edit(span, wanted.encode()),))
        elif mode.span == build.span or mode.flag is not None:
            added = build.with_flag(f"-covermode={wanted}")
            return Fix(title, safe, (added,)) if added else Fix(title, Applicability.DISPLAY)
        argument = next(
            (a for c in chain.image_builds for a in c.arguments if a.span == mode.span), None
        )
        edit = self.passed(argument, wanted) if argument is not None else None
        if edit is None:
            return Fix(title, Applicability.DISPLAY)
        return Fix(title, Applicability.SAFE, (edit,))

    def passed(self, argument: BuildArgument, wanted: str) -> Edit | None:
        """The mode behind the flags of a build argument, which is there for coverage alone."""
        word, value = argument.word, argument.value
        if word is None or value is None or "covermode" in value or word.literal != value:
            return None
        span = word.span_of(0, len(value))
        flags = f"{value} -covermode={wanted}"
        quoted = all(part.quoted for part in word.parts)
        return Edit(span, (flags if quoted else f"'{flags}'").encode()) if span else None

    VALID = (
        Valid(
            {
                "till.Dockerfile": _dockerfile("-cover -covermode=atomic"),
                "desk.Dockerfile": _dockerfile("-cover -race"),
                "Makefile": _MAKEFILE,
                "e2e/pods.yaml": _PODS,
            },
            "-race is atomic",
        ),
        Valid(
            {
                "till.Dockerfile": _dockerfile("-cover -covermode=atomic"),
                "desk.Dockerfile": _dockerfile("-cover"),
                "Makefile": _MAKEFILE,
                "e2e/pods.yaml": _PODS.replace("path: /coverdata", "path: /coverdata/till", 1),
            },
            "each has its own directory",
        ),
        Valid(
            {
                "till.Dockerfile": _dockerfile("-cover -covermode=atomic"),
                "desk.Dockerfile": _dockerfile("-cover"),
                "Makefile": _MAKEFILE
                + "report:\n\tgo tool covdata merge -pcombine -i=coverdata -o merged\n",
                "e2e/pods.yaml": _PODS,
            },
            "merge -pcombine takes them",
        ),
    )
    INVALID = (
        Invalid(
            {
                "till.Dockerfile": _dockerfile("-cover -covermode=atomic"),
                "desk.Dockerfile": _dockerfile("-cover").replace("go build", "«go build»"),
                "Makefile": _MAKEFILE,
                "e2e/pods.yaml": _PODS,
            },
            fixed={"desk.Dockerfile": _dockerfile("-covermode=atomic -cover")},
            message="desk counts in mode set",
            safe=True,
        ),
        Invalid(
            {
                "till.Dockerfile": _dockerfile("-cover «-covermode=set»"),
                "desk.Dockerfile": _dockerfile("-cover -covermode=count"),
                "Makefile": _MAKEFILE,
                "e2e/pods.yaml": _PODS,
            },
            fixed={"till.Dockerfile": _dockerfile("-cover -covermode=count")},
        ),
        Invalid(
            {
                "till.Dockerfile": _dockerfile("-cover -covermode=atomic"),
                "desk.Dockerfile": _ON_DEMAND,
                "Makefile": _MAKEFILE.replace("desk:e2e", "desk:e2e --build-arg «GOFLAGS=-cover»"),
                "e2e/pods.yaml": _PODS,
            },
            fixed={
                "Makefile": _MAKEFILE.replace(
                    "desk:e2e", "desk:e2e --build-arg GOFLAGS='-cover -covermode=atomic'"
                )
            },
            safe=True,
        ),
        Invalid(
            {
                "e2e.sh": "#!/bin/sh\nrm -rf cov\nmkdir -p cov/a cov/b\n"
                "go build -cover -race -o bin/a ./cmd/a\n«go build» -cover -o bin/b ./cmd/b\n"
                "GOCOVERDIR=cov/a ./bin/a & a=$!\nGOCOVERDIR=cov/b ./bin/b & b=$!\n"
                "go test ./e2e\nkill $a $b\nwait\n"
                "go tool covdata textfmt -i=cov/a,cov/b -o cov.txt\n",
            },
            fixed={
                "e2e.sh": "#!/bin/sh\nrm -rf cov\nmkdir -p cov/a cov/b\n"
                "go build -cover -race -o bin/a ./cmd/a\n"
                "go build -covermode=atomic -cover -o bin/b ./cmd/b\n"
                "GOCOVERDIR=cov/a ./bin/a & a=$!\nGOCOVERDIR=cov/b ./bin/b & b=$!\n"
                "go test ./e2e\nkill $a $b\nwait\n"
                "go tool covdata textfmt -i=cov/a,cov/b -o cov.txt\n",
            },
            message="b counts in mode set",
        ),
    )
