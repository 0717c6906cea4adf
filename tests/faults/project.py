"""A project in which every file is to be fixed, and what a run left of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import covlint
import covlint_rules
from covlint.staging import is_temporary

COMMAND = (sys.executable, "-c", "from covlint.cli import entry; entry()")

_IMAGE = (
    b"FROM golang:1.22 AS b\nRUN go build -cover -a -o /x ./x\nFROM scratch\n"
    b'COPY --from=b /x /x\nENTRYPOINT ["/x"]\n'
)
#: More than one read of a buffer, so that half a file would show.
OLD = _IMAGE + b"# a line that nobody changes\n" * 3000
NEW = OLD.replace(b" -a", b"")

MODES = (0o644, 0o600, 0o755, 0o444)
OWNER = (1234, 1235)
LINK = "link/Dockerfile"


@dataclass(frozen=True, slots=True)
class Left:
    """``odd``: what is there and should not be, or not like this; temporary files are not."""

    old: int
    new: int
    odd: tuple[str, ...]
    temporary: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """Below ``folder``: the project, and a copy of covlint, so that a run makes the same system
    calls each time whoever works on covlint meanwhile."""

    folder: Path
    files: int = 4

    @property
    def root(self) -> Path:
        return self.folder / "project"

    @property
    def trace(self) -> Path:
        return self.folder / "trace"

    @property
    def names(self) -> list[str]:
        return [f"service{number}/Dockerfile" for number in range(self.files)]

    def install(self) -> None:
        self.root.mkdir()
        for package in (covlint, covlint_rules):
            source = Path(str(package.__file__)).parent
            copy = self.folder / "covlint" / source.name
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        self.make()
        self.run("--diff")  # compiles what is imported
        self.run()
        self.make()

    def make(self) -> None:
        """The files as they are before a run; nothing else is left there."""
        for number, name in enumerate(self.names):
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            for other in path.parent.iterdir():
                other.unlink()
            path.write_bytes(OLD)
            os.chown(path, *_owner(number))
            path.chmod(MODES[number % len(MODES)])
        if not (self.root / LINK).is_symlink():
            (self.root / LINK).parent.mkdir()
            (self.root / LINK).symlink_to("../service0/Dockerfile")

    def left(self) -> Left:
        """What is there now."""
        files = [path for path in self.root.rglob("*") if path.is_symlink() or not path.is_dir()]
        found = [str(path.relative_to(self.root)) for path in files]
        temporary = tuple(name for name in found if is_temporary(os.path.basename(name)))
        odd = [name for name in found if name not in (*self.names, LINK, *temporary)]
        contents = []
        for number, name in enumerate(self.names):
            path = self.root / name
            if not path.is_file() or path.is_symlink():
                odd.append(f"{name} is gone")
                continue
            contents.append(path.read_bytes())
            status = path.stat()
            if status.st_mode & 0o7777 != MODES[number % len(MODES)]:
                odd.append(f"{name} has the mode {status.st_mode:o}")
            if (status.st_uid, status.st_gid) != _owner(number):
                odd.append(f"{name} belongs to {status.st_uid}:{status.st_gid}")
            if contents[-1] not in (OLD, NEW):
                odd.append(f"{name} has {len(contents[-1])} bytes, neither old nor new")
        if os.readlink(self.root / LINK) != "../service0/Dockerfile":
            odd.append(f"{LINK} leads elsewhere")
        return Left(contents.count(OLD), contents.count(NEW), tuple(odd), temporary)

    def start(self, *words: str, wrapped: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """``covlint --fix`` on the project."""
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(self.folder / "covlint"),
            "PYTHONHASHSEED": "0",
            "LC_ALL": "C.UTF-8",
        }
        return subprocess.Popen(
            [*wrapped, *COMMAND, "check", "--fix", *words, "."],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str, wrapped: tuple[str, ...] = ()) -> tuple[int, str]:
        """The exit code of a run, negative for a signal, and what it said."""
        process = self.start(*words, wrapped=wrapped)
        said, error = process.communicate(timeout=300)
        return process.returncode, (said + error).decode()


def _owner(number: int) -> tuple[int, int]:
    """Every second file is somebody else's, where files can be given away."""
    if os.geteuid() == 0 and number % 2:
        return OWNER
    return os.geteuid(), os.getegid()
