"""What covlint costs beside the steps themselves: the same steps as a shell script are the measure."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from covlint.runner.toolchain import Toolchain
from engines.project import Layout, verify
from engines.test_cleanup import program  # noqa: F401  (a fixture)

#: The best run counts, of so many at most: the others are the machine's, which has more to do.
RUNS = 12
#: Seconds from the end of the service to the verdict.
RESULT = 1.0
#: Share and seconds by which a verification may take longer than its script.
ALLOWED = {"process": (0.05, 0.5), "container": (0.05, 2.0), "kind": (0.10, 3.0)}


def script_seconds(root: Path, *options: str) -> float:
    words = [sys.executable, "-m", "covlint", "verify", "--dry-run", *options]
    printed = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout
    begin = time.monotonic()
    done = subprocess.run(["sh"], input=printed, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    assert done.returncode == 0, done.stdout + done.stderr
    return seconds


def verify_seconds(root: Path, *options: str) -> float:
    begin = time.monotonic()
    done = verify(root, *options)
    seconds = time.monotonic() - begin
    assert done.code == 0, done.shown
    return seconds


def test_a_process_costs_little_more_than_its_script(
    program: Path,  # noqa: F811
    toolchain: Toolchain,
    record_property: Callable[[str, object], None],
) -> None:
    compared(program, "process", record_property)


def test_a_container_costs_little_more_than_its_script(
    tmp_path: Path,
    toolchain: Toolchain,
    base_images: Callable[..., None],
    record_property: Callable[[str, object], None],
) -> None:
    layout = Layout("cost")
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    verify(tmp_path)  # the layers of the image are there for both
    compared(tmp_path, "container", record_property)


def test_a_cluster_costs_little_more_than_its_script(
    tmp_path: Path,
    toolchain: Toolchain,
    base_images: Callable[..., None],
    cluster: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Its creation apart: both use one that is there."""
    layout = Layout("dear", replicas=2)
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    options = ("--engine", "kind", "--cluster", cluster)
    verify(tmp_path, *options)
    compared(tmp_path, "kind", record_property, *options, runs=5)


def compared(
    root: Path,
    engine: str,
    record: Callable[[str, object], None],
    *options: str,
    runs: int = RUNS,
) -> None:
    share, seconds = ALLOWED[engine]
    script = own = float("inf")
    for _ in range(runs):  # by turns: what else the machine does then burdens both
        script = min(script, script_seconds(root, *options))
        own = min(own, verify_seconds(root, *options))
        if own <= script * (1 + share) + seconds:
            break
    record("script", script)
    record("verify", own)
    print(f"{engine}: script {script:.2f} s, covlint {own:.2f} s")
    assert own <= script * (1 + share) + seconds, f"script {script:.2f} s, covlint {own:.2f} s"


def test_the_result_is_there_soon_after_the_last_process(program: Path) -> None:  # noqa: F811
    soon_after_the_stop(program)


def test_the_result_is_there_soon_after_the_last_pod(
    tmp_path: Path, toolchain: Toolchain, base_images: Callable[..., None], cluster: str
) -> None:
    layout = Layout("soon", replicas=2)
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    soon_after_the_stop(tmp_path, "--engine", "kind", "--cluster", cluster)


def soon_after_the_stop(root: Path, *options: str) -> None:
    """Measured from the end of the step that stops the service to the verdict: what was created
    is removed after that. The best of a few runs, as above."""
    assert any(seconds_to_the_result(root, *options) < RESULT for _ in range(4))


def seconds_to_the_result(root: Path, *options: str) -> float:
    begun = subprocess.Popen(
        [sys.executable, "-m", "covlint", "verify", *options],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert begun.stderr is not None
    stopped = told = 0.0
    for line in begun.stderr:
        if " stop: " in line:
            stopped = time.monotonic()
        if " report: passed" in line:
            told = time.monotonic()
    begun.stderr.close()
    assert begun.wait(120) == 0
    assert stopped
    assert told
    return told - stopped
