"""Runs that are disturbed, and what is wrong afterwards: an empty list, in the best case."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from faults.calls import faults, injecting, writing
from faults.project import Left, Project


@dataclass(slots=True)
class Tally:
    """Runs of one kind. ``wrong``: what was found that should not be."""

    about: str
    runs: int = 0
    old: int = 0
    new: int = 0
    mixed: int = 0
    leftovers: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, what: str, left: Left) -> None:
        self.runs += 1
        self.old += left.new == 0
        self.new += left.old == 0
        self.mixed += bool(left.old and left.new)
        self.leftovers += bool(left.temporary)
        self.wrong += [f"{what}: {odd}" for odd in left.odd]


def injected(project: Project, choose: Callable[[int], bool], after: bool) -> Tally:
    """One call fails in each run; ``after``: and so do all later ones of its kind.

    ``choose`` says of the number of a fault whether it is tried.
    """
    tally = Tally("a system call fails" + (", and all later ones of its kind" if after else ""))
    listed = list(faults(writing(project)))
    for number, (call, error) in enumerate(listed):
        if not choose(number) or (after and error == "EINTR"):  # which asks to try again
            continue
        project.make()
        wrapped = injecting(call, f"error={error}", project.trace, after=after)
        code, said = project.run(wrapped=wrapped)
        left = project.left()
        what = f"{error} from {call.name} {call.ordinal} ({call.words[:60]})"
        tally.add(what, left)
        if "(INJECTED)" not in project.trace.read_text(errors="replace"):
            tally.wrong.append(f"{what}: was not reached")
        tally.wrong += [f"{what}: {fault}" for fault in told_wrong(code, said, left, after)]
    return tally


def told_wrong(code: int, said: str, left: Left, after: bool) -> Iterable[str]:
    """What a run says of itself, and what is not so."""
    if "Traceback" in said:
        yield "a traceback: " + said.strip().splitlines()[-1]
    if code == 0 and left.old:
        yield f"exit code 0, and {left.old} files are old"
    if "nothing was written" in said and left.new:
        yield f"{left.new} files are new, though `{said.strip()[:120]}`"
    if left.old and left.new and not (after and "only a part was written" in said):
        yield f"{left.old} files are old, {left.new} new, with the exit code {code}"
    # 120: Python's own, where nothing can be written any more, not even why
    if code not in (0, 3) and not (after and code == 120 and not said):
        yield f"the exit code {code}: {said[-200:]}"


def killed(project: Project, moments: int, seed: int) -> list[Tally]:
    """SIGKILL at the beginning of some system call of the writing, and at any time."""
    chance = random.Random(seed)
    at_call = Tally("SIGKILL at a system call of the writing")
    at_time = Tally("SIGKILL at any time of a run")
    listed = writing(project)
    project.make()
    begin = time.perf_counter()
    project.run()
    whole = time.perf_counter() - begin
    for moment in range(moments):
        project.make()
        if moment % 2:
            process = project.start()
            time.sleep(chance.uniform(0, whole))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            tally, what, code = at_time, "killed", process.returncode
        else:
            call = chance.choice(listed)
            what = f"killed at {call.name} {call.ordinal} ({call.words[:60]})"
            code, _ = project.run(wrapped=injecting(call, "signal=KILL", project.trace))
            tally = at_call
        left = project.left()
        tally.add(what, left)
        if code not in ((0, -signal.SIGKILL) if moment % 2 else (-signal.SIGKILL,)):
            tally.wrong.append(f"{what}: the exit code {code}")
        if left.temporary:
            tally.wrong += [f"{what}: {fault}" for fault in _not_mended(project, left)]
    return [at_call, at_time]


def _not_mended(project: Project, before: Left) -> Iterable[str]:
    """What the next run leaves undone; a look alone changes nothing."""
    project.run("--diff")
    if project.left() != before:
        yield "--diff has changed something"
    project.run()
    after = project.left()
    if after.odd or after.old:
        yield f"the next run leaves {after}"
    # where nothing is left to fix in a folder, its leftovers wait for a run that writes there
    waiting = [name for name in before.temporary if name in after.temporary]
    if before.old == project.files and waiting:
        yield f"the next run leaves {waiting}"


def at_once(project: Project, times: int, runs: int = 2) -> Tally:
    """Several runs that begin together: one writes, the others see it or find nothing to do."""
    tally = Tally(f"{runs} runs at once")
    for time_ in range(times):
        project.make()
        begun = [project.start() for _ in range(runs)]
        said = [one.communicate(timeout=300) for one in begun]
        left = project.left()
        what = f"together, {time_}"
        tally.add(what, left)
        codes = sorted(one.returncode for one in begun)
        if left.old or left.temporary or 0 not in codes:
            tally.wrong.append(f"{what}: {codes}, {left}, {said}")
        tally.wrong += [
            f"{what}: {b''.join(one)!r}" for one in said if b"Traceback" in b"".join(one)
        ]
    return tally
