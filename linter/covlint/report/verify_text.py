"""A verdict for people: the table of packages, the claims, the causes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from covlint.covdata.bars import Look, table
from covlint.covdata.summary import summary_of
from covlint.runner.verdict import Cause, Outcome, Verdict
from covlint.terminal import visible

_MARKS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.UNKNOWN: "?"}
_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.UNKNOWN: "yellow"}
_NARROWEST = 60


def render(verdict: Verdict, *, colour: bool = False, width: int = 100) -> str:
    """The report, with ANSI colours when asked for. ``width`` is in columns."""
    # rich.console is slow to import, and only a verification pays for it.
    from rich.console import Console

    console = Console(
        width=max(width, _NARROWEST),
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        emoji=False,
        soft_wrap=True,
    )
    with console.capture() as capture:
        for line in _lines(verdict):
            console.print(line)
        _table(console, verdict)
        for line in _judgement(verdict):
            console.print(line)
    text = capture.get()
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    how = f"{verdict.engine} engine, {_safe(verdict.toolchain)}"
    yield f"[bold]{_safe(verdict.target)}[/bold]  ({how})"
    for note in verdict.notes:
        yield f"  note: {_safe(note)}"
    yield ""


def _table(console: object, verdict: Verdict) -> None:
    from rich.console import Console
    from rich.text import Text

    assert isinstance(console, Console)
    profile = verdict.profile
    if profile is None or profile.coverage is None:
        console.print("  no packages: there is no profile\n")
        return
    summary = summary_of(profile.coverage)
    shown = {part.path: visible(part.path) for part in summary.packages}
    # Bars are for people at a terminal; a log has the numbers.
    look = Look(console.width, colour=True) if console.is_terminal else Look()
    console.print(Text.from_ansi(table(summary, look, shown=shown).rstrip("\n")))
    console.print()


def _judgement(verdict: Verdict) -> Iterator[str]:
    for claim in verdict.validations:
        style = _STYLES[claim.outcome]
        aside = "" if claim.required else " (not required)"
        yield (
            f"  [{style}]{_MARKS[claim.outcome]}[/{style}] {_safe(claim.claim)}{aside}: "
            f"{_safe(claim.evidence)}"
        )
    if verdict.causes:
        yield ""
        yield "[bold]Why[/bold]"
        for cause in verdict.causes:
            yield f"  {_place(cause)}{_safe(cause.message)}"
    if verdict.unproven:
        yield ""
        yield f"Not proven by the {verdict.engine} engine"
        width = max(len(hop.hop.value) for hop in verdict.unproven)
        for hop in verdict.unproven:
            yield f"  {hop.hop.value:<{width}}  {_safe(hop.reason)}"
    if verdict.artifacts:
        yield ""
        for kind, path in verdict.artifacts:
            yield f"  {kind}: {_safe(_short(path))}"
    yield ""
    seconds = sum(step.seconds for step in verdict.steps)
    style = _STYLES[verdict.outcome]
    word = verdict.outcome.value
    yield f"[bold {style}]{_safe(verdict.target)}: {word}[/bold {style}] in {seconds:.1f} s"


def _place(cause: Cause) -> str:
    where = ""
    if cause.path is not None:
        where = visible(cause.path) + (f":{cause.line}" if cause.line is not None else "") + ": "
    return f"[red]{cause.code}[/red] {_safe(where)}" if cause.code else _safe(where)


def _short(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(visible(text))
