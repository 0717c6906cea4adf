from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Evidence, Fix, Severity, Symptom
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Collection


class ExitCodeTrust(Rule[Collection]):
    """A script takes the exit code of `go tool covdata` for its result.

    Why: covdata exits with 0 when it finds no files at all (`warning: no applicable files
    found in input directories`) and when no counters match, so that an `if` on it is always
    true. With `|| true` the one failure that it does report, a damaged file that makes the
    whole directory unreadable, is lost as well.

    Instead: look at what it writes: `test -s cover.out`, and a percentage above 0.

    Left out: scripts that look for the files, and calls after which another one reads the
    same directory.
    """

    code = "COV706"
    name = "exit-code-trust"
    severity = Severity.NOTICE
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "facts, part D: exit codes and messages of covdata (Go 1.21 to 1.27)"

    def check(self, collection: Collection) -> Iterator[Diagnostic]:
        kept = {
            one.text
            for command in collection.covdata
            for one in command.inputs
            if not command.forgiven
        }
        checked = any(command.kind == "check" for command in collection.commands)
        for command in collection.covdata:
            # another call on the same directory says what this one does not
            if any(one.text in kept for one in command.inputs) and command.forgiven:
                continue
            if command.forgiven:
                message = (
                    "the exit code of go tool covdata is thrown away: a damaged file, which makes "
                    "the whole directory unreadable, goes unnoticed"
                )
            elif command.tested and not checked:
                message = (
                    "go tool covdata exits with 0 also when it finds no data at all: this test "
                    "always succeeds"
                )
            else:
                continue
            yield self.diagnostic(
                command.span,
                message,
                fix=Fix(
                    "Test what covdata writes (test -s cover.out), not its exit code",
                    Applicability.DISPLAY,
                ),
            )

    VALID = (
        Valid({"cov.sh": "#!/bin/sh\nset -e\ngo tool covdata percent -i=coverdata\n"}),
        Valid(
            {
                "cov.sh": "#!/bin/sh\ngo tool covdata textfmt -i=coverdata -o c.out || exit 1\n"
                "test -s c.out\n",
            }
        ),
        Valid(
            {
                "cov.sh": "#!/bin/sh\nset -e\ngo tool covdata percent -i=coverdata || true\n"
                "go tool covdata textfmt -i=coverdata -o c.out\n",
            },
            "a second call on the same directory is not forgiven",
        ),
        Valid(
            {
                "cov.sh": "#!/bin/sh\nls coverdata/covmeta.* || exit 1\n"
                "if go tool covdata textfmt -i=coverdata -o c.out; then echo; fi\n",
            },
            "the files are looked for",
        ),
    )
    INVALID = (
        Invalid(
            {"cov.sh": "#!/bin/sh\n«go tool covdata percent -i=coverdata» 2>/dev/null || true\n"},
            message="is thrown away",
        ),
        Invalid(
            {
                "cov.sh": "#!/bin/sh\nif «go tool covdata textfmt -i=coverdata -o c.out»; then\n"
                "  echo collected\nfi\n",
            },
            message="exits with 0 also",
        ),
    )
