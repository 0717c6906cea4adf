"""The Go services of the fixtures build, and need nothing but the standard library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runner.conftest import FIXTURES, go

MODULES = sorted(file.parent for file in FIXTURES.glob("*/*/go.mod"))


def test_every_service_is_here():
    assert {module.name for module in MODULES} >= {"till", "deaf", "batch", "datastorage"}


@pytest.mark.real
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_it_builds_and_vets(module: Path, tmp_path: Path, toolchain):
    copy = tmp_path / module.name
    shutil.copytree(module, copy)
    go(toolchain, copy, "vet", "./...")
    go(toolchain, copy, "vet", "-tags=e2e", "./...")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_it_uses_the_standard_library_only(module: Path):
    text = (module / "go.mod").read_text()
    assert "require" not in text
    assert "\ngo 1.21\n" in text
    assert not (module / "go.sum").exists()
