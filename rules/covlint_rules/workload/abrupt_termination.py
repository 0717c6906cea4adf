from __future__ import annotations

import math
from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

#: Seconds that Kubernetes gives when the manifest does not say.
_DEFAULT = 30


class AbruptTermination(Rule[Chain]):
    """The pod is killed before the program has had the time to shut down.

    Why: after `terminationGracePeriodSeconds` the kubelet sends SIGKILL, and a killed program
    writes no counters: covmeta files only, 0.0 %. With a grace period of 0 the program still
    gets one or two seconds, which a quick one is content with: a race.

    Instead: give the pod more time than the program's own shutdown takes.

    Left out: shutdown time-outs that are not literals in the program, grace periods that a
    template fills in, and programs that hand their counters out themselves.

    Fix: safe in a manifest that is plainly for e2e, unless the pod's definition is shared.
    """

    code = "COV306"
    name = "abrupt-termination"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.KILLED
    source = "facts, part A: SIGKILL after too short a grace period; part G: 0 is a race"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, main = chain.container, chain.main
        if not chain.takes_part or container is None or chain.coverdir is None:
            return
        if main is not None and main.serves_coverage:
            return
        pod = container.pod
        given = pod.grace_period
        if given is None and pod.node.get("terminationGracePeriodSeconds") is not None:
            return
        if given is not None and not given.text.isdigit():
            return
        grace = int(given.text) if given is not None else pod.default_grace_period
        shutdown = main.shutdown_seconds if main is not None else None
        if shutdown is not None and shutdown > grace:
            message = (
                f"the program gives its shutdown {shutdown:g} s, the pod {grace} s: it may be "
                "killed before it writes its counters"
            )
        elif grace == 0:
            message = (
                "a grace period of 0 is a race: the program is killed after a second or two, and "
                "its counters are lost if its shutdown takes longer"
            )
        else:
            return
        seconds = max(_DEFAULT, math.ceil(shutdown or 0) + 5)
        place = main.shutdown_span if main is not None and shutdown is not None else None
        yield self.diagnostic(
            given.span if given is not None else container.span,
            message,
            related=(Related(place, "its shutdown time-out"),) if place is not None else (),
            fix=written_fix(
                f"Give the pod {seconds} s",
                [pod.set_grace_period(seconds)],
                safe=chain.plainly_e2e and not pod.shared,
            ),
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n"
                "  terminationGracePeriodSeconds: 5\n  containers:\n    - name: till\n"
                "      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            "enough, as far as it is seen",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n"
                "  terminationGracePeriodSeconds: 0\n  containers:\n    - name: till\n"
                "      image: till\n",
            },
            "no coverage here",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n"
                "  terminationGracePeriodSeconds: «0»\n  containers:\n    - name: till\n"
                "      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n"
                "  terminationGracePeriodSeconds: 30\n  containers:\n    - name: till\n"
                "      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            message="is a race",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\n"
                "RUN go build -cover -o /till .\n",
                "go.mod": "module example.com/till\n",
                "main.go": "package main\n\nimport (\n"
                '\t"context"\n\t"net/http"\n\t"os/signal"\n\t"syscall"\n\t"time"\n)\n\n'
                "func main() {\n"
                "\tctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)\n"
                "\tdefer stop()\n\tserver := &http.Server{}\n\tgo server.ListenAndServe()\n"
                "\t<-ctx.Done()\n"
                "\tlimit, cancel := context.WithTimeout(context.Background(), 45*time.Second)\n"
                "\tdefer cancel()\n\tserver.Shutdown(limit)\n}\n",
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - «name: till»\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            fixed={
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
                "  terminationGracePeriodSeconds: 50\n",
            },
            message="gives its shutdown 45 s, the pod 30 s",
            safe=False,
        ),
    )
