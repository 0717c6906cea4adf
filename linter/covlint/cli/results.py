"""What ``covlint verify`` leaves in the folder of a target, and the files that it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from covlint.cli.exits import Failure
from covlint.cli.history import drawn
from covlint.cli.kept import FOLDER as TREND
from covlint.cli.output import write
from covlint.cli.report import now, revision
from covlint.covdata.flags import Coverage
from covlint.covdata.lines import TooManyLines
from covlint.covdata.profile import Profile
from covlint.covdata.summary import Summary, summary_of
from covlint.covdata.verification import Verification
from covlint.frozen import dataclass
from covlint.report import coverage
from covlint.report.verify_chain import verification_of
from covlint.runner.evidence.profile import REPORTS
from covlint.runner.evidence.sources import Sources
from covlint.runner.running import Surrounding
from covlint.runner.verdict import Verdict

#: Formats that say nothing where there is no coverage.
_OF_COVERAGE = frozenset({"cobertura", "lcov"})


@dataclass(frozen=True, slots=True)
class Results:
    """A verdict with everything that a report of it needs."""

    verification: Verification
    coverage: Coverage
    summary: Summary
    sources: Sources
    chart: str | None = None

    def rendered(self, form: str) -> str:
        """Raises TooManyLines."""
        return coverage.rendered(
            form,
            self.coverage,
            self.summary,
            self.sources,
            verification=self.verification,
            trend_svg=self.chart,
        )


def results_of(verdict: Verdict, around: Surrounding) -> Results:
    """``summary`` says of which commit the run was, and when it ended."""
    verification = verification_of(verdict, around.chain, around.locate)
    profile = verdict.profile
    covered = profile.coverage if profile is not None else None
    covered = covered or Coverage(Profile(None, ()))
    summary = replace(
        summary_of(covered),
        time=now(),
        revision=revision(str(around.root)),
        processes=None if profile is None else profile.counter_files,
        programs=() if profile is None else profile.programs,
        remarks=() if profile is None else (*profile.stale[:1], *profile.doubled[:1]),
        verified=verification.summed_up,
    )
    folder = profile.sources if profile is not None else None
    sources = Sources(lambda: str(folder) if folder is not None else None)
    kept = around.root / TREND
    chart = drawn(str(kept), summary) if kept.is_dir() else None
    return Results(verification, covered, summary, sources, chart)


def keep(results: Results, verdict: Verdict, out: Path) -> Verdict:
    """Write every format to ``out``, and name the files in the verdict. Raises Failure."""
    kept: list[tuple[str, Path]] = []
    for form, name in REPORTS.items():
        if form in _OF_COVERAGE and not results.summary.total.statements:
            continue
        try:
            text = results.rendered(form)
        except TooManyLines:
            continue  # a claim says so
        write(str(out / name), text)
        kept.append((form, out / name))
    return replace(verdict, artifacts=(*kept, *verdict.artifacts))


def write_asked(results: Sequence[Results], form: str, file: str) -> None:
    """Write one format to a file of the user's own; several targets stand one below the
    other, which only Markdown allows. Raises Failure."""
    try:
        text = "\n".join(one.rendered(form) for one in results)
    except TooManyLines as error:
        raise Failure(f"{file}: {error}") from error
    write(file, text)
