"""Twice as much to look at takes twice the work: counted in lines that run, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from covlint.documents.grammars import TANGLED
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry

IMAGE = (
    "FROM golang:1.22 AS b\nRUN go build -cover -o /x ./x\nFROM scratch\nCOPY --from=b /x /x\n"
    'ENTRYPOINT ["/x"]\n'
)
WORKLOAD = """\
apiVersion: v1
kind: Pod
metadata:
  name: pod{n}
spec:
  containers:
  - name: c{n}
    image: registry.example.org/image{n}:dev
    env:
    - name: GOCOVERDIR
      value: /coverdata
"""


def steps(action: Callable[[], object]) -> int:
    """Lines of covlint that are run, each turn of a loop or comprehension again."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "covlint" not in frame.f_code.co_filename:
            return None
        count += 1
        return trace

    former = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(former)
    return count


def assert_linear(make: Callable[[int], dict[str, str]], size: int) -> None:
    """From ``size`` to its double the work grows by as much as from half of it to ``size``."""
    registry = Registry.builtin()

    def work(number: int) -> int:
        return steps(lambda: inspect(MemoryFiles(make(number)), registry, Options()))

    work(size)  # what is imported and made once
    half, whole, double = work(size // 2), work(size), work(2 * size)
    assert double - whole < 2.4 * (whole - half)


def said_of(path: str, content: str) -> list[str]:
    """Why the file was not read."""
    files = MemoryFiles({path: content, "app/Dockerfile": IMAGE})
    return [one.reason for one in inspect(files, Registry.builtin(), Options()).report.unread]


def test_what_would_take_too_much_is_refused_with_a_reason() -> None:
    image = "FROM golang:1.22\nRUN go build -cover ./x\n"
    assert said_of("Dockerfile", image + "ENV A=b\n" * 600) == []
    assert said_of("Dockerfile", image + "ENV A=b\n" * 800) == ["too many ARG, ENV and WORKDIR"]
    assert said_of("Dockerfile", image + "WORKDIR a\n" * 3000) == ["too many ARG, ENV and WORKDIR"]
    assert said_of("Dockerfile", image * 1_001) == ["more than 1,000 build stages"]
    assert said_of("x.sh", "go build -cover " + "'" * 200_000) == [TANGLED]
    assert said_of("x.sh", "go build -cover " + "${a:-" * 11_000 + "}" * 11_000) == [TANGLED]
    assert said_of("x.sh", "go build -cover $(a)\n" * 11_000) != [TANGLED]


def test_targets_of_a_bake_file_that_do_not_end() -> None:
    assert_linear(
        lambda number: {"docker-bake.hcl": 'target "x" { args = { a = "b" \n' * number}, 50
    )


def test_a_slice_that_is_appended_to() -> None:
    def make(number: int) -> dict[str, str]:
        lines = '\targs = append(args, "-v")\n' * number
        run = 'exec.Command("go", args...).Run()'
        head = 'package main\n\nimport "os/exec"\n\nfunc main() {\n\targs := []string{"build"}\n'
        return {"main.go": f"{head}{lines}\t{run}\n}}\n// go build -cover GOCOVERDIR\n"}

    assert_linear(make, 1_500)


def test_actions_of_a_template_that_do_not_end() -> None:
    """The pattern takes 100,000 of them at once, and not byte by byte with a way back to each."""
    data = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: " + "{{ if " * 100_000
    assert said_of("chart/templates/pod.yaml", data + "GOCOVERDIR\n") != []


def test_workloads_and_the_commands_that_build_their_images() -> None:
    def make(number: int) -> dict[str, str]:
        files = {}
        for n in range(number):
            files[f"i{n}/Dockerfile"] = IMAGE
            tag = f"registry.example.org/image{n}:dev"
            files[f"i{n}/build.sh"] = f"docker build -t {tag} -f i{n}/Dockerfile .\n"
            files[f"deploy/{n}.yaml"] = WORKLOAD.format(n=n)
        return files

    assert_linear(make, 20)


def test_findings_and_suppressions_of_one_file() -> None:
    def make(number: int) -> dict[str, str]:
        stage = "# covlint: ignore[COV107] here\nRUN go build -cover -a -o /x{n} ./x\n"
        stages = "".join(stage.format(n=n) for n in range(number))
        return {"Dockerfile": f"FROM golang:1.22\n{stages}"}

    assert_linear(make, 40)
