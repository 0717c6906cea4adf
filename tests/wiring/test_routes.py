"""The ways in which data leaves a container: each is a whole chain, and a break of it is marked.

One small project per way. Every hop is there, told by the files or the only candidate;
with one thing changed, the hop that it breaks is marked: by a finding, as a gap, or as not
seen where files cannot show that data is lost.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from covlint.chain import Certainty, Chain, Hop, Route
from covlint.cli.graph import mermaid, tree
from covlint.engine import Inspection, Options, Traced, inspect
from covlint.files import MemoryFiles
from covlint.precedence import hop_of
from covlint.registry import Registry

DOCKERFILE = """\
FROM golang:1.24 AS build
WORKDIR /src
COPY . .
RUN go build -cover -covermode=atomic -o /till ./cmd/till
FROM debian:12
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""
SERVES = """\
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
ON_SIGNAL = """\
package main

import (
	"net/http"
	"os"
	"os/signal"
	"runtime/coverage"
	"syscall"
)

func main() {
	wanted := make(chan os.Signal, 1)
	signal.Notify(wanted, syscall.SIGUSR1)
	go func() {
		for range wanted {
			coverage.WriteMetaDir(os.Getenv("GOCOVERDIR"))
			coverage.WriteCountersDir(os.Getenv("GOCOVERDIR"))
		}
	}()
	http.ListenAndServe(":8080", nil)
}
"""
ON_REQUEST = """\
package main

import (
	"net/http"
	"runtime/coverage"
)

func main() {
	http.HandleFunc("/coverage", func(w http.ResponseWriter, r *http.Request) {
		coverage.WriteCounters(w)
	})
	http.ListenAndServe(":8080", nil)
}
"""
#: What stands in the place of snapshots in a program that takes none.
PLAIN = (
    'package main\n\nimport "net/http"\n\nfunc main() {\n\thttp.ListenAndServe(":8080", nil)\n}\n'
)
ENV = """\
          env:
            - name: GOCOVERDIR
              value: /coverdata
"""
MOUNT = """\
          volumeMounts:
            - name: coverage
              mountPath: /coverdata
"""
HEAD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: till
spec:
  template:
    spec:
      containers:
        - name: till
          image: till:e2e
"""
VOLUME = "      volumes:\n        - name: coverage\n"
HOST_PATH = (
    "          hostPath:\n            path: /coverdata\n            type: DirectoryOrCreate\n"
)
CLAIM = "          persistentVolumeClaim:\n            claimName: coverage\n"
KIND = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - hostPath: ./coverdata
        containerPath: /coverdata
"""
COPY_POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: copy
spec:
  containers:
    - name: copy
      image: busybox
      volumeMounts:
        - name: data
          mountPath: /data
  volumes:
    - name: data
      persistentVolumeClaim:
        claimName: coverage
"""
BUILD = "image:\n\tdocker build -t till:e2e .\n\tkubectl apply -f e2e/till.yaml\n"
SHARED = {"go.mod": "module example.com/till\n\ngo 1.24\n", "Dockerfile": DOCKERFILE}


def project(main: str, manifest: str, collect: str, **others: str) -> dict[str, str]:
    files = {**SHARED, "cmd/till/main.go": main, "e2e/till.yaml": manifest}
    return {**files, "Makefile": BUILD + "collect:\n" + collect, **others}


REPORT = "\tgo tool covdata percent -i=out\n"
PROJECTS: dict[str, tuple[Route, dict[str, str]]] = {
    "extra-mount": (
        Route.NODE,
        project(
            SERVES,
            HEAD + ENV + MOUNT + VOLUME + HOST_PATH,
            "\tkubectl scale deployment till --replicas=0\n"
            "\tgo tool covdata percent -i=./coverdata\n",
            **{"e2e/kind.yaml": KIND},
        ),
    ),
    "node-copy": (
        Route.NODE,
        project(
            SERVES,
            HEAD + ENV + MOUNT + VOLUME + HOST_PATH,
            "\tkubectl scale deployment till --replicas=0\n"
            "\tdocker cp kind-control-plane:/coverdata/. out\n" + REPORT,
        ),
    ),
    "claim": (
        Route.CLAIM,
        project(
            SERVES,
            HEAD + ENV + MOUNT + VOLUME + CLAIM,
            "\tkubectl delete deployment till\n\tkubectl apply -f e2e/copy.yaml\n"
            "\tkubectl cp copy:/data/. out\n" + REPORT,
            **{"e2e/copy.yaml": COPY_POD},
        ),
    ),
    "signal": (
        Route.POD,
        project(
            ON_SIGNAL,
            HEAD + ENV + MOUNT + VOLUME + "          emptyDir: {}\n",
            "\tkubectl exec deploy/till -- kill -USR1 1\n"
            "\tkubectl cp till:/coverdata out\n" + REPORT,
        ),
    ),
    "signal-without-volume": (
        Route.POD,
        project(
            ON_SIGNAL,
            HEAD + ENV,
            "\tkubectl exec deploy/till -- kill -USR1 1\n"
            "\tkubectl exec deploy/till -- tar -cf - -C /coverdata . | tar -xf - -C out\n" + REPORT,
            Dockerfile=DOCKERFILE.replace("ENTRYPOINT", "RUN mkdir /coverdata\nENTRYPOINT"),
        ),
    ),
    "http": (
        Route.HTTP,
        project(
            ON_REQUEST,
            HEAD,
            "\tcurl -sf http://localhost:8080/coverage -o out/covcounters.1.1.1\n" + REPORT,
        ),
    ),
    "compose": (
        Route.HOST,
        {
            **SHARED,
            "cmd/till/main.go": SERVES,
            "docker-compose.yml": "services:\n  till:\n    build: .\n    environment:\n"
            "      GOCOVERDIR: /coverdata\n    volumes:\n      - ./out:/coverdata\n",
            "Makefile": "collect:\n\tdocker compose down\n" + REPORT,
        },
    ),
}  # fmt: skip
HOPS = {
    "extra-mount": [Hop.MOUNT, Hop.VOLUME, Hop.NODE_PATH, Hop.EXTRA_MOUNT, Hop.HOST_PATH],
    "node-copy": [Hop.MOUNT, Hop.VOLUME, Hop.NODE_PATH, Hop.EXTRACTION],
    "claim": [Hop.MOUNT, Hop.VOLUME, Hop.COPY_POD, Hop.EXTRACTION],
    "signal": [Hop.MOUNT, Hop.VOLUME, Hop.SNAPSHOT, Hop.TRIGGER, Hop.EXTRACTION],
    "signal-without-volume": [Hop.SNAPSHOT, Hop.TRIGGER, Hop.EXTRACTION],
    "http": [Hop.SNAPSHOT, Hop.EXTRACTION],
    "compose": [Hop.MOUNT, Hop.VOLUME, Hop.HOST_PATH],
}


def inspected(files: Mapping[str, str]) -> Inspection:
    found = inspect(MemoryFiles(files), Registry.builtin(), Options())
    assert found.report.crashes == ()
    return found


def traced(files: Mapping[str, str]) -> Traced:
    (one,) = [one for one in inspected(files).traced if one.chain.container is not None]
    return one


@pytest.mark.parametrize("name", PROJECTS)
def test_each_way_is_a_whole_chain(name: str) -> None:
    route, files = PROJECTS[name]
    found = inspected(files)
    (one,) = found.traced
    chain = one.chain
    assert chain.route is route
    assert chain.gap is None
    assert [d.code for d in found.report.diagnostics] == []
    unseen = [link for link in chain.links if link.certainty is Certainty.UNKNOWN]
    assert unseen == []
    first = [Hop.BUILD, Hop.IMAGE, Hop.WORKLOAD, Hop.CONTAINER]
    if name != "http":
        first.append(Hop.COVERDIR)
    assert [link.hop for link in chain.links] == [*first, *HOPS[name], Hop.REPORT]
    assert all(link.span is not None for link in chain.links)
    assert f"({route.value})" in next(tree(found.project, found.traced))


#: What is broken, in which file, and the hop that has to be marked: by this code, or as not
#: seen ("?") where the files cannot show that anything is lost, or as a gap ("✗").
BREAKS = [
    # -- a directory of the node, brought to the host by Kind
    ("extra-mount", "Dockerfile", "-cover -covermode=atomic ", "", Hop.BUILD, "COV101"),
    ("extra-mount", "Dockerfile", "-covermode=atomic -o", "-coverpkg=./internal/... -o", Hop.BUILD, "COV105"),
    ("extra-mount", "Makefile", "till:e2e", "till:dev", Hop.IMAGE, "COV504"),
    ("extra-mount", "e2e/till.yaml", ENV, "", Hop.COVERDIR, "COV301"),
    ("extra-mount", "e2e/till.yaml", "value: /coverdata", "value: /cov", Hop.MOUNT, "COV501"),
    ("extra-mount", "e2e/till.yaml", "mountPath: /coverdata", "mountPath: /coverage", Hop.MOUNT, "COV501"),
    ("extra-mount", "e2e/till.yaml", MOUNT + VOLUME + HOST_PATH, "", Hop.MOUNT, "COV302"),
    ("extra-mount", "e2e/till.yaml", "        - name: coverage\n          hostPath", "        - name: data\n          hostPath", Hop.VOLUME, "✗"),
    ("extra-mount", "e2e/till.yaml", "path: /coverdata\n            type", "path: /tmp/coverdata\n            type", Hop.NODE_PATH, "COV502"),
    ("extra-mount", "e2e/kind.yaml", "containerPath: /coverdata", "containerPath: /cover", Hop.NODE_PATH, "COV502"),
    ("extra-mount", "e2e/kind.yaml", KIND[KIND.index("    extraMounts"):], "", Hop.EXTRA_MOUNT, "COV401"),
    ("extra-mount", "e2e/kind.yaml", "hostPath: ./coverdata", "hostPath: ~/coverdata", Hop.HOST_PATH, "COV404"),
    ("extra-mount", "Dockerfile", "ENTRYPOINT", "USER 1001\nENTRYPOINT", Hop.VOLUME, "COV304"),
    ("extra-mount", "cmd/till/main.go", SERVES, PLAIN, Hop.CONTAINER, "COV601"),
    # -- the same, copied out of the node
    ("node-copy", "Makefile", "control-plane:/coverdata/.", "control-plane:/coverage/.", Hop.EXTRACTION, "COV503"),
    ("node-copy", "e2e/till.yaml", "path: /coverdata\n            type", "path: /var/cover\n            type", Hop.EXTRACTION, "COV503"),
    ("node-copy", "e2e/till.yaml", "mountPath: /coverdata", "mountPath: /coverage", Hop.MOUNT, "COV501"),
    ("node-copy", "e2e/till.yaml", HOST_PATH, "          emptyDir: {}\n", Hop.VOLUME, "COV305"),
    ("node-copy", "Makefile", "\tdocker cp kind-control-plane:/coverdata/. out\n", "", Hop.EXTRACTION, "?"),
    # -- a claim, and a second pod to copy from
    ("claim", "e2e/copy.yaml", "claimName: coverage", "claimName: other", Hop.COPY_POD, "?"),
    ("claim", "e2e/copy.yaml", "mountPath: /data", "mountPath: /coverage", Hop.EXTRACTION, "COV503"),
    ("claim", "e2e/till.yaml", CLAIM, "          emptyDir: {}\n", Hop.VOLUME, "COV305"),
    ("claim", "Makefile", "copy:/data/.", "copy:/coverdata/.", Hop.EXTRACTION, "COV503"),
    ("claim", "Makefile", "\tkubectl cp copy:/data/. out\n", "", Hop.EXTRACTION, "?"),
    # -- an emptyDir, copied while the pod lives
    ("signal", "Dockerfile", " -covermode=atomic", "", Hop.SNAPSHOT, "COV112"),
    ("signal", "cmd/till/main.go", ON_SIGNAL, PLAIN, Hop.SNAPSHOT, "✗"),
    ("signal", "Makefile", "\tkubectl exec deploy/till -- kill -USR1 1\n", "", Hop.TRIGGER, "?"),
    ("signal", "Makefile", "-USR1", "-USR2", Hop.TRIGGER, "?"),
    ("signal", "Makefile", "till:/coverdata", "till:/coverage", Hop.EXTRACTION, "COV503"),
    ("signal", "Makefile", "\tkubectl cp till:/coverdata out\n", "", Hop.EXTRACTION, "?"),
    ("signal-without-volume", "e2e/till.yaml", "value: /coverdata", "value: /cov", Hop.EXTRACTION, "COV503"),
    # -- a handler of the program
    ("http", "cmd/till/main.go", ON_REQUEST, PLAIN, Hop.COVERDIR, "COV301"),
    ("http", "Dockerfile", " -covermode=atomic", "", Hop.SNAPSHOT, "COV112"),
    ("http", "Makefile", "\tcurl -sf http://localhost:8080/coverage -o out/covcounters.1.1.1\n", "", Hop.EXTRACTION, "?"),
    # -- docker compose
    ("compose", "docker-compose.yml", "./out:/coverdata", "./out:/data", Hop.MOUNT, "COV302"),
    ("compose", "docker-compose.yml", "GOCOVERDIR: /coverdata", "GOCOVERDIR: /cov", Hop.MOUNT, "COV501"),
    ("compose", "docker-compose.yml", "    volumes:\n      - ./out:/coverdata\n", "", Hop.MOUNT, "COV302"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "old", "new", "hop", "mark"),
    BREAKS,
    ids=[f"{b[0]}-{b[4].name.lower()}-{number}" for number, b in enumerate(BREAKS)],
)
def test_a_broken_hop_is_marked(
    name: str, path: str, old: str, new: str, hop: Hop, mark: str
) -> None:
    files = dict(PROJECTS[name][1])
    assert old in files[path]
    files[path] = files[path].replace(old, new, 1)
    one = traced(files)
    assert mark in _marks(one.chain, one, hop), list(tree(inspected(files).project, [one]))
    if mark != "?":
        assert "-. broken .->" in "\n".join(mermaid([one]))


def _marks(chain: Chain, one: Traced, hop: Hop) -> set[str]:
    marks = {d.code for d in one.breaks if hop_of(d.code) is hop}
    if chain.gap is not None and chain.gap.missing is hop:
        marks.add("✗")
    if any(link.hop is hop and link.certainty is Certainty.UNKNOWN for link in chain.links):
        marks.add("?")
    return marks


@pytest.mark.parametrize(
    ("path", "text", "image", "builder"),
    [
        (".goreleaser.yaml", "dockers:\n- image_templates: ['{{ .Env.R }}/till:{{ .Tag }}']\n",
         "ghcr.io/shop/till:1", "goreleaser"),
        ("docker-bake.hcl", 'target "x" {\n  tags = ["${R}/till:${T}"]\n}\n',
         "ghcr.io/shop/till:1", "bake"),
        (".ko.yaml", "builds:\n- id: till\n  main: ./cmd/till\n",
         "ko://example.com/till/cmd/till", "ko"),
        ("skaffold.yaml", ("apiVersion: skaffold/v4beta1\nkind: Config\nbuild:\n  artifacts:\n"
         "  - image: till\n    ko: {main: ./cmd/till}\n"), "till", "ko"),
    ],
    ids=["goreleaser", "bake", "ko", "skaffold"],
)  # fmt: skip
def test_a_build_that_is_not_resolved_is_told(
    path: str, text: str, image: str, builder: str
) -> None:
    manifest = HEAD.replace("till:e2e", image) + ENV + MOUNT + VOLUME + HOST_PATH
    (one,) = inspected({path: text, "e2e/till.yaml": manifest}).traced
    build, joined = one.chain.links[:2]
    assert (build.hop, build.certainty) == (Hop.BUILD, Certainty.UNKNOWN)
    assert f"{builder} builds it, which covlint does not resolve" in build.label
    assert build.span is not None
    assert build.span.path == path
    assert (joined.hop, joined.label, joined.certainty) == (Hop.IMAGE, image, Certainty.EXACT)


def test_a_binary_that_a_dockerfile_is_given() -> None:
    manifest = HEAD + ENV + MOUNT + VOLUME + HOST_PATH
    dockerfile = 'FROM debian:12\nCOPY till /till\nENTRYPOINT ["/till"]\n'
    (one,) = inspected(
        {"Dockerfile": dockerfile, "Makefile": BUILD, "e2e/till.yaml": manifest}
    ).traced
    assert one.chain.links[0].label.startswith("not seen: Dockerfile has no Go build here")


def test_what_is_not_seen_is_no_break() -> None:
    """A value from elsewhere is drawn as not seen, and is no gap."""
    opaque = (
        HEAD + "          envFrom:\n            - configMapRef:\n                name: coverage\n"
    )
    one = traced({**PROJECTS["node-copy"][1], "e2e/till.yaml": opaque})
    assert one.chain.gap is None
    assert Hop.COVERDIR in {
        link.hop for link in one.chain.links if link.certainty is Certainty.UNKNOWN
    }


def test_the_build_that_decides_is_named() -> None:
    """A line above it may only fill the build cache."""
    decides = "RUN go build ./cmd/till\nARG package=./cmd/till\nRUN go build -o /till ${package}\n"
    dockerfile = DOCKERFILE.replace(
        "RUN go build -cover -covermode=atomic -o /till ./cmd/till\n", decides
    )
    build = traced({**PROJECTS["node-copy"][1], "Dockerfile": dockerfile}).chain.links[0]
    assert build.label == "instrumented when package says so"
    assert build.span is not None
    assert build.span.start > dockerfile.index("ARG package")
