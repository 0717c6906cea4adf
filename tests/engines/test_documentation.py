"""What docs/engines.md shows of containers, typed word by word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from console import Desk, comes_true, typed

ROOT = Path(__file__).parents[2]
#: A cluster takes long; test_datastorage.py makes one for the same project.
LEFT_OUT = {"covlint verify --engine kind"}


def test_the_page_on_engines(tmp_path: Path, base_images: Callable[..., None]) -> None:
    base_images("golang:1.22-bookworm", "debian:bookworm-slim")
    desk = Desk(tmp_path)
    for one in typed(ROOT / "docs" / "engines.md"):
        if one.command in LEFT_OUT:
            continue
        done = desk.type(one)
        assert done.returncode == 0, f"{one.command}\n{done.stdout}"
        if one.shown:
            assert comes_true(one.shown, done.stdout), f"{one.command}\n{done.stdout}"
