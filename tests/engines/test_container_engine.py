"""Services in real containers: what arrives, and what is said when nothing does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engines.project import DEAF, Layout, verify

HEALTHY = {
    "as root": Layout("root"),
    "as a user, in a folder that is his": Layout(
        "user",
        user="1001",
        pod='initContainers: [{name: own, image: "busybox:1.36", command: [chown, "1001", /d], '
        "volumeMounts: [{name: coverage, mountPath: /d}]}]",
    ),
    "with a read-only root": Layout(
        "readonlyroot", container="securityContext: {readOnlyRootFilesystem: true}"
    ),
    "by a shell that execs": Layout(
        "exec", base="debian:bookworm-slim", entrypoint='ENTRYPOINT ["sh", "-c", "exec /app"]'
    ),
    "by busybox, which execs by itself": Layout(
        "busybox", base="busybox:1.36", entrypoint='ENTRYPOINT ["sh", "-c", "/app"]'
    ),
    "by bash, which execs by itself": Layout(
        "bash", base="localhost/bash-as-sh:1", entrypoint='ENTRYPOINT ["sh", "-c", "/app"]'
    ),
    "on a claim": Layout("claim", volume="persistentVolumeClaim: {claimName: coverage}"),
}

BROKEN = {
    "not instrumented": (Layout("plain", goflags=""), "not-instrumented", None),
    "no GOCOVERDIR there": (Layout("absent", mount="/elsewhere"), "missing-directory", "COV501"),
    "another user": (Layout("denied", user="1001"), "permission-denied", "COV304"),
    "a read-only mount": (Layout("locked", mount_options="readOnly: true"), "read-only", "COV303"),
    "no SIGTERM handler": (Layout("deaf", main=DEAF), "meta-only", "COV601"),
    "killed before its end": (Layout("slow", slow="8s", grace=1), "killed", "COV306"),
    "a shell as PID 1": (
        Layout(
            "shell",
            base="debian:bookworm-slim",
            entrypoint='ENTRYPOINT ["sh", "-c", "/app; true"]',
            grace=1,
        ),
        "killed",
        "COV203",
    ),
    "an emptyDir": (Layout("empty", volume="emptyDir: {}"), "not-extracted", "COV305"),
    "another folder of the node": (
        Layout("node", host_path="/tmp/other"),
        "not-extracted",
        "COV502",
    ),
    "a program that is not there": (
        Layout("missing", entrypoint='ENTRYPOINT ["/nothing"]'),
        "never-started",
        None,
    ),
}


@pytest.mark.parametrize("layout", HEALTHY.values(), ids=HEALTHY.keys())
def test_what_is_whole_passes(
    tmp_path: Path, base_images: Callable[..., None], layout: Layout
) -> None:
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    done = verify(tmp_path)
    assert (done.code, done.verdict["verdict"]) == (0, "passed"), done.shown
    claimed = {claim["claim"] for claim in done.verdict["validations"]}
    assert {"the binary is instrumented", "the data is of the binary that was built"} <= claimed


@pytest.mark.parametrize(("layout", "symptom", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_named(
    tmp_path: Path,
    base_images: Callable[..., None],
    layout: Layout,
    symptom: str,
    code: str | None,
) -> None:
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    done = verify(tmp_path)
    assert (done.code, done.verdict["verdict"]) == (1, "failed"), done.shown
    first = done.verdict["causes"][0]
    assert first["symptom"] == symptom, done.shown
    if code is not None:
        assert first["code"] == code, done.shown
    if symptom == "not-instrumented":
        claims = {claim["claim"]: claim["evidence"] for claim in done.verdict["validations"]}
        assert "/app was built by go1.22" in claims["the binary is instrumented"], done.shown


def test_heredocs_are_refused_in_words_where_buildah_reads_none(
    tmp_path: Path, runtime: str, base_images: Callable[..., None]
) -> None:
    layout = Layout("heredoc", entrypoint='RUN <<EOF\ntrue\nEOF\nENTRYPOINT ["/app"]')
    layout = replace(layout, base="debian:bookworm-slim")
    base_images("golang:1.22-bookworm", layout.base)
    layout.write(tmp_path)
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "covlint", "verify"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if "a heredoc: " not in done.stderr:  # a runtime that reads them
        assert done.returncode == 0, done.stdout + done.stderr
        return
    assert done.returncode == 2
    assert "Dockerfile:11: a heredoc" in done.stderr
