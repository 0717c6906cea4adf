from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain


class InterruptOnly(Rule[Chain]):
    """The program handles os.Interrupt only, and containers are stopped by SIGTERM.

    Why: Ctrl-C at a terminal is SIGINT. Kubernetes, docker and podman send SIGTERM, which
    ends the program before Go writes its counters: covmeta files only, 0.0 %.

    Instead: subscribe to syscall.SIGTERM as well: `signal.NotifyContext(ctx, os.Interrupt,
    syscall.SIGTERM)`.

    Left out: images whose STOPSIGNAL asks for the signal that is handled, containers with a
    preStop hook, and programs that hand their counters out themselves.

    Fix: unsafe, because it changes how the program ends in production as well.
    """

    code = "COV602"
    name = "interrupt-only"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.META_ONLY
    source = "facts, part A: only os.Interrupt is handled, SIGTERM sent (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        main = chain.main
        if not chain.takes_part or main is None or main.serves_coverage:
            return
        handling = main.interrupt_only
        if handling is None or main.handles_sigterm is True or main.runs_forever is False:
            return
        image, container = chain.image, chain.container
        stop = image.stop_signal if image is not None else None
        if stop is not None and stop.text not in {"SIGTERM", "TERM", "15"}:
            return
        if container is not None and container.pre_stop is not None:
            return
        yield self.diagnostic(
            handling.span,
            "only the interrupt signal is handled, and containers are stopped by SIGTERM: the "
            "program is killed before Go writes the counters (covmeta files only, 0.0 %)",
            related=(Related(main.main, "the program"),),
            fix=written_fix("Add syscall.SIGTERM", [main.sigterm_edits], safe=False),
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
                "\tsignal.Notify(signals, os.Interrupt, syscall.SIGTERM)\n"
                '\tgo http.ListenAndServe(":8080", nil)\n\t<-signals\n}\n',
            },
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\nSTOPSIGNAL SIGINT\n",
                "go.mod": "module example.com/till\n",
                "main.go": "package main\n\nimport (\n"
                '\t"net/http"\n\t"os"\n\t"os/signal"\n)\n\n'
                "func main() {\n\tsignals := make(chan os.Signal, 1)\n"
                "\tsignal.Notify(signals, os.Interrupt)\n"
                '\tgo http.ListenAndServe(":8080", nil)\n\t<-signals\n}\n',
            },
            "the image asks for the signal that is handled",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": "package main\n\nimport (\n"
                '\t"net/http"\n\t"os"\n\t"os/signal"\n)\n\n'
                "func main() {\n\tsignals := make(chan os.Signal, 1)\n"
                "\t«signal.Notify(signals, os.Interrupt)»\n"
                '\tgo http.ListenAndServe(":8080", nil)\n\t<-signals\n}\n',
            },
            fixed={
                "main.go": "package main\n\nimport (\n"
                '\t"net/http"\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
                "func main() {\n\tsignals := make(chan os.Signal, 1)\n"
                "\tsignal.Notify(signals, os.Interrupt, syscall.SIGTERM)\n"
                '\tgo http.ListenAndServe(":8080", nil)\n\t<-signals\n}\n',
            },
            message="only the interrupt signal is handled",
            safe=False,
        ),
    )
