"""Coverage in each of its file formats; of each only what it needs is loaded."""

from __future__ import annotations

from datetime import datetime

from covlint.covdata.flags import Coverage
from covlint.covdata.summary import Summary
from covlint.covdata.verification import Verification
from covlint.runner.evidence.sources import Sources

#: All but the table for terminals.
FORMATS = (
    *("func", "percent", "textfmt", "cobertura", "lcov", "json", "html", "markdown"),
    "badge",
)


def rendered(
    form: str,
    coverage: Coverage,
    summary: Summary,
    sources: Sources,
    *,
    verification: Verification | None = None,
    trend_svg: str | None = None,
) -> str:
    """The report in ``form``. Formats that name files name them as they lie in ``sources``.

    Raises TooManyLines.
    """
    profile = coverage.total
    if form == "textfmt":
        from covlint.covdata import textfmt

        return textfmt.render(profile)
    if form == "func":
        from covlint.covdata import func

        return func.render(profile)
    if form == "percent":
        from covlint.covdata import percent

        return percent.render(profile)
    if form == "json":
        from covlint.covdata import json

        return json.render(profile, summary)
    if form == "markdown":
        from covlint.covdata import markdown

        return markdown.render(summary, verification)
    if form == "badge":
        from covlint.covdata import badge

        believed = verification is None or verification.verdict == "passed"
        return badge.render(
            summary.total.percent if believed and summary.total.statements else None
        )
    if form == "lcov":
        from covlint.covdata import lcov

        return lcov.render(profile, sources.paths(profile.files()))
    if form == "cobertura":
        from covlint.covdata import cobertura

        paths = sources.paths(profile.files())
        stamp = _milliseconds(summary.time)
        return cobertura.render(profile, paths, source=sources.root or ".", timestamp=stamp)
    from covlint.covdata.page import document

    texts = sources.texts(profile.files())
    return document.render(coverage, summary, texts, verification=verification, trend_svg=trend_svg)


def _milliseconds(time: str | None) -> int:
    """Since the epoch; 0 for an unknown time."""
    if time is None:
        return 0
    return int(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)
