from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.commands.steps import Step, StepKind, of_kind
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain
from covlint.wiring.episodes import concerns, files, host_data, starts, stops, takes_data

_GO = {
    "go.mod": "module example.com/till\n",
    "main.go": 'package main\n\nimport "net/http"\n\nfunc main() {\n'
    '\thttp.ListenAndServe(":8080", nil)\n}\n',
    "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\nRUN go build -cover -o /till .\n",
    "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
    "    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
}
_SNAPSHOT = (
    'package main\n\nimport (\n\t"net/http"\n\t"runtime/coverage"\n)\n\nfunc main() {\n'
    '\tdefer coverage.WriteCountersDir("/coverdata")\n\thttp.ListenAndServe(":8080", nil)\n}\n'
)


class EarlyCollection(Rule[Chain]):
    """The data is taken before the workload is stopped: the counters are not there yet.

    Why: Go writes the covmeta file when the program starts and the counters when it ends. A
    copy of the running program's directory reports 0.0 %, or what an earlier pod has left.

    Instead: scale to 0 or delete the pod, wait until it is gone, then copy.

    Left out: programs that write their counters while they run (`runtime/coverage`), programs
    that end by themselves, and scripts in which something may have stopped the workload
    before the copy.
    """

    code = "COV606"
    name = "early-collection"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.META_ONLY
    source = "field notes: copied before the flush, or not copied (13 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        main = chain.main
        if not (chain.takes_part or chain.program) or main is None or not chain.steps:
            return
        if main.serves_coverage or main.snapshots or main.runs_forever is False:
            return
        for steps in files(chain):
            runs = of_kind(steps, StepKind.RUN_CONTAINER)
            hosts = [host for one in (None, *runs) for host in host_data(chain, one)]
            taken = [i for i, step in enumerate(steps) if takes_data(step, chain, hosts)]
            if not taken or any(self.ends(one, chain) for one in steps[: taken[0]]):
                continue
            last = steps[taken[-1]]
            after = steps[taken[-1] + 1 :]
            end = next((s for s in after if self.ends(s, chain) and s.recipe == last.recipe), None)
            if end is None or any(starts(one, chain) for one in after[: after.index(end)]):
                continue
            if end.kind is StepKind.DELETE_CLUSTER and self.is_stopped_elsewhere(chain, end):
                continue
            yield self.diagnostic(
                last.span,
                "the data is taken while the program still runs, which writes its counters only "
                "when it ends: nothing but covmeta files, 0.0 %",
                related=(Related(end.span, "it ends here"),),
                fix=Fix.advice("Stop the program, wait until it is gone, then take the data"),
            )

    def ends(self, step: Step, chain: Chain) -> bool:
        kinds = (StepKind.KILL, StepKind.REMOVE, StepKind.DELETE, StepKind.DELETE_CLUSTER)
        if not stops(step, chain) and step.kind not in kinds:
            return False
        return concerns(step, chain) is not False

    def is_stopped_elsewhere(self, chain: Chain, end: Step) -> bool:
        here = (end.span.path, end.recipe)
        return any(stops(s, chain) for s in chain.steps if (s.span.path, s.recipe) != here)

    VALID = (
        Valid(
            {
                **_GO,
                "Makefile": "collect:\n\tkubectl delete pod till\n"
                "\tdocker cp kind-control-plane:/coverdata/. out\n\tkind delete cluster\n",
            }
        ),
        Valid(
            {
                **_GO,
                "main.go": _SNAPSHOT,
                "Makefile": "collect:\n\tkubectl exec till -- kill -USR1 1\n"
                "\tdocker cp kind-control-plane:/coverdata/. out\n\tkubectl delete pod till\n",
            },
            "the program writes its counters while it runs",
        ),
        Valid(
            {
                **_GO,
                "Makefile": "collect:\n\tdocker cp kind-control-plane:/coverdata/. out\n"
                "\tkind delete cluster\nstop:\n\tkubectl delete pod till\n",
            },
            "it may have been stopped by then",
        ),
    )
    INVALID = (
        Invalid(
            {
                **_GO,
                "Makefile": "collect:\n\t«docker cp kind-control-plane:/coverdata/. out»\n"
                "\tkubectl scale pod/till --replicas=0\n"
                "\tgo tool covdata percent -i=out\n",
            },
            message="the data is taken while the program still runs",
        ),
        Invalid(
            {
                **_GO,
                "e2e.sh": "kubectl apply -f e2e/pod.yaml\ngo test ./e2e\n"
                "«docker cp kind-control-plane:/coverdata/. out»\nkind delete cluster\n",
            },
        ),
        Invalid(
            {
                **_GO,
                "e2e.sh": "#!/bin/sh\ngo build -cover -o bin/till .\n"
                "GOCOVERDIR=out ./bin/till &\npid=$!\ngo test ./e2e\n"
                "«go tool covdata percent -i=out»\nkill $pid\n",
            },
        ),
    )
