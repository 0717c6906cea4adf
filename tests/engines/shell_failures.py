"""Shells as PID 1 that keep SIGTERM to themselves: facts, part C."""

from __future__ import annotations

from engines.failures import BASH, BUSYBOX, DASH, INITS, Failure, service
from engines.project import DOCKERFILE, Layout

_ENTRY = ("Dockerfile", "ENTRYPOINT")


def _shell(name: str, base: str, words: str) -> Layout:
    return service(name, base=base, entrypoint=f"ENTRYPOINT {words}", grace=1)


#: Part C: shells as PID 1. Each base has another one as sh.
SHELLS = {
    f"{shell}: {name}": Failure(
        f"C: {name}, {shell}",
        _shell(f"{shell}{number}", base, f'["sh", "-c", "{line}"]'),
        "killed",
        "COV203",
        _ENTRY,
    )
    for shell, base, lines in (
        (
            "dash",
            DASH,
            {
                'sh -c "app"': "/app",
                'sh -c "echo start; app"': "echo start; /app",
                'sh -c "cd /tmp && app"': "cd /tmp && /app",
                'sh -c "FOO=bar app"': "FOO=bar /app",
                'sh -c "app 2>&1"': "/app 2>&1",
                'sh -c "app && echo done"': "/app && echo done",
                'sh -c "app | cat"': "/app | cat",
                'sh -c "app & wait"': "/app & wait",
            },
        ),
        (
            "bash",
            BASH,
            {
                'sh -c "app 2>&1"': "/app 2>&1",
                'sh -c "app && echo done"': "/app && echo done",
                'sh -c "app | cat"': "/app | cat",
                'sh -c "app & wait"': "/app & wait",
            },
        ),
        (
            "busybox",
            BUSYBOX,
            {
                'sh -c "app && echo done"': "/app && echo done",
                'sh -c "app | cat"': "/app | cat",
                'sh -c "app & wait"': "/app & wait",
            },
        ),
    )
    for number, (name, line) in enumerate(lines.items())
}
SHELLS |= {
    f"{shell}: script file": Failure(
        f"C: script file, last line app, {shell}",
        service(
            f"{shell}script",
            DOCKERFILE.replace("USER", "COPY start.sh /start.sh\nUSER"),
            base=base,
            entrypoint='ENTRYPOINT ["sh", "/start.sh"]',
            grace=1,
            files={"start.sh": "#!/bin/sh\necho start\n/app\n"},
        ),
        "killed",
        "COV203",
        ("start.sh", "/app"),
    )
    for shell, base in (("dash", DASH), ("bash", BASH))
}
SHELLS |= {
    words: Failure(
        f"C: {words}",
        service(name, base=INITS, entrypoint=f"ENTRYPOINT {form}", grace=2),
        "killed",
        "COV203",
        _ENTRY,
    )
    for name, words, form in (
        ("tini", "tini -- sh -c app", '["tini", "--", "sh", "-c", "/app"]'),
        (
            "single",
            "dumb-init --single-child sh -c app",
            '["dumb-init", "--single-child", "sh", "-c", "echo start; /app"]',
        ),
    )
}
