"""Which pod wrote which counters, as far as names, times and the nodes tell.

The name of a covcounters file has the program, the pid in its own namespace (mostly 1) and the
nanosecond at which it was written; nothing in it names the pod. Kubernetes tells the start and
the end of each container, in whole seconds. So pods that share a folder are told apart when they
ran or ended at different times, or on nodes whose folders are different ones; of those that end
in the same second only the number is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.cluster.pods import Life, PodState
from covlint.runner.verdict import Outcome, Validation

EVERY_POD = "every pod has counters"
#: A whole second of the API server stands for all of it.
_SECOND = 1.0
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Share:
    """Files and the pods that wrote them: one pod, or several that cannot be told apart. ``lives``
    is how many processes of these pods ended, or were started."""

    pods: tuple[str, ...]
    files: tuple[str, ...]
    lives: int
    codes: tuple[int, ...] = ()

    @property
    def apart(self) -> bool:
        return len(self.pods) == 1


@dataclass(frozen=True, slots=True)
class _Run:
    pod: str
    node: str | None
    life: Life

    def may_have_written(self, moment: float, places: frozenset[str]) -> bool:
        if places and not places & {self.pod, self.node}:
            return False
        begun = self.life.started if self.life.started is not None else -inf
        ended = self.life.finished if self.life.finished is not None else inf
        return begun <= moment < ended + _SECOND


def shares(
    files: Iterable[str],
    pods: Iterable[PodState],
    container: str | None,
    places: Mapping[str, frozenset[str]],
) -> tuple[tuple[Share, ...], tuple[str, ...]]:
    """Who wrote which of ``files`` (names), and those that no pod can have written.

    ``container`` is the service's, None for the first one; ``places`` are the nodes or pods
    that a file was taken from.
    """
    runs = [
        _Run(pod.name, pod.node, life)
        for pod in pods
        if (one := pod.container(container)) is not None
        for life in one.lives
    ]
    named = list(files)
    fitting = {name: _fitting(name, runs, places.get(name, frozenset())) for name in named}
    foreign = tuple(name for name in named if not fitting[name])
    own = [name for name in named if fitting[name]]
    if len(own) == len(runs):
        _settle(fitting, own)  # then each process has written one
    return tuple(_together(runs, fitting, own)), foreign


def claim_of(found: Sequence[Share], foreign: Sequence[str]) -> Validation | None:
    """Whether each pod has written; None where nothing is to be told."""
    if not found:
        return None
    silent = [one for one in found if not one.files]
    short = [one for one in found if one.files and not one.apart and len(one.files) < one.lives]
    if not silent and not short:
        return Validation(EVERY_POD, Outcome.PASSED, _told(found), required=False)
    if foreign:  # it may well be theirs: clocks that differ, say
        words = f"{len(foreign)} files were written when none of the pods ran"
        return Validation(EVERY_POD, Outcome.UNKNOWN, words, required=False)
    evidence = "; ".join(
        [f"none of {_pods(one)}{_ended(one)}" for one in silent]
        + [f"{_files(one)} of {_pods(one)}{_ended(one)}" for one in short]
    )
    return Validation(EVERY_POD, Outcome.FAILED, evidence, Symptom.META_ONLY)


def _fitting(name: str, runs: Sequence[_Run], places: frozenset[str]) -> list[_Run]:
    nanoseconds = name.rpartition(".")[2]
    if not nanoseconds.isdigit():
        return []
    moment = int(nanoseconds) / 1e9
    return [run for run in runs if run.may_have_written(moment, places)]


def _settle(fitting: dict[str, list[_Run]], names: Sequence[str]) -> None:
    """A run that has its file has no other."""
    settled: set[str] = set()
    while True:
        sure = next((n for n in names if len(fitting[n]) == 1 and n not in settled), None)
        if sure is None:
            return
        settled.add(sure)
        taken = fitting[sure][0]
        for name in names:
            if name != sure and len(fitting[name]) > 1:
                fitting[name] = [run for run in fitting[name] if run != taken]


def _together(
    runs: Sequence[_Run], fitting: Mapping[str, list[_Run]], names: Sequence[str]
) -> Iterator[Share]:
    """Pods that a file may be of belong together."""
    groups: list[set[str]] = [{pod} for pod in dict.fromkeys(run.pod for run in runs)]
    for name in names:
        mine = {run.pod for run in fitting[name]}
        touched = [group for group in groups if group & mine]
        groups = [group for group in groups if not group & mine] + [set().union(*touched)]
    for group in sorted(groups, key=sorted):
        lives = [run.life for run in runs if run.pod in group]
        yield Share(
            tuple(sorted(group)),
            tuple(name for name in names if fitting[name][0].pod in group),
            len(lives),
            tuple(life.code for life in lives if life.code is not None),
        )


def _told(found: Sequence[Share]) -> str:
    parts = [
        f"{one.pods[0]}: {_files(one)}"
        if one.apart
        else f"{_pods(one)}: {_files(one)}, and which is whose nothing tells: they ended together"
        for one in found
    ]
    more = f"; {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return "; ".join(parts[:_NAMED]) + more


def _files(share: Share) -> str:
    return f"{len(share.files)} file{'' if len(share.files) == 1 else 's'}"


def _pods(share: Share) -> str:
    more = f" and {len(share.pods) - _NAMED} more" if len(share.pods) > _NAMED else ""
    return ", ".join(share.pods[:_NAMED]) + more


def _ended(share: Share) -> str:
    bad = sorted({code for code in share.codes if code})
    return f" (exit code {', '.join(map(str, bad))})" if bad else ""
