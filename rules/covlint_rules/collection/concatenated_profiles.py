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
from covlint.facts.commands.collecting import DataCommand
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Collection


class ConcatenatedProfiles(Rule[Collection]):
    """Text profiles are put together with `cat`, and read by `go tool cover`.

    Why: each profile begins with a `mode:` line. A second one in the middle of the file ends
    the report: `cover: line "mode: set" doesn't match expected format`.

    Instead: let covdata read all directories at once (`-i=a,b`), or keep only the first such
    line.

    Left out: profiles of unit tests alone, and files that another service takes, which may
    accept them.

    Fix: `awk` in the place of `cat` keeps the first `mode:` line: safe, as it writes the same
    lines otherwise. Where profiles are appended it is shown only.
    """

    code = "COV703"
    name = "concatenated-profiles"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.UNREADABLE_FILE
    source = "facts, part D: two text profiles concatenated, cover fails (Go 1.21 and 1.27)"

    def check(self, collection: Collection) -> Iterator[Diagnostic]:
        if not collection.covdata:
            return  # profiles of unit tests, which others may take as they are
        read = {
            one.path: command
            for command in collection.commands
            if command.kind == "cover"
            for one in command.inputs
        }
        for command in collection.commands:
            reader = read.get(command.output) if command.output is not None else None
            if command.kind != "cat" or reader is None or command.piped:
                continue
            several = len(command.inputs) > 1 or any(
                "*" in (one.text or one.prefix) for one in command.inputs
            )
            if not several and not self.appended(collection, command):
                continue
            yield self.diagnostic(
                command.span,
                f"{command.output} gets a mode: line from each profile; go tool cover accepts "
                "only one, at the start",
                related=(Related(reader.span, "read here"),),
                fix=self.filtered(command),
            )

    def appended(self, collection: Collection, command: DataCommand) -> bool:
        """Whether a whole profile is appended to what covdata or another cat has written."""
        return command.appends and any(
            one.output == command.output and one.kind in {"cat", "covdata"} and one != command
            for one in collection.commands
            if one.span.start < command.span.start
        )

    def filtered(self, command: DataCommand) -> Fix | None:
        """awk in the place of cat: it takes the same files and leaves later mode lines out.

        go tool cover adds up what is there twice."""
        if command.appends or command.recipe is not None:
            return Fix("Append by: grep -v '^mode:'", Applicability.DISPLAY)
        script = b"awk 'NR == 1 || !/^mode:/'"
        return Fix(
            "Keep the first mode: line only", Applicability.SAFE, (Edit(command.head, script),)
        )

    VALID = (
        Valid(
            {
                "cov.sh": "#!/bin/sh\ngo tool covdata textfmt -i=a -o a.out\n"
                "cat a.out b.out | awk 'NR == 1 || !/^mode:/' > all.out\n"
                "go tool cover -func=all.out\n",
            }
        ),
        Valid(
            {
                "cov.sh": "#!/bin/sh\ncat a.out > all.out\ntail -n +2 b.out >> all.out\n"
                "go tool cover -func=all.out\n",
            }
        ),
        Valid(
            {
                "cov.sh": "#!/bin/sh\nfor p in $(go list ./...); do\n"
                "  go test -coverprofile=p.out $p\n  cat p.out >> coverage.txt\ndone\n",
            },
            "a service that takes such a file",
        ),
    )
    INVALID = (
        Invalid(
            {
                "cov.sh": "#!/bin/sh\ngo tool covdata textfmt -i=a -o a.out\n"
                "«cat a.out b.out» > all.out\ngo tool cover -func all.out\n",
            },
            fixed={
                "cov.sh": "#!/bin/sh\ngo tool covdata textfmt -i=a -o a.out\n"
                "awk 'NR == 1 || !/^mode:/' a.out b.out > all.out\ngo tool cover -func all.out\n",
            },
            message="only one, at the start",
            safe=True,
        ),
        Invalid(
            {
                "Makefile": "report:\n\tgo tool covdata textfmt -i=coverdata -o all.out\n"
                "\t«cat unit.out» >> all.out\n\tgo tool cover -html=all.out -o all.html\n",
            },
        ),
    )
