"""Every row of the facts tables A and C that concerns a run of a process, made to happen.

Each is run for real and has to be named: the symptom first, and words that say why.
What sound runs of table B must not show is any cause at all. Not provoked here: builds
by Go before 1.20, `go install pkg@version` (it needs a module proxy), shells that this
host has not, and reports (`-i=a -i=b`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.evidence.build_claims import EVERY_PROCESS
from covlint.runner.verdict import Outcome, Verdict
from runner.conftest import MODULE, Prover, go
from runner.subject import SUBJECT

pytestmark = pytest.mark.real

BEGUN = {"ready": {"log": "begun", "timeout": 20}}
SHORT = {**BEGUN, "grace_period": 0.4}
ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount, chroot or be somebody")


@pytest.fixture(scope="session")
def builds(tmp_path_factory, toolchain) -> Path:
    """The program, built in every way that matters."""
    root = tmp_path_factory.mktemp("builds")
    write(root)
    for name, words in {
        "set": ("build", "-cover"),
        "atomic": ("build", "-cover", "-covermode=atomic"),
        "count": ("build", "-cover", "-covermode=count"),
        "stripped": ("build", "-cover", "-ldflags=-s -w", "-trimpath"),
        "plain": ("build",),
        "off": ("build", "-cover", "-cover=false"),
        "narrow": ("build", "-coverpkg=strings"),
        "nothing": ("build", "-coverpkg=./nowhere/..."),
        "test": ("test", "-c", "-cover"),
    }.items():
        go(toolchain, root, *words, "-o", name, "./cmd/app")
    return root


@pytest.fixture(scope="module")
def rate(request) -> Iterator[list[bool]]:
    """Whether each loss was named; the rate is printed at the end."""
    named: list[bool] = []
    yield named
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nlosses named rightly: {sum(named)} of {len(named)}")


def write(root: Path) -> None:
    files = {"go.mod": MODULE.replace("1.21", "1.22"), "cmd/app/main.go": SUBJECT}
    files["cmd/app/main_test.go"] = "package main\n"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@dataclass(frozen=True)
class Row:
    """A way to lose data. ``told`` is a part of the first cause."""

    how: str
    symptom: Symptom
    told: str
    build: str = "set"
    target: dict[str, object] = field(default_factory=dict)
    coverdir: str | None = None  # as it is written; {data} is a folder of this host
    before: str = ""  # a shell command that makes the folder what it is
    after: str = ""  # and one that undoes it


def loses(how: str, symptom: Symptom, told: str, **more: object) -> Row:
    return Row(how, symptom, told, **more)  # type: ignore[arg-type]


DEAF = "SIGTERM ended the service where it stood"
MISSING = "no such file or directory"
CRASH = Symptom.CRASHED
PLAIN = {"namespaces": False}  # PID 1 cannot signal itself
GIVEN = {"coverdir": "{data}"}

ROWS = {
    "built without -cover": loses("handle", Symptom.NOT_INSTRUMENTED, "no coverage runtime", build="plain", target=BEGUN),
    "-cover=false": loses("handle", Symptom.NOT_INSTRUMENTED, "no coverage runtime", build="off", target=BEGUN),
    "-coverpkg without main": loses("handle", Symptom.NOT_INSTRUMENTED, "no coverage runtime", build="narrow", target=BEGUN),
    "-coverpkg that matches nothing": loses("handle", Symptom.NOT_INSTRUMENTED, "no coverage runtime", build="nothing", target=BEGUN),
    "a test binary": loses("handle", Symptom.NOT_INSTRUMENTED, "-test.gocoverdir", build="test"),
    "GOCOVERDIR unset": loses("handle", Symptom.NOT_SET, "GOCOVERDIR not set", target=BEGUN, coverdir=""),
    "no such directory": loses("handle", Symptom.MISSING_DIRECTORY, MISSING, target=BEGUN, coverdir="{data}/none"),
    "literal quotes": loses("handle", Symptom.MISSING_DIRECTORY, MISSING, target=BEGUN, coverdir='"{data}"'),
    "a trailing space": loses("handle", Symptom.MISSING_DIRECTORY, MISSING, target=BEGUN, coverdir="{data} "),
    "two directories": loses("handle", Symptom.MISSING_DIRECTORY, MISSING, target=BEGUN, coverdir="{data}:{data}"),
    "a dangling link": loses("handle", Symptom.MISSING_DIRECTORY, MISSING, target=BEGUN, coverdir="{data}/link", before="ln -s nowhere {data}/link"),
    "a file": loses("handle", Symptom.MISSING_DIRECTORY, "not a directory", target=BEGUN, coverdir="{data}/file", before="touch {data}/file"),
    "a full file system": loses("handle", Symptom.NO_SPACE, "no space left", target=BEGUN, **GIVEN, before="mount -t tmpfs -o size=8k tmpfs {data} && head -c 8192 /dev/zero > {data}/full", after="umount {data}"),
    "a read-only file system": loses("handle", Symptom.READ_ONLY, "read-only file system", target=BEGUN, **GIVEN, before="mount -t tmpfs -o ro tmpfs {data}", after="umount {data}"),
    "no handler of SIGTERM": loses("deaf", Symptom.META_ONLY, DEAF, target=BEGUN),
    "no handler, not PID 1": loses("deaf", Symptom.META_ONLY, DEAF, target={**BEGUN, **PLAIN}),
    "only os.Interrupt is handled": loses("interrupt", Symptom.META_ONLY, DEAF, target=BEGUN),
    "SIGTERM is ignored": loses("ignore", Symptom.KILLED, "SIGKILL", target=SHORT),
    "a grace period that is too short": loses("slow", Symptom.KILLED, "SIGKILL", target=SHORT),
    "killed from elsewhere": loses("kill", Symptom.KILLED, "SIGKILL", target=PLAIN),
    "raised again": loses("reraise", Symptom.META_ONLY, DEAF, target={**BEGUN, **PLAIN}),
    "panic": loses("panic", CRASH, "panic: lost"),
    "panic in a goroutine": loses("panic-goroutine", CRASH, "panic: lost"),
    "nil": loses("nil", CRASH, "nil pointer"),
    "log.Panic": loses("log.Panic", CRASH, "panic: lost"),
    "concurrent map writes": loses("map", CRASH, "concurrent map writes"),
    "deadlock": loses("deadlock", CRASH, "deadlock"),
    "Goexit in main": loses("goexit", CRASH, "no goroutines (main called runtime.Goexit)"),
    "SIGQUIT": loses("quit", CRASH, "SIGQUIT"),
    "SIGABRT": loses("abort", CRASH, "SIGABRT"),
    "syscall.Exit": loses("syscall.Exit", Symptom.META_ONLY, "syscall.Exit"),
    "syscall.Exec": loses("exec", Symptom.META_ONLY, "syscall.Exec"),
    "a relative directory and chdir": loses("chdir", Symptom.MISSING_DIRECTORY, "inaccessible", coverdir="cov", before="mkdir {root}/cov"),
    "chroot": loses("chroot", Symptom.MISSING_DIRECTORY, "inaccessible", **GIVEN),
    "the directory is removed": loses("remove", Symptom.MISSING_DIRECTORY, "inaccessible", coverdir="{data}/more", before="mkdir {data}/more"),
    "files are deleted meanwhile": loses("clean", Symptom.COUNTERS_ONLY, "covcounters", **GIVEN),
    "a snapshot without atomic": loses("snapshot", Symptom.META_ONLY, "-covermode=set", target=BEGUN, **GIVEN),
    "a child without GOCOVERDIR": loses("unset", Symptom.NOT_SET, "GOCOVERDIR not set", target=BEGUN),
    "a child that is killed": loses("orphan", Symptom.META_ONLY, "process", target=BEGUN),
    "an empty covcounters file": loses("handle", Symptom.UNREADABLE_FILE, "is empty", target=BEGUN, **GIVEN, before=": > {data}/covcounters.00000000000000000000000000000000.7.1"),
    "a covmeta file that is cut off": loses("handle", Symptom.UNREADABLE_FILE, "is cut off", target=BEGUN, **GIVEN, before="GOCOVERDIR={data} {builds}/count exit; for f in {data}/covmeta.*; do truncate -s 100 $f; done"),
    "garbage": loses("handle", Symptom.UNREADABLE_FILE, "not a", target=BEGUN, **GIVEN, before="head -c 300 /dev/urandom > {data}/covmeta.00000000000000000000000000000000"),
    "two counter modes": loses("handle", Symptom.MODE_CLASH, "atomic and set", target=BEGUN, **GIVEN, before="GOCOVERDIR={data} {builds}/atomic exit"),
    "a folder for each pod": loses("", Symptom.NESTED, "pod-0", target={"run": "mkdir -p cov/pod-0; GOCOVERDIR=cov/pod-0 {builds}/set exit", "data": "cov"}),
}  # fmt: skip
NEEDS_ROOT = {"a full file system", "a read-only file system", "chroot"}


def prove(project: Prover, builds: Path, row: Row) -> Verdict:
    write(project.root)
    data = project.root / "data"
    data.mkdir()
    places = {"data": str(data), "root": str(project.root), "builds": str(builds)}
    entries = dict(row.target)
    if "run" in entries:
        return project.prove(**{**entries, "run": str(entries["run"]).format(**places)})
    entries["build"] = f"mkdir -p bin && cp {builds / row.build} bin/app"
    entries |= {"binary": "bin/app", "args": [row.how]}
    if row.coverdir is not None:
        entries["env"] = {"GOCOVERDIR": row.coverdir.format(**places)}
    if row.build == "test":
        entries["args"] = ["-test.run=Nothing"]
    subprocess.run(
        ["sh", "-c", row.before.format(**places)], check=True, env={"PATH": os.environ["PATH"]}
    )
    try:
        return project.prove(**entries)
    finally:
        subprocess.run(["sh", "-c", row.after.format(**places)], check=True)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[ROOT] if name in NEEDS_ROOT else []) for name in ROWS],
)
def test_a_loss_is_named(project, builds, rate, name):
    row = ROWS[name]
    rate.append(False)
    verdict = prove(project, builds, row)
    shown = [(cause.symptom, cause.message) for cause in verdict.causes]
    assert verdict.outcome is Outcome.FAILED, verdict.validations
    assert verdict.causes[0].symptom is row.symptom, shown
    assert row.told in verdict.causes[0].message, shown
    rate[-1] = True


@ROOT
@pytest.mark.parametrize(
    ("folder", "how", "told"),
    [
        ("mkdir -p /coverdata", "handle", "meta-data emit failed"),
        ("mkdir -p /coverdata && chown 1001 /coverdata", "chmod", "counter data emit failed"),
    ],
)
def test_a_directory_that_the_user_may_not_write_to(project, builds, folder, how, told):
    write(project.root)
    text = image(f'ENTRYPOINT ["/app", "{how}"]', "USER 1001")
    project.write({"Dockerfile": text.replace(FOLDER, folder)})
    verdict = project.prove(**boxed(builds), **(BEGUN if how == "handle" else {}))
    cause = verdict.causes[0]
    assert cause.symptom is Symptom.PERMISSION_DENIED, verdict.causes
    assert told in cause.message
    assert "permission denied" in cause.message


FOLDER = "mkdir -p /coverdata && chmod 777 /coverdata"


def image(entrypoint: str, *more: str) -> str:
    lines = [
        "FROM golang:1.22 AS build",
        "WORKDIR /src",
        "COPY . .",
        "RUN go build -cover -o /out/app ./cmd/app",
        "FROM debian:bookworm-slim",
        "COPY --from=build /out/app /app",
        "ENV GOCOVERDIR=/coverdata",
        f"RUN {FOLDER}",
        *more,
        entrypoint,
    ]
    return "\n".join(lines) + "\n"


def boxed(builds: Path) -> dict[str, object]:
    build = f"mkdir -p bin && cp {builds}/set bin/app"
    return {"build": build, "binary": "bin/app", "dockerfile": "Dockerfile"}


def dash() -> bool:
    return Path("/bin/sh").resolve().name == "dash"


SHELLS = {
    "/app handle": False,
    "exec /app handle": True,
    "cd /tmp && exec /app handle": True,
    "echo start; /app handle": False,
    "cd /tmp && /app handle": False,
    "FOO=bar /app handle": False,
    "/app handle 2>&1": False,
    "/app handle && echo done": False,
    "/app handle | cat": False,
    "/app handle & wait": False,
    "trap 'kill -TERM $p; wait $p' TERM; /app handle & p=$!; wait $p": True,
}


@pytest.mark.skipif(not dash(), reason="sh is not dash here, as it is in Debian's images")
@pytest.mark.parametrize("command", SHELLS)
def test_a_shell_as_pid_1(project, builds, rate, command):
    write(project.root)
    project.write({"Dockerfile": image(f"ENTRYPOINT {command}")})
    verdict = project.prove(**boxed(builds), **SHORT)
    if SHELLS[command]:
        assert verdict.outcome is Outcome.PASSED, (verdict.validations, project.log)
        assert verdict.causes == ()
        return
    rate.append(False)
    cause = verdict.causes[0]
    assert cause.symptom is Symptom.KILLED, verdict.causes
    assert "dash" in cause.message, cause
    rate[-1] = True


@pytest.mark.skipif(not dash(), reason="sh is not dash here, as it is in Debian's images")
@pytest.mark.parametrize(("last", "kept"), [("/app handle", False), ('exec "$@"', True)])
def test_a_script_as_pid_1(project, builds, last, kept):
    write(project.root)
    project.write({"start.sh": f"#!/bin/sh\nset -e\n{last}\n"})
    (project.root / "start.sh").chmod(0o755)
    entrypoint = 'ENTRYPOINT ["/start.sh"]\nCMD ["/app", "handle"]'
    project.write({"Dockerfile": image(entrypoint, "COPY start.sh /start.sh")})
    verdict = project.prove(**boxed(builds), **SHORT)
    assert (verdict.outcome is Outcome.PASSED) is kept, (verdict.validations, project.log)
    assert [cause.symptom for cause in verdict.causes] == ([] if kept else [Symptom.KILLED])


HEALTHY: dict[str, dict[str, object]] = {
    "SIGTERM is handled": {"args": ["handle"], **BEGUN},
    "the same, not PID 1": {"args": ["handle"], **BEGUN, **PLAIN},
    "found listening on nothing": {"args": ["handle"], "exercise": "true", **BEGUN},
    "SIGKILL comes later": {"args": ["handle"], "grace_period": 0.5, **BEGUN},
    "a worker": {"args": ["exit"]},
    "main returns": {"args": ["nothing"]},
    "os.Exit in a goroutine": {"args": ["exit-goroutine"]},
    "a panic that is recovered": {"args": ["recover"]},
    "the environment is cleared": {"args": ["clearenv"]},
    "descriptors are closed": {"args": ["close"]},
    "a child of its own": {"args": ["child"], **BEGUN},
    "atomic": {"args": ["handle"], "build": "atomic", **BEGUN},
    "count": {"args": ["handle"], "build": "count", **BEGUN},
    "stripped": {"args": ["handle"], "build": "stripped", **BEGUN},
    "a snapshot with atomic": {"args": ["child"], "build": "atomic", **BEGUN},
    "it speaks of a panic": {"args": ["say", "the panic: button"], **BEGUN},
    "it speaks of permissions": {"args": ["say", "error: permission denied"], **BEGUN},
    "a directory with a slash": {"args": ["handle"], "env": {"GOCOVERDIR": "data/"}, **BEGUN},
    "a link to a directory": {"args": ["handle"], "env": {"GOCOVERDIR": "link"}, **BEGUN},
    "a sticky directory": {"args": ["handle"], "env": {"GOCOVERDIR": "sticky"}, **BEGUN},
    "an exercise": {"args": ["handle"], "exercise": "echo fatal error: none", **BEGUN},
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_sound_run_has_no_cause(project, builds, name):
    write(project.root)
    for folder in ("data", "sticky"):
        (project.root / folder).mkdir()
    (project.root / "sticky").chmod(0o1777)
    (project.root / "link").symlink_to("data")
    entries = dict(HEALTHY[name])
    entries["build"] = f"mkdir -p bin && cp {builds}/{entries.get('build', 'set')} bin/app"
    verdict = project.prove(**entries, binary="bin/app")
    assert verdict.outcome is Outcome.PASSED, (verdict.validations, project.log)
    assert verdict.causes == ()
    assert EVERY_PROCESS in [claim.claim for claim in verdict.validations]
