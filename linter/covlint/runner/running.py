"""Which engine runs a target, and what its data is to be judged against."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from covlint.diagnostics import Diagnostic
from covlint.facts.kubernetes.helm_release import HelmRelease
from covlint.frozen import dataclass
from covlint.runner.announcement import announcement
from covlint.runner.cleanup import remove_folder
from covlint.runner.cluster.engine import run_cluster
from covlint.runner.cluster.making import SharedCluster
from covlint.runner.cluster.plan import ClusterPlan, plan_cluster
from covlint.runner.command import Processes
from covlint.runner.commons import Commons
from covlint.runner.container.compose import with_companions
from covlint.runner.container.engine import run_container
from covlint.runner.container.plan import ContainerPlan, Sources, plan_container
from covlint.runner.container.play import plan_play
from covlint.runner.container.runtime import RUNTIMES, find_runtime
from covlint.runner.diagnosis.diagnose import Locate
from covlint.runner.evidence.build_claims import Built
from covlint.runner.evidence.folder import read_folder
from covlint.runner.evidence.profile import REPORTS
from covlint.runner.ledger import Ledger
from covlint.runner.leftovers import kept_notes
from covlint.runner.process.build import Read
from covlint.runner.process.engine import Refused, run_process
from covlint.runner.process.namespaces import unavailable
from covlint.runner.process.plan import Host, plan_process
from covlint.runner.steps import Progress, Ran
from covlint.runner.suite import plan_suite, run_suite
from covlint.runner.target import Target
from covlint.runner.toolchain import NoToolchain, Toolchain, find_toolchain, go_environment
from covlint.runner.verdict import Unproven
from covlint.wiring import Chain

#: Tells kind where its nodes are containers: there images are built, and nodes looked into.
_PROVIDER = "KIND_EXPERIMENTAL_PROVIDER"
#: Ports that this call has handed out.
_GIVEN: set[int] = set()


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What a verification knows besides its target. ``root`` is the project's
    folder, ``out`` where results are kept, ``diagnostics`` what inspection found;
    ``runtime`` is docker or podman, None for the one that answers."""

    root: Path
    out: Path
    environ: Mapping[str, str]
    read: Read
    locate: Locate
    chain: Chain | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    keep: bool = False
    runtime: str | None = None
    cluster: str | None = None  # a Kind cluster, or a context, that is there already
    releases: tuple[HelmRelease, ...] = ()  # the installations of charts that are seen
    common: Commons | None = None  # where several targets are verified


@dataclass(frozen=True, slots=True)
class Found:
    """What the data has to be judged against; ``tools`` are those that ran, for people."""

    engine: str
    tools: str
    module: str | None
    main: str | None
    sources: Path
    unproven: tuple[Unproven, ...] = ()
    notes: tuple[str, ...] = ()
    foreign: bool = False  # the data folder is not covlint's own: it may hold older files
    earlier: frozenset[str] = frozenset()  # the covcounters files that it held before the run
    started: int | None = None  # how many processes the engine saw start
    built: Built | None = None  # the binary, where it is at hand


def run_engine(
    target: Target, around: Surrounding, ledger: Ledger, processes: Processes, progress: Progress
) -> tuple[Ran, Found]:
    """Run the target on its engine; what is left of it lies in ``around.out``.

    Raises TargetError, NoToolchain and NoRuntime before anything is started.
    """
    if target.engine == "suite":
        return _suite(target, around, processes, progress)
    if target.engine == "process":
        ran, found = _process(target, around, ledger, processes, progress)
    elif target.engine in ("kind", "context"):
        ran, found = _cluster(target, around, ledger, processes, progress)
    else:
        ran, found = _container(target, around, ledger, processes, progress)
    if around.keep:
        found = replace(found, notes=(*found.notes, *kept_notes(ledger)))
    for log in ledger.folder.glob("*.log"):
        shutil.copyfile(log, around.out / log.name)
    ran.data = _collect(ran.data, around.out / "data")
    return ran, found


def _suite(
    target: Target, around: Surrounding, processes: Processes, progress: Progress
) -> tuple[Ran, Found]:
    toolchain = find_toolchain(processes, around.environ)
    plan = plan_suite(target, around.root, around.environ, around.out / "suite.log")
    _renew(around.out)
    earlier = _counter_files(plan.data)
    chain = around.chain
    module = chain.module if chain is not None else None
    found = Found(
        "suite",
        str(toolchain),
        module.module_path if module is not None else None,
        chain.main.import_path if chain is not None and chain.main is not None else None,
        around.root / module.directory if module is not None else around.root,
        foreign=True,
        earlier=earlier,
    )
    progress.announce(announcement(plan))
    return run_suite(plan, processes, progress), found


def _process(
    target: Target, around: Surrounding, ledger: Ledger, processes: Processes, progress: Progress
) -> tuple[Ran, Found]:
    toolchain = find_toolchain(processes, around.environ)
    env = go_environment(toolchain, around.environ, around.out / "cache" / "go-build")
    temporary = ledger.folder / "tmp"  # a `go build` that is killed leaves its own there
    temporary.mkdir()
    env = {**env, "GOTMPDIR": str(temporary)}
    host = this_host(unavailable(processes) if target.namespaces else None)
    while True:
        plan = plan_process(
            target, around.chain, around.root, around.read, ledger.folder, env, host
        )
        _renew(around.out)
        found = Found(
            "process",
            str(toolchain),
            plan.build.module,
            plan.build.main,
            plan.build.sources,
            plan.unproven,
            plan.notes,
            plan.stand_in.given,
            _counter_files(plan.arrives),
            built=Built(plan.build.binary, plan.build.module, plan.build.sources, plan.build.whole),
        )
        progress.announce(announcement(plan))
        try:
            return run_process(plan, processes, progress), found
        except Refused as refused:
            # What a short trial could not show; the build is cached by now.
            host = replace(host, confined=str(refused))
            remove_folder(ledger.folder / "bin")


def container_plan(
    target: Target, around: Surrounding, run: Path, name: str, processes: Processes
) -> ContainerPlan:
    """The plan of the container and play engines. Raises TargetError and NoRuntime."""
    runtime = find_runtime(processes, around.environ, around.runtime)
    env, _ = tool_environment(around, processes)
    plan = plan_container(
        target, around.chain, around.root, around.read, run, name, env, this_host(), runtime
    )
    if target.engine == "play":
        return plan_play(plan, around.chain, around.read)
    return with_companions(plan, around.chain, around.read)


def cluster_plan(
    target: Target,
    around: Surrounding,
    run: Path,
    name: str,
    processes: Processes,
    *,
    apart: bool = False,
) -> ClusterPlan:
    """The plan of the kind and context engines. Raises TargetError and NoRuntime."""
    provider = around.environ.get(_PROVIDER)
    wished = around.runtime or (provider if provider in RUNTIMES else None)
    runtime = find_runtime(processes, around.environ, wished)
    env = dict(tool_environment(around, processes)[0])
    env[_PROVIDER] = "podman" if runtime.podman else "docker"
    chain, reuse = around.chain, around.cluster
    return plan_cluster(
        target,
        chain,
        around.root,
        around.read,
        run,
        name,
        env,
        runtime,
        reuse,
        around.releases,
        apart=apart,
    )


def _container(
    target: Target, around: Surrounding, ledger: Ledger, processes: Processes, progress: Progress
) -> tuple[Ran, Found]:
    plan = container_plan(target, around, ledger.folder, ledger.run, processes)
    _renew(around.out)
    found = Found(
        target.engine,
        str(plan.runtime),
        plan.sources.module,
        plan.sources.main,
        plan.sources.folder,
        plan.unproven,
        plan.notes,
    )
    progress.announce(announcement(plan))
    ran = run_container(plan, processes, progress, ledger, around.common)
    return ran, replace(found, built=_of_image(ran, plan.sources))


def _cluster(
    target: Target, around: Surrounding, ledger: Ledger, processes: Processes, progress: Progress
) -> tuple[Ran, Found]:
    plan, shared = _together(target, around, ledger, processes)
    _renew(around.out)
    notes = plan.notes + (plan.cluster.config.notes if plan.cluster.config is not None else ())
    progress.announce(announcement(plan))
    ran = run_cluster(plan, processes, progress, ledger, around.common, shared)
    found = Found(
        target.engine,
        f"{plan.runtime}, cluster {plan.cluster.name or 'of the current context'}",
        plan.sources.module,
        plan.sources.main,
        plan.sources.folder,
        plan.unproven,
        (*notes, *ran.notes),
        started=ran.started,
        built=_of_image(ran, plan.sources),
    )
    return ran, found


def _together(
    target: Target, around: Surrounding, ledger: Ledger, processes: Processes
) -> tuple[ClusterPlan, SharedCluster | None]:
    """Where there are other targets: one cluster for all that need the same one, and a namespace
    of its own for each."""
    common, folder, run = around.common, ledger.folder, ledger.run
    plan = cluster_plan(target, around, folder, run, processes)
    if common is None:
        return plan, None
    shared: SharedCluster | None = None
    if plan.cluster.create:

        def make() -> SharedCluster:
            place = common.ledger.folder / f"cluster-{run}"
            name = f"{common.ledger.run}-{run}"
            return SharedCluster(cluster_plan(target, around, place, name, processes), common)

        made, _ = common.once(("cluster", plan.cluster.key), make)
        shared = made
        around = replace(around, cluster=made.name)
        plan = cluster_plan(target, around, folder, run, processes)
    own = plan.own_namespace is not None
    if not own and not common.takes_space(plan.cluster.name, plan.namespace):
        plan = cluster_plan(target, around, folder, run, processes, apart=True)
    return plan, shared


def _of_image(ran: Ran, sources: Sources) -> Built | None:
    if ran.program is None:
        return None
    return Built(ran.program, sources.module, sources.folder, sources.whole)


def tool_environment(
    around: Surrounding, processes: Processes
) -> tuple[Mapping[str, str], Toolchain | None]:
    """The environment of commands on this host; its Go is for the exercise, and may be missing."""
    try:
        toolchain = find_toolchain(processes, around.environ)
    except NoToolchain:
        return around.environ, None
    return go_environment(toolchain, around.environ, around.out / "cache" / "go-build"), toolchain


def this_host(confined: str | None = None) -> Host:
    """The uid of covlint, a port that is free now, and why there are no namespaces."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _GIVEN:  # to another target of this call, which may not listen yet
            _GIVEN.add(port)
            return Host(os.getuid(), port, confined)


def _counter_files(data: Path) -> frozenset[str]:
    return frozenset(file.name for file in read_folder(data).counters)


def _renew(out: Path) -> None:
    """Remove what an earlier verification left, so that nothing old is taken for new."""
    out.mkdir(parents=True, exist_ok=True)
    remove_folder(out / "data")
    for name in ("profile.txt", "func.txt", "result.json", *REPORTS.values()):
        (out / name).unlink(missing_ok=True)
    for log in out.glob("*.log"):
        log.unlink()


def _collect(data: Path | None, kept: Path) -> Path:
    """Copy the data out of the folder of the run, which is thrown away."""
    if data is not None and data.is_dir():
        shutil.copytree(data, kept, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        kept.chmod(0o755)
    return kept
