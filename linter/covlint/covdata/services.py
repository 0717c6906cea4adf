"""The data of each program in a dataset by itself."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from covlint.covdata.dataset import Build, Dataset
from covlint.covdata.profile import Profile, profile_of


def by_service(dataset: Dataset, taken: Container[str] = ()) -> list[tuple[str, Profile]]:
    """Name and profile of each program. It is named by the last part of its import path,
    as its binary usually is; by all of it where that part is another's name, or ``taken``."""
    programs: dict[str, list[Build]] = {}
    for build in dataset.builds:
        programs.setdefault(build.program, []).append(build)
    short = {program: program.rstrip(")").rpartition("/")[2] for program in programs}
    names = list(short.values())
    return [
        (
            short[program]
            if names.count(short[program]) == 1 and short[program] not in taken
            else program,
            profile_of(replace(dataset, builds=tuple(builds), problems=())),
        )
        for program, builds in sorted(programs.items())
    ]
