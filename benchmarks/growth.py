"""Trees of 1,000, 10,000 and 100,000 files, and thousands of workloads: time for each of them.

Usage: python benchmarks/growth.py [LARGEST]

Each row is one whole run of `covlint check .`: its CPU time, and the memory that it took at most.
The first table's trees are mixed as repositories of Go services are: two thirds Go, the rest
manifests, Dockerfiles, scripts, Makefiles and pages. The second table's trees hold what has to be
joined only: each workload runs an image that a script builds from a Dockerfile, and its coverage
goes through a hostPath to a node of a Kind cluster.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SIZES = (1_000, 10_000, 100_000)
#: Workloads and Dockerfiles.
FACTS = ((1_000, 100), (2_500, 250), (5_000, 500), (10_000, 1_000))
#: Per file: how much more the largest tree may take than the smallest, the start left out.
LIMIT = 1.2
#: Files of one service of a mixed tree.
SERVICE = 50

#: A path and a content.
File = tuple[str, str]

_GO = 'package {package}\n\nimport "fmt"\n\n' + "".join(
    f"// Print{n} says what it was given.\nfunc Print{n}(words ...string) {{\n"
    "\tfor index, word := range words {\n\t\tfmt.Println(index, word)\n\t}\n}\n\n"
    for n in range(20)
)
_MAIN = """\
package main

import (
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	server := &http.Server{Addr: ":8080"}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { log.Print(server.ListenAndServe()) }()
	<-stop
	_ = server.Close()
}
"""
_DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build {flags}-trimpath -o /{name} ./{folder}

FROM gcr.io/distroless/static
COPY --from=build /{name} /{name}
ENTRYPOINT ["/{name}"]
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}}}
spec:
  replicas: 1
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
      - name: {name}
        image: {image}
        ports:
        - containerPort: 8080
"""
_COVERED = """\
        env:
        - name: GOCOVERDIR
          value: {inside}
        volumeMounts:
        - name: coverage
          mountPath: {inside}
      volumes:
      - name: coverage
        hostPath:
          path: /coverdata
          type: DirectoryOrCreate
"""
_OBJECT = """\
apiVersion: v1
kind: {kind}
metadata:
  name: {name}
  labels: {{app: {name}}}
"""
_KIND = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  extraMounts:
  - hostPath: ./coverdata
    containerPort: /coverdata
""".replace("containerPort", "containerPath")
_SCRIPT = "#!/usr/bin/env bash\nset -euo pipefail\n"
_MAKEFILE = """\
IMAGE ?= registry.example.org/{name}:dev

build:
	go build -o bin/{name} .

image:
	docker build -t $(IMAGE) -f Dockerfile ../..

test:
	go test ./...
"""
_PAGE = "# {name}\n\n" + "What it is for, and how to run it: `make build`.\n" * 40


def mixed(files: int) -> Iterator[File]:
    """A repository of services; one in ten has its coverage wired."""
    yield "go.mod", "module example.org/big\n\ngo 1.22\n"
    yield "hack/kind.yaml", _KIND
    for number in range(files // SERVICE):
        yield from list(_service(number))[: SERVICE if number else SERVICE - 2]


def _service(number: int) -> Iterator[File]:
    name, folder, wired = f"svc{number}", f"services/svc{number}", number % 10 == 0
    yield f"{folder}/main.go", _MAIN
    image = f"registry.example.org/{name}:dev"
    flags = "-cover " if wired else ""
    yield f"{folder}/Dockerfile", _DOCKERFILE.format(name=name, folder=folder, flags=flags)
    covered = _COVERED.format(inside="/coverdata") if wired else ""
    yield f"{folder}/deploy/deployment.yaml", _deployment(name, image, covered)
    yield f"{folder}/Makefile", _MAKEFILE.format(name=name, folder=folder)
    yield f"{folder}/test.sh", f"{_SCRIPT}kubectl rollout status deploy/{name}\n"
    for kind in ("Service", "ConfigMap", "ServiceAccount", "Role", "RoleBinding", "Ingress"):
        yield f"{folder}/deploy/{kind.lower()}.yaml", _OBJECT.format(kind=kind, name=name)
    for page in range(5):
        yield f"{folder}/docs/{page}.md", _PAGE.format(name=name)
    for part in range(SERVICE - 16):
        package = f"part{part // 8}"
        yield f"{folder}/{package}/file{part}.go", _GO.replace("{package}", package)


def _deployment(name: str, image: str, covered: str) -> str:
    return _DEPLOYMENT.format(name=name, image=image) + covered


def joined(workloads: int, dockerfiles: int) -> Iterator[File]:
    """Workloads that run the images of Dockerfiles, each as many, and one that is wrong in ten."""
    yield "go.mod", "module example.org/big\n\ngo 1.22\n"
    yield "hack/kind.yaml", _KIND
    for number in range(dockerfiles):
        name, folder = f"image{number}", f"images/image{number}"
        yield f"{folder}/main.go", _MAIN
        flags = "-cover " if number % 10 else ""
        yield f"{folder}/Dockerfile", _DOCKERFILE.format(name=name, folder=folder, flags=flags)
        command = f"docker build -t registry.example.org/{name}:dev -f {folder}/Dockerfile ."
        yield f"{folder}/build.sh", f"{_SCRIPT}{command}\n"
    for number in range(workloads):
        image = f"registry.example.org/image{number % dockerfiles}:dev"
        covered = _COVERED.format(inside="/coverdata" if number % 10 else "/elsewhere/coverdata")
        if number % 10 == 0:
            covered = covered.replace("mountPath: /elsewhere/", "mountPath: /")
        name = f"workload{number}"
        yield f"deploy/{number % 100}/{name}.yaml", _deployment(name, image, covered)


def write(folder: Path, files: Iterable[File]) -> int:
    """Writes the files, and says how many there are; a `.git` marks the root."""
    count = 0
    (folder / ".git").mkdir(parents=True)
    for path, content in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
        count += 1
    return count


def measured(folder: Path, *words: str) -> tuple[float, int]:
    """CPU seconds and peak memory in bytes of one run of covlint."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'linter'}{os.pathsep}{ROOT / 'rules'}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    command = [sys.executable, "-m", "covlint", *words]
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def growth(sizes: Iterable[int] = SIZES) -> list[dict[str, Any]]:
    """One row for each size of the mixed trees."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            files = write(Path(place, "tree"), mixed(size))
            seconds, peak = measured(Path(place, "tree"), "check", ".")
        rows.append({"files": files, "seconds": seconds, "peak": peak})
    return rows


def wiring(facts: Iterable[tuple[int, int]] = FACTS) -> list[dict[str, Any]]:
    """One row for each number of workloads and Dockerfiles."""
    rows = []
    for workloads, dockerfiles in facts:
        with tempfile.TemporaryDirectory() as place:
            write(Path(place, "tree"), joined(workloads, dockerfiles))
            seconds, peak = measured(Path(place, "tree"), "check", ".")
        row = {"workloads": workloads, "dockerfiles": dockerfiles}
        rows.append({**row, "seconds": seconds, "peak": peak})
    return rows


def rows(largest: int = SIZES[-1]) -> list[dict[str, Any]]:
    """Both tables: rows with `files`, then rows with `workloads` and `dockerfiles`; each with
    `seconds` of CPU time and `peak` memory in bytes."""
    return [*growth(size for size in SIZES if size <= largest), *wiring()]


def main() -> int:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    found = rows(largest)
    trees = [row for row in found if "files" in row]
    print(f"{'files':>8}{'CPU':>10}{'per file':>13}{'peak':>10}")
    for row in trees:
        each = row["seconds"] / row["files"] * 1000
        print(f"{row['files']:>8}{row['seconds']:>8.2f} s{each:>10.3f} ms{_mib(row['peak'])}")
    print(f"{'workloads':>9}{'Dockerfiles':>13}{'CPU':>10}{'per workload':>15}{'peak':>10}")
    for row in (row for row in found if "workloads" in row):
        each = row["seconds"] / row["workloads"] * 1000
        numbers = f"{row['workloads']:>9}{row['dockerfiles']:>13}"
        print(f"{numbers}{row['seconds']:>8.2f} s{each:>12.2f} ms{_mib(row['peak'])}")
    return 0


def _mib(size: int) -> str:
    return f"{size / 2**20:>6.0f} MiB"


if __name__ == "__main__":
    sys.exit(main())
