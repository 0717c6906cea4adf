from __future__ import annotations

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
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

#: os.Exit writes the counters, also from a goroutine (facts, part B).
_LINES = (
    "signals := make(chan os.Signal, 1); signal.Notify(signals, syscall.SIGTERM); "
    "go func() { <-signals; os.Exit(0) }()"
)


class UnhandledSigterm(Rule[Chain]):
    """The program never handles SIGTERM, by which containers are stopped.

    Why: Go writes the counters when main returns or os.Exit is called. SIGTERM ends a program
    that does not handle it before that: the covmeta file, written at the start, stays, and
    every package has 0.0 %.

    Instead: handle SIGTERM, shut down, and return from main. At the least, begin main with

        signals := make(chan os.Signal, 1)
        signal.Notify(signals, syscall.SIGTERM)
        go func() { <-signals; os.Exit(0) }()

    Left out: programs that end by themselves, frameworks and libraries that may handle
    signals, programs that hand their counters out themselves, and services of which no main
    package is seen.

    Fix: shown only: where in main the lines belong is for the author to say.
    """

    code = "COV601"
    name = "unhandled-sigterm"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.META_ONLY
    source = "facts, part A: SIGTERM without handler, covmeta only (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        main = chain.main
        if not chain.takes_part or main is None or main.serves_coverage:
            return
        if main.handles_sigterm is not False or main.runs_forever is not True:
            return
        if main.interrupt_only is not None:
            return
        blocking = main.blocking_call
        yield self.diagnostic(
            main.main,
            "this program never handles SIGTERM: it is killed when its container stops, before "
            "Go writes the counters (covmeta files only, 0.0 %)",
            related=(Related(blocking, "it runs here until then"),) if blocking is not None else (),
            fix=Fix(
                f"Import os, os/signal and syscall, and begin main with: {_LINES}",
                Applicability.DISPLAY,
            ),
        )

    VALID = (
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": "package main\n\nimport (\n"
                '\t"net/http"\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
                "func main() {\n\tsignals := make(chan os.Signal, 1)\n"
                "\tsignal.Notify(signals, syscall.SIGTERM)\n"
                '\tgo http.ListenAndServe(":8080", nil)\n\t<-signals\n}\n',
            },
            "handled",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("done") }\n',
            },
            "it ends by itself",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": 'package main\n\nimport (\n\t"net/http"\n\n'
                '\t"example.org/unknown/framework"\n)\n\n'
                'func main() {\n\tframework.Start()\n\thttp.ListenAndServe(":8080", nil)\n}\n',
            },
            "a library that may handle it",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": 'package main\n\nimport "net/http"\n\n'
                'func main() { http.ListenAndServe(":8080", nil) }\n',
            },
            "no coverage here",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": 'package main\n\nimport (\n\t"net/http"\n\t"runtime/coverage"\n)\n\n'
                "func main() {\n"
                '\thttp.HandleFunc("/cov", func(w http.ResponseWriter, _ *http.Request) {\n'
                "\t\tcoverage.WriteCounters(w)\n\t})\n"
                '\thttp.ListenAndServe(":8080", nil)\n}\n',
            },
            "it hands its counters out itself",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till ./cmd/till\n",
                "go.mod": "module example.com/till\n",
                "cmd/till/main.go": 'package main\n\nimport "net/http"\n\n'
                'func «main»() { http.ListenAndServe(":8080", nil) }\n',
            },
            message="never handles SIGTERM",
        ),
    )
