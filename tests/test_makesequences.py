"""Steps of Makefile targets in the order in which a job or script calls them."""

from __future__ import annotations

import pytest

from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.selection import Selection

GO = {
    "go.mod": "module example.com/till\n",
    "main.go": 'package main\n\nimport "net/http"\n\nfunc main() {\n'
    '\thttp.ListenAndServe(":8080", nil)\n}\n',
    "Dockerfile": "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\nRUN go build -cover -o /till .\n",
    "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
    "    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n",
}
MAKEFILE = (
    "up: cluster\n\tkubectl apply -f e2e/pod.yaml\ncluster:\n\tkind create cluster\n"
    "collect:\n\tdocker cp kind-control-plane:/coverdata/. out\n"
    "stop:\n\tkubectl delete pod till\ndown:\n\tkind delete cluster\n"
    "all: up collect stop\nwrapped:\n\t$(MAKE) up\n\t$(MAKE) collect\n\t$(MAKE) stop\n"
)


def job(*lines: str) -> str:
    steps = "".join(f"      - run: {line}\n" for line in lines)
    return "on: push\njobs:\n  e2e:  # coverage\n    env: {GOFLAGS: -cover}\n    steps:\n" + steps


def found(code: str, lines: tuple[str, ...], makefile: str = MAKEFILE) -> list[str]:
    files = {**GO, "Makefile": makefile, ".github/workflows/e2e.yaml": job(*lines)}
    contents = {path: text.encode() for path, text in files.items()}
    options = Options(selection=Selection(select=(code,)))
    report = inspect(MemoryFiles(contents), Registry.builtin(), options).report
    assert not report.crashes
    return [
        contents[one.span.path][one.span.start : one.span.end].decode()
        for one in report.diagnostics
    ]


@pytest.mark.parametrize(
    ("lines", "early"),
    [
        (("make up", "make collect", "make stop"), True),
        (("make up", "make collect stop"), True),
        (("make up", "make collect", "kubectl delete pod till"), True),
        (("make all",), True),
        (("make wrapped",), True),
        (("make up", "make stop", "make collect"), False),
        (("make up", "make collect"), False),
        (("make up", "make collect", "make up", "make stop"), False),
        (("make -C elsewhere up collect stop",), False),
    ],
)
def test_the_order_is_that_of_the_calls(lines: tuple[str, ...], early: bool) -> None:
    expected = ["docker cp kind-control-plane:/coverdata/. out"] if early else []
    assert found("COV606", lines) == expected


def test_what_a_target_needs_runs_before_it() -> None:
    makefile = MAKEFILE.replace("collect:", "collect: stop")
    assert found("COV606", ("make up", "make collect", "make stop"), makefile) == []


@pytest.mark.parametrize(
    ("lines", "makefile"),
    [
        (("make up",), MAKEFILE.replace("cluster:\n", "cluster: up\n")),
        (("make loop",), "loop:\n\tkubectl apply -f e2e/pod.yaml\n\t$(MAKE) loop\n"),
    ],
)
def test_circles_end(lines: tuple[str, ...], makefile: str) -> None:
    assert found("COV606", lines, makefile) == []
