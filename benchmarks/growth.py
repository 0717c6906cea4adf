"""Trees of 1,000, 10,000 and 100,000 files, and thousands of workloads: time for each of them.

The first trees are mixed as repositories of Go services are: two thirds Go, the rest manifests,
Dockerfiles, scripts, Makefiles and pages. The second hold what has to be joined only: each workload
runs an image that a script builds from a Dockerfile, and its coverage goes through a hostPath to a
node of a Kind cluster. What covlint takes for an empty tree is left out of both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, rounded
from benchmarks.measuring import Failed, Usage, covlint, in_turns

TABLE = "growth"
RUNS = 3
SIZES = (1_000, 10_000, 100_000)
#: Workloads and Dockerfiles.
FACTS = ((1_000, 100), (2_500, 250), (5_000, 500), (10_000, 1_000))
#: How much more a file of a larger tree may take than one of the smallest.
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


def figures() -> list[Figure]:
    """Each larger tree beside the smallest, by what one file or one workload takes."""
    with tempfile.TemporaryDirectory() as place:
        folders = {"nothing": Path(place, "nothing")}
        write(folders["nothing"], ())
        counts = {}
        for size in SIZES:
            name = f"{size:,} files"
            folders[name] = Path(place, f"mixed{size}")
            counts[name] = write(folders[name], mixed(size))
        for workloads, dockerfiles in FACTS:
            name = f"{workloads:,} workloads, {dockerfiles:,} Dockerfiles"
            folders[name] = Path(place, f"joined{workloads}")
            write(folders[name], joined(workloads, dockerfiles))
            counts[name] = workloads
        took = in_turns({name: covlint(one, "check", ".") for name, one in folders.items()}, RUNS)
    failed = [one for one in took.values() if isinstance(one, str)]
    if failed:
        raise Failed(failed[0])
    used = {name: one for name, one in took.items() if isinstance(one, Usage)}
    start = used.pop("nothing")
    names = list(used)
    mixtures, joints = names[: len(SIZES)], names[len(SIZES) :]
    found = []
    for group, what, limit in ((mixtures, "file", LIMIT), (joints, "workload", None)):
        smallest = group[0]
        for name in group[1:]:
            cpu, least_cpu = (
                (used[one].cpu - start.cpu) / counts[one] * 1e6 for one in (name, smallest)
            )
            peak, least_peak = (
                (used[one].peak - start.peak) / counts[one] / 1024 for one in (name, smallest)
            )
            title = f"{name} beside {counts[smallest]:,}"
            found.append(_each(f"{title}: CPU time of one {what}", "µs", cpu, least_cpu, limit))
            found.append(_each(f"{title}: memory of one {what}", "KiB", peak, least_peak, limit))
    return found


def _each(name: str, unit: str, large: float, small: float, limit: float | None) -> Figure:
    ratio = rounded(large / small)
    return Figure(TABLE, name, f"{large:.0f} {unit}", f"{small:.0f} {unit}", ratio, limit)
