"""Services that never start, each for real, and what is told about it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from covlint.runner.command import CannotStart, Command, Processes, last_words
from covlint.runner.diagnosis.startup import remedy_of
from covlint.runner.readiness import Surroundings, wait_until_ready
from covlint.runner.steps import failure
from covlint.runner.target import Ready
from covlint.runner.toolchain import Toolchain, go_environment


def started(argv: tuple[str, ...], folder: Path) -> str:
    """What the process engine says of a program that does not get ready."""
    command = Command(argv, folder, os.environ, "the service", 10.0, log=folder / "service.log")
    with Processes() as processes:
        try:
            running = processes.start(command)
        except CannotStart as error:
            return str(error)
        around = Surroundings(folder / "service.log", processes, folder, os.environ)
        problem = wait_until_ready(Ready(log="is serving", timeout=10.0), running.poll, around)
    assert problem is not None
    return problem


def built(toolchain: Toolchain, folder: Path, **environment: str) -> str:
    """What the process engine says of a build that fails."""
    env = {**go_environment(toolchain, os.environ, folder / "cache"), **environment}
    with Processes() as processes:
        done = processes.run(
            Command((str(toolchain.go), "build", "-o", "x", "."), folder, env, "build", 60.0)
        )
    problem = failure("the build", done)
    assert problem is not None, done.output
    return problem


def module(folder: Path, go: str, main: str) -> Path:
    (folder / "go.mod").write_text(f"module example.com/till\n\ngo {go}\n")
    (folder / "main.go").write_text(f"package main\n\n{main}\n")
    return folder


def told(problem: str, *words: str) -> None:
    remedy = remedy_of(problem)
    assert remedy is not None, problem
    for word in words:
        assert word in remedy, (problem, remedy)


def test_a_port_in_use(tmp_path: Path) -> None:
    program = tmp_path / "serve.py"
    program.write_text(
        "import socket, sys\ns = socket.socket()\n"
        "s.bind(('127.0.0.1', int(sys.argv[1])))\ns.listen()\n"
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told(
            started((shutil.which("python3") or "python3", str(program), port), tmp_path), "${PORT}"
        )


@pytest.mark.parametrize(
    ("content", "mode", "shell", "words"),
    [
        (b"\x7fELF no program at all", 0o755, False, "GOARCH"),  # a shell takes it for a script
        (b"x", 0o644, False, "chmod +x"),
        (b"x", 0o644, True, "chmod +x"),
        (b"#!/no/such/interpreter\n", 0o755, False, "interpreter is missing"),
        (b"#!/no/such/interpreter\n", 0o755, True, "interpreter is missing"),
        (None, 0, False, "no program at that path"),
        (None, 0, True, "no program at that path"),
    ],
)
def test_what_cannot_be_executed(
    tmp_path: Path, content: bytes | None, mode: int, shell: bool, words: str
) -> None:
    program = tmp_path / "till"
    if content is not None:
        program.write_bytes(content)
        program.chmod(mode)
    argv = ("/bin/sh", "-c", str(program) + "; exit $?") if shell else (str(program),)
    told(started(argv, tmp_path), words)


@pytest.mark.real
def test_a_binary_for_another_machine(tmp_path: Path, toolchain: Toolchain) -> None:
    module(tmp_path, "1.21", "func main() {}")
    other = "arm64" if os.uname().machine == "x86_64" else "amd64"
    env = {**go_environment(toolchain, os.environ, tmp_path / "cache"), "GOARCH": other}
    with Processes() as processes:
        build = (str(toolchain.go), "build", "-o", "till", ".")
        done = processes.run(Command(build, tmp_path, env, "build", 120.0))
    assert done.code == 0, last_words(done.output)
    told(started((str(tmp_path / "till"),), tmp_path), "GOARCH")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_a_shared_library_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "f.c").write_text("int f(void) { return 0; }\n")
    (tmp_path / "m.c").write_text("int f(void); int main(void) { return f(); }\n")
    for words in (
        ("cc", "-shared", "-fPIC", "-o", "libtill.so", "f.c"),
        ("cc", "-o", "till", "m.c", "-L.", "-ltill"),
    ):
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    told(started((str(tmp_path / "till"),), tmp_path), "libtill.so", "CGO_ENABLED=0")


@pytest.mark.real
class TestBuilds:
    def test_a_newer_go(self, tmp_path: Path, toolchain: Toolchain) -> None:
        module(tmp_path, "1.99.0", "func main() {}")
        told(built(toolchain, tmp_path, GOTOOLCHAIN="local"), "1.99", "GOTOOLCHAIN=auto")

    def test_a_toolchain_that_cannot_be_had(self, tmp_path: Path, toolchain: Toolchain) -> None:
        module(tmp_path, "1.99.0", "func main() {}")
        told(built(toolchain, tmp_path, GOTOOLCHAIN="auto", GOPROXY="off"), "1.99")

    def test_a_mistake_in_the_source(self, tmp_path: Path, toolchain: Toolchain) -> None:
        module(tmp_path, "1.21", "func main() { undefinedThing() }")
        told(built(toolchain, tmp_path), "nothing was built", "repair what the build names")

    def test_a_module_that_is_not_required(self, tmp_path: Path, toolchain: Toolchain) -> None:
        module(tmp_path, "1.21", 'import _ "example.org/x"\n\nfunc main() {}')
        told(built(toolchain, tmp_path, GOFLAGS="-mod=readonly"), "go mod tidy")

    def test_no_network(self, tmp_path: Path, toolchain: Toolchain) -> None:
        module(tmp_path, "1.21", 'import _ "example.org/x"\n\nfunc main() {}')
        (tmp_path / "go.mod").write_text(
            "module example.com/till\n\ngo 1.21\n\nrequire example.org/x v1.0.0\n"
        )
        problem = built(toolchain, tmp_path, GOFLAGS="-mod=mod", GOPROXY="off")
        told(problem, "GOPROXY")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("not ready after 30 seconds (GET http://127.0.0.1:1/ does not answer)", "`ready`"),
        ('Error: exec: "/till": permission denied: OCI permission denied', "chmod +x"),
        ('{"msg":"exec container process `/till`: Exec format error"}', "GOARCH"),
        ("Error loading shared library libfoo.so.1: No such file (needed by /till)", "libfoo.so.1"),
        ("/till: /lib/libc.so.6: version `GLIBC_2.34' not found (required by /till)", "GLIBC_2.34"),
        ("the pod never ran: ImagePullBackOff", "imagePullPolicy"),
        (
            'the build of the image failed (exit code 1): Get "https://registry.example/v2/": EOF',
            "cannot be pulled",
        ),
        (
            "the build of the image failed (exit code 1): executor failed running [/bin/sh -c x]",
            "nothing was built",
        ),
    ],
)
def test_what_other_engines_print(problem: str, words: str) -> None:
    told(problem, words)


@pytest.mark.parametrize("problem", ["", "the service ended before it was ready (exit code 1)"])
def test_what_is_not_known_is_not_guessed(problem: str) -> None:
    assert remedy_of(problem) is None
