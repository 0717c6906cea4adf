"""Every format that covlint writes, written once by the commands themselves."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from covlint.cli import check, report, trend, verify
from covlint.cli.main import run
from report.sheets import FILES

SERVICE = Path(__file__).parents[2] / "fixtures" / "services" / "till"
TARGET = {
    "main": "./cmd/till",
    "env": {"TILL_ADDR": "127.0.0.1:${PORT}"},
    "exercise": "python3 exercise.py",
    "expect": {"total": 99},
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """``folder`` has a file ``COMMAND.FORMAT`` each; ``wiring``, ``service`` and ``bare`` are
    the projects that they speak of. ``data`` is that of the service; ``go`` reads it, too."""

    go: Path
    folder: Path
    wiring: Path
    service: Path
    bare: Path

    @property
    def data(self) -> Path:
        return self.service / ".covlint" / "till" / "data"

    def file(self, command: str, form: str) -> Path:
        return self.folder / f"{command}.{form}"


def written(folder: Path, go: Path) -> Outputs:
    """Runs the commands, in projects below ``folder``."""
    outputs = Outputs(go, folder / "out", folder / "wiring", folder / "till", folder / "bare")
    outputs.folder.mkdir()
    for path, text in FILES.items():
        place = outputs.wiring / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    shutil.copytree(SERVICE, outputs.service)
    outputs.service.chmod(0o755)
    settings = json.dumps({"targets": {"till": TARGET}})
    (outputs.service / ".covlint.yaml").write_text(settings)
    shutil.copytree(SERVICE, outputs.bare)
    with _inside(outputs.bare):
        _print(outputs, "init", "diff", None, "init", "--diff")
    _of_wiring(outputs)
    _of_runs(outputs)
    return outputs


def _of_wiring(outputs: Outputs) -> None:
    with _inside(outputs.wiring):
        _covlint(1, "check", *_all(outputs, "check", check.FORMATS))
        _print(outputs, "check", "diff", None, "check", "--diff")
        for form in ("text", "json", "mermaid"):
            _print(outputs, "graph", form, None, "graph", "--format", form)
        for form in ("text", "json", "markdown"):
            _print(outputs, "rule", form, 0, "rule", "COV101", "--format", form)


def _of_runs(outputs: Outputs) -> None:
    with _inside(outputs.service):
        _print(outputs, "verify", "dry-run", 0, "verify", "--dry-run")
        # the threshold is not reached: a verdict that failed says the most
        forms = (*verify.FORMATS, *verify.REPORTS)
        _covlint(1, "verify", *_all(outputs, "verify", forms))
        data = str(outputs.data)
        _covlint(0, "report", data, *_all(outputs, "report", report.FORMATS))
        package = "example.com/till/internal/ledger"
        for form in ("text", "json"):
            _print(outputs, "doctor", form, None, "doctor", data, "--format", form)
            _print(outputs, "why", form, None, "why", package, data, "--format", form)
        earlier = json.loads(outputs.file("report", "json").read_text())
        (outputs.folder / "earlier.json").write_text(
            json.dumps({**earlier, "time": "2026-01-02T03:04:05Z"})
        )
        for run_ in (str(outputs.folder / "earlier.json"), data):
            _covlint(0, "trend", "add", run_)
        _covlint(0, "trend", *_all(outputs, "trend", trend.FORMATS))


def _all(outputs: Outputs, command: str, forms: Sequence[str]) -> list[str]:
    return [f"--output-format={form}={outputs.file(command, form)}" for form in forms]


def _print(outputs: Outputs, command: str, form: str, code: int | None, *words: str) -> None:
    outputs.file(command, form).write_text(_covlint(code, *words), encoding="utf-8")


def _covlint(code: int | None, *words: str) -> str:
    """What a command prints; None stands for 0 or 1."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(stream):
        found = run(words)
    stream.flush()
    said = stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert found == code if code is not None else found in (0, 1), (words, found, said)
    return said


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    former = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(former)
