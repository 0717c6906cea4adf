from __future__ import annotations

import posixpath
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
from covlint.facts.dockerfile.image import output_name
from covlint.facts.golang.shutdown import MainPackage
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

#: Signals and what Go does with them as long as the program does not subscribe.
_OUTCOME = {
    "HUP": "ends it at once", "INT": "ends it at once", "QUIT": "makes Go abort with a stack dump",
    "ABRT": "makes Go abort with a stack dump", "KILL": "cannot be handled",
    "USR1": "is ignored by PID 1, so that SIGKILL follows",
    "USR2": "is ignored by PID 1, so that SIGKILL follows",
    "WINCH": "is ignored, so that SIGKILL follows", "CONT": "is ignored, so that SIGKILL follows",
}  # fmt: skip
#: Small init programs that pass signals on unchanged.
_FORWARDERS = frozenset({"tini", "tini-static", "dumb-init", "catatonit"})
_NUMBERS = {"1": "HUP", "2": "INT", "3": "QUIT", "6": "ABRT", "9": "KILL", "10": "USR1",
            "12": "USR2", "18": "CONT", "28": "WINCH"}  # fmt: skip
#: Frameworks that subscribe to SIGINT and SIGTERM and to nothing else.
_USUAL = frozenset({"controller-runtime", "k8s.io/apiserver", "sample-controller", "knative", "fx"})
_MAIN = (
    'package main\n\nimport (\n\t"net/http"\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
    "func main() {\n\tsignals := make(chan os.Signal, 1)\n"
    "\tsignal.Notify(signals, syscall.SIGTERM)\n"
    '\tgo http.ListenAndServe(":8080", nil)\n\t<-signals\n}\n'
)
_DOCKERFILE = (
    "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN go build -cover -o /till .\n"
    'STOPSIGNAL {}\nENTRYPOINT ["/till"]\n'
)
_FILES = {"go.mod": "module example.com/till\n", "main.go": _MAIN}


class DeafStopSignal(Rule[Chain]):
    """The container is stopped by a signal that the program does not handle.

    Why: STOPSIGNAL replaces SIGTERM. A signal that the program does not subscribe to either
    ends it before Go writes the counters or, as PID 1, is ignored until SIGKILL comes:
    covmeta files only, 0.0 %. SIGQUIT and SIGABRT make Go abort, and SIGKILL cannot be
    handled at all.

    Instead: remove STOPSIGNAL or set it to SIGTERM, and handle SIGTERM in the program.

    Left out: programs that are not seen or use libraries that may handle signals, containers
    in which a script is PID 1 and may send another signal, and Dockerfiles without
    STOPSIGNAL.

    Fix: unsafe, because it changes how production is stopped as well; shown only where the
    program does not handle SIGTERM either.
    """

    code = "COV204"
    name = "deaf-stop-signal"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.META_ONLY
    source = "facts, parts A and C: SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGUSR1, SIGKILL"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        main, image = chain.main, chain.image
        word = image.stop_signal if image is not None else None
        if not chain.takes_part or word is None or main is None:
            return
        written = word.text.upper().removeprefix("SIG")
        name = _NUMBERS.get(written, written)
        outcome = _OUTCOME.get(name)
        if outcome is None or self.handles(main, name) is not False:
            return
        if name != "KILL" and not self.is_first(chain):
            return
        place = main.handlings[0].span if main.handlings else main.main
        edit = Edit(word.span, b"SIGTERM")
        # only a program that takes SIGTERM is better off with it
        applied = Applicability.UNSAFE if main.handles_sigterm else Applicability.DISPLAY
        yield self.diagnostic(
            word.span,
            f"the container is stopped by SIG{name}, which {outcome}: the counters are never "
            "written",
            related=(Related(place, "the program's own signals"),),
            fix=Fix("Stop the container by SIGTERM", applied, (edit,)),
        )

    def is_first(self, chain: Chain) -> bool:
        """Whether PID 1 is plainly the program, or hands signals on as they are: a script
        or a supervisor may end it by another signal."""
        process = chain.image.process if chain.image is not None else None
        words = chain.container.command if chain.container is not None else None
        if words is None:
            if process is None or process.interpreter is not None:
                return False
            words = process.argv
        first = posixpath.basename(words[0].text) if words else ""
        return first in _FORWARDERS or any(first == output_name(b) for b in chain.builds)

    def handles(self, main: MainPackage, name: str) -> bool | None:
        """Whether the program subscribes to the signal; None when that cannot be told."""
        if main.runs_forever is False or (main.serves_coverage and name != "KILL"):
            return None
        if name == "KILL":
            return False
        for handling in main.handlings:
            if not handling.signals or f"SIG{name}" in handling.signals:
                return True
            if "?" in handling.signals:
                return None
        if main.framework is not None:
            return None if main.framework not in _USUAL else name == "INT"
        # a program that subscribes itself leaves no signal to a library
        return False if main.handlings or not main.unseen else None

    VALID = (
        Valid({**_FILES, "Dockerfile": _DOCKERFILE.format("SIGTERM")}),
        Valid(
            {
                "go.mod": _FILES["go.mod"],
                "main.go": _MAIN.replace("SIGTERM", "SIGQUIT"),
                "Dockerfile": _DOCKERFILE.format("SIGQUIT"),
            },
            "handled",
        ),
        Valid(
            {
                "go.mod": _FILES["go.mod"],
                "main.go": _MAIN.replace(", syscall.SIGTERM", "").replace('\t"syscall"\n', ""),
                "Dockerfile": _DOCKERFILE.format("3"),
            },
            "all signals are handled",
        ),
        Valid(
            {**_FILES, "Dockerfile": _DOCKERFILE.format("SIGKILL").replace(" -cover", "")},
            "no coverage here",
        ),
        Valid({"Dockerfile": _DOCKERFILE.format("SIGQUIT")}, "the program is not seen"),
        Valid(
            {**_FILES, "Dockerfile": _DOCKERFILE.format("SIGHUP").replace('/till"', '/run.sh"')},
            "a script is PID 1, and may pass on another signal",
        ),
    )
    INVALID = (
        Invalid(
            {**_FILES, "Dockerfile": _DOCKERFILE.format("«SIGQUIT»")},
            fixed=_DOCKERFILE.format("SIGTERM"),
            message="stopped by SIGQUIT, which makes Go abort",
            safe=False,
        ),
        Invalid(
            {**_FILES, "Dockerfile": _DOCKERFILE.format("«9»")},
            fixed=_DOCKERFILE.format("SIGTERM"),
            message="SIGKILL, which cannot be handled",
        ),
        Invalid(
            {**_FILES, "Dockerfile": _DOCKERFILE.format("«SIGUSR1»")},
            fixed=_DOCKERFILE.format("SIGTERM"),
            message="ignored by PID 1",
        ),
    )
