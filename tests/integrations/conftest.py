"""This project as users get it: a checkout, without what is built or cached."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel is built from, and the hooks."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("linter", "rules", "fixtures"):
        ignored = shutil.ignore_patterns("__pycache__", "_bundled")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    return folder
