"""What is known about base images: their ``/bin/sh``, their user, their Go version.

Only images whose content is documented are named; everything else is unknown,
and rules say nothing about what is unknown.
"""

from __future__ import annotations

import re
from enum import Enum

from covlint.frozen import dataclass


class Shell(Enum):
    """Which program ``/bin/sh`` is; it decides whether SIGTERM reaches the service."""

    DASH = "dash"
    BASH = "bash"
    BUSYBOX = "busybox"
    NONE = "none"  # scratch and distroless: a shell form cannot start
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BaseImage:
    """``user`` is "" for root, a name or uid for another user, None when not known."""

    shell: Shell
    user: str | None
    empty: bool  # has no directories beyond a few (scratch, distroless static)


UNKNOWN = BaseImage(Shell.UNKNOWN, None, False)

#: Debian and Ubuntu, and official images built on them unless the tag says alpine.
_DEBIAN = frozenset(
    [
        "debian",
        "ubuntu",
        "golang",
        "buildpack-deps",
        "python",
        "node",
        "ruby",
        "openjdk",
        "eclipse-temurin",
        "rust",
        "gcc",
        "debian-base",
        "debian-slim",
    ]
)
_BUSYBOX = frozenset(["alpine", "busybox"])
_REDHAT = re.compile(
    r"^(ubi\d*(-minimal|-micro|-init)?|ubi-minimal|ubi-micro|fedora(-minimal)?|centos(-stream)?|"
    r"rockylinux|almalinux(-minimal)?|amazonlinux|oraclelinux)$"
)
_GO_TAG = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?(?:$|[-.\w])")


def split_reference(reference: str) -> tuple[str, str]:
    """``registry/path/name:tag@digest`` → (path/name, tag)."""
    name = reference.split("@", 1)[0]
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        name = head
    else:
        tag = ""
    return name, tag


def short_name(reference: str) -> str:
    """The last part of an image's name: ``registry/path/name:tag`` → ``name``."""
    return split_reference(reference)[0].rsplit("/", 1)[-1]


def base_image(reference: str | None) -> BaseImage:
    """What is known about the image; UNKNOWN for what is not listed."""
    if reference is None or "\0" in reference or "$" in reference:
        return UNKNOWN
    name, tag = split_reference(reference)
    short = name.rsplit("/", 1)[-1]
    if reference == "scratch":
        return BaseImage(Shell.NONE, "", True)
    if "distroless" in name:
        nonroot = "nonroot" in tag
        if tag.startswith("debug") or "debug" in tag:
            return BaseImage(Shell.UNKNOWN, "65532" if nonroot else "", False)
        return BaseImage(Shell.NONE, "65532" if nonroot else "", True)
    if short in _BUSYBOX or (short in _DEBIAN and "alpine" in tag):
        return BaseImage(Shell.BUSYBOX, "", False)
    if short in _DEBIAN:
        return BaseImage(Shell.DASH, "", False)
    if _REDHAT.match(short):
        return BaseImage(Shell.BASH, "", False)
    if short == "go-toolset":
        return BaseImage(Shell.BASH, "1001", False)
    return UNKNOWN


def go_version(reference: str | None) -> tuple[int, int] | None:
    """The Go version of a builder image, by its tag: golang:1.19-alpine → (1, 19).

    Only images whose tags are Go versions: golang (any registry) and go-toolset.
    """
    if reference is None or "\0" in reference or "$" in reference:
        return None
    name, tag = split_reference(reference)
    if name.rsplit("/", 1)[-1] not in {"golang", "go-toolset"}:
        return None
    match = _GO_TAG.match(tag)
    return (int(match[1]), int(match[2])) if match else None
