"""The stand-ins have what the tests that build on them rely on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest


def inside(runtime: str, image: str, *words: str) -> str:
    command = [runtime, "run", "--rm", "--network=none", "--entrypoint", words[0], image]
    done = subprocess.run([*command, *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("image", "shell"),
    [
        ("debian:bookworm-slim", "dash"),
        ("localhost/bash-as-sh:1", "bash"),
        ("busybox:1.36", "/bin/busybox"),
        ("alpine:3.20", "/bin/busybox"),
    ],
)
def test_sh_is_the_shell_that_pid_1_turns_on(
    runtime: str, base_images: Callable[..., None], image: str, shell: str
) -> None:
    base_images(image)
    assert inside(runtime, image, "readlink", "-f", "/bin/sh").strip().endswith(shell)


@pytest.mark.parametrize("tag", ["1.22-bookworm", "1.22-alpine"])
def test_go_is_the_version_of_the_tag(
    runtime: str, base_images: Callable[..., None], tag: str
) -> None:
    base_images(f"golang:{tag}")
    assert "go1.22." in inside(runtime, f"golang:{tag}", "go", "version")


def test_nonroot_is_65532_and_has_no_shell(runtime: str, base_images: Callable[..., None]) -> None:
    image = "gcr.io/distroless/static:nonroot"
    base_images(image)
    shown = subprocess.run(
        [runtime, "image", "inspect", "--format", "{{.Config.User}}", image],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "65532"
    started = subprocess.run(
        [runtime, "run", "--rm", "--network=none", image, "sh"], capture_output=True, check=False
    )
    assert started.returncode != 0
