from __future__ import annotations

from collections.abc import Iterator, Sequence

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.commands.steps import Step, StepKind
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain
from covlint.wiring.episodes import concerns, files, host_data, started, starts, stops, wipes

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
    "    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_KIND = (
    "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
    "  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: /coverdata\n"
)
_UP = "e2e:\n\tkind create cluster --config kind.yaml\n"


class WipedWhileRunning(Rule[Chain]):
    """The data directory is emptied while the program runs.

    Why: Go writes the covmeta file once, when the program starts, and the counters when it
    ends. Without the covmeta file the counters cannot be read: covdata warns `no applicable
    files found in input directories` and exits with 0.

    Instead: empty the directory before the workload starts, or restart the workload
    afterwards.

    Left out: directories that are emptied before the start or after the end, other
    directories, and scripts in which it is not seen that the program runs until later.
    """

    code = "COV604"
    name = "wiped-while-running"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.COUNTERS_ONLY
    source = "facts, part A: files deleted from the directory while the process runs"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if not (chain.takes_part or chain.program) or not chain.steps:
            return
        for steps in files(chain):
            for first, later in started(steps, chain):
                # that it is stopped afterwards shows that it runs until then
                index = next((i for i, s in enumerate(later) if self.until(s, chain)), None)
                if index is None or not self.ends(later[index], chain):
                    continue
                if later[index].recipe == first.recipe:
                    yield from self.wiped(first, later[:index], chain)

    def until(self, step: Step, chain: Chain) -> bool:
        return starts(step, chain) or self.ends(step, chain)

    def ends(self, step: Step, chain: Chain) -> bool:
        if step.kind is StepKind.RESTART:
            return True
        return stops(step, chain) and concerns(step, chain) is True

    def wiped(self, first: Step, between: Sequence[Step], chain: Chain) -> Iterator[Diagnostic]:
        hosts = host_data(chain, first)
        for step in between:
            place = wipes(step, chain, hosts)
            if place is None:
                continue
            yield self.diagnostic(
                step.span,
                f"{place} is emptied while the program runs: its covmeta file is written only "
                "once, at the start, and the counters cannot be read without it",
                related=(Related(first.span, "started here"),),
                fix=Fix.advice("Empty it before the program is started"),
            )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND,
                "Makefile": _UP + "\trm -rf coverdata/*\n\tkubectl apply -f e2e/pod.yaml\n"
                "\tgo test ./e2e\n\tkubectl delete pod till\n",
            },
            "cleaned before the start",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND,
                "Makefile": _UP + "\tkubectl apply -f e2e/pod.yaml\n"
                "\tgo test ./e2e\n\tkubectl delete pod till\n\trm -rf coverdata\n",
            },
            "cleaned after the end",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND,
                "Makefile": _UP + "\tkubectl apply -f e2e/pod.yaml\n\trm -rf coverage-html\n"
                "\tgo test ./e2e\n\tkubectl delete pod till\n",
            },
            "another directory",
        ),
        Valid(
            {
                "e2e.sh": "#!/bin/sh\nrm -rf cov/*\nGOCOVERDIR=cov/till ./till & pid=$!\n"
                "go test ./e2e\nkill $pid\nwait $pid\nrm -rf cov/*\n",
            },
            "before the start, and after the end",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND,
                "Makefile": _UP + "\tkubectl apply -f e2e/pod.yaml\n\t«rm -rf coverdata/*»\n"
                "\tgo test ./e2e\n\tkubectl delete -f e2e/pod.yaml\n",
            },
            message="coverdata is emptied while the program runs",
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\n"
                'ENV GOCOVERDIR=/coverdata\nCMD ["/till"]\n',
                "run.sh": "docker build -t till:e2e .\n"
                "docker run -d --name till -v ./coverdata:/coverdata till:e2e\n"
                "«find coverdata -type f -delete»\ncurl localhost:8080\ndocker stop till\n",
            },
        ),
        Invalid(
            {
                "e2e.sh": "#!/bin/sh\nGOCOVERDIR=cov/till ./till & pid=$!\ngo test ./e2e\n"
                "«rm -f cov/*/*»\ngo test ./e2e/more\nkill $pid\nwait $pid\n",
            },
            message="cov/till is emptied while the program runs",
        ),
    )
