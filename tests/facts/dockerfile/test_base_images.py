"""What is known about base images, and that nothing is claimed about others."""

from __future__ import annotations

import pytest

from covlint.facts.dockerfile.base_images import (
    UNKNOWN,
    Shell,
    base_image,
    go_version,
    split_reference,
)


@pytest.mark.parametrize(
    ("reference", "name", "tag"),
    [
        ("alpine", "alpine", ""),
        ("alpine:3.20", "alpine", "3.20"),
        ("r.example:5000/a/b", "r.example:5000/a/b", ""),
        ("r.example:5000/a/b:1", "r.example:5000/a/b", "1"),
        ("a/b:1@sha256:0123", "a/b", "1"),
        ("a/b@sha256:0123", "a/b", ""),
    ],
)
def test_references(reference: str, name: str, tag: str) -> None:
    assert split_reference(reference) == (name, tag)


@pytest.mark.parametrize(
    ("reference", "shell", "user"),
    [
        ("scratch", Shell.NONE, ""),
        ("alpine:3.20", Shell.BUSYBOX, ""),
        ("docker.io/library/alpine", Shell.BUSYBOX, ""),
        ("busybox:musl", Shell.BUSYBOX, ""),
        ("golang:1.22-alpine", Shell.BUSYBOX, ""),
        ("golang:1.22", Shell.DASH, ""),
        ("golang:1.22-bookworm@sha256:00", Shell.DASH, ""),
        ("debian:bookworm-slim", Shell.DASH, ""),
        ("ubuntu:24.04", Shell.DASH, ""),
        ("registry.example/ubi9/ubi-minimal:9.4", Shell.BASH, ""),
        ("ubi9-micro", Shell.BASH, ""),
        ("fedora:40", Shell.BASH, ""),
        ("registry.example/ubi9/go-toolset:1.22", Shell.BASH, "1001"),
        ("gcr.example/distroless/static", Shell.NONE, ""),
        ("gcr.example/distroless/static:nonroot", Shell.NONE, "65532"),
        ("gcr.example/distroless/static-debian12:nonroot", Shell.NONE, "65532"),
        ("gcr.example/distroless/base:debug-nonroot", Shell.UNKNOWN, "65532"),
    ],
)
def test_known_images(reference: str, shell: Shell, user: str) -> None:
    image = base_image(reference)
    assert (image.shell, image.user) == (shell, user)


@pytest.mark.parametrize(
    "reference", [None, "", "$BASE", "a/\0", "example/my-base:1", "example/golang-builder", "nginx"]
)
def test_nothing_is_claimed_about_other_images(reference: str | None) -> None:
    assert base_image(reference) == UNKNOWN


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("golang:1.19", (1, 19)),
        ("golang:1.19.8-alpine3.17", (1, 19)),
        ("golang:1.22rc1", (1, 22)),
        ("mirror.example/library/golang:1.27@sha256:00", (1, 27)),
        ("ubi9/go-toolset:1.18", (1, 18)),
        ("ubi9/go-toolset:v1.18.4-8", (1, 18)),
        ("golang", None),
        ("golang:latest", None),
        ("golang:alpine", None),
        ("golang:1", None),
        ("golang:1-alpine", None),
        ("golang:\0", None),
        ("debian:1.19", None),
        ("example/golang-migrate:1.19", None),
        (None, None),
    ],
)
def test_go_versions(reference: str | None, version: tuple[int, int] | None) -> None:
    assert go_version(reference) == version
