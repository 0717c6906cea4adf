from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

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
from covlint.facts.commands.collecting import Input
from covlint.facts.commands.data_steps import arrival
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.quoting import is_plain
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Collection
from covlint.wiring.episodes import below_copied

#: A file that was put somewhere below the directory: its path, None where its end is not seen.
_Place = tuple[str | None, Span]
_IMAGE = "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\nENV GOCOVERDIR=/var/cov\n"
_RUN = (
    "#!/bin/sh\ndocker build -t till:cov .\ndocker run -d --name till till:cov\n"
    "docker stop till\nmkdir -p out\ndocker cp till:/var/cov out\n"
    "go tool covdata percent -i={}\n"
)


class NestedInput(Rule[Collection]):
    """`go tool covdata` is pointed at a directory whose data lies in sub-directories.

    Why: covdata reads the files of the directories that it is given, and nothing below them:
    `warning: no applicable files found in input directories`, exit code 0 and an empty
    report.

    Instead: name the sub-directories, separated by commas.

    Left out: directories into which anything that is not followed may put files (a container
    with mounts, `mv`, a copy of unknown content), and data that the same script has merged.

    Fix: safe where all sub-directories are written out in the script, unsafe where the directory
    is written by a variable; otherwise a `find` that lists them is shown.
    """

    code = "COV702"
    name = "nested-input"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NESTED
    source = "facts, parts A and D: files only in sub-directories (Go 1.21 to 1.27)"

    def check(self, collection: Collection) -> Iterator[Diagnostic]:
        written = {one.output for one in collection.covdata if one.output is not None}
        for command in collection.covdata:
            for one in command.inputs:
                if one.path is None or one.path in written or one.path == ".":
                    continue
                below = self.below(collection, one.path)
                if not below:
                    continue
                names = sorted({path for path, _ in below if path is not None})
                partly = len(names) < len({span for _, span in below})
                yield self.diagnostic(
                    one.value or command.span,
                    f"the data is in sub-directories of {one.text}, where go tool covdata does "
                    "not look: it finds no files, and exits with 0",
                    related=tuple(Related(span, "put below it here") for _, span in below[:3]),
                    fix=self.listed(one, [] if partly else names),
                )

    def below(self, collection: Collection, path: str) -> list[_Place]:
        """What is put into sub-directories of ``path``; nothing if any may be put into it."""
        found: list[_Place] = []
        for step in collection.all_steps:
            here = step.span.path == collection.path
            if here and self.moves(step, path):
                return []  # files may be moved up, or written by what is run
            if step.kind is not StepKind.COPY or step.inward:
                continue
            target = arrival(step, self.own_steps(collection, step))
            if target is None:
                return []
            if step in collection.steps:
                target = below_copied(step, target, collection.chains)
            nested = target.startswith(path + "/")
            if not nested and not (path + "/").startswith(target + "/"):
                continue
            if not nested or not here:
                return []
            found.append((target, step.span))
        for run in collection.commands:
            if run.kind != "run":
                continue
            value = run.inputs[0]
            own, prefix = value.path, posixpath.normpath(value.prefix or ".")
            if own is None and prefix != path and not prefix.startswith(path + "/"):
                return []
            if own is not None and not own.startswith(path + "/"):
                return []
            found.append((own, run.span))
        return found

    def own_steps(self, collection: Collection, step: Step) -> tuple[Step, ...]:
        """What the file does before it copies coverage data; nothing for other data."""
        paths = {path for chain in collection.chains for path in chain.data_paths}
        source = posixpath.normpath(step.source or ".")
        holds = any(f"{posixpath.normpath(p)}/".startswith(source.rstrip("/") + "/") for p in paths)
        if step not in collection.steps or not holds:
            return ()
        return collection.steps[: collection.steps.index(step)]

    def moves(self, step: Step, path: str) -> bool:
        """Whether a step may put files into ``path`` itself, in a way that is not followed."""
        if step.kind is StepKind.RUN_CONTAINER:
            return bool(step.mounts)
        return step.kind is StepKind.EDIT and any(
            operand is None or posixpath.basename(path) in operand for operand in step.operands
        )

    def listed(self, one: Input, names: Sequence[str]) -> Fix:
        if names and one.value is not None and one.text is not None:
            plain = one.value.end - one.value.start == len(one.text.encode())
            writable = all(map(is_plain, names))
            if writable and (plain or posixpath.normpath(one.text) == one.path):
                directories = ",".join(names)
                edit = Edit(one.value, directories.encode())
                # a variable may be given another value by whoever calls the script
                applied = Applicability.SAFE if plain else Applicability.UNSAFE
                return Fix(f"Name the sub-directories: {directories}", applied, (edit,))
        listing = f"$(find {one.text} -mindepth 1 -type d | paste -sd, -)"
        return Fix(f'Read each of them: -i="{listing}"', Applicability.DISPLAY)

    VALID = (
        Valid(
            {
                "cov.sh": "#!/bin/sh\nkubectl cp till-0:/coverdata coverdata\n"
                "go tool covdata percent -i=coverdata\n",
            }
        ),
        Valid(
            {
                "cov.sh": "#!/bin/sh\nkubectl cp till-0:/coverdata coverdata/till\n"
                "kubectl cp desk-0:/coverdata coverdata/desk\n"
                "go tool covdata percent -i=coverdata/till,coverdata/desk\n",
            }
        ),
        Valid(
            {
                "cov.sh": "#!/bin/sh\nkubectl cp till-0:/coverdata coverdata/till\n"
                "cp coverdata/till/* coverdata/\ngo tool covdata percent -i=coverdata\n",
            },
            "copied up",
        ),
        Valid(
            {
                "cov.sh": "#!/bin/sh\nGOCOVERDIR=coverdata ./till\n"
                "GOCOVERDIR=coverdata/desk ./desk\ngo tool covdata percent -i=coverdata\n",
            },
            "some of it is in the directory itself",
        ),
        Valid(
            {
                "Dockerfile": _IMAGE,
                "smoke.sh": _RUN.replace("/var/cov ", "/var/cov/. ").format("out"),
            },
            "what is in the directory is copied, not the directory",
        ),
        Valid(
            {
                "Dockerfile": _IMAGE,
                "smoke.sh": _RUN.replace("mkdir -p out", "rm -rf out").format("out"),
            },
            "the copy makes the directory",
        ),
        Valid(
            {
                "Dockerfile": _IMAGE,
                "smoke.sh": _RUN.replace("/var/cov ", "/var/. ").format("out/cov"),
            },
            "the directory of data in the one that is copied",
        ),
    )
    INVALID = (
        Invalid(
            {
                "cov.sh": "#!/bin/sh\nkubectl cp till-0:/coverdata coverdata/till\n"
                "kubectl cp desk-0:/coverdata coverdata/desk\n"
                "go tool covdata percent -i=«coverdata»\n",
            },
            fixed={
                "cov.sh": "#!/bin/sh\nkubectl cp till-0:/coverdata coverdata/till\n"
                "kubectl cp desk-0:/coverdata coverdata/desk\n"
                "go tool covdata percent -i=coverdata/desk,coverdata/till\n",
            },
            message="in sub-directories of coverdata",
            safe=True,
        ),
        Invalid(
            {
                "Makefile": "DATA := build/coverdata\ne2e:\n\tGOCOVERDIR=$(DATA)/$$name ./till\n"
                "\tgo tool covdata textfmt -i=«$(DATA)» -o cover.out\n",
            },
        ),
        Invalid(
            {
                "cov.sh": "#!/bin/sh\ndata=out/coverdata\nGOCOVERDIR=$data/till ./till\n"
                'GOCOVERDIR=$data/desk ./desk\ngo tool covdata percent -i=«"$data"»\n',
            },
            fixed={
                "cov.sh": "#!/bin/sh\ndata=out/coverdata\nGOCOVERDIR=$data/till ./till\n"
                "GOCOVERDIR=$data/desk ./desk\n"
                "go tool covdata percent -i=out/coverdata/desk,out/coverdata/till\n",
            },
            safe=False,
        ),
        Invalid(
            {
                "Dockerfile": _IMAGE,
                "smoke.sh": _RUN.format("«out»"),
            },
            fixed={"smoke.sh": _RUN.format("out/cov")},
            message="in sub-directories of out",
        ),
        Invalid(
            {
                "Dockerfile": _IMAGE,
                "smoke.sh": _RUN.replace("/var/cov ", "/var/. ").format("«out»"),
            },
            fixed={"smoke.sh": _RUN.replace("/var/cov ", "/var/. ").format("out/cov")},
            safe=True,
        ),
    )
