"""What reports are made of: data folders and text profiles, with a flag or without."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from covlint.cli.exits import Failure
from covlint.covdata import textfmt
from covlint.covdata.dataset import Dataset, Problem, Trouble, data_folders, read_dataset, read_file
from covlint.covdata.flags import Clash, Coverage, Fits, lay_over
from covlint.covdata.layout import BadFile
from covlint.covdata.profile import Profile, profile_of
from covlint.covdata.services import by_service
from covlint.frozen import dataclass
from covlint.terminal import visible

#: What is true of the data and still loses none of it.
_REMARKS = frozenset({Trouble.SEVERAL_BUILDS, Trouble.MIXED_MODES})
_FLAGGED = re.compile(r"([A-Za-z0-9][\w./+-]{0,63})=(.+)", re.DOTALL | re.ASCII)
#: The data of inputs without a flag, beside others that have one.
_OTHERS = "other"
_SHOWN = 20  # problems


@dataclass(frozen=True, slots=True)
class Input:
    """One argument; ``flag`` is "" where it names none."""

    flag: str
    path: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that was read. ``datasets`` are those of the folders, one a flag."""

    coverage: Coverage
    datasets: tuple[Dataset, ...]
    clashes: tuple[Clash, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for dataset in self.datasets for problem in dataset.problems)

    @property
    def lossless(self) -> bool:
        """Whether all data that was named is in the numbers."""
        return not self.clashes and all(one.trouble in _REMARKS for one in self.problems)

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence for each problem; of very many the first ones."""
        said = [f"{visible(one.path)} {visible(one.reason)}" for one in self.problems]
        said += [visible(str(clash)) for clash in self.clashes]
        more = len(said) - _SHOWN
        return (*said[:_SHOWN], *([f"and {more} more"] if more > 0 else []))

    @property
    def processes(self) -> int | None:
        """Counter files that were used; None where there is no data but text."""
        if not any(dataset.folders for dataset in self.datasets):
            return None
        return sum(dataset.runs for dataset in self.datasets)

    @property
    def programs(self) -> tuple[str, ...]:
        builds = (build for dataset in self.datasets for build in dataset.builds)
        return tuple(dict.fromkeys(build.program for build in builds))


def parse_input(word: str) -> Input:
    """``FLAG=PATH``, or a path; what exists under the whole name is a path."""
    match = _FLAGGED.fullmatch(word)
    if match is None or os.path.lexists(word):
        return Input("", word)
    return Input(match[1], match[2])


def read_inputs(
    inputs: Sequence[Input], services: bool = False, fits: Fits = lambda *_: None
) -> Inputs:
    """Read everything. ``services`` gives the data of each program a flag of its own.

    Raises Failure for what does not exist and for a file that is no text profile.
    """
    missing = [one.path for one in inputs if not os.path.lexists(one.path)]
    if missing:
        raise Failure("no such file or directory: " + ", ".join(missing))
    flagged: dict[str, list[str]] = {}
    for one in inputs:
        flagged.setdefault(one.flag, []).append(one.path)
    datasets: list[Dataset] = []
    clashes: list[Clash] = []
    profiles: list[tuple[str, Profile]] = []
    for flag, paths in flagged.items():
        dataset = read_folders(path for path in paths if os.path.isdir(path))
        datasets.append(dataset)
        layers = [(path, _text_profile(path)) for path in paths if not os.path.isdir(path)]
        name = flag or (_OTHERS if len(flagged) > 1 else "")
        if services:
            profiles += [
                (f"{flag}/{service}" if flag else service, own)
                for service, own in by_service(dataset, flagged)
            ]
        elif dataset.folders:
            folders = [path for path in paths if os.path.isdir(path)]
            layers.insert(0, (", ".join(folders), profile_of(dataset)))
        if len(layers) == 1:
            profiles.append((name, layers[0][1]))
        elif layers:
            own = lay_over(layers, fits)
            clashes += own.clashes
            profiles.append((name, own.total))
    if len(profiles) == 1 and not profiles[0][0]:
        return Inputs(Coverage(profiles[0][1]), tuple(datasets), tuple(clashes))
    coverage = lay_over([(name or _OTHERS, profile) for name, profile in profiles], fits)
    return Inputs(coverage, tuple(datasets), (*clashes, *coverage.clashes))


def read_folders(folders: Iterable[str]) -> Dataset:
    """The data in and below all of them; a folder that is named twice counts once."""
    found = {os.path.realpath(inner): inner for folder in folders for inner in data_folders(folder)}
    return read_dataset(list(found.values()))


def _text_profile(path: str) -> Profile:
    try:
        return textfmt.parse(read_file(path).decode("utf-8", "replace"))
    except (textfmt.BadProfile, BadFile) as error:
        raise Failure(f"{path}: {error}") from error
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}") from error
