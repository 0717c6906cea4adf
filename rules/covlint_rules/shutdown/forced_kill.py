from __future__ import annotations

from collections.abc import Iterator, Sequence

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.commands.steps import Step, StepKind
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain
from covlint.wiring.episodes import concerns, files, is_forced, started, stops

_IMAGE = (
    "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\nENV GOCOVERDIR=/coverdata\n"
    'CMD ["/till"]\n'
)
_BUILD = "e2e:\n\tdocker build -t till:e2e .\n"
_RUN = "\tdocker run -d --name till -v $(PWD)/coverdata:/coverdata till:e2e\n"
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
    "    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_UP = "e2e:\n\tkind create cluster --config kind.yaml\n\tkubectl apply -f e2e/pod.yaml\n"
_PROGRAM = "#!/bin/sh\nmkdir -p cov\nGOCOVERDIR=cov ./till &\npid=$!\n"
_HARNESS = (
    'package e2e\n\nimport "os/exec"\n\nfunc TestTill(t *testing.T) {\n'
    '\tcmd := exec.Command("../bin/till")\n'
    '\tcmd.Env = append(os.Environ(), "GOCOVERDIR=../coverdata")\n\tcmd.Start()\n'
)

#: Why the counters may be lost, where it is no certain loss.
_FIX = Fix.advice("Stop it first, and wait until it is gone")
_RACES = {
    StepKind.DELETE: "gives the program a second or less to end",
    StepKind.REMOVE: "kills the program after no or little time",
    StepKind.DELETE_CLUSTER: "takes the nodes away while the program runs",
}


class ForcedKill(Rule[Chain]):
    """The workload is killed instead of stopped, and writes no counters.

    Why: Go writes the counters when the program ends by itself; SIGKILL leaves covmeta files
    only, 0.0 %. `docker kill`, `kill -9`, and `cmd.Process.Kill()` or `proc.kill()` of a Go or
    Python harness are a certain loss. `kubectl delete --force`, `docker rm -f` and `kind delete
    cluster` with running pods are races that a quick program wins: warnings.

    Instead: stop it first (`docker stop`, `kubectl scale --replicas=0`, `kubectl delete`
    without `--force`, `cmd.Process.Signal(syscall.SIGTERM)` and `cmd.Wait()`), wait until it is
    gone, then remove it.

    Left out: commands that clean up what an earlier run has left, workloads that are not seen
    to run by then or that another script stops, other containers than the service, programs
    that end by themselves, and kills in program code that may follow another end.
    """

    code = "COV603"
    name = "forced-kill"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.META_ONLY
    source = "facts, part G: podman kill, delete --force, podman rm -f, kind delete cluster"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        main = chain.main
        if not (chain.takes_part or chain.program) or not chain.steps:
            return
        if main is not None and (main.serves_coverage or main.runs_forever is False):
            return
        for steps in files(chain):
            for first, later in started(steps, chain):
                ends = (i for i, s in enumerate(later) if stops(s, chain) or is_forced(s))
                index = next(ends, None)
                if index is None or not self.kills(first, later[:index], later[index], chain):
                    continue
                last = later[index]
                if last.kind is not StepKind.KILL and self.is_stopped_elsewhere(chain, last):
                    continue
                yield self.found(first, last)

    def kills(self, first: Step, between: Sequence[Step], last: Step, chain: Chain) -> bool:
        """Whether the first end of the workload is a plain kill of it, while it runs. A copy made
        before may be of a snapshot, where the program is not seen."""
        if not is_forced(last) or last.recipe != first.recipe:
            return False
        if concerns(last, chain) is not True:
            return False
        return chain.main is not None or not any(one.kind is StepKind.COPY for one in between)

    def is_stopped_elsewhere(self, chain: Chain, last: Step) -> bool:
        """By a script that this one may call, say."""
        here = (last.span.path, last.recipe)
        return any(stops(s, chain) for s in chain.steps if (s.span.path, s.recipe) != here)

    def found(self, first: Step, last: Step) -> Diagnostic:
        words = " ".join(word or "…" for word in last.words[:3])
        related = (Related(first.span, "started here"),)
        race = _RACES.get(last.kind)
        if race is None:
            message = f"{words} is SIGKILL: the program writes no counters (covmeta only, 0.0 %)"
            return self.diagnostic(last.span, message, related=related, fix=_FIX)
        message = f"{words} {race}: a race, and the counters are lost when its shutdown is slower"
        return self.diagnostic(
            last.span, message, related=related, fix=_FIX, severity=Severity.WARNING
        )

    VALID = (
        Valid(
            {
                "Dockerfile": _IMAGE,
                "Makefile": _BUILD + _RUN + "\tgo test ./e2e\n\tdocker stop till\n"
                "\tdocker rm -f till\n",
            },
            "stopped before it is removed",
        ),
        Valid(
            {
                "Dockerfile": _IMAGE,
                "Makefile": _BUILD + "\tdocker rm -f till\n" + _RUN + "\tdocker stop till\n",
            },
            "what an earlier run has left",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "Makefile": _UP + "\tkubectl delete pod till\n\tkind delete cluster\n",
            }
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "Makefile": _UP + "\t./e2e/run.sh\n\tkind delete cluster\n",
                "e2e/run.sh": "go test .\nkubectl scale pod/till --replicas=0\n"
                "go tool covdata percent -i=coverdata\n",
            },
            "another script stops it",
        ),
        Valid(
            {
                "e2e.sh": _PROGRAM
                + 'go test ./e2e\nkill "$pid"\nsleep 5\nkill -9 "$pid" || true\n',
            },
            "asked to end before it is killed",
        ),
        Valid(
            {
                "e2e.sh": _PROGRAM + "kubectl port-forward svc/db 5432 &\nforward=$!\n"
                'go test ./e2e\nkill -9 "$forward"\nkill "$pid"\n',
            },
            "another process",
        ),
        Valid(
            {
                "e2e/till_test.go": _HARNESS + "\tdefer cmd.Process.Kill()\n\texercise(t)\n"
                "\tcmd.Process.Signal(syscall.SIGTERM)\n\tcmd.Wait()\n}\n",
            },
            "killed when it is gone already",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": _IMAGE,
                "Makefile": _BUILD + _RUN + "\tgo test ./e2e\n\t«docker kill till»\n",
            },
            message="docker kill till is SIGKILL",
        ),
        Invalid(
            {"Dockerfile": _IMAGE, "Makefile": _BUILD + _RUN + "\t«docker rm -f till»\n"},
            message="a race",
            severity=Severity.WARNING,
        ),
        Invalid(
            {
                "e2e/pod.yaml": _POD,
                "Makefile": _UP + "\tgo test ./e2e\n"
                "\t«kubectl delete pod till --force --grace-period=0»\n"
                "\tgo tool covdata percent -i=coverdata\n",
            },
            severity=Severity.WARNING,
        ),
        Invalid(
            {"e2e/pod.yaml": _POD, "Makefile": _UP + "\tgo test ./e2e\n\t«kind delete cluster»\n"},
            message="takes the nodes away",
            severity=Severity.WARNING,
        ),
        Invalid(
            {"e2e.sh": _PROGRAM + 'go test ./e2e\n«kill -9 "$pid"»\n'},
            message="kill -9 … is SIGKILL",
        ),
        Invalid(
            {"e2e/till_test.go": _HARNESS + "\tdefer «cmd.Process.Kill()»\n\texercise(t)\n}\n"},
            message="cmd.Process.Kill() is SIGKILL",
        ),
        Invalid(
            {
                "e2e/test_till.py": "import os, subprocess\n\n\ndef test_till():\n"
                '    proc = subprocess.Popen(["bin/till"], env={**os.environ, "GOCOVERDIR": "cov"})\n'
                "    try:\n        exercise()\n    finally:\n        «proc.kill()»\n"
            },
            message="proc.kill() is SIGKILL",
        ),
    )
