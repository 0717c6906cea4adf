"""What the targets of one call have in common: images and clusters, each made once.

Targets run side by side, each in a thread of its own. What one of them makes for all is noted in
a ledger of the call, and removed at its end. In a cluster each target has a namespace of its own,
and the counters of two programs in one folder of a node are told apart by their meta-data; of the
same program, or where the program is not known, one target waits for the other.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import field
from threading import Condition, Lock
from typing import TypeVar

from covlint.frozen import dataclass
from covlint.runner.cleanup import Cleaner
from covlint.runner.command import Processes
from covlint.runner.ledger import MARK, Ledger, new_run, open_ledger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Writer:
    """A target at work: the folder of the nodes that it writes to, and its program (a hash of
    it); None for either where it is not known."""

    cluster: str
    folder: str | None
    program: str | None

    def meets(self, other: Writer) -> bool:
        if self.cluster != other.cluster or self.folder is None or other.folder is None:
            return False
        one, two = (posixpath.normpath(path) + "/" for path in (self.folder, other.folder))
        return one.startswith(two) or two.startswith(one)

    def clashes(self, other: Writer) -> bool:
        """Nothing tells the counters of the two apart."""
        known = self.program is not None and other.program is not None
        return self.meets(other) and not (known and self.program != other.program)


@dataclass
class Commons:
    """``processes`` runs what is made for all of them."""

    ledger: Ledger = field(default_factory=lambda: open_ledger(new_run()))
    processes: Processes = field(default_factory=Processes)
    _made: dict[Hashable, Future[object]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _spaces: set[tuple[str, str]] = field(default_factory=set)
    _writers: list[Writer] = field(default_factory=list)
    _met: set[Writer] = field(default_factory=set)
    _turn: Condition = field(default_factory=Condition)

    def __post_init__(self) -> None:
        self.processes.mark = {MARK: self.ledger.run}

    def once(self, key: Hashable, make: Callable[[], T]) -> tuple[T, bool]:
        """What ``make`` gives to the first who asks for ``key``, and whether this is the first;
        the others wait for it. An error is raised to all of them."""
        with self._lock:
            found = self._made.get(key)
            mine = found is None
            future: Future[object] = Future() if found is None else found
            self._made[key] = future
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result(), mine  # type: ignore[return-value]  # of the same key

    def takes_space(self, cluster: str, namespace: str) -> bool:
        """Whether a target is the first in a namespace of a cluster."""
        with self._lock:
            taken = (cluster, namespace) in self._spaces
            self._spaces.add((cluster, namespace))
            return not taken

    @contextmanager
    def turn(self, writer: Writer) -> Iterator[None]:
        """Waits while another target writes what could not be told apart from this one's."""
        with self._turn:
            while any(writer.clashes(other) for other in self._writers):
                self._turn.wait(1.0)  # an interrupted target may never tell
            self._meet(writer)
            self._writers.append(writer)
        try:
            yield
        finally:
            with self._turn:
                self._writers.remove(writer)
                self._turn.notify_all()

    def _meet(self, writer: Writer) -> None:
        for other in self._writers:
            if writer.meets(other):
                self._met |= {writer, other}

    def alone(self, writer: Writer) -> bool:
        """Whether no other target wrote to its folder meanwhile."""
        with self._turn:
            return writer not in self._met

    def finish(self, environ: Mapping[str, str] | None = None) -> None:
        """Remove what was made for all."""
        with self.processes.cleaning():
            self.processes.end_all()
            Cleaner(self.processes, environ or os.environ).finish(self.ledger)
