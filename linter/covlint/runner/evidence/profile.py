"""What a data folder amounts to, and the reports made from it. No Go toolchain is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from covlint.covdata import func, textfmt
from covlint.covdata import profile as covdata
from covlint.covdata.dataset import Dataset, Problem, Trouble, read_dataset
from covlint.covdata.flags import Coverage, lay_over
from covlint.covdata.lines import TooManyLines, check_lines
from covlint.covdata.overlap import overlaps
from covlint.covdata.profile import PackageCoverage, profile_of
from covlint.covdata.services import by_service
from covlint.frozen import dataclass
from covlint.runner.evidence.checkout import checkout_at, unresolved
from covlint.runner.evidence.folder import Damage, Folder, State, read_folder

#: Format → the name of the report that is made of a verified profile.
REPORTS = {
    "html": "coverage.html",
    "markdown": "summary.md",
    "json": "coverage.json",
    "cobertura": "cobertura.xml",
    "lcov": "lcov.info",
    "badge": "badge.svg",
}
_OF_ONE_FILE = frozenset({Trouble.DAMAGED, Trouble.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Profile:
    """The data of one run.

    ``error`` says why nothing could be made of the data. ``unresolved`` are files of
    the profile that the checkout should have and has not; ``report_error`` says why a
    report was not written. ``stale`` tells of builds whose numbers are mixed.
    ``coverage`` has a flag for each program, where there are several, ``programs`` their
    import paths; ``sources`` is the folder of the module that was built.
    """

    folder: Folder
    mode: str | None
    packages: tuple[PackageCoverage, ...]
    total_percent: float
    error: str | None = None
    unresolved: tuple[str, ...] = ()
    report_error: str | None = None
    artifacts: tuple[tuple[str, Path], ...] = ()
    stale: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()  # where blocks of two builds lie over one another
    coverage: Coverage | None = None
    programs: tuple[str, ...] = ()
    sources: Path | None = None

    @property
    def meta_files(self) -> int:
        return len(self.folder.meta)

    @property
    def counter_files(self) -> int:
        return len(self.folder.counters)


def read_profile(data: Path, sources: Path, out: Path | None = None) -> Profile:
    """Read ``data``; write the text profile and func.txt to ``out``.

    ``sources`` is the folder of the module that was built. A bad file is named in the
    profile's folder, the others are used.
    """
    folder = read_folder(data)
    if folder.state is not State.FOLDER or not folder.meta:
        return Profile(folder, None, (), 0.0)
    dataset = read_dataset([str(data)])
    folder = replace(folder, damaged=_damaged(folder, dataset.problems))
    if not dataset.builds:
        worst = folder.damaged[0]
        return Profile(folder, None, (), 0.0, error=f"{worst.name} {worst.reason}")
    found = profile_of(dataset)
    stale = tuple(
        f"{Path(problem.path).name} {problem.reason}"
        for problem in dataset.problems
        if problem.trouble is Trouble.SEVERAL_BUILDS
    )
    doubled = tuple(str(overlap) for overlap in overlaps(found)) if len(dataset.builds) > 1 else ()
    profile = Profile(
        folder,
        str(found.mode),
        found.packages,
        found.percent,
        stale=stale,
        doubled=doubled,
        coverage=_by_program(dataset, found),
        programs=tuple(dict.fromkeys(build.program for build in dataset.builds)),
        sources=sources,
    )
    if out is None:
        return profile
    checkout = checkout_at(str(sources))
    artifacts, complaint = _write(found, out)
    return replace(
        profile,
        unresolved=unresolved(checkout, found.files()),
        report_error=complaint,
        artifacts=artifacts,
    )


def _damaged(folder: Folder, problems: tuple[Problem, ...]) -> tuple[Damage, ...]:
    """The folder looks at both ends of a file only; reading all of it finds more."""
    found = {damage.name: damage for damage in folder.damaged}
    for problem in problems:
        if problem.trouble in _OF_ONE_FILE:
            name = Path(problem.path).name
            found.setdefault(name, Damage(name, problem.reason))
    return tuple(found.values())


def _by_program(dataset: Dataset, found: covdata.Profile) -> Coverage:
    """The whole as covdata sees it, and each program where there are several."""
    programs = by_service(dataset)
    return Coverage(found, lay_over(programs).flags if len(programs) > 1 else ())


def _write(found: covdata.Profile, out: Path) -> tuple[tuple[tuple[str, Path], ...], str | None]:
    """The reports that were written, and why one of them was not."""
    makers: tuple[tuple[str, str, Callable[[], str]], ...] = (
        ("profile", "profile.txt", lambda: textfmt.render(found)),
        ("func", "func.txt", lambda: func.render(found)),
    )
    artifacts: list[tuple[str, Path]] = []
    complaint: str | None = None
    try:
        check_lines(found)
    except TooManyLines as error:
        complaint = f"{REPORTS['html']}: {error}"
    out.mkdir(parents=True, exist_ok=True)
    for kind, name, make in makers:
        path = out / name
        path.unlink(missing_ok=True)
        try:
            path.write_text(make(), encoding="utf-8")
        except OSError as error:
            complaint = complaint or f"{name}: {error}"
        else:
            artifacts.append((kind, path))
    return tuple(artifacts), complaint
