from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_BUILD = {
    "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\nRUN go build -cover -o /till .\n",
    "go.mod": "module example.com/till\n",
}
_MAIN = (
    'package main\n\nimport (\n\t"net/http"\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
    "func main() {{\n\tsignals := make(chan os.Signal, 1)\n"
    "\tsignal.Notify(signals, syscall.SIGTERM)\n"
    '\tgo http.ListenAndServe(":8080", nil)\n\t<-signals\n{}}}\n'
)

_WHY = {
    "exit": "ends the process without the exit hooks that write the counters; os.Exit runs them",
    "exec": "makes the process another program, and its counters are never written",
    "raise": "ends the program by the signal itself, before Go writes the counters",
}


class BypassedExit(Rule[Chain]):
    """The program ends in a way in which Go writes no counters.

    Why: Go writes the counters when main returns or os.Exit is called. `syscall.Exit` goes
    around that, `syscall.Exec` replaces the program, and signal.Reset with the signal sent to
    oneself kills it: covmeta files only, 0.0 %.

    Instead: return from main, or call os.Exit.

    Left out: functions that nothing calls, signals that a handler of the program gets, and
    programs that hand their counters out themselves. It is an error where main itself always
    ends so, else a warning.

    Fix: `syscall.Exit` becomes `os.Exit`: unsafe, because it is the program's own code. The
    other two are left to you.
    """

    code = "COV605"
    name = "bypassed-exit"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.META_ONLY
    source = (
        "facts, part A: syscall.Exit, syscall.Exec, signal.Reset and re-raise (Go 1.21 to 1.27)"
    )

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        main = chain.main
        if not chain.takes_part or main is None or main.serves_coverage:
            return
        for found in main.bypasses:
            fix: Fix | None = Fix.advice("Return from main, or call os.Exit")
            if found.kind == "exit":
                fix = written_fix("Call os.Exit", [found.edits], safe=False)
            yield self.diagnostic(
                found.span,
                f"{found.call} {_WHY[found.kind]}",
                related=(Related(main.main, "the program"),),
                fix=fix,
                severity=Severity.ERROR if found.plain else Severity.WARNING,
            )

    VALID = (
        Valid({**_BUILD, "main.go": _MAIN.format("\tos.Exit(0)\n")}),
        Valid(
            {
                **_BUILD,
                "main.go": _MAIN.format("\tsyscall.Kill(syscall.Getpid(), syscall.SIGTERM)\n"),
            },
            "its own handler gets the signal",
        ),
        Valid(
            {
                **_BUILD,
                "main.go": _MAIN.format(""),
                "debug.go": 'package main\n\nimport "syscall"\n\n'
                "func giveUp() {\n\tsyscall.Exit(1)\n}\n",
            },
            "nothing calls it",
        ),
    )
    INVALID = (
        Invalid(
            {**_BUILD, "main.go": _MAIN.format("\t«syscall.Exit(0)»\n")},
            fixed={"main.go": _MAIN.format("\tos.Exit(0)\n")},
            message="syscall.Exit ends the process",
            safe=False,
        ),
        Invalid(
            {
                **_BUILD,
                "main.go": _MAIN.format("\tfinish()\n"),
                "finish.go": 'package main\n\nimport (\n\t"net/http"\n\t"syscall"\n)\n\n'
                "func finish() {\n\thttp.DefaultClient.CloseIdleConnections()\n"
                "\t«syscall.Exit(0)»\n}\n",
            },
            fixed={
                "finish.go": 'package main\n\nimport (\n\t"net/http"\n\t"os"\n)\n\n'
                "func finish() {\n\thttp.DefaultClient.CloseIdleConnections()\n"
                "\tos.Exit(0)\n}\n",
            },
            severity=Severity.WARNING,
        ),
        Invalid(
            {
                **_BUILD,
                "main.go": _MAIN.format(
                    "\tsignal.Reset(syscall.SIGTERM)\n"
                    "\t«syscall.Kill(syscall.Getpid(), syscall.SIGTERM)»\n"
                ),
            },
            message="ends the program by the signal itself",
        ),
        Invalid(
            {
                **_BUILD,
                "main.go": 'package main\n\nimport (\n\t"os"\n\t"syscall"\n)\n\nfunc main() {\n'
                '\tif err := «syscall.Exec("/real", os.Args, os.Environ())»; err != nil {\n'
                "\t\tpanic(err)\n\t}\n}\n",
            },
            message="makes the process another program",
        ),
    )
