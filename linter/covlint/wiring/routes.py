"""How the data leaves a container: which of the known ways it takes, hop by hop.

The ways are those that projects were seen to use: a hostPath that Kind brings to
the host or that is copied out of the node; a claim that a second pod is copied
from; an emptyDir that is copied while the pod lives, after the program wrote its
counters on a signal; a handler of the program that serves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from covlint.chain import Certainty, Chain, Hop, Link, Route
from covlint.wiring.copy_pods import same_claim
from covlint.wiring.questions import files_elsewhere, may_serve_coverage

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.facts.commands.steps import Step
    from covlint.facts.kubernetes.pod import Volume
    from covlint.source import Span

#: A hop that is not joined, and why.
Missing = tuple[Hop, str]
_Hops = Iterator["Link | Missing"]


def exact(hop: Hop, span: Span, label: str) -> Link:
    return Link(hop, span, label, Certainty.EXACT)


def route_of(chain: Chain) -> Route | None:
    """The way that the data of the chain's container takes; None where none is seen."""
    container, volume = chain.container, chain.volume
    if container is None:
        return None
    if volume is not None and chain.mount is not None:
        named = {"HOST_PATH": Route.NODE, "CLAIM": Route.CLAIM, "BIND": Route.HOST}
        if volume.kind.name in named:
            return named[volume.kind.name]
    if _pulled(chain):
        return Route.HTTP
    if volume is not None and volume.kind.name in {"EMPTY_DIR", "NAMED"}:
        return Route.POD
    if chain.coverdir is not None and chain.mount is None and next(_pod_copies(chain), None):
        return Route.POD
    return None


def _pulled(chain: Chain) -> bool:
    """Whether the program serves its counters: nothing has to be mounted, and GOCOVERDIR may be
    unset. Where it has a directory as well, something has to pull them."""
    if not chain.takes_part or not may_serve_coverage(chain):
        return False
    if chain.coverdir is None:
        return True
    copied, pulled = next(_pod_copies(chain), None), next(_steps(chain, "FETCH"), None)
    return copied is None and pulled is not None


def way_out(chain: Chain) -> _Hops:
    """The hops from the mount to the report, and the first that is missing."""
    container, coverdir = chain.container, chain.coverdir
    if container is None:
        return
    if chain.route is Route.HTTP:
        yield from _snapshot(chain)
        yield from _taken(chain, next(_steps(chain, "FETCH"), None), "nothing seen pulls them")
        return
    if coverdir is None:
        return
    if chain.mount is None and chain.route is None:
        if container.mounts_opaque:
            yield Link(Hop.MOUNT, None, "not seen", Certainty.UNKNOWN)
        else:
            yield Hop.MOUNT, f"no volume is mounted at {coverdir.text}"
        return
    if chain.mount is not None:
        yield exact(Hop.MOUNT, chain.mount.path.span, chain.mount.path.text)
        yield from _volume(chain)
        if chain.volume is None:
            return
    if chain.route is Route.NODE:
        yield from _node(chain)
    elif chain.route is Route.HOST:
        yield from _report(chain, None)
    elif chain.route is Route.CLAIM:
        yield from _claim(chain)
    elif chain.route is Route.POD:
        yield from _snapshot(chain)
        yield from _taken(
            chain,
            next(_pod_copies(chain), None),
            f"nothing seen copies {coverdir.text} out of the pod",
        )


def _volume(chain: Chain) -> _Hops:
    volume, mount, container = chain.volume, chain.mount, chain.container
    if volume is None:
        if mount is not None and container is not None:
            name = mount.name.text
            if container.pod.volumes_opaque:
                yield Link(Hop.VOLUME, None, f"{name}, not seen", Certainty.UNKNOWN)
            else:
                yield Hop.VOLUME, f"volume {name} is not declared"
        return
    label = volume.kind.value
    if _is(volume, "CLAIM"):
        from covlint.facts.kubernetes.coverage_volume import claim_of

        claim = claim_of(volume)
        label = f"claim {claim.text}" if claim is not None else label
    yield exact(Hop.VOLUME, volume.span, f"{volume.name.text} ({label})")
    if volume.bind is not None:
        yield exact(Hop.HOST_PATH, volume.bind.span, volume.bind.text)


# -- the ways -----------------------------------------------------------------------------


def _node(chain: Chain) -> _Hops:
    volume = chain.volume
    if volume is None or volume.host_path is None:
        return
    yield exact(Hop.NODE_PATH, volume.host_path.span, volume.host_path.text)
    for mount in chain.extra_mounts[:1]:
        yield exact(Hop.EXTRA_MOUNT, mount.container_path.span, mount.container_path.text)
        if mount.host_path is not None:
            yield exact(Hop.HOST_PATH, mount.host_path.span, mount.host_path.text)
    copy = next(_node_copies(chain, volume.host_path.text), None)
    if chain.extra_mounts:
        copied = copy if copy is not None else next(_host_copies(chain), None)
        if copied is not None:
            yield _copy_link(chain, copied)
        yield from _report(chain, copied)
    elif copy is None and chain.clusters:
        yield Hop.EXTRA_MOUNT, f"no Kind node mounts {volume.host_path.text}"
    else:
        why = f"nothing seen takes {volume.host_path.text} out of the node"
        yield from _taken(chain, copy, why)


def _claim(chain: Chain) -> _Hops:
    pod, coverdir, volume = chain.copy_pod, chain.coverdir, chain.volume
    assert coverdir is not None  # the route starts at a mount of it
    copy = next(_copies(chain, _pod_tools(), [coverdir.text]), None)
    if pod is not None:
        paths = [m.path.text for m in pod.mounts if same_claim(pod, m.name.text, volume)]
        name = pod.pod.name.text if pod.pod.name is not None else "pod"
        yield exact(Hop.COPY_POD, pod.span, f"{name}, mounted at {', '.join(paths)}")
        copy = next(_copies(chain, _pod_tools(), paths), None)
    else:
        why = "not seen: no other pod here mounts the claim"
        yield Link(Hop.COPY_POD, None, why, Certainty.UNKNOWN)
    yield from _taken(chain, copy, "nothing seen copies the data out of the claim")


def _snapshot(chain: Chain) -> _Hops:
    """Where the program writes or serves its counters while it runs, and what makes it do so."""
    main, served = chain.main, chain.route is Route.HTTP
    what = "serves its counters" if served else "writes its counters while it runs"
    if main is None:
        missing = sorted({name for build in chain.builds for name in files_elsewhere(build)})
        if missing and served:
            label = f"may be in {', '.join(missing)}, which is not seen"
            yield Link(Hop.SNAPSHOT, None, label, Certainty.ASSUMED)
        else:
            yield Link(Hop.SNAPSHOT, None, f"not seen that the program {what}", Certainty.UNKNOWN)
        return
    found = next((one for one in main.snapshots if one.function.startswith("Write")), None)
    if found is None:
        if main.serves_coverage:
            files = [name for name in main.unseen if name.endswith(".go")]
            label = f"may be in {', '.join(files) or 'code'}, which is not seen"
            yield Link(Hop.SNAPSHOT, None, label, Certainty.ASSUMED)
        elif served or main.runs_forever is not True or _kept_alive(chain):
            yield Link(Hop.SNAPSHOT, None, f"not seen that the program {what}", Certainty.UNKNOWN)
        else:
            yield Hop.SNAPSHOT, "the program writes its counters only when it ends"
        return
    signals = [name for one in main.handlings for name in one.signals if name.startswith("SIGUSR")]
    on = f" on {signals[0]}" if signals and not served else ""
    label = f"coverage.{found.function}{on}"
    yield exact(Hop.SNAPSHOT, found.span, label)
    if on:
        sent = next((s for s in _steps(chain, "SIGNAL") if s.source in signals), None)
        if sent is not None:
            yield exact(Hop.TRIGGER, sent.span, f"{sent.source} by {sent.through or 'kill'}")
        else:
            why = f"not seen: nothing sends {signals[0]}"
            yield Link(Hop.TRIGGER, None, why, Certainty.UNKNOWN)


def _taken(chain: Chain, step: Step | None, otherwise: str) -> _Hops:
    """The extraction and the report; ``otherwise`` says what is not seen."""
    if step is None:
        yield Link(Hop.EXTRACTION, None, f"not seen: {otherwise}", Certainty.UNKNOWN)
        return
    yield _copy_link(chain, step)
    yield from _report(chain, step)


def _copy_link(chain: Chain, step: Step) -> Link:
    tool = step.through or (step.words[0] if step.words else None) or "copy"
    verb = "pulled" if step.kind.name == "FETCH" else "copied"
    if step.source is not None:
        return exact(Hop.EXTRACTION, step.span, f"{verb} by {tool}")
    # a copy of what is not seen is taken for this one where the report is made beside it
    beside = any(one.span.path == step.span.path for one in _steps(chain, "REPORT"))
    sure = Certainty.ASSUMED if beside else Certainty.UNKNOWN
    return Link(Hop.EXTRACTION, step.span, f"may be {verb} by {tool}", sure)


def _report(chain: Chain, copy: Step | None) -> _Hops:
    """The first report of the data: by its path, else the one beside the copy."""
    reports = list(_steps(chain, "REPORT"))
    named = next((s for s in reports if s.source is not None and _reads(s, chain, copy)), None)
    if named is not None:
        yield exact(Hop.REPORT, named.span, "go tool covdata")
        return
    # its directory is not seen, but the same file brings the data here
    beside = (s for s in reports if copy is not None and s.span.path == copy.span.path)
    blind = copy is not None and copy.destination is None
    near = next((s for s in beside if s.source is None or blind), None)
    if near is not None:
        yield Link(Hop.REPORT, near.span, "go tool covdata", Certainty.ASSUMED)


def _reads(report: Step, chain: Chain, copy: Step | None) -> bool:
    """Whether a report reads where the data of this chain lies or is copied to."""
    from covlint.facts.commands.data_steps import same_path

    source = report.source or ""
    if copy is not None and copy.destination is not None:
        target = copy.destination
        if same_path(source, target) or source.startswith(target.rstrip("/") + "/"):
            return True
    words = [chain.coverdir, chain.volume.host_path if chain.volume is not None else None]
    words += [mount.host_path for mount in chain.extra_mounts]
    words.append(chain.volume.bind if chain.volume is not None else None)
    known = [word.text.strip("./") for word in words if word is not None]
    return any(text and text in source for text in known)


# -- steps --------------------------------------------------------------------------------


def _steps(chain: Chain, kind: str) -> Iterator[Step]:
    if not chain.steps:
        return iter(())
    from covlint.facts.commands.steps import StepKind, of_kind  # loaded anyway, as below

    return iter(of_kind(chain.steps, StepKind[kind]))


def _copies(chain: Chain, tools: frozenset[str | None], paths: list[str]) -> Iterator[Step]:
    if not chain.steps:
        return iter(())
    from covlint.facts.commands.data_steps import copies  # loaded anyway, where there are steps

    found = list(copies(chain.steps, tools, paths))
    return iter(sorted(found, key=lambda step: step.source is None))


def _pod_tools() -> frozenset[str | None]:
    from covlint.facts.commands.data_steps import POD_TOOLS

    return POD_TOOLS


def _pod_copies(chain: Chain) -> Iterator[Step]:
    container = chain.container
    if container is None or chain.coverdir is None or not chain.steps:
        return iter(())
    from covlint.facts.commands.data_steps import of_other_pod, tools_for

    found = _copies(chain, tools_for(container), [chain.coverdir.text])
    return (step for step in found if not of_other_pod(step, container))


def _node_copies(chain: Chain, path: str) -> Iterator[Step]:
    from covlint.facts.commands.data_steps import NODE_TOOLS

    return _copies(chain, NODE_TOOLS, [path])


def _host_copies(chain: Chain) -> Iterator[Step]:
    """Copies of the directory of the host that the data appears in."""
    places = [one.host_path.text for one in chain.extra_mounts if one.host_path is not None]
    for step in _copies(chain, frozenset({"cp"}), places):
        if step.source is not None:
            yield step


def _is(volume: Volume, kind: str) -> bool:
    return volume.kind.name == kind


def _kept_alive(chain: Chain) -> bool:
    """Whether another container keeps the pod, and its emptyDir, when the program ends."""
    from covlint.facts.kubernetes.pod_settings import has_helper

    container, volume = chain.container, chain.volume
    return container is not None and volume is not None and has_helper(container, volume.name.text)
