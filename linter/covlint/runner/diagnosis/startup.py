"""Why a service never started, told from what was printed: the cause and the way out.

The lines are those of Go 1.21 to 1.27, of glibc and musl, of dash, of docker and podman;
``tests/runner/test_startup.py`` makes most of them appear.
"""

from __future__ import annotations

import re

from covlint.frozen import dataclass


@dataclass(frozen=True, slots=True)
class _Cause:
    """Patterns of which one is printed, and what to do; ``{0}`` is what a group has caught."""

    patterns: tuple[str, ...]
    advice: str

    def told_by(self, problem: str) -> str | None:
        """The advice, filled in; None when no pattern is found."""
        match = re.search("|".join(self.patterns), problem, re.IGNORECASE)
        if match is None:
            return None
        named = next((group for group in match.groups() if group), "")
        return self.advice.replace("{0}", named.rstrip(";,"))


#: The first that is found counts: what says more stands above what says less.
_CAUSES = (
    _Cause(
        ("the port is in use", "address already in use"),
        "another program listens on that port: stop it, or write ${PORT} in the target for "
        "a free one",
    ),
    _Cause(
        (r"go\.mod requires go >= (\S+)", r"module requires Go (\S+)"),
        "go.mod asks for Go {0}, which is newer than the one that builds: install it, or "
        "allow its download (GOTOOLCHAIN=auto)",
    ),
    _Cause(
        (r"download go(\S+) for .*toolchain not available", r"invalid go version '(\S+)'"),
        "go.mod asks for Go {0}, and that toolchain can be neither found nor downloaded: "
        "install it, or ask for a version that exists",
    ),
    _Cause(
        (
            r"error while loading shared libraries: (\S+):",
            r"error loading shared library (\S+):",
        ),
        "the binary needs the library {0}, which is not there: build with CGO_ENABLED=0, "
        "or install the library where the service runs",
    ),
    _Cause(
        (r"version [`'](GLIBC_\S+)' not found",),
        "the binary was built against a newer C library ({0}): build with CGO_ENABLED=0, "
        "or on the distribution that runs it",
    ),
    _Cause(
        ("exec format error",),
        "the binary is for another machine, or is no program: build it with the GOOS and "
        "GOARCH of the machine that runs it",
    ),
    _Cause(
        (
            r"cannot start .*permission denied",
            r"\d+: \S+: permission denied",
            r"exec(?:utable)?\b.*permission denied",
        ),
        "the binary may not be executed: give it mode 0755 (chmod +x, COPY --chmod=0755), "
        "and look for a mount with noexec",
    ),
    _Cause(
        (
            r"cannot start .*no such file or directory",
            r"\d+: \S+: not found",
            r"exec(?:utable)?\b.*(?:no such file or directory|not found)",
        ),
        "there is no program at that path; or it was built with cgo, or is a script, and "
        "its C library or interpreter is missing there",
    ),
    _Cause(
        (
            r"the build of the image failed.*(?:/v2/|pull access denied|manifest unknown)",
            r"the build of the image failed.*(?:manifest for \S+ not found|image not known)",
            r"the build of the image failed.*failed to resolve source metadata",
        ),
        "an image that the Dockerfile builds upon is not here, and cannot be pulled: build, load "
        "or pull it first",
    ),
    _Cause(
        ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "image not known"),
        "the image is not there: build it, load it into the cluster, and let "
        "imagePullPolicy be IfNotPresent",
    ),
    _Cause(
        ("hostPath type check failed",),
        "the hostPath is not on the node that runs the pod, or is of another type: make it there, "
        "or let the type be DirectoryOrCreate",
    ),
    _Cause(
        ("CreateContainerConfigError",),
        "a ConfigMap, Secret or variable that the container names is missing",
    ),
    _Cause(("inconsistent vendoring",), "vendor/ does not fit go.mod: run go mod vendor"),
    _Cause(
        (
            "no required module provides",
            "cannot find module providing",
            r"missing go\.sum entry",
            r"updates to go\.mod needed",
            r": go (?:get \S+|mod tidy)$",
        ),
        "go.mod does not fit the source: run go mod tidy, and commit go.mod and go.sum",
    ),
    _Cause(
        (
            "the build failed.*(?:dial tcp|i/o timeout|proxyconnect|no such host)",
            "the build failed.*module lookup disabled",
        ),
        "the modules cannot be downloaded: look at GOPROXY and at the network, or vendor them",
    ),
    _Cause(
        ("the build (?:of the image )?(?:failed|left no|took longer)",),
        "nothing was built, so that nothing could run: repair what the build names",
    ),
    _Cause(
        ("not ready after",),
        "it runs, but does not get ready in that time: see its log, and `ready` in the target",
    ),
)

#: Lines that a loader, a shell or a toolchain writes in the place of the program.
_INSTEAD = re.compile(
    r"error while loading shared librar|^error loading shared library"
    r"|version [`']GLIBC_\S+' not found|exec format error"
    r"|^(?:/bin/)?sh: (?:line )?\d+: \S+: (?:not found|permission denied)$"
    r"|^go: go\.mod requires go >= |listen tcp \S+: bind: address already in use",
    re.IGNORECASE,
)


def remedy_of(problem: str) -> str | None:
    """What to do about a service that did not start; None for a cause that is not known."""
    return next((told for cause in _CAUSES if (told := cause.told_by(problem))), None)


def failed_start(log: str) -> str | None:
    """The line of a log that shows that the program never ran; None where there is none."""
    lines = (line.strip() for line in log.splitlines())
    return next((line[:300] for line in lines if _INSTEAD.search(line)), None)
