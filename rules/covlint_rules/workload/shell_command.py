from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Fix, Severity, Symptom
from covlint.facts.kubernetes.container_process import deaf_command
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Certainty, Chain

_IMAGE = (
    "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
    'FROM {base}\nCOPY --from=b /till /till\nENTRYPOINT ["/till"]\n'
)
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
)


class ShellCommand(Rule[Chain]):
    """The workload starts the service by a shell that does not pass SIGTERM on.

    Why: `command` replaces the image's ENTRYPOINT, and its shell becomes PID 1. SIGTERM goes
    to PID 1 alone; the service is killed at the end of the grace period, and Go has written
    no counters: `covmeta` without `covcounters`, 0.0 %. Which lines are harmless depends on
    the shell of the image: dash (Debian, Ubuntu) runs every command as a child, bash and
    busybox replace themselves by the last one.

    Instead: put `exec` in front of the service, or name the program in `command` without a
    shell.

    Left out: images whose shell is not known, jobs and programs that end by themselves,
    containers with a preStop hook, and programs that hand their counters out themselves.

    Fix: safe in a manifest that is plainly for e2e. Where `exec` is not enough (a pipe, a
    command after the service) it is left to you.
    """

    code = "COV307"
    name = "shell-command"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.KILLED
    source = "facts, part C: measured as PID 1 in a PID namespace"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, main = chain.container, chain.main
        if not chain.takes_part or container is None or container.pre_stop is not None:
            return
        if container.pod.kind in {"Job", "CronJob"}:
            return
        if main is not None and (main.serves_coverage or main.runs_forever is False):
            return
        image = chain.image if chain.image_certainty is not Certainty.UNKNOWN else None
        found = deaf_command(container, image)
        if found is None:
            return
        yield self.diagnostic(
            found.span,
            f"PID 1 is a shell and the service never gets SIGTERM ({found.why}): it is killed at "
            "the end of the grace period and writes no counters",
            fix=written_fix(
                "Put exec before the service",
                [found.exec_edits],
                safe=chain.plainly_e2e and not container.shared,
            )
            or Fix.advice("Start the service alone, by exec, or pass SIGTERM on by a trap"),
        )

    VALID = (
        Valid(
            {
                "Dockerfile": _IMAGE.format(base="debian:bookworm"),
                "e2e/pod.yaml": _POD + "      command: [sh, -c, cd /tmp && exec /till]\n",
            }
        ),
        Valid(
            {
                "Dockerfile": _IMAGE.format(base="alpine:3.20"),
                "e2e/pod.yaml": _POD + "      command: [sh, -c, cd /tmp && /till]\n",
            },
            "busybox becomes the last command",
        ),
        Valid(
            {"e2e/pod.yaml": _POD + "      command: [/bin/sh, -c, /till --port 80]\n"},
            "which shell the image has is not seen",
        ),
        Valid(
            {
                "Dockerfile": _IMAGE.format(base="debian:bookworm"),
                "e2e/pod.yaml": _POD + "      command: [/till]\n      args: [-c, serve]\n",
            },
            "no shell",
        ),
        Valid(
            {
                "Dockerfile": _IMAGE.format(base="debian:bookworm"),
                "e2e/job.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: till\n"
                "spec:\n  template:\n    spec:\n      restartPolicy: Never\n"
                "      containers:\n        - name: till\n          image: till\n"
                "          env:\n            - name: GOCOVERDIR\n              value: /coverdata\n"
                "          command: [sh, -c, /till && touch /done]\n",
            },
            "it ends by itself",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": _IMAGE.format(base="debian:bookworm"),
                "e2e/pod.yaml": _POD
                + '      command: ["/bin/sh", "-c"]\n      args: [«"cd /tmp && /till"»]\n',
            },
            fixed={
                "e2e/pod.yaml": _POD
                + '      command: ["/bin/sh", "-c"]\n      args: ["cd /tmp && exec /till"]\n',
            },
            message="dash, which is sh here",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": _IMAGE.format(base="ubuntu:24.04"),
                "deploy/till.yaml": _POD
                + "      command:\n        - sh\n        - -c\n        - «|\n"
                "          mkdir -p /coverdata\n          /till --port 80»\n",
            },
            fixed={
                "deploy/till.yaml": _POD
                + "      command:\n        - sh\n        - -c\n        - |\n"
                "          mkdir -p /coverdata\n          exec /till --port 80\n",
            },
            safe=False,
        ),
        Invalid(
            {"e2e/pod.yaml": _POD + "      command: [sh, -c, «/till | tee /log»]\n"},
            message="it is part of a pipeline",
        ),
    )
