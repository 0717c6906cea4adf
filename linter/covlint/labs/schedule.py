"""Labs side by side: how many of which kind run at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from covlint.labs.evidence import Row
from covlint.labs.lab import Lab
from covlint.labs.running import Bench, run_lab
from covlint.labs.versions import Installed
from covlint.registry import Registry

#: Labs in containers and clusters mostly wait: so many of them run for one of the others.
_WAITING = 2


def pairs_of(labs: Sequence[Lab], versions: Sequence[Installed]) -> list[tuple[Lab, Installed]]:
    """Which lab runs on which version; one that is slow runs on the first only. The versions
    of a lab that makes a cluster follow one another: they share it."""
    pairs = [
        (found, go)
        for index, go in enumerate(versions)
        for found in labs
        if found.is_for(go.toolchain.version) and not (found.slow and index)
    ]
    return sorted(pairs, key=lambda pair: pair[0].code if pair[0].heavy else "")


@contextmanager
def running(
    pairs: Sequence[tuple[Lab, Installed]], jobs: int, bench: Bench
) -> Iterator[list[Future[Row]]]:
    """The runs of ``pairs``, in their order, as they come to their ends; what has not ended
    with the block is stopped."""
    registry = Registry.builtin()
    with ThreadPoolExecutor(jobs) as pool, ThreadPoolExecutor(_WAITING * jobs) as waiting:
        try:
            yield [
                (waiting if lab.heavy else pool).submit(
                    run_lab, lab, registry.rule(lab.code), go, bench
                )
                for lab, go in pairs
            ]
        finally:
            for one in (pool, waiting):
                one.shutdown(wait=False, cancel_futures=True)
            bench.stop()
