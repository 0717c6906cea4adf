"""covlint, ended at any moment: what it started and made is gone, at once or after --clean."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runner.programs import SERVER
from runner.test_commands import CONFIG, covlint, environment, write

pytestmark = pytest.mark.real

#: How many runs are ended; half of them by Ctrl-C, half by SIGKILL.
KILLS = int(os.environ.get("COVLINT_KILLS", "50"))
TOGETHER = 2


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A service whose run takes a moment at every step."""
    slow = SERVER.replace("ctx, stop", "time.Sleep(100 * time.Millisecond)\n\tctx, stop")
    write(tmp_path, {"cmd/app/main.go": slow})
    (tmp_path / ".covlint.yaml").write_text(
        CONFIG.replace("ADDR:", "SLOW: 100ms, ADDR:") + "    exercise: sleep 0.2\n"
    )
    return tmp_path


def test_ended_at_random_moments(app, scratch, toolchain):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    interrupted, killed = scratch / "interrupted", scratch / "killed"
    interrupted.mkdir()
    killed.mkdir()
    for _ in range(2):  # the first fills Go's cache
        begun = time.monotonic()
        assert covlint(app, "verify", TMPDIR=str(killed)).returncode == 0
        length = time.monotonic() - begun

    def one(number: int, wait: float) -> int:
        how = (signal.SIGINT, signal.SIGKILL)[number % 2]
        place = (interrupted, killed)[number % 2]
        return end_after(app, wait, how, place, app / f"out{number}")

    waits = [chance.uniform(0.05, length * 1.1) for _ in range(KILLS)]
    with ThreadPoolExecutor(TOGETHER) as pool:
        codes = list(pool.map(one, range(KILLS), waits))
    told = f"seed {seed}, {length:.1f} s: {codes}"
    # Before covlint's own code runs, Python answers Ctrl-C itself; few runs come to their end.
    assert set(codes) <= {0, 130, 1, -signal.SIGINT, -signal.SIGKILL}, told
    assert codes.count(0) < KILLS / 2, told
    assert list(interrupted.iterdir()) == [], told
    assert list(processes_below(interrupted)) == [], told
    cleaned = covlint(app, "verify", "--clean", TMPDIR=str(killed))
    assert cleaned.returncode == 0, cleaned.stderr
    assert list(killed.iterdir()) == [], told
    assert list(processes_below(killed)) == [], told
    assert not [line for line in mounts() if str(scratch) in line], told


def end_after(app: Path, wait: float, how: signal.Signals, place: Path, out: Path) -> int:
    verifying = subprocess.Popen(
        [sys.executable, "-m", "covlint", "verify", "--out", str(out)],
        cwd=app,
        env=environment(TMPDIR=str(place)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return verifying.wait(wait)
    except subprocess.TimeoutExpired:
        verifying.send_signal(how)
        return verifying.wait(60)


def processes_below(folder: Path) -> Iterator[str]:
    """Processes that were started from ``folder`` or have it in their environment."""
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            told = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told:
            yield told.split(b"\0")[0].decode()


def mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()
