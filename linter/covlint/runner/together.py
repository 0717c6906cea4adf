"""Several targets in one call: two at a time.

What they share is in :mod:`covlint.runner.commons`. Suites have the machine for themselves: what
ports, images and clusters a suite takes is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace

from covlint.runner.command import Processes
from covlint.runner.commons import Commons
from covlint.runner.running import Surrounding
from covlint.runner.steps import Progress
from covlint.runner.target import Target
from covlint.runner.verdict import Verdict
from covlint.runner.verification import verify

#: Verifications that run at once; a build alone takes every core, a service hardly one.
AT_ONCE = 2
_CLUSTERS = frozenset({"kind", "context"})
_IMAGES = frozenset({"container", "play"}) | _CLUSTERS
_SHARING = frozenset({"process"}) | _IMAGES
Job = tuple[Target, Surrounding]


def verify_all(
    jobs: Sequence[Job], processes: Processes, progress_of: Callable[[str], Progress]
) -> list[Verdict]:
    """Verify every target; the verdicts come in the order of the targets.

    ``processes`` is the executor of the caller, who handles interrupts with it: the first
    interrupt or error ends every run, each cleans up, and it is raised again.
    """
    if len(jobs) == 1:
        target, around = jobs[0]
        return [verify(target, around, processes, progress_of(target.name))]
    if sum(target.engine in _IMAGES for target, _ in jobs) < 2:
        return _side_by_side(jobs, processes, progress_of, None)
    common = Commons()
    try:
        shared = [(target, replace(around, common=common)) for target, around in jobs]
        return _side_by_side(shared, processes, progress_of, common)
    finally:
        if not any(around.keep for _, around in jobs):
            with processes.uninterrupted():
                common.finish()


def _side_by_side(
    jobs: Sequence[Job],
    processes: Processes,
    progress_of: Callable[[str], Progress],
    common: Commons | None,
) -> list[Verdict]:
    own = [Processes() for _ in jobs]

    def one(job: Job, executor: Processes) -> Verdict:
        target, around = job
        return verify(target, around, executor, progress_of(target.name))

    sharing = [at for at, job in enumerate(jobs) if job[0].engine in _SHARING]
    rest = [at for at in range(len(jobs)) if at not in sharing]
    found: dict[int, Verdict] = {}
    for group, width in ((sharing, AT_ONCE), (rest, 1)):
        with ThreadPoolExecutor(width) as pool:
            runs = {pool.submit(one, jobs[at], own[at]): at for at in group}
            try:
                done, _ = wait(runs, return_when=FIRST_EXCEPTION)
                found |= {runs[run]: run.result() for run in done}
            except BaseException:
                with processes.uninterrupted():
                    pool.shutdown(wait=False, cancel_futures=True)
                    for executor in (*own, *([common.processes] if common is not None else [])):
                        executor.stop()
                    pool.shutdown(wait=True)
                raise
    return [found[at] for at in range(len(jobs))]
