from __future__ import annotations

import posixpath
from collections.abc import Iterator

from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Evidence,
    Fix,
    Related,
    Severity,
    Symptom,
)
from covlint.facts.commands.collecting import DataCommand, Input
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.dockerfile.build import mentions_cover
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Collection


class StaleData(Rule[Collection]):
    """A data directory is filled again and again, and nothing ever clears it.

    Why: each run adds its files to those of former builds. covdata takes them all without any
    error: blocks of old and new source are mixed, and the numbers are wrong.

    Instead: remove the directory before each run, or use a new one (`mktemp -d`).

    Left out: CI jobs, which start from a clean checkout, directories that any target or
    script clears, and scripts that build nothing.
    """

    code = "COV704"
    name = "stale-data"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.STALE
    source = "facts, part B2: a rebuilt binary and stale files in one directory (Go 1.21, 1.27)"

    def check(self, collection: Collection) -> Iterator[Diagnostic]:
        if collection.path.endswith((".yml", ".yaml")):
            return  # a CI job starts from a clean checkout
        build = next(iter(collection.builds), None)
        images = [
            one
            for one in collection.image_builds
            if any(mentions_cover(argument.value) for argument in one.arguments)
        ]
        built = build.command if build is not None else images[0].span if images else None
        if built is None or any("rsync" in (s.words[:1] or ()) for s in collection.steps):
            return
        merged = {one.output for one in collection.covdata}
        for command in collection.covdata:
            for one, path in _directories(command):
                if path in merged or path.startswith("/") or path == ".":
                    continue
                filled = self.filled(collection, path)
                if not filled or any(self.clears(step, path) for step in collection.all_steps):
                    continue
                yield self.diagnostic(
                    one.value or command.span,
                    f"nothing ever clears {path}: the data of former builds stays there, and the "
                    "numbers are wrong without any error",
                    related=(Related(built, "each run builds anew"),),
                    fix=Fix(
                        f"Before the program runs: rm -rf {path} && mkdir -p {path}",
                        Applicability.DISPLAY,
                    ),
                )
                return

    def filled(self, collection: Collection, path: str) -> bool:
        """Whether this file makes data go there: by GOCOVERDIR, or by a copy."""
        runs = (one for run in collection.commands if run.kind == "run" for one in run.inputs)
        copies = (step for step in collection.steps if step.kind is StepKind.COPY)
        return any(one.path == path for one in runs) or any(
            step.destination is not None and posixpath.normpath(step.destination) == path
            for step in copies
        )

    def clears(self, step: Step, path: str) -> bool:
        """Whether a step removes the directory, what is in it, or something that is not seen."""
        if step.kind is not StepKind.WIPE and step.kind is not StepKind.EDIT:
            return False
        names = {path, posixpath.basename(path)}
        for operand in step.operands:
            if operand is None:
                return True
            target = posixpath.normpath(operand.partition("*")[0] or ".")
            if (path + "/").startswith(target + "/") or target.startswith(path + "/"):
                return True
            if target == "." or posixpath.basename(target) in names:
                return True
        return False

    VALID = (
        Valid(
            {
                "e2e.sh": "#!/bin/sh\nrm -rf coverdata\nmkdir coverdata\ngo build -cover -o till .\n"
                "GOCOVERDIR=coverdata ./till\ngo tool covdata percent -i=coverdata\n",
            }
        ),
        Valid(
            {
                "e2e.sh": "#!/bin/sh\nDATA=$(mktemp -d)\ngo build -cover -o till .\n"
                'GOCOVERDIR="$DATA" ./till\ngo tool covdata percent -i="$DATA"\n',
            },
            "a new directory each time",
        ),
        Valid(
            {
                "Makefile": "e2e:\n\tgo build -cover -o till .\n\tmkdir -p build/coverdata\n"
                "\tGOCOVERDIR=build/coverdata ./till\n"
                "\tgo tool covdata percent -i=build/coverdata\nclean:\n\trm -rf build\n",
            },
            "there is a target that clears it",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e.sh": "#!/bin/sh\nmkdir -p coverdata\ngo build -cover -o till .\n"
                "GOCOVERDIR=coverdata ./till\ngo tool covdata percent -i=«coverdata»\n",
            },
            message="nothing ever clears coverdata",
        ),
        Invalid(
            {
                "Makefile": "e2e:\n\tgo build -cover -o till .\n\tmkdir -p build/coverdata\n"
                "\tGOCOVERDIR=build/coverdata ./till\n"
                "\tgo tool covdata percent -i=«build/coverdata»\nclean:\n\trm -rf dist\n",
            },
        ),
        Invalid(
            {
                "e2e.sh": "#!/bin/sh\nmkdir -p data/a data/b\ngo build -cover -o bin/ ./cmd/...\n"
                "GOCOVERDIR=data/a ./bin/a\nGOCOVERDIR=data/b ./bin/b\n"
                "go tool covdata percent -i=«data/a,data/b»\n",
            },
            message="nothing ever clears data/a",
        ),
    )


def _directories(command: DataCommand) -> Iterator[tuple[Input, str]]:
    """The directories that a command reads, those of a list with commas too."""
    for one in command.inputs:
        if one.path is not None:
            yield one, one.path
        elif command.directory is not None and one.text is not None and "," in one.text:
            for part in one.text.split(","):
                yield one, posixpath.normpath(posixpath.join(command.directory, part))
