"""Progress on stderr: steps with their elapsed time, live on a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click

from covlint.report.text import visible
from covlint.runner.verdict import StepResult

_LONGEST = 100  # columns of a step's detail


class StderrProgress:
    """One line for each step that ends; on a terminal a spinner for the one that runs."""

    def __init__(self) -> None:
        self._live: Any = None
        self._task: Any = None
        if sys.stderr.isatty():
            # Slow to import, and of use only to somebody who watches.
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True, highlight=False),
                transient=True,
            )

    def __enter__(self) -> StderrProgress:  # noqa: PYI034 - Self came with Python 3.11
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, step: str, detail: str) -> None:
        shown = _cut(f"{step}: {detail}")
        if self._live is not None:
            self._task = self._live.add_task(shown, total=None)

    def end(self, result: StepResult) -> None:
        mark = "✗" if result.failed or result.exit not in (None, 0) else "✓"
        line = _cut(f"{mark} {result.name}: {result.detail or result.command}")
        text = f"  {line}  ({result.seconds:.1f} s)"
        if self._live is None:
            click.echo(text, err=True)
            return
        if self._task is not None:
            self._live.remove_task(self._task)
            self._task = None
        self._live.console.print(text, markup=False)


def _cut(text: str) -> str:
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
