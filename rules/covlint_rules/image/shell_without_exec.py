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
from covlint.facts.dockerfile.process import Process
from covlint.facts.dockerfile.signals_to_pid1 import swallowed
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Chain

_BUILD = "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"


def _told(process: Process, why: str) -> str:
    if not process.init:
        return (
            f"PID 1 is a shell and the service never gets SIGTERM ({why}): it is killed at "
            "the end of the grace period and writes no counters"
        )
    init = posixpath.basename(process.init[0].text)
    return (
        f"{init} passes SIGTERM to a shell and the service never gets it ({why}): it is killed "
        "when the shell ends and writes no counters"
    )


class ShellWithoutExec(Rule[Chain]):
    """PID 1 is a shell that does not pass SIGTERM on to the service.

    Why: when the container is stopped, SIGTERM goes to PID 1 alone. A shell that runs the
    service as its child does not pass it on; at the end of the grace period everything is
    killed, and Go has written no counters: `covmeta` files without `covcounters`, 0.0 %.
    Which lines are harmless depends on the shell of the base image: dash (Debian, Ubuntu)
    runs every command as a child, bash and busybox replace themselves by the last one.

    tini before the shell changes nothing of that: it passes SIGTERM to the shell, which ends and
    takes the service along.

    Instead: use the JSON form (`ENTRYPOINT ["/till"]`), or put `exec` in front of the
    service.

    Left out: bases whose shell is not known, scripts under busybox, which we have not
    measured, init programs that signal the whole group (`tini -g`, dumb-init): the service and
    its shell race there; containers whose manifest replaces the command (COV307), and scripts with a trap
    that passes the signal on.

    Fix: safe where the Dockerfile itself sets GOCOVERDIR and no release is made from it;
    otherwise unsafe, since production starts by the same line. Where `exec` is not enough (a
    pipe, a command after the service) it is left to you.
    """

    code = "COV203"
    name = "shell-without-exec"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.KILLED
    source = "facts, part C: measured as PID 1 in a PID namespace"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        image = chain.image
        if image is None or not chain.takes_part or image.process is None:
            return
        if chain.container is not None and (
            chain.container.command is not None or chain.container.process_opaque
        ):
            return
        process, script = image.process, chain.entrypoint
        binaries = frozenset(name for b in image.builds if (name := output_name(b)))
        found = None
        if process.interpreter is not None:
            found = swallowed(process.commands, process.interpreter, binaries)
        by_script = found is None and script is not None
        if found is None and script is not None:
            found = swallowed(script.commands, script.shell, binaries, file=True)
        if found is None:
            return
        fix = Fix.advice("Start the service alone, by exec, or pass SIGTERM on by a trap")
        if found.exec_at is not None:
            only_coverage = image.coverdir is not None and not chain.feeds_production
            place = Span(found.command.path, found.exec_at, found.exec_at)
            fix = Fix(
                "Put exec before the service",
                Applicability.SAFE if only_coverage else Applicability.UNSAFE,
                (Edit(place, b"exec "),),
            )
        yield self.diagnostic(
            process.body if process.shell_form and not by_script else found.command,
            _told(process, found.why),
            related=(Related(process.instruction, "PID 1"),) if by_script else (),
            fix=fix,
        )

    VALID = (
        Valid(
            {
                "Dockerfile": _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
                'COPY entry.sh /entry.sh\nENTRYPOINT ["/entry.sh"]\n',
                "entry.sh": '#!/bin/sh\nset -e\necho start\nexec /till "$@"\n',
            },
            "a script that execs",
        ),
        Valid(
            {
                "Dockerfile": _BUILD + "FROM alpine:3.20\nCOPY --from=b /till /till\n"
                'COPY entry.sh /entry.sh\nENTRYPOINT ["/entry.sh"]\n',
                "entry.sh": "#!/bin/sh\n/till\n",
            },
            "script files were not measured with busybox",
        ),
        Valid(
            {
                "Dockerfile": _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
                'COPY entry.sh /entry.sh\nENTRYPOINT ["bash", "/entry.sh"]\n',
                "entry.sh": '#!/bin/sh\nset -e\nexec /till "$@"\n',
            },
            "a shell that is told to read a script that execs",
        ),
        Valid(_BUILD + 'FROM debian:bookworm\nCOPY --from=b /till /till\nENTRYPOINT ["/till"]\n'),
        Valid(_BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\nENTRYPOINT exec /till\n"),
        Valid(
            _BUILD + "FROM alpine:3.20\nCOPY --from=b /till /till\nENTRYPOINT cd /tmp && /till\n",
            "busybox becomes the last command",
        ),
        Valid(
            _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
            'ENTRYPOINT ["tini", "--", "sh", "-c", "exec /till"]\n',
        ),
        Valid(
            _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
            'ENTRYPOINT ["dumb-init", "sh", "-c", "/till"]\n',
            "the whole group is signalled: a race, which the service mostly wins",
        ),
        Valid(
            _BUILD + "FROM company/base\nCOPY --from=b /till /till\nENTRYPOINT /till\n",
            "which shell the base has is not known",
        ),
        Valid(
            _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
            "CMD ./prepare && exec /till\n"
        ),
        Valid(
            _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
            "CMD trap 'kill -TERM $p; wait $p' TERM; /till & p=$!; wait $p\n"
        ),
        Valid(
            _BUILD + 'FROM debian:bookworm\nCOPY --from=b /till /till\nENTRYPOINT ["/till"]\n'
            "HEALTHCHECK CMD curl localhost || exit 1\n"
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
                'COPY scripts/entry.sh /entry.sh\nENTRYPOINT ["sh", "-e", "/entry.sh"]\n',
                "scripts/entry.sh": '«/till "$@"»\n',
            },
            fixed={"scripts/entry.sh": 'exec /till "$@"\n'},
            message="dash",
            safe=False,
        ),
        Invalid(
            {
                "Dockerfile": _BUILD + "FROM fedora:41\nCOPY --from=b /till /till\n"
                'COPY entry.sh /entry.sh\nENTRYPOINT ["/bin/bash", "-c", "/entry.sh"]\n',
                "entry.sh": "#!/bin/bash\n«/till --port 80»\n",
            },
            fixed={"entry.sh": "#!/bin/bash\nexec /till --port 80\n"},
            message="bash runs the commands of a script as children",
            safe=False,
        ),
        Invalid(
            {
                "Dockerfile": _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
                "COPY entry.sh /entry.sh\nENTRYPOINT exec /entry.sh\n",
                "entry.sh": "#!/bin/sh\n«/till»\n",
            },
            fixed={"entry.sh": "#!/bin/sh\nexec /till\n"},
            safe=False,
        ),
        Invalid(
            {
                "Dockerfile": _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
                'COPY scripts/entry.sh /entry.sh\nENTRYPOINT ["/entry.sh"]\nCMD ["-v"]\n',
                "scripts/entry.sh": '#!/bin/sh\nset -e\necho start\n«/till "$@"»\n',
            },
            fixed={"scripts/entry.sh": '#!/bin/sh\nset -e\necho start\nexec /till "$@"\n'},
            message="dash",
            safe=False,
        ),
        Invalid(
            _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\nENV GOCOVERDIR=/tmp\n"
            "ENTRYPOINT «/till --port 80»\n",
            fixed=_BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
            "ENV GOCOVERDIR=/tmp\nENTRYPOINT exec /till --port 80\n",
            safe=True,
            example=True,
        ),
        Invalid(
            _BUILD + "FROM ubuntu:24.04\nCOPY --from=b /till /till\n"
            'CMD ["sh", "-c", "cd /tmp && «/till»"]\n',
            fixed=_BUILD + "FROM ubuntu:24.04\nCOPY --from=b /till /till\n"
            'CMD ["sh", "-c", "cd /tmp && exec /till"]\n',
            safe=False,
        ),
        Invalid(
            _BUILD + "FROM fedora:41\nCOPY --from=b /till /till\nCMD «/till 2>&1»\n",
            fixed=_BUILD + "FROM fedora:41\nCOPY --from=b /till /till\nCMD exec /till 2>&1\n",
        ),
        Invalid(
            _BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
            'ENTRYPOINT ["/usr/bin/tini", "--"]\nCMD ["sh", "-c", "«/till»"]\n',
            fixed=_BUILD + "FROM debian:bookworm\nCOPY --from=b /till /till\n"
            'ENTRYPOINT ["/usr/bin/tini", "--"]\nCMD ["sh", "-c", "exec /till"]\n',
            message="tini passes SIGTERM to a shell",
            safe=False,
        ),
        Invalid(
            _BUILD + "FROM alpine:3.20\nCOPY --from=b /till /till\nCMD «/till | tee /log»\n",
            message="pipeline",
        ),
        Invalid(
            _BUILD + "FROM alpine:3.20\nCOPY --from=b /till /till\nCMD «/till && echo done»\n",
            message="another command after it",
        ),
    )
