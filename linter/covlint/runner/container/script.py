"""The plans of the container and play engines as POSIX shell scripts of their own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from covlint.frozen import dataclass
from covlint.runner.container.plan import ContainerPlan
from covlint.runner.container.runtime import unlabelled
from covlint.runner.script_parts import Quoting, in_folder, look_for, report
from covlint.runner.toolchain import Toolchain

#: Stands for the number of a run in a plan that is printed.
NAME = "covlint0run0name"
_LABELS = re.compile(r'"dev\.covlint\.\w+": "[^"]*"(?:, )?')


@dataclass(frozen=True, slots=True)
class Caller:
    """What the script may rely on: the environment that it is made in, and its Go, if any."""

    environ: Mapping[str, str]
    toolchain: Toolchain | None


def container_script(plan: ContainerPlan, caller: Caller) -> str:
    """A script that builds, runs, exercises and stops the container, and prints its coverage."""
    return "\n".join(_container(plan, caller)) + "\n"


def head(target: str, engine: str, clean: str) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# covlint verify {target} ({engine} engine)"
    yield "set -eu"
    yield "run=$(mktemp -d)"
    yield "name=$$"
    yield f'clean() {{ {clean}; rm -rf "$run"; }}'
    yield "trap clean EXIT"
    yield "trap 'exit 130' INT TERM HUP"
    yield 'chmod 755 "$run"'
    yield ""


def build_lines(argv: tuple[str, ...], root: str, quote: Quoting) -> Iterator[str]:
    # Only covlint needs what Buildah says of itself: it cleans up by that.
    words = [word for word in unlabelled(argv) if word not in ("--log-level", "debug")]
    yield "# build"
    yield f"( cd {quote(root)}; {' '.join(quote(word) for word in words)} )"
    yield ""


def _container(plan: ContainerPlan, caller: Caller) -> Iterator[str]:
    quote = Quoting(str(plan.run), NAME)
    program = shlex.quote(plan.runtime.program)
    box = quote(plan.box.name)
    end = f"{program} rm -f -v {box} >/dev/null 2>&1 || :"
    if plan.play is not None:
        end = f'{program} kube down "$run/pod.yaml" >/dev/null 2>&1 || :'
    for volume in plan.mounts.volumes:
        end += f"; {program} volume rm -f {quote(volume)} >/dev/null 2>&1 || :"
    for one in plan.companions:
        end += f"; {program} rm -f -v {quote(one.name)} >/dev/null 2>&1 || :"
    if plan.box.network is not None:
        end += f"; {program} network rm {quote(plan.box.network)} >/dev/null 2>&1 || :"
    end += f"; {program} rmi -f {quote(plan.tag)} >/dev/null 2>&1 || :"
    yield from head(plan.target.name, plan.target.engine, end)
    for build in (plan.build, *(build for _, build in plan.companion_builds)):
        yield from build_lines(build.argv, str(plan.root), quote)
    if plan.box.network is not None:
        yield f"{program} network create {quote(plan.box.network)} >/dev/null"
    yield "# folders that play the node and its volumes"
    for place in plan.mounts.places:
        folder = quote(str(place.folder))
        yield f"mkdir -p {folder}"
        yield f'[ "$(id -u)" != 0 ] || chown {place.owner}:{place.owner} {folder}'
        yield f"chmod {place.mode:04o} {folder}"
    for volume in plan.mounts.volumes:
        yield f"{program} volume create {quote(volume)} >/dev/null"
    yield ""
    yield "# start"
    if plan.play is not None:
        yield from quote.file(f"{plan.run}/pod.yaml", _LABELS.sub("", plan.play))
        yield f'{program} kube play "$run/pod.yaml" >/dev/null'
    else:
        for one in (*plan.companions, plan.box):
            words = unlabelled(plan.runtime.start(one, NAME, detached=True))
            yield f"{' '.join(quote(word) for word in words)} >/dev/null"
    logs = f"{program} logs {box}"
    running = f"[ \"$({program} container inspect -f '{{{{.State.Running}}}}' {box})\" = true ]"
    look = look_for(plan.ready, quote)
    if look is not None:
        gone = f"{running} || {{ {logs}; echo 'it ended' >&2; exit 1; }}"
        yield from until(
            f'{logs} >"$run/service.log" 2>&1; {look}', gone, plan.ready.timeout, "never ready"
        )
    if plan.exercise is not None:
        yield ""
        yield "# exercise"
        yield in_folder(plan.exercise, quote, caller.environ) + OR_SAY
    yield ""
    yield "# stop: the image's signal, the grace period, SIGKILL"
    yield f"{' '.join(quote(w) for w in plan.runtime.stop(plan.box.name, plan.grace))} >/dev/null"
    yield f"{logs}"
    yield ""
    if plan.written_to is None and plan.place.lost is None:
        copy = plan.runtime.copy_out(plan.box.name, plan.place.path, str(plan.arrives))
        yield 'mkdir -p "$run/host"'
        yield f"{' '.join(quote(word) for word in copy)} || :"
    yield f"cd {quote(str(plan.sources.folder))}"
    yield from data_lines(plan.written_to or plan.arrives, quote, caller)


OR_SAY = " || echo 'the exercise failed' >&2"


def data_lines(folder: object, quote: Quoting, caller: Caller) -> list[str]:
    path = quote(str(folder))
    return report(path, caller.toolchain) if caller.toolchain is not None else [f"ls -l {path}"]


def until(look: str, otherwise: str, seconds: float, complaint: str) -> Iterator[str]:
    yield "tries=0"
    yield f"until {look}; do"
    yield f"  {otherwise}"
    yield "  tries=$((tries + 1))"
    yield f"  [ \"$tries\" -lt {int(seconds * 5)} ] || {{ echo '{complaint}' >&2; exit 1; }}"
    yield "  sleep 0.2"
    yield "done"
