"""Every rule speaks on every source in which its facts occur.

A minimal project for each rule and each notation of :mod:`notations`. What is not in
``SILENT`` has to speak; ``pytest tests/test_sources.py -s`` prints the table.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.selection import Selection
from notations import COMMANDS, PODS, Files, Pod

DOCKERFILE = """\
FROM golang:1.24 AS build
WORKDIR /src
COPY . .
RUN go build -cover -o /till ./cmd/till
FROM debian:12
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""
MAIN = """\
package main

import (
	"context"
	"net/http"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: ":8080"}
	go server.ListenAndServe()
	<-ctx.Done()
	server.Shutdown(context.Background())
}
"""
KIND = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
MOUNTED = "  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: /coverdata\n"
CREATE = "up:\n\tmkdir -p ./coverdata\n\tkind create cluster --config kind.yaml\n"
BUILD = "image:\n\tdocker build -t till:e2e .\n"
SHARED = {
    "go.mod": "module example.com/till\n\ngo 1.24\n",
    "cmd/till/main.go": MAIN,
    "Dockerfile": DOCKERFILE,
    "Makefile": BUILD,
}
POD: Pod = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "till"},
    "spec": {
        "containers": [
            {
                "name": "till",
                "image": "till:e2e",
                "env": [{"name": "GOCOVERDIR", "value": "/coverdata"}],
                "volumeMounts": [{"name": "coverage", "mountPath": "/coverdata"}],
            }
        ],
        "volumes": [
            {"name": "coverage", "hostPath": {"path": "/coverdata", "type": "DirectoryOrCreate"}}
        ],
    },
}
Change = Callable[[dict[str, Any], dict[str, Any]], object]
#: How the pod is broken (its spec, its container), and what else has to be there.
BROKEN_PODS: Mapping[str, tuple[Change, Files]] = {
    "COV207": (lambda spec, one: one["env"][0].update(value='"/coverdata"'), {}),
    "COV301": (lambda spec, one: one.pop("env"), {}),
    "COV302": (lambda spec, one: (one.pop("volumeMounts"), spec.pop("volumes")), {}),
    "COV303": (lambda spec, one: one["volumeMounts"][0].update(readOnly=True), {}),
    "COV304": (lambda spec, one: one.update(securityContext={"runAsUser": 1001}), {}),
    "COV305": (
        lambda spec, one: spec.update(volumes=[{"name": "coverage", "emptyDir": {}}]),
        {},
    ),
    "COV306": (lambda spec, one: spec.update(terminationGracePeriodSeconds=0), {}),
    "COV307": (lambda spec, one: one.update(command=["/bin/sh", "-c", "/till; echo done"]), {}),
    "COV308": (
        lambda spec, one: one.update(imagePullPolicy="Always"),
        {"load.sh": "kind load docker-image till:e2e\n"},
    ),
    "COV309": (
        lambda spec, one: one["volumeMounts"][0].update(subPath="till"),
        {"kind.yaml": KIND + MOUNTED, "report.sh": "go tool covdata percent -i=coverdata\n"},
    ),
    "COV311": (lambda spec, one: spec["volumes"][0]["hostPath"].update(type="File"), {}),
    "COV312": (
        lambda spec, one: one.update(
            securityContext={"runAsUser": 0, "capabilities": {"drop": ["ALL"]}}
        ),
        {"kind.yaml": KIND + MOUNTED, "Makefile": BUILD + CREATE},
    ),
    "COV401": (lambda spec, one: None, {"kind.yaml": KIND}),
    "COV403": (lambda spec, one: None, {"kind.yaml": KIND + MOUNTED + "- role: worker\n"}),
    "COV404": (
        lambda spec, one: None,
        {"kind.yaml": KIND + MOUNTED.replace("./", "~/")},
    ),
    "COV501": (lambda spec, one: one["env"][0].update(value="/tmp/coverage"), {}),
    "COV502": (
        lambda spec, one: spec["volumes"][0]["hostPath"].update(path="/var/coverdata"),
        {"kind.yaml": KIND + MOUNTED},
    ),
}  # fmt: skip
#: The build that is broken, and what else has to be there.
BROKEN_BUILDS: Mapping[str, tuple[list[str], Files]] = {
    "COV102": (["GOTOOLCHAIN=go1.19.8 go build -cover -o till ./cmd/till"], {}),
    "COV104": (["GOFLAGS=-cover; export GOFLAGS; GOFLAGS=-mod=vendor go build -o till ./cmd/till"], {}),
    "COV105": (["go build -cover -coverpkg=./internal/... -o till ./cmd/till"], {}),
    "COV106": (['GOFLAGS="-coverpkg ./..." go build -cover -o till ./cmd/till'], {}),
    "COV107": (["go build -cover -a -o till ./cmd/till"], {}),
    "COV108": (["go build -cover -installsuffix cgo -o till ./cmd/till"], {}),
    "COV109": (["go build -cover -ldflags '-extldflags \"-static\"' -o till ./cmd/till"], {}),
    "COV110": (["go build -cover -o till ./cmd/till/main.go"], {}),
    "COV115": (["cd cmd/till && go build -cover -coverpkg=./... -o till ."], {"pkg/a.go": "package pkg\n"}),
    "COV116": (["GOEXPERIMENT=nocoverageredesign go build -cover -o till ./cmd/till"], {}),
}  # fmt: skip
FINE = {"e2e/pod.yaml": PODS["YAML"](POD)["e2e/pod.yaml"]}
COPY = "docker cp kind-control-plane:/coverdata/. out"
#: The lines that lose the data, and what else has to be there.
BROKEN_STEPS: Mapping[str, tuple[list[str], Files]] = {
    "COV114": (["go test -c -cover -o till.test ./cmd/till", "GOCOVERDIR=cov ./till.test"], {}),
    "COV117": (["docker build --build-arg GOFLAGS=-cover -t till:e2e ."], {**FINE, "Dockerfile": DOCKERFILE.replace("-cover ", "")}),
    "COV503": (["docker cp kind-control-plane:/coverage/. out"], FINE),
    "COV603": (["docker run -d --name till -e GOCOVERDIR=/cov -v ./coverdata:/cov till:e2e", "docker kill till"], {}),
    "COV604": (["kubectl apply -f e2e/pod.yaml", "rm -rf coverdata", "kubectl delete -f e2e/pod.yaml", COPY], {**FINE, "kind.yaml": KIND + MOUNTED}),
    "COV606": ([COPY, "kubectl delete pod till"], FINE),
    "COV701": (["go tool covdata percent -i=one -i=two"], {}),
    "COV702": (["kubectl cp a:/coverdata out/a", "kubectl cp b:/coverdata out/b", "go tool covdata percent -i=out"], {}),
}  # fmt: skip
NO_KIND = "there is no Kind node and no hostPath"
OWN_GOFLAGS = (
    "who writes both values in one script means the second; in a Dockerfile the first comes "
    "from elsewhere"
)
#: Where a rule has nothing to say, and why.
SILENT: Mapping[tuple[str, str], str] = {
    ("COV304", "compose"): "who owns the directory of the host is not seen",
    ("COV308", "compose"): "compose builds what it does not have",
    **{
        (code, "compose"): NO_KIND
        for code in ("COV309", "COV311", "COV312", "COV401", "COV403", "COV404", "COV502")
    },
    **{("COV104", one): OWN_GOFLAGS for one in COMMANDS if one != "Dockerfile"},
}


def broken_pod(code: str) -> Pod:
    change, _ = BROKEN_PODS[code]
    pod = copy.deepcopy(POD)
    change(pod["spec"], pod["spec"]["containers"][0])
    return pod


def project(code: str, source: str) -> Files:
    if source in PODS:
        return {**SHARED, **PODS[source](broken_pod(code)), **BROKEN_PODS[code][1]}
    lines, others = {**BROKEN_BUILDS, **BROKEN_STEPS}[code]
    files = {**SHARED, **others}
    for path, text in COMMANDS[source](lines).items():
        files[path] = files.get(path, "") + text if path == "Makefile" else text
    return files


def found(files: Files, code: str) -> list[str]:
    """The paths at which a rule speaks."""
    options = Options(selection=Selection(select=(code,)))
    report = inspect(MemoryFiles(files), Registry.builtin(), options).report
    assert report.crashes == ()
    return [one.span.path for one in report.diagnostics if one.code == code]


def speaks(code: str, source: str) -> bool:
    paths = found(project(code, source), code)
    if source in COMMANDS:  # elsewhere it would be about something else
        paths = [path for path in paths if path in COMMANDS[source]([])]
    return bool(paths)


CELLS = [
    *((code, source) for code in BROKEN_PODS for source in PODS),
    *((code, source) for code in BROKEN_BUILDS for source in COMMANDS),
    *((code, source) for code in BROKEN_STEPS for source in COMMANDS if source != "Dockerfile"),
]


@pytest.mark.parametrize(("code", "source"), CELLS)
def test_a_rule_speaks_where_its_facts_occur(code: str, source: str) -> None:
    assert speaks(code, source) is ((code, source) not in SILENT)


PLAIN = 'package app\n\nimport "net/http"\n\nfunc Run() {\n\thttp.ListenAndServe(":80", nil)\n}\n'
WAITING = MAIN.replace("package main", "package app").replace("func main()", "func Run()")


@pytest.mark.parametrize(("run", "expected"), [(PLAIN, ["cmd/till/main.go"]), (WAITING, [])])
def test_a_handler_is_looked_for_in_the_packages_of_the_module(
    run: str, expected: list[str]
) -> None:
    """COV601: the main package calls one package, and that another, which serves."""
    files = {
        **SHARED,
        **FINE,
        "cmd/till/main.go": 'package main\n\nimport "example.com/till/internal/cli"\n\n'
        "func main() { cli.Execute() }\n",
        "internal/cli/cli.go": 'package cli\n\nimport "example.com/till/internal/app"\n\n'
        "func Execute() { app.Run() }\n",
        "internal/app/app.go": run,
    }
    assert found(files, "COV601") == expected


def table() -> list[str]:
    """The rules and where they speak: x, or - for the reasons in ``SILENT``."""
    rows = []
    for cases, sources in (
        (BROKEN_PODS, PODS),
        (BROKEN_BUILDS, COMMANDS),
        (BROKEN_STEPS, COMMANDS),
    ):
        rows.append("        " + "".join(f"{one:>16}" for one in sources))
        for code in cases:
            cells = ("-" if (code, one) in SILENT else "x" for one in sources)
            known = (
                mark if (code, one) in CELLS else ""
                for one, mark in zip(sources, cells, strict=True)
            )
            rows.append(f"{code:8}" + "".join(f"{mark:>16}" for mark in known))
    return rows


def test_the_table() -> None:
    """Every silence has a reason, and every rule that its cases name stands in the registry."""
    print("", *table(), *(f"{code} {one}: {why}" for (code, one), why in SILENT.items()), sep="\n")
    assert set(SILENT) <= set(CELLS)
    assert {code for code, _ in CELLS} <= set(Registry.builtin().codes)
