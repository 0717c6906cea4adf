"""Progress on stderr: steps with their elapsed time, live on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import click

from covlint.frozen import dataclass
from covlint.runner.verdict import StepResult
from covlint.terminal import visible

_LONGEST = 100  # columns of a step's detail


class StderrProgress:
    """One line for each step that ends; on a terminal a spinner for the one that runs."""

    def __init__(self) -> None:
        self._live: Any = None
        self._tasks: dict[str, Any] = {}
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

    def of(self, target: str) -> TargetProgress:
        """The progress of one of several targets; each line says whose it is."""
        return TargetProgress(self, f"{target} ")

    def announce(self, commands: Sequence[tuple[str, str]]) -> None:
        self.tell("", commands)

    def begin(self, step: str, detail: str) -> None:
        self.show("", f"{step}: {detail}")

    def tell(self, whose: str, commands: Sequence[tuple[str, str]]) -> None:
        """What is going to be run, whole: it is the project's, and nobody may have read it."""
        for step, command in commands:
            text = f"  $ {visible(f'{whose}{step}: {command}')}"
            if self._live is None:
                click.echo(text, err=True)
            else:
                self._live.console.print(text, markup=False, soft_wrap=True)

    def end(self, result: StepResult) -> None:
        self.told("", result)

    def show(self, whose: str, text: str) -> None:
        """A step runs, on a terminal."""
        if self._live is not None:
            self._tasks[whose] = self._live.add_task(_cut(f"{whose}{text}"), total=None)

    def told(self, whose: str, result: StepResult) -> None:
        """A step has ended."""
        mark = "✗" if result.failed or result.exit not in (None, 0) else "✓"
        line = _cut(f"{mark} {whose}{result.name}: {result.detail or result.command}")
        text = f"  {line}  ({result.seconds:.1f} s)"
        if self._live is None:
            click.echo(text, err=True)
            return
        task = self._tasks.pop(whose, None)
        if task is not None:
            self._live.remove_task(task)
        self._live.console.print(text, markup=False)


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """The steps of one target among several that run at once."""

    all: StderrProgress
    whose: str

    def announce(self, commands: Sequence[tuple[str, str]]) -> None:
        self.all.tell(self.whose, commands)

    def begin(self, step: str, detail: str) -> None:
        self.all.show(self.whose, f"{step}: {detail}")

    def end(self, result: StepResult) -> None:
        self.all.told(self.whose, result)


def _cut(text: str) -> str:
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
