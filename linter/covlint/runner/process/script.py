"""The plan as a POSIX shell script that does the same without covlint."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from covlint.runner.process.namespaces import REFUSED, entrance, unshare_words
from covlint.runner.process.plan import ProcessPlan
from covlint.runner.script_parts import Quoting, in_folder, look_for, report
from covlint.runner.suite import SuitePlan
from covlint.runner.target import Ready
from covlint.runner.toolchain import Toolchain


def process_script(plan: ProcessPlan, toolchain: Toolchain, environ: Mapping[str, str]) -> str:
    """A script that builds, runs, exercises and stops the service, and prints its coverage."""
    return "\n".join(_process(plan, toolchain, environ)) + "\n"


def suite_script(plan: SuitePlan, toolchain: Toolchain) -> str:
    """A script that runs the suite and prints what it left."""
    lines = [
        "#!/bin/sh",
        f"# covlint verify {plan.target.name} (suite engine)",
        "set -u",
        f"cd {shlex.quote(str(plan.command.cwd))}",
    ]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in plan.target.env]
    lines += [f"sh -c {shlex.quote(plan.command.argv[2])} || echo 'the suite failed' >&2"]
    lines += report(shlex.quote(str(plan.data)), toolchain)
    return "\n".join(lines) + "\n"


def _process(plan: ProcessPlan, toolchain: Toolchain, environ: Mapping[str, str]) -> Iterator[str]:
    quote = Quoting(str(plan.run))
    yield "#!/bin/sh"
    yield f"# covlint verify {plan.target.name} (process engine)"
    for hop in plan.unproven:
        yield f"# unproven: {hop.hop.value}: {hop.reason}"
    yield "set -eu"
    yield "run=$(mktemp -d)"
    yield "service="
    yield "signal() { # the program itself, as a container engine signals PID 1"
    if plan.inside is not None:
        children = '"/proc/$service/task/$service/children"'
        yield f"  for pid in $(cat {children} 2>/dev/null); do"
        yield '    kill "-$1" "$pid" 2>/dev/null || :'
        yield "  done"
    else:
        yield '  kill "-$1" "$service" 2>/dev/null || :'
    yield "}"
    yield 'trap \'[ -z "$service" ] || signal KILL; rm -rf "$run"\' EXIT'
    yield "trap 'exit 130' INT TERM HUP"
    yield 'chmod 755 "$run"'
    yield 'mkdir "$run/bin"'
    yield ""
    yield "# build"
    yield in_folder(plan.build.command, quote, environ)
    if plan.program != plan.build.binary:
        yield f"cp {quote(str(plan.build.binary))} {quote(str(plan.program))}"
    yield ""
    yield "# folders that stand for the directories of the container"
    for folder in plan.folders:
        path = quote(str(folder.path))
        yield f"mkdir -p {path}"
    for folder in reversed(plan.folders):
        path = quote(str(folder.path))
        if folder.owner is not None:
            yield f"chown {folder.owner}:{folder.owner} {path}"
        yield f"chmod {folder.mode:04o} {path}"
    yield ""
    yield "# start"
    yield from _start(plan, quote)
    yield from _wait(plan.ready, quote)
    if plan.exercise is not None:
        yield ""
        yield "# exercise"
        yield in_folder(plan.exercise, quote, environ) + " || echo 'the exercise failed' >&2"
    yield ""
    asks = plan.stop_signal.name
    yield f"# stop: {asks}, the grace period, SIGKILL"
    yield f"signal {asks.removeprefix('SIG')}"
    yield (
        f"( sleep {plan.grace:g} & nap=$!; trap 'kill \"$nap\"' TERM; "
        'wait "$nap" && signal KILL ) >/dev/null 2>&1 & guard=$!'
    )
    yield 'wait "$service" || :'
    if plan.inside is not None:
        yield f'[ ! -e "$run/{REFUSED}" ] || {{ cat "$run/{REFUSED}" >&2; exit 1; }}'
    yield "service="
    yield 'kill "$guard" 2>/dev/null || :'
    yield ""
    yield f"cd {quote(str(plan.build.sources))}"
    yield from report(quote(str(plan.arrives)), toolchain)


def _start(plan: ProcessPlan, quote: Quoting) -> Iterator[str]:
    variables = [quote(f"{name}={value}") for name, value in plan.service.env.items()]
    program = [quote(word) for word in plan.service.argv]
    if plan.inside is not None:
        yield "# PID 1 of namespaces of its own, in a root that this script puts together"
        yield "enter=$(cat <<'END'"
        yield entrance(plan.inside)
        yield "END"
        yield ")"
        inside = unshare_words(plan.inside.unprivileged, plan.inside.user)
        words = ["env", "-i", *variables, *inside, "sh", "-euc", '"$enter"', "covlint", '"$run"']
        yield "cd /"
    else:
        words = ["env", "-i", *variables]
        if plan.service.user is not None:
            user = plan.service.user
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words]
        yield f"cd {quote(str(plan.service.cwd))}"
    yield f'{" ".join([*words, *program])} >"$run/service.log" 2>&1 &'
    yield "service=$!"


def _wait(ready: Ready, quote: Quoting) -> Iterator[str]:
    look = look_for(ready, quote)
    if look is None:
        return
    yield "tries=0"
    yield f"until {look}; do"
    yield '  kill -0 "$service" || { cat "$run/service.log"; echo \'it ended\' >&2; exit 1; }'
    yield "  tries=$((tries + 1))"
    yield f"  [ \"$tries\" -lt {int(ready.timeout * 5)} ] || {{ echo 'never ready' >&2; exit 1; }}"
    yield "  sleep 0.2"
    yield "done"
