"""A real container runtime and base images made on this machine. Nothing here is skipped: what
cannot be set up is a failure."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.base_images import CannotMake, Maker, find_runtime
from engines.failures import rates


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder is the tier that `make test-engines` runs."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("engines")


@pytest.fixture(scope="session")
def runtime() -> str:
    """podman or docker, whichever answers."""
    try:
        return find_runtime()
    except CannotMake as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def base_images(runtime: str) -> Callable[..., None]:
    """Call it with the names that a test's Dockerfiles build on."""

    def ensure(*names: str) -> None:
        try:
            Maker(runtime).ensure(*names)
        except CannotMake as error:
            pytest.fail(str(error))

    return ensure


@pytest.fixture(scope="session")
def kind() -> str:
    found = shutil.which("kind")
    if found is None:
        pytest.fail("kind is not on PATH")
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many failures were named rightly, and how many healthy services nothing."""
    for line in rates(terminalreporter.stats):
        terminalreporter.write_line(line)
