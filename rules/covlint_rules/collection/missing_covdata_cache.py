from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Evidence, Fix, Severity, Symptom
from covlint.facts.commands.collecting import DataCommand
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Collection

_NEW, _OLD = {"go.mod": "module till\n\ngo 1.25\n"}, {"go.mod": "module till\n\ngo 1.24\n"}


class MissingCovdataCache(Rule[Collection]):
    """`go tool covdata` runs without a build cache, which Go 1.25 and newer need for it.

    Why: since Go 1.25 covdata is no part of the distribution. It is built when it is first
    used, and needs a GOCACHE that can be written to: `build cache is disabled by
    GOCACHE=off`, or `GOCACHE is not defined and neither $XDG_CACHE_HOME nor $HOME are
    defined`. Up to Go 1.24 the same command works.

    Instead: let covdata have HOME, or set GOCACHE to a directory that can be written to.

    Left out: modules whose go.mod asks for an older Go, and environments that are set
    elsewhere than in front of the command.
    """

    code = "COV705"
    name = "missing-covdata-cache"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "facts, part D: covdata is built on first use in Go 1.25 to 1.27"

    def check(self, collection: Collection) -> Iterator[Diagnostic]:
        module = collection.module
        if module is None or self.version(module.go_version, module.toolchain) < (1, 25):
            return
        for command in collection.covdata:
            fault = self.fault(command)
            if fault is None:
                continue
            yield self.diagnostic(
                command.span,
                f"go tool covdata is built at its first use since Go 1.25, and {fault}: there is "
                "no report",
                fix=Fix("Give covdata a GOCACHE that it can write to", Applicability.DISPLAY),
            )

    def version(self, *written: str | None) -> tuple[int, int]:
        """The newest of the versions that a go.mod asks for."""
        found = [(0, 0)]
        for text in written:
            parts = (text or "").removeprefix("go").split(".")
            if len(parts) > 1 and parts[0].isdigit():
                digits = parts[1].split("rc")[0].split("beta")[0]
                found.append((int(parts[0]), int(digits) if digits.isdigit() else 0))
        return max(found)

    def fault(self, command: DataCommand) -> str | None:
        known = dict(command.environment)
        if known.get("GOCACHE") == "off":
            return "GOCACHE=off leaves it no cache"
        homes = {"GOCACHE", "XDG_CACHE_HOME", "HOME"}
        if command.cleared and not homes & known.keys():
            return "env -i leaves it neither GOCACHE nor HOME"
        return None

    VALID = (
        Valid({**_NEW, "cov.sh": "#!/bin/sh\nGOCACHE=/tmp/c go tool covdata percent -i=a\n"}),
        Valid({**_OLD, "cov.sh": "#!/bin/sh\nGOCACHE=off go tool covdata percent -i=a\n"}),
        Valid(
            {
                **_NEW,
                "cov.sh": '#!/bin/sh\nenv -i HOME="$HOME" PATH="$PATH" go tool covdata percent'
                " -i=a\n",
            },
            "HOME is kept",
        ),
    )
    INVALID = (
        Invalid(
            {**_NEW, "cov.sh": "#!/bin/sh\nexport GOCACHE=off\n«go tool covdata percent -i=a»\n"},
            message="GOCACHE=off leaves it no cache",
        ),
        Invalid(
            {
                **_NEW,
                "cov.sh": '#!/bin/sh\n«env -i PATH="$PATH" go tool covdata percent -i=a»\n',
            },
            message="neither GOCACHE nor HOME",
        ),
    )
