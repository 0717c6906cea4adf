from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

import covlint as package
import covlint_rules as rules
from hostile.repository import HONEST, arm_git, build

SECRET = "what-lies-outside"
#: Seconds of processor time: it is a second or two, and a second core may be slow.
SECONDS = 30
#: Bytes. `make faults` prints what was measured: 115 MiB for graph, 183 for init.
MEMORY = 250 << 20
#: `make faults` asks for init, too: it parses each Go package, which takes a quarter of a minute.
COMMANDS = ("graph", "init") if os.environ.get("COVLINT_FAULTS") == "all" else ("graph",)
#: Control characters but for those that end and indent lines, and what turns the direction.
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

#: The folders of the covlint that these tests import, wherever another one is installed.
OWN = tuple(str(Path(str(one.__file__)).parents[1]) for one in (package, rules))

Covlint = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile") / "repository"
    root.mkdir()
    build(root, SECRET)
    arm_git(root, root.parent / "ran")
    return root


@pytest.fixture
def covlint(hostile: Path, tmp_path: Path) -> Covlint:
    return limited(hostile, tmp_path)


def limited(hostile: Path, folder: Path) -> Covlint:
    """Runs covlint in the repository, within limits; what it took at most goes to ``folder``."""

    def run(*words: str, wrapped: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, 4 * MEMORY))

        program = (sys.executable, "-P") if sys.version_info >= (3, 11) else (sys.executable,)
        peak = "print(*(x for x in open('/proc/self/status') if 'VmHWM' in x), file=open(P, 'w'))"
        start = (
            f"import atexit, sys; P = {str(folder / 'peak')!r}; atexit.register(lambda: {peak});"
        )
        start += "from covlint.cli import entry; sys.argv[0] = 'covlint'; entry()"
        return subprocess.run(
            [*wrapped, *program, "-c", start, *words],
            cwd=hostile,
            env={
                **os.environ,
                "PATH": f".:{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join(OWN),
                "TMPDIR": str(folder),
            },
            capture_output=True,
            stdin=subprocess.DEVNULL,
            preexec_fn=limit,
            check=False,
        )

    return run


def nothing_ran(hostile: Path) -> bool:
    return not (hostile.parent / "ran").exists()


def texts(data: object) -> list[str]:
    """Every string of a JSON document."""
    if isinstance(data, str):
        return [data]
    if isinstance(data, dict):
        return [text for pair in data.items() for one in pair for text in texts(one)]
    if isinstance(data, list):
        return [text for one in data for text in texts(one)]
    return []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_ends_and_tells_no_secret(
    command: str, covlint: Covlint, hostile: Path, tmp_path: Path
) -> None:
    done = covlint(command)
    assert done.returncode in (0, 1, 2), done.stderr[-2000:]
    assert_harmless(done)
    print(command, peak(tmp_path) >> 20, "MiB")
    assert peak(tmp_path) < MEMORY
    assert nothing_ran(hostile)


def peak(folder: Path) -> int:
    """The memory that the last run took at most, in bytes."""
    return int((folder / "peak").read_text().split()[1]) << 10


def assert_harmless(done: subprocess.CompletedProcess[bytes]) -> None:
    for said in (done.stdout.decode(), done.stderr.decode()):
        assert "Traceback" not in said
        assert "internal error" not in said
        assert SECRET not in said
        assert not RAW.search(said)


def test_every_report_is_valid_and_escaped(covlint: Covlint, hostile: Path, tmp_path: Path) -> None:
    from lxml import etree

    formats = ("json", "sarif", "gitlab", "rdjson", "junit", "github")
    asked = [word for name in formats for word in ("--output-format", f"{name}={tmp_path / name}")]
    done = covlint("check", *asked)
    assert done.returncode == 1, done.stderr[-2000:]
    assert_harmless(done)
    assert peak(tmp_path) < MEMORY
    for name in formats:
        said = (tmp_path / name).read_text(encoding="utf-8")
        assert not RAW.search(said), name
        assert SECRET not in said
        if name in ("json", "sarif", "gitlab", "rdjson"):
            assert "Dockerfile" in " ".join(texts(json.loads(said)))
    etree.parse(str(tmp_path / "junit"))
    # a name with a line feed and one like a command of GitHub's begin no line of their own
    lines = (tmp_path / "github").read_text().splitlines()
    assert all(re.match(r"::(error|warning|notice) file=", line) for line in lines)


def opened(trace: str) -> set[str]:
    """The files that were opened, without those that are not there."""
    calls = re.finditer(r'open(?:at)?\((?:[^"]*, )?"((?:[^"\\]|\\.)*)".* = \d', trace)
    return {os.path.realpath(call[1]) if call[1][0] == "/" else call[1] for call in calls}


def test_only_git_runs_and_nothing_outside_is_opened(
    covlint: Covlint, hostile: Path, tmp_path: Path
) -> None:
    """strace shows each program and each file of a run."""
    done = covlint("check", "--since", "HEAD", wrapped=traced(tmp_path))
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert_harmless(done)
    said = (tmp_path / "trace").read_text()
    assert programs(said) == {shutil.which("git")}
    assert "AF_INET" not in said
    assert outside(said, hostile, tmp_path) == set()
    assert "../" not in "".join(path for path in opened(said) if path[0] != "/")
    assert nothing_ran(hostile)


def traced(folder: Path) -> tuple[str, ...]:
    """The command that notes programs, files and connections of another one."""
    calls = "trace=execve,open,openat,connect"
    return ("strace", "-f", "-qq", "-z", "-e", calls, "-o", str(folder / "trace"))


def programs(trace: str) -> set[str]:
    """The programs that were run, without covlint itself."""
    return set(re.findall(r'execve\("([^"]+)"', trace)[1:])


def outside(trace: str, hostile: Path, folder: Path) -> set[str]:
    """The files that were opened and are neither the repository's nor the system's, Python's or
    the user's configuration of git."""
    system = ("/usr/", "/lib", "/etc/", "/proc/", "/dev/", "/sys/", "/opt/", *python_folders())
    home = os.path.expanduser("~")
    users = (f"{home}/.gitconfig", f"{home}/.config/git/")
    allowed = (*system, *users, str(hostile))
    # git reads what its own configuration includes; that is of no effect, as no program shows
    # (and the test notes what memory was taken)
    known = {str(hostile.parent / "outside" / "config"), str(folder / "peak")}
    absolute = {path for path in opened(trace) if path.startswith("/")}
    return {path for path in absolute if not path.startswith(allowed)} - known


def python_folders() -> set[str]:
    """Python's own, and those that it imports from: an editable install adds the latter."""
    imports = {folder for folder in (*OWN, *sys.path) if folder}
    paths = {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, *imports}
    return {os.path.realpath(path) for path in paths}


def test_fixes_stay_inside(covlint: Covlint, hostile: Path) -> None:
    """The last test: the repository is another one afterwards."""
    outside = {p: p.read_bytes() for p in (hostile.parent / "outside").iterdir()}
    done = covlint("check", "--fix", "--unsafe-fixes")
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert (hostile / "Dockerfile").read_text() != HONEST + "# changed\n"
    assert (hostile / "names" / "a\nb.Dockerfile").read_text() != HONEST
    assert {p: p.read_bytes() for p in (hostile.parent / "outside").iterdir()} == outside
    assert sorted(os.listdir(hostile.parent)) == ["outside", "repository"]
    assert nothing_ran(hostile)
