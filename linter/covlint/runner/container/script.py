"""The plans of the container, play and kind engines as POSIX shell scripts of their own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from covlint.runner.cluster.node_data import full_name
from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.cluster.workload import Workload
from covlint.runner.container.plan import ContainerPlan
from covlint.runner.script_parts import Quoting, in_folder, look_for, report
from covlint.runner.service import exercise_of, ready_at
from covlint.runner.target import TargetError
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


def cluster_script(plan: ClusterPlan, caller: Caller) -> str:
    """The same for a Kind cluster. Raises TargetError for a cluster that is not Kind's."""
    if not plan.cluster.create or plan.cluster.config is None:
        raise TargetError("--dry-run prints the script of a run in a cluster of its own only")
    return "\n".join(_cluster(plan, caller)) + "\n"


def _head(target: str, engine: str, clean: str) -> Iterator[str]:
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


def _build(argv: tuple[str, ...], root: str, quote: Quoting) -> Iterator[str]:
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
    yield from _head(plan.target.name, plan.target.engine, end)
    for build in (plan.build, *(build for _, build in plan.companion_builds)):
        yield from _build(build.argv, str(plan.root), quote)
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
        yield from _until(
            f'{logs} >"$run/service.log" 2>&1; {look}', gone, plan.ready.timeout, "never ready"
        )
    if plan.exercise is not None:
        yield ""
        yield "# exercise"
        yield in_folder(plan.exercise, quote, caller.environ) + _OR_SAY
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
    yield from _data(plan.written_to or plan.arrives, quote, caller)


def unlabelled(argv: Sequence[str]) -> list[str]:
    """Without the labels by which `covlint verify --clean` finds what a killed run left."""
    kept: list[str] = []
    for before, word in zip(("", *argv), argv, strict=False):
        if word != "--label" and before != "--label":
            kept.append(word)
    return kept


_OR_SAY = " || echo 'the exercise failed' >&2"


def _data(folder: object, quote: Quoting, caller: Caller) -> list[str]:
    path = quote(str(folder))
    return report(path, caller.toolchain) if caller.toolchain is not None else [f"ls -l {path}"]


def _until(look: str, otherwise: str, seconds: float, complaint: str) -> Iterator[str]:
    yield "tries=0"
    yield f"until {look}; do"
    yield f"  {otherwise}"
    yield "  tries=$((tries + 1))"
    yield f"  [ \"$tries\" -lt {int(seconds * 5)} ] || {{ echo '{complaint}' >&2; exit 1; }}"
    yield "  sleep 0.2"
    yield "done"


def _cluster(plan: ClusterPlan, caller: Caller) -> Iterator[str]:
    quote = Quoting(str(plan.run), NAME)
    program = shlex.quote(plan.runtime.program)
    config = plan.cluster.config
    assert config is not None
    cluster = quote(plan.cluster.name)
    end = f'kind delete cluster --name {cluster} --kubeconfig "$run/kubeconfig" 2>/dev/null || :'
    end += f"; {program} rmi -f {quote(plan.tag)} >/dev/null 2>&1 || :"
    yield from _head(plan.target.name, plan.target.engine, end)
    provider = plan.env.get("KIND_EXPERIMENTAL_PROVIDER")
    if provider:
        yield f"export KIND_EXPERIMENTAL_PROVIDER={provider}"
    yield 'export KUBECONFIG="$run/kubeconfig"'
    yield f"cd {quote(str(plan.root))}"
    yield "# cluster"
    for _, folder in config.folders:
        yield f"mkdir -p {quote(str(folder))}; chmod {plan.host_mode:04o} {quote(str(folder))}"
    yield from quote.file(f"{plan.run}/kind.json", config.data)
    image = f" --image {quote(plan.cluster.node_image)}" if plan.cluster.node_image else ""
    yield f'kind create cluster --name {cluster} --config "$run/kind.json"{image}'
    yield from _build(plan.build.argv, str(plan.root), quote)
    yield "# the image, under the name that the manifest has for it"
    form = "--format docker-archive " if plan.runtime.podman else ""
    yield f'{program} save {form}-o "$run/image.tar" {quote(plan.tag)}'
    yield f'kind load image-archive "$run/image.tar" --name {cluster}'
    if plan.image_name is not None:
        tag = f"ctr -n k8s.io images tag --force {quote(plan.tag)} {full_name(plan.image_name)}"
        yield f"for node in $(kind get nodes --name {cluster}); do"
        yield f'  {program} exec "$node" {tag} >/dev/null'
        yield "done"
    yield ""
    yield "# the workload"
    kind, name = plan.workload[0].lower(), plan.workload[1]
    space = f"kubectl -n {quote(plan.namespace)}"
    for file in plan.files:
        path = plan.root / file
        flag = "-k" if path.is_dir() else "-f"
        again = f"kubectl create namespace {quote(plan.namespace)} && kubectl apply {flag} {file}"
        yield f"kubectl apply {flag} {quote(file)} || {{ {again}; }}"
    if plan.patch is not None:
        yield f"{space} patch {kind} {name} --patch-file {quote(plan.patch[1])}"
    if kind in ("deployment", "statefulset", "daemonset"):
        yield f"{space} rollout status {kind}/{name} --timeout={int(plan.rollout)}s"
    port = next((outside for _, outside in config.ports), 0)
    ready = ready_at(plan.target.ready, port)
    look = look_for(ready, quote)
    if look is not None:
        yield from _until(look, ":", ready.timeout, "never ready")
    exercise = exercise_of(plan.target, plan.root, plan.env, port, ready)
    if exercise is not None:
        yield ""
        yield "# exercise"
        yield in_folder(exercise, quote, caller.environ) + _OR_SAY
    yield ""
    yield "# stop, with the pods' own grace period, until no container runs"
    stop = Workload(plan.workload[0], name, "", 0, None).stop(plan.namespace)
    yield f"kubectl {' '.join(quote(word) for word in stop)}"
    labels = ",".join(f"{key}={value}" for key, value in plan.container.pod.labels)
    states = "{.items[*].status.containerStatuses[*].state.running}"
    yield from _until(
        f"[ -z \"$({space} get pods -l {quote(labels)} -o jsonpath='{states}')\" ]",
        ":",
        plan.grace + 60,
        "it does not end",
    )
    yield ""
    if plan.copied_from is not None:
        yield f"for node in $(kind get nodes --name {cluster}); do"
        yield f'  {program} cp "$node:{plan.copied_from}/." "$run/host" || :'
        yield "done"
    yield f"cd {quote(str(plan.sources.folder))}"
    yield from _data(plan.arrives, quote, caller)
