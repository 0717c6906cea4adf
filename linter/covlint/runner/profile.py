"""What a data folder amounts to, and the reports made from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from covlint.runner.command import CannotStart, Command, Completed, Executor
from covlint.runner.folder import Folder, State, read_folder
from covlint.runner.textprofile import BadProfile, PackageCoverage, TextProfile, read_profile
from covlint.runner.toolchain import Toolchain

#: Seconds; ``covdata`` is compiled on first use from Go 1.25 on (facts, part D).
_TOOL_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Profile:
    """The data of one run.

    ``error`` says why the data could not be turned into a text profile.
    ``unresolved`` are files of the profile for which no source was found;
    ``report_error`` is what ``go tool cover`` had to say, if it failed.
    """

    folder: Folder
    mode: str | None
    packages: tuple[PackageCoverage, ...]
    total_percent: float
    error: str | None = None
    unresolved: tuple[str, ...] = ()
    report_error: str | None = None
    artifacts: tuple[tuple[str, Path], ...] = ()

    @property
    def meta_files(self) -> int:
        return len(self.folder.meta)

    @property
    def counter_files(self) -> int:
        return len(self.folder.counters)


@dataclass(frozen=True, slots=True)
class ProfileReader:
    """Turns data folders into profiles with one toolchain; ``sources`` is the
    folder of the module that was built, where reports find their files."""

    executor: Executor
    toolchain: Toolchain
    env: Mapping[str, str]
    sources: Path

    def read(self, data: Path, out: Path, *, reports: bool = True) -> Profile:
        """Read ``data``; write profile.txt to ``out``, and the reports for people beside it."""
        folder = read_folder(data)
        if folder.state is not State.FOLDER or not folder.meta:
            return Profile(folder, None, (), 0.0)
        out.mkdir(parents=True, exist_ok=True)
        text_path = out / "profile.txt"
        text_path.unlink(missing_ok=True)
        answer = self._go(
            "tool", "covdata", "textfmt", f"-i={data}", f"-o={text_path}", why="convert the data"
        )
        error = _complaint(answer)
        if error is not None:
            # A failing textfmt leaves an empty file behind (facts, part D).
            text_path.unlink(missing_ok=True)
            return Profile(folder, None, (), 0.0, error=error)
        try:
            text = read_profile(text_path.read_text(encoding="utf-8", errors="replace"))
        except (BadProfile, OSError) as bad:
            return Profile(folder, None, (), 0.0, error=str(bad))
        if not reports:
            return Profile(folder, text.mode, text.packages, text.total)
        return self._report(folder, text, text_path, out)

    def _report(self, folder: Folder, text: TextProfile, text_path: Path, out: Path) -> Profile:
        artifacts = [("profile", text_path)]
        complaint: str | None = None
        for kind, flag, name in (("func", "-func", "func.txt"), ("html", "-html", "coverage.html")):
            path = out / name
            path.unlink(missing_ok=True)
            answer = self._go(
                "tool", "cover", f"{flag}={text_path}", f"-o={path}", why=f"write {name}"
            )
            complaint = complaint or _complaint(answer)
            if _complaint(answer) is None and path.is_file():
                artifacts.append((kind, path))
        return Profile(
            folder,
            text.mode,
            text.packages,
            text.total,
            unresolved=self._unresolved(text) if complaint else (),
            report_error=complaint,
            artifacts=tuple(artifacts),
        )

    def _unresolved(self, text: TextProfile) -> tuple[str, ...]:
        return tuple(
            file for file in text.files if os.path.isabs(file) and not os.path.exists(file)
        )

    def _go(self, *words: str, why: str) -> Completed | str:
        command = Command(
            (str(self.toolchain.go), *words), self.sources, self.env, why, _TOOL_TIMEOUT
        )
        try:
            return self.executor.run(command)
        except CannotStart as error:
            return str(error)


def _complaint(answer: Completed | str) -> str | None:
    """What a Go tool complained about; None when it did its work."""
    if isinstance(answer, str):
        return answer
    if answer.timed_out:
        return f"no answer within {_TOOL_TIMEOUT:.0f} seconds"
    if answer.code == 0:
        return None
    lines = [line for line in answer.output.splitlines() if line.strip()]
    return lines[-1] if lines else f"exit {answer.code}"
