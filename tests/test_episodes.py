"""What scripts do to a service, as the shutdown rules see it, in files of every kind."""

from __future__ import annotations

import pytest

from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.selection import Selection

DOCKERFILE = (
    "FROM golang:1.24\nCOPY . /src\nWORKDIR /src\nRUN go build -cover -o /till .\n"
    'ENV GOCOVERDIR=/coverdata\nCMD ["/till"]\n'
)
COMPOSE = (
    "services:\n  till:\n    build: .\n    image: till:e2e\n    environment:\n"
    "      GOCOVERDIR: /coverdata\n    volumes:\n      - ./coverdata:/coverdata\n"
)
POD = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: till\n  namespace: shop\nspec:\n"
    "  template:\n    metadata:\n      labels: {app: till}\n    spec:\n      containers:\n"
    "        - name: app\n          image: till:e2e\n          env:\n"
    "            - name: GOCOVERDIR\n              value: /coverdata\n"
    "          volumeMounts:\n            - {name: coverage, mountPath: /coverdata}\n"
    "      volumes:\n        - name: coverage\n          hostPath: {path: /coverdata}\n"
)


def found(files: dict[str, str], code: str) -> list[str]:
    contents = {path: text.encode() for path, text in files.items()}
    options = Options(selection=Selection(select=(code,)))
    report = inspect(MemoryFiles(contents), Registry.builtin(), options).report
    assert not report.crashes
    return [
        contents[one.span.path][one.span.start : one.span.end].decode()
        for one in report.diagnostics
    ]


def forced(script: str, **files: str) -> list[str]:
    return found({"e2e/till.yaml": POD, "run.sh": script, **files}, "COV603")


@pytest.mark.parametrize(
    "command",
    [
        "kubectl delete deploy till --force --grace-period=0",
        "kubectl delete deployment/till --now",
        "kubectl delete pod -l app=till --grace-period 0",
        "kubectl delete -f e2e/till.yaml --force",
        "kubectl delete ns shop --force",
        "kubectl delete pods --all --force",
        "kind delete cluster --name e2e",
    ],
)
def test_ways_to_force_a_workload(command: str) -> None:
    assert forced(f"kubectl apply -f e2e/\n{command}\n") == [command]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl delete deploy shelf --force",
        "kubectl delete pod -l app=shelf --force",
        "kubectl delete ns other --force",
        "kubectl delete pod $POD --force",
        "kubectl delete deploy till",
        "docker rm -f registry",
    ],
)
def test_what_is_not_forced_or_not_this_workload(command: str) -> None:
    assert forced(f"kubectl apply -f e2e/\n{command}\n") == []


def test_what_another_function_stops_in_between() -> None:
    script = (
        "stop() {\n  kubectl scale deploy/till --replicas=0\n}\n"
        "kubectl apply -f e2e/\nstop\nkind delete cluster\n"
    )
    assert forced(script) == []


def test_scaling_up_is_no_stop() -> None:
    script = "kubectl apply -f e2e/\nkubectl scale deploy/till --replicas=2\nkind delete cluster\n"
    assert forced(script) == ["kind delete cluster"]


def test_a_go_harness_that_kills_its_container() -> None:
    suite = (
        'package e2e\n\nimport "os/exec"\n\nfunc TestTill(t *testing.T) {\n'
        '\texec.Command("docker", "build", "-t", "till:e2e", "..").Run()\n'
        '\texec.Command("docker", "run", "-d", "--name", "till", "-e", "GOCOVERDIR=/coverdata",'
        ' "till:e2e").Run()\n'
        '\texec.Command("docker", "kill", "till").Run()\n}\n'
    )
    killed = 'exec.Command("docker", "kill", "till")'
    assert found({"Dockerfile": DOCKERFILE, "e2e/e2e_test.go": suite}, "COV603") == [killed]


def test_data_that_compose_brings_to_the_host_is_wiped() -> None:
    files = {
        "Dockerfile": DOCKERFILE,
        "compose.yaml": COMPOSE,
        "e2e.sh": "docker build -t till:e2e .\n"
        "docker run -d --name till -v ./coverdata:/coverdata till:e2e\n"
        "rm -rf ./coverdata\nrm -rf coverage.html\ndocker stop till\n",
    }
    assert found(files, "COV604") == ["rm -rf ./coverdata"]


@pytest.mark.parametrize(
    ("copy", "given", "nested"),
    [
        ("docker cp kind-control-plane:/var/lib/. out", "out", True),
        ("docker cp kind-control-plane:/var/lib/. out", "out/cov", False),
        ("docker cp kind-control-plane:/var/lib/cov/. out", "out", False),
        ("docker cp kind-control-plane:/etc/. out", "out", False),
        ("kubectl cp till-0:/data out", "out", True),
        ("kubectl cp till-0:/data/cov out", "out", False),
    ],
)
def test_a_copy_of_what_the_data_lies_in(copy: str, given: str, nested: bool) -> None:
    """On the node the volume is /var/lib/cov, in the pod /data, with the data in cov."""
    pod = (
        POD.replace("hostPath: {path: /coverdata}", "hostPath: {path: /var/lib}")
        .replace("mountPath: /coverdata", "mountPath: /data")
        .replace("value: /coverdata", "value: /data/cov")
    )
    files = {"e2e/till.yaml": pod, "run.sh": f"{copy}\ngo tool covdata percent -i={given}\n"}
    assert found(files, "COV702") == ([given] if nested else [])
