"""What ``covlint verify`` promises of a run, seen on a real one: the process engine."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from covlint.runner.toolchain import Toolchain, go_environment

MAIN = """\
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	for _, one := range os.Environ() {
		fmt.Println("has", one)
	}
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) { os.Exit(0) })
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
"""
#: Says where the processes of this run listen, and ends the service.
LOOK = """\
import os, pathlib, urllib.request

mark = b"COVLINT_RUN=" + os.environb[b"COVLINT_RUN"]
inodes = set()
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        if mark in (process / "environ").read_bytes().split(b"\\0"):
            inodes |= {os.readlink(one)[8:-1] for one in (process / "fd").iterdir()}
    except OSError:
        continue
for table in ("tcp", "tcp6", "udp", "udp6"):
    for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
        words = line.split()
        if words[9] in inodes and words[3] in ("0A", "07"):  # listening; UDP that is bound
            print("listens", table, words[1])
try:
    urllib.request.urlopen(os.environ["SERVICE_URL"])
except OSError:
    pass
"""
EXERCISE = "python3 look.py"
BUILD = "echo the build runs >&2; cat said; go build -cover -o app ./cmd/app"
CANARY = "canary-that-nobody-may-hear"
SECRETS = ("COVLINT_CANARY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HTTPS_PROXY", "LD_LIBRARY")
CONFIG = f"""\
targets:
  app:
    build: '{BUILD}'
    binary: app
    args: ["${{PORT}}"]
    ready: {{tcp: "127.0.0.1:${{PORT}}"}}
    env: {{NAMED: by-the-project}}
    exercise: '{EXERCISE}'
"""


@dataclass(frozen=True)
class Seen:
    """A run, and what it left."""

    root: Path
    code: int
    changed: frozenset[str]
    home: tuple[str, ...]
    temporary: tuple[str, ...]

    def log(self, name: str) -> str:
        return (self.root / ".covlint" / "app" / f"{name}.log").read_text()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> Seen:
    folder = tmp_path_factory.mktemp("promises")
    root, home, temporary = folder / "app", folder / "home", folder / "temporary"
    (root / "cmd" / "app").mkdir(parents=True)
    for one in (home, temporary):
        one.mkdir()
    for one in (folder, *folder.parents[:1], temporary):
        one.chmod(0o1777 if one == temporary else 0o755)
    (root / "go.mod").write_text("module example.com/app\n\ngo 1.20\n")
    (root / "cmd" / "app" / "main.go").write_text(MAIN)
    (root / ".covlint.yaml").write_text(CONFIG)
    (root / "look.py").write_text(LOOK)
    go = go_environment(toolchain, os.environ, home / "cache")
    cache = subprocess.run(
        [toolchain.go, "env", "GOCACHE"], env=go, capture_output=True, text=True, check=True
    )
    environment = {
        **os.environ,
        **dict.fromkeys(SECRETS, CANARY),
        "HOME": str(home),
        "GOCACHE": cache.stdout.strip(),
        "GOPATH": str(home / "go"),
        "TMPDIR": str(temporary),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PATH": go["PATH"],
    }
    before = snapshot(root)
    with (root / "said").open("w") as stderr:
        done = subprocess.run(
            [sys.executable, "-m", "covlint", "verify"],
            cwd=root,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            check=False,
        )
    after = snapshot(root)
    return Seen(
        root,
        done.returncode,
        frozenset(path for path in before | after if before.get(path) != after.get(path)),
        tuple(snapshot(home)),
        tuple(os.listdir(temporary)),
    )


def test_a_service_gets_no_variable_that_nobody_names(seen: Seen) -> None:
    said = seen.log("service")
    had = {line[4:].partition("=")[0] for line in said.splitlines() if line.startswith("has ")}
    assert CANARY not in said
    shell = {"PWD", "OLDPWD", "SHLVL", "_"}  # which makes its folders, and sets these itself
    assert had - shell == {"PATH", "HOME", "GOCOVERDIR", "NAMED", "COVLINT_RUN"}
    assert "has NAMED=by-the-project" in said
    for path in (seen.root / ".covlint").rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path


def test_every_command_is_printed_before_the_first_one_runs(seen: Seen) -> None:
    """The build shows what was on stderr when it began."""
    build = seen.log("build")
    assert "the build runs" in build
    for step in (f"$ build: {BUILD}", "$ service: ", f"$ exercise: {EXERCISE}"):
        assert step in build


def test_nothing_is_written_but_results(seen: Seen) -> None:
    """Neither into the project nor into the user's folders, but for what `go build` puts into
    its own cache (which is the test's here) and counts (`go telemetry`)."""
    assert seen.code == 0
    results = {path for path in seen.changed if path.split("/")[0] == ".covlint"}
    assert seen.changed - results == {"app", "said"}  # by the project's own build, and the test
    assert seen.temporary == ()
    assert all(path.startswith((".config/go/telemetry/", "go/")) for path in seen.home)


def test_what_listens_listens_here_only(seen: Seen) -> None:
    """The service is on 127.0.0.1 by itself; covlint opens nothing else."""
    lines = [line.split() for line in seen.log("exercise").splitlines()]
    opened = [words[1:] for words in lines if words[:1] == ["listens"]]
    assert opened
    assert {(table, address.partition(":")[0]) for table, address in opened} == {
        ("tcp", "0100007F")  # 127.0.0.1, as proc(5) writes it
    }


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file below."""
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    stats = {path: path.lstat() for path in files}
    return {
        str(path.relative_to(folder)): (one.st_size, one.st_mtime_ns) for path, one in stats.items()
    }
