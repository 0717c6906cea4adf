"""Folders of coverage data: every build in them, its processes, and every file that is no good.

``go tool covdata`` refuses a whole directory for one bad file, and passes over
counters without meta-data in silence (facts, part D). Here the bad file is named
and the others are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from enum import Enum

from covlint.covdata.counters import Arguments, read_counters
from covlint.covdata.layout import (
    COUNTER_NAME,
    META_NAME,
    SIZE_LIMIT,
    BadFile,
    Granularity,
)
from covlint.covdata.meta import Meta, read_meta
from covlint.covdata.tally import Tally, Totals
from covlint.frozen import dataclass

_NESTED_DEPTH = 4


class Trouble(Enum):
    """What can be wrong with data; the first three concern one file each."""

    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    WITHOUT_META = "counters without meta-data"
    WITHOUT_COUNTERS = "meta-data without counters"
    SEVERAL_BUILDS = "several builds of one program"
    MIXED_MODES = "mixed counter modes"
    MIXED_GRANULARITIES = "mixed counter granularities"
    NO_FOLDER = "no folder"


@dataclass(frozen=True, slots=True)
class Problem:
    """``path`` is the file or folder; ``reason`` follows its name in a sentence."""

    trouble: Trouble
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """One counter file: what a process wrote at its end, or when it was told to.

    ``written`` is in nanoseconds since the epoch; both numbers stand in the file's name.
    """

    path: str
    process: int
    written: int
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Build:
    """One binary as it was compiled, with the data of all its processes.

    ``totals`` are sums over them, as far as something was executed; ``lost`` counts
    its counter files that could not be used.
    """

    path: str
    meta: Meta
    runs: tuple[Run, ...]
    totals: Totals
    lost: int = 0

    @property
    def program(self) -> str:
        """The import path of the main package; of a build of files, with the folder
        that it was built in, for they all are called alike."""
        main = self.meta.main
        if main is None:
            return f"build {self.meta.hash[:8]}"
        file = main.functions[0].file if main.functions else ""
        return f"{main.path} ({os.path.dirname(file)})" if os.path.isabs(file) else main.path


@dataclass(frozen=True, slots=True)
class Dataset:
    """What was found in ``folders``; the builds are in the order of their meta-data's paths."""

    folders: tuple[str, ...]
    builds: tuple[Build, ...]
    problems: tuple[Problem, ...]

    @property
    def runs(self) -> int:
        """Counter files that were used."""
        return sum(len(build.runs) for build in self.builds)


def read_dataset(folders: Sequence[str]) -> Dataset:
    """Read all data files that lie directly in ``folders`` as one body of data.

    Whatever is wrong is part of the answer. The meta-data of a build may lie in
    another folder than its counters; of several copies the first good one counts.
    """
    found = _Found()
    for folder in folders:
        found.look_into(folder)
    builds = [build for build in map(found.build, sorted(found.metas)) if build is not None]
    known = {build.meta.hash for build in builds}
    for digest in sorted(set(found.counters) - known):
        found.orphans(digest)
    builds.sort(key=lambda build: build.path)
    kept, refused = _one_granularity(builds)
    problems = [*found.problems, *refused, *_between(kept)]
    return Dataset(tuple(folders), tuple(kept), tuple(problems))


def data_folders(folder: str) -> tuple[str, ...]:
    """``folder`` and the folders below it, at most four levels, that hold data files:
    many collect one folder a pod. Without any, the folder itself."""
    found: list[str] = []
    for inner, folders, files in os.walk(folder):
        folders.sort()
        if os.path.relpath(inner, folder).count(os.sep) >= _NESTED_DEPTH:
            folders.clear()
        if any(META_NAME.fullmatch(name) or COUNTER_NAME.fullmatch(name) for name in files):
            found.append(inner)
    return tuple(found) or (folder,)


def read_file(path: str, limit: int = SIZE_LIMIT) -> bytes:
    """The bytes of a data file. Raises BadFile for one larger than ``limit`` bytes, and OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        size = os.fstat(descriptor).st_size
        if size > limit:
            raise BadFile(f"is too large: {size} bytes")
        data = os.read(descriptor, size)
        while len(data) < size:  # a read may give less, over a network for one
            more = os.read(descriptor, size - len(data))
            if not more:
                break
            data += more
        return data
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class _Found:
    """The files by hash, while folders are looked into."""

    metas: dict[str, list[str]] = field(default_factory=dict)
    counters: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    arguments: dict[bytes, Arguments] = field(default_factory=dict)

    def look_into(self, folder: str) -> None:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self.problems.append(Problem(Trouble.NO_FOLDER, folder, f"cannot be read: {reason}"))
            return
        for entry in entries:
            if match := COUNTER_NAME.fullmatch(entry.name):
                if self._is_file(entry):
                    file = (entry.path, int(match[2]), int(match[3]))
                    self.counters.setdefault(match[1], []).append(file)
            elif (match := META_NAME.fullmatch(entry.name)) and self._is_file(entry):
                self.metas.setdefault(match[1], []).append(entry.path)

    def _is_file(self, entry: os.DirEntry[str]) -> bool:
        try:
            if entry.is_file():
                return True
        except OSError:
            pass  # a link that leads round in a circle
        self.problems.append(Problem(Trouble.UNREADABLE, entry.path, "is not a regular file"))
        return False

    def build(self, digest: str) -> Build | None:
        """Read one build; None when none of its meta-data files is good."""
        for path in self.metas[digest]:
            try:
                meta = read_meta(read_file(path))
                if meta.hash != digest:
                    raise BadFile("belongs to another build than its name says")
            except (BadFile, OSError) as error:
                self._bad(path, error)
                continue
            runs, totals = self._runs(meta)
            lost = len(self.counters.get(digest, ())) - len(runs)
            if not runs:
                reason = "has no counters: the program started and none of them was written"
                if lost:
                    reason = f"has no counters that can be used ({lost} bad)"
                self.problems.append(Problem(Trouble.WITHOUT_COUNTERS, path, reason))
            return Build(path, meta, runs, totals, lost)
        return None

    def _runs(self, meta: Meta) -> tuple[tuple[Run, ...], Totals]:
        tally = Tally([[len(f.units) for f in package.functions] for package in meta.packages])
        runs: list[Run] = []
        for path, process, written in self.counters.get(meta.hash, ()):
            try:
                counters = read_counters(read_file(path), self.arguments)
                if counters.hash != meta.hash:
                    raise BadFile("belongs to another build than its name says")
                for segment in counters.segments:
                    tally.add(segment, counters.encoding)
            except (BadFile, OSError) as error:
                self._bad(path, error)
                continue
            runs.append(Run(path, process, written, counters.segments[0].arguments))
        return tuple(runs), tally.totals()

    def orphans(self, digest: str) -> None:
        why = "has no meta-data" if digest not in self.metas else "has no meta-data that is good"
        for path, _, _ in self.counters[digest]:
            self.problems.append(
                Problem(Trouble.WITHOUT_META, path, f"{why}: covmeta.{digest} explains it")
            )

    def _bad(self, path: str, error: BadFile | OSError) -> None:
        if isinstance(error, BadFile):
            self.problems.append(Problem(Trouble.DAMAGED, path, str(error)))
        else:
            reason = (error.strerror or str(error)).lower()
            self.problems.append(Problem(Trouble.UNREADABLE, path, f"cannot be read: {reason}"))


def _one_granularity(builds: list[Build]) -> tuple[list[Build], list[Problem]]:
    """Blocks and functions cannot be added up; covdata refuses both, here blocks go first."""
    whole = [build for build in builds if build.meta.granularity is Granularity.BLOCK]
    if not whole or len(whole) == len(builds):
        return builds, []
    rest = [build for build in builds if build.meta.granularity is not Granularity.BLOCK]
    reason = f"has {rest[0].meta.granularity}, the others have {whole[0].meta.granularity}"
    return whole, [Problem(Trouble.MIXED_GRANULARITIES, build.path, reason) for build in rest]


def _between(builds: Iterable[Build]) -> Iterator[Problem]:
    """What is wrong with builds only beside each other."""
    first: dict[str, Build] = {}
    mode: Build | None = None
    for build in builds:
        former = first.setdefault(build.program, build)
        if former is not build and former.meta.mode is build.meta.mode:
            yield Problem(
                Trouble.SEVERAL_BUILDS,
                build.path,
                f"is another build of {build.program} than {os.path.basename(former.path)}: the "
                "numbers of both are mixed; one may be left from an earlier run",
            )
        mode = mode or build
        if mode.meta.mode is not build.meta.mode:
            yield Problem(
                Trouble.MIXED_MODES,
                build.path,
                f"counts in mode {build.meta.mode}, {os.path.basename(mode.path)} in mode "
                f"{mode.meta.mode}",
            )
