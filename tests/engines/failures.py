"""Ways to lose coverage that a container or a cluster shows, as small services: what each is
called where it was measured or seen (the facts, parts A, C and G; the field notes), and what
covlint has to say of it.

    PYTHONPATH=tests python -m engines [WORD]...     runs them, and the healthy ones, and prints the rate
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from engines.project import DOCKERFILE, MAIN, Layout

DASH = "debian:bookworm-slim"
BASH = "registry.access.redhat.com/ubi9/ubi-minimal:9.4"
BUSYBOX = "busybox:1.36"
STATIC = "gcr.io/distroless/static:nonroot"
#: Keeps the layer of the build: what else a case changes is no part of the program.
_IGNORED = {
    ".dockerignore": "deploy\n*.yaml\ne2e.sh\nMakefile\n.covlint\ncoverdata\n*.tar\n",
}
#: Says that the image is for coverage, and which manifest it is for.
_MAKEFILE = "image:\n\tdocker build --build-arg GOFLAGS=-cover -t localhost/{name}:e2e .\n"
_ASK = (
    "import os, sys, urllib.request as request; "
    'request.build_opener(request.ProxyHandler({})).open(os.environ["SERVICE_URL"] + sys.argv[1])'
)
_HANDLED = "signal.NotifyContext(context.Background(), syscall.SIGTERM)"


@dataclass(frozen=True)
class Failure:
    """``row`` is where it is written down; ``place`` the file of the cause and what stands in
    its line, None where no file of the project is to blame."""

    row: str
    layout: Layout
    symptom: str
    code: str | None
    place: tuple[str, str] | None = None
    told: str = ""  # what the first cause has to say in words
    on_node: str = ""  # a shell line that is run on the worker before
    twice: bool = False  # the second run is the one that is looked at


def _program(*imports: str, serving: str = "", ending: str = "server.Close()") -> str:
    """The healthy service with some more to serve, or with another end."""
    more = "".join(f'\t"{name}"\n' for name in imports)
    text = MAIN.replace('\t"context"\n', f'\t"context"\n{more}', 1)
    text = text.replace("\tserver := ", f"{serving}\tserver := ", 1)
    return text.replace("\tserver.Close()\n", f"\t{ending}\n", 1)


def _built(line: str) -> str:
    """The Dockerfile with another line that builds."""
    return DOCKERFILE.replace("RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app", line)


def _layout(namespace: str, dockerfile: str | None = None, **changes: object) -> Layout:
    files = {**_IGNORED, "Makefile": _MAKEFILE.format(name=namespace)}
    given = changes.pop("files", {})
    assert isinstance(given, Mapping)
    files.update(given)
    layout = Layout(namespace, files=files, **changes)  # type: ignore[arg-type]
    if layout.volume == "":  # no volume at all
        cut = layout.manifest.index("          volumeMounts:")
        files["deploy/app.yaml"] = layout.manifest[:cut]
    if dockerfile is not None:
        files["Dockerfile"] = dockerfile.format(
            base=layout.base, user=layout.user, entrypoint=layout.entrypoint
        )
    return layout


def _shell(name: str, base: str, words: str) -> Layout:
    return _layout(name, base=base, entrypoint=f"ENTRYPOINT {words}", grace=1)


_MAIN_LINE = ("cmd/app/main.go", "func main()")
_ENTRY = ("Dockerfile", "ENTRYPOINT")

#: Part A: what the binary, its environment and its end lose, in a real container.
IN_A_CONTAINER = {
    "a later GOFLAGS": Failure(
        "A: GOFLAGS overridden: later ENV GOFLAGS",
        _layout(
            "overridden",
            _built("ENV GOFLAGS=-mod=mod\nRUN CGO_ENABLED=0 go build -o /out/app ./cmd/app"),
        ),
        "not-instrumented",
        "COV104",
        ("Dockerfile", "ENV GOFLAGS=-mod=mod"),
    ),
    "-cover=false": Failure(
        "A: -cover=false on the command line",
        _layout("off", _built("RUN CGO_ENABLED=0 go build -cover=false -o /out/app ./cmd/app")),
        "not-instrumented",
        "COV104",
        ("Dockerfile", "-cover=false"),
    ),
    "-coverpkg without main": Failure(
        "A: -coverpkg= that does not match the main package",
        _layout(
            "nomain",
            _built("RUN CGO_ENABLED=0 go build -coverpkg=./internal/... -o /out/app ./cmd/app"),
            files={"internal/a/a.go": "package a\n\nfunc A() int { return 1 }\n"},
            main=MAIN.replace('\t"time"\n', '\t"time"\n\n\t"example.com/app/internal/a"\n').replace(
                '\tlog.Print("listening")\n', '\tlog.Print("listening", a.A())\n'
            ),
        ),
        "not-instrumented",
        "COV105",
        ("Dockerfile", "-coverpkg"),
    ),
    "-coverpkg that matches nothing": Failure(
        "A: -coverpkg pattern matching nothing",
        _layout(
            "nothing",
            _built("RUN CGO_ENABLED=0 go build -coverpkg=./other/... -o /out/app ./cmd/app"),
        ),
        "not-instrumented",
        "COV105",
        ("Dockerfile", "-coverpkg"),
    ),
    "ARG that the stage does not declare": Failure(
        "notes: build-arg without ARG in the building stage",
        _layout(
            "undeclared",
            "ARG GOFLAGS\n" + DOCKERFILE.replace('ARG GOFLAGS=""\n', ""),
        ),
        "not-instrumented",
        "COV103",
        ("Dockerfile", ""),
    ),
    "a test binary": Failure(
        "A: go test -c -cover binary + GOCOVERDIR",
        _layout(
            "testbinary",
            _built("RUN CGO_ENABLED=0 go test -c -cover -o /out/app ./cmd/app"),
            files={
                "cmd/app/main_test.go": 'package main\n\nimport "testing"\n\n'
                "func TestMain(m *testing.M) { main() }\n"
            },
        ),
        "not-instrumented",
        "COV114",
        ("Dockerfile", "go test -c"),
    ),
    "no GOCOVERDIR": Failure(
        "A: GOCOVERDIR unset or empty",
        _layout("unset", coverdir='""'),
        "not-set",
        "COV301",
        ("deploy/app.yaml", ""),
    ),
    "quotes in GOCOVERDIR": Failure(
        "A: GOCOVERDIR does not exist (literal quotes)",
        _layout("quoted", coverdir="'\"/coverdata\"'"),
        "missing-directory",
        "COV207",
        ("deploy/app.yaml", '"/coverdata"'),
    ),
    "a list in GOCOVERDIR": Failure(
        "A: GOCOVERDIR does not exist (a:b)",
        _layout("listed", coverdir="/coverdata:/tmp"),
        "missing-directory",
        "COV207",
        ("deploy/app.yaml", "/coverdata:/tmp"),
    ),
    "a file": Failure(
        "A: GOCOVERDIR is a file",
        _layout("file", coverdir="/etc/passwd"),
        "missing-directory",
        None,
        ("deploy/app.yaml", "/etc/passwd"),
    ),
    "a relative directory": Failure(
        "A: relative GOCOVERDIR + chdir",
        _layout(
            "relative",
            coverdir="coverdata",
            main=_program(serving='\tos.Chdir("/tmp")\n'),
        ),
        "missing-directory",
        "COV205",
        ("deploy/app.yaml", "coverdata"),
    ),
    "a directory of the image that root owns": Failure(
        "A: not writable (uid 65532 on root 0755)",
        _layout(
            "imagedir",
            DOCKERFILE.replace("USER", "COPY go.mod /covers/\nUSER"),
            user="65532",
            coverdir="/covers",
            volume="",
        ),
        "permission-denied",
        "COV201",
        ("Dockerfile", ""),
    ),
    "os.Interrupt only": Failure(
        "A: only os.Interrupt handled but SIGTERM sent",
        _layout(
            "interrupt",
            main=MAIN.replace("syscall.SIGTERM", "os.Interrupt").replace('\t"syscall"\n', ""),
        ),
        "meta-only",
        "COV602",
        ("cmd/app/main.go", "os.Interrupt"),
    ),
    "a stop signal that is not handled": Failure(
        "A: SIGTERM / SIGINT / SIGHUP without handler",
        _layout("hup", entrypoint='STOPSIGNAL SIGHUP\nENTRYPOINT ["/app"]'),
        "meta-only",
        "COV204",
        ("Dockerfile", "STOPSIGNAL"),
    ),
    "SIGTERM ignored": Failure(
        "A: SIGTERM ignored",
        _layout(
            "ignored",
            grace=1,
            main=MAIN.replace(_HANDLED, "context.WithCancel(context.Background())").replace(
                "\tdefer stop()\n", "\tdefer stop()\n\tsignal.Ignore(syscall.SIGTERM)\n"
            ),
        ),
        "killed",
        "COV601",
        ("cmd/app/main.go", ""),
    ),
    "a panic": Failure(
        "A: panic (any goroutine)",
        _layout("panic", main=_program(ending='panic("lost")')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("lost")'),
    ),
    "a panic before it is ready": Failure(
        "A: panic (any goroutine)",
        _layout("early", main=_program(serving='\tpanic("no configuration")\n')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("no configuration")'),
    ),
    "a deadlock": Failure(
        "A: fatal error (deadlock)",
        _layout(
            "deadlock",
            main=_program(
                "sync",
                ending="var m sync.Mutex; m.Lock(); stop(); server.Close(); signal.Reset(); m.Lock()",
            ),
        ),
        "killed",
        None,
        _MAIN_LINE,
    ),
    "a map written twice at a time": Failure(
        "A: fatal error (concurrent map writes)",
        _layout(
            "mapwrites",
            main=_program(
                ending="m := map[int]int{}; for i := 0; i < 8; i++ { go func() { for { m[1]++ } }() }; time.Sleep(time.Second)"
            ),
        ),
        "crashed",
        None,
        ("cmd/app/main.go", "m[1]++"),
    ),
    "SIGQUIT": Failure(
        "A: SIGQUIT",
        _layout("quit", entrypoint='STOPSIGNAL SIGQUIT\nENTRYPOINT ["/app"]'),
        "crashed",
        "COV204",
        ("Dockerfile", "STOPSIGNAL"),
    ),
    "syscall.Exit": Failure(
        "A: syscall.Exit",
        _layout("exit", main=_program(ending="syscall.Exit(0)")),
        "meta-only",
        "COV605",
        ("cmd/app/main.go", "syscall.Exit"),
    ),
    "syscall.Exec": Failure(
        "A: syscall.Exec of another program",
        _layout(
            "exec",
            base=BUSYBOX,
            main=_program(ending='syscall.Exec("/bin/true", []string{"true"}, nil)'),
        ),
        "meta-only",
        "COV605",
        ("cmd/app/main.go", "syscall.Exec"),
    ),
    "the signal raised again": Failure(
        "A: signal.Reset + re-raise SIGTERM to self",
        _layout(
            "raised",
            main=_program(
                ending="signal.Reset(syscall.SIGTERM); syscall.Kill(os.Getpid(), syscall.SIGTERM); select {}"
            ),
        ),
        "meta-only",
        "COV605",
        ("cmd/app/main.go", "syscall.Kill"),
    ),
    "a snapshot without atomic counters": Failure(
        "A: runtime/coverage WriteCounters* with covermode other than atomic",
        _layout(
            "snapshot",
            main=_program(
                "runtime/coverage",
                serving='\thttp.HandleFunc("/save", func(http.ResponseWriter, *http.Request) {\n'
                '\t\tif err := coverage.WriteCountersDir("/coverdata"); err != nil {\n'
                "\t\t\tlog.Print(err)\n\t\t}\n\t})\n",
            )
            .replace(_HANDLED, "context.WithCancel(context.Background())")
            .replace('\t"os/signal"\n', "")
            .replace('\t"syscall"\n', ""),
            target={
                "exercise": f"{sys.executable} -c '{_ASK}' /save",
            },
        ),
        "meta-only",
        "COV112",
        ("cmd/app/main.go", "WriteCountersDir"),
    ),
    "files deleted while it runs": Failure(
        "A: files deleted from the dir while the process runs",
        _layout(
            "wiped",
            main=_program(
                "path/filepath",
                ending='old, _ := filepath.Glob("/coverdata/cov*"); for _, f := range old { os.Remove(f) }',
            ),
        ),
        "counters-only",
        None,
        None,
    ),
    "a user without rights at its end": Failure(
        "A: setuid while running",
        _layout("setuid", main=_program(serving="\tsyscall.Setuid(65532)\n")),
        "permission-denied",
        None,
        None,
    ),
    "a directory that is removed": Failure(
        "A: dir removed while running",
        _layout(
            "removed",
            base=DASH,
            entrypoint='ENTRYPOINT ["sh", "-c", "mkdir -p /coverdata/a && exec /app"]',
            coverdir="/coverdata/a",
            main=_program(ending='os.RemoveAll("/coverdata/a")'),
        ),
        "missing-directory",
        None,
        None,
    ),
    "a child without GOCOVERDIR": Failure(
        "A: child started without GOCOVERDIR in Env",
        _layout(
            "child",
            _built(
                "RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app\n"
                "RUN CGO_ENABLED=0 go build -o /out/child ./cmd/child"
            ).replace("COPY --from=builder /out/app /app", "COPY --from=builder /out/ /"),
            files={"cmd/child/main.go": "package main\n\nfunc main() { println(1) }\n"},
            main=_program(
                "os/exec",
                ending='child := exec.Command("/child"); child.Env = []string{"A=b"}; '
                "child.Stderr = os.Stderr; child.Run()",
            ),
            target={"expect": {"packages": ["./cmd/child"]}},
        ),
        "not-set",
        None,
        None,
    ),
}

#: Part C: shells as PID 1. Each base has another one as sh.
SHELLS = {
    f"{shell}: {name}": Failure(
        f"C: {name}, {shell}",
        _shell(f"{shell}{number}", base, f'["sh", "-c", "{line}"]'),
        "killed",
        "COV203",
        _ENTRY,
    )
    for shell, base, lines in (
        (
            "dash",
            DASH,
            {
                'sh -c "app"': "/app",
                'sh -c "echo start; app"': "echo start; /app",
                'sh -c "cd /tmp && app"': "cd /tmp && /app",
                'sh -c "FOO=bar app"': "FOO=bar /app",
                'sh -c "app 2>&1"': "/app 2>&1",
                'sh -c "app && echo done"': "/app && echo done",
                'sh -c "app | cat"': "/app | cat",
                'sh -c "app & wait"': "/app & wait",
            },
        ),
        (
            "bash",
            BASH,
            {
                'sh -c "app 2>&1"': "/app 2>&1",
                'sh -c "app && echo done"': "/app && echo done",
                'sh -c "app | cat"': "/app | cat",
                'sh -c "app & wait"': "/app & wait",
            },
        ),
        (
            "busybox",
            BUSYBOX,
            {
                'sh -c "app && echo done"': "/app && echo done",
                'sh -c "app | cat"': "/app | cat",
                'sh -c "app & wait"': "/app & wait",
            },
        ),
    )
    for number, (name, line) in enumerate(lines.items())
}
SHELLS |= {
    f"{shell}: script file": Failure(
        f"C: script file, last line app, {shell}",
        _layout(
            f"{shell}script",
            DOCKERFILE.replace("USER", "COPY start.sh /start.sh\nUSER"),
            base=base,
            entrypoint='ENTRYPOINT ["sh", "/start.sh"]',
            grace=1,
            files={"start.sh": "#!/bin/sh\necho start\n/app\n"},
        ),
        "killed",
        "COV203",
        ("start.sh", "/app"),
    )
    for shell, base in (("dash", DASH), ("bash", BASH))
}

#: A suite that owns the cluster: what it does between the start of the pods and its end.
_SUITE = """#!/bin/sh
set -e
docker build --build-arg GOFLAGS=-cover -t localhost/{name}:e2e .
docker save -o image.tar localhost/{name}:e2e
kind load image-archive image.tar --name "$CLUSTER"
rm image.tar
kubectl apply -f deploy/app.yaml
kubectl -n {name} rollout status deployment/app --timeout=60s
mkdir -p coverdata
{body}
"""


def _suite(name: str, *lines: str, **changes: object) -> Layout:
    return _layout(
        name,
        files={"e2e.sh": _SUITE.format(name=name, body="\n".join(lines))},
        target={"engine": "suite", "run": "sh e2e.sh", "data": "coverdata"},
        **changes,
    )


def _gone(name: str) -> str:
    return f"kubectl -n {name} wait --for=delete pod -l app=app --timeout=90s"


def _taken(name: str) -> str:
    return f'docker cp "$CLUSTER-worker:/coverdata/{name}/." coverdata'


_POD_NAME = (
    "/coverdata\n            - name: POD_NAME\n"
    "              valueFrom: {fieldRef: {fieldPath: metadata.name}}"
)
_HUNGRY = (
    "for hoard := [][]byte{}; ; { page := make([]byte, 1<<20); "
    "for i := range page { page[i] = 1 }; hoard = append(hoard, page) }"
)
_LIMITED = "resources: {limits: {memory: 48Mi}}"

#: What only a cluster shows, or shows in its own way. The worker gets the pods; both nodes mount
#: one folder of the host at /coverdata, the control plane another one at /firstonly, and the
#: worker a third one at /sealed, read-only.
IN_A_CLUSTER = {
    "a forced delete": Failure(
        "G: kubectl delete pod --force --grace-period=0, of a service that takes its time",
        _suite(
            "forced",
            "kubectl -n forced scale deployment/app --replicas=0 --timeout=1s &",
            "kubectl -n forced delete pod -l app=app --force --grace-period=0",
            _gone("forced") + " || true",
            _taken("forced"),
            slow="20s",
            grace=30,
        ),
        "meta-only",
        "COV603",
        ("e2e.sh", "--force --grace-period=0"),
    ),
    "a copy that comes too early": Failure(
        "notes: copy before flush",
        _suite(
            "tooearly",
            _taken("tooearly"),
            "kubectl -n tooearly scale deployment/app --replicas=0",
            _gone("tooearly"),
        ),
        "meta-only",
        "COV606",
        ("e2e.sh", "docker cp"),
    ),
    "data of an earlier run": Failure(
        "notes: stale coverdata never cleared",
        _suite(
            "stale",
            "kubectl -n stale scale deployment/app --replicas=0",
            _gone("stale"),
            _taken("stale"),
        ),
        "stale",
        "COV704",
        ("e2e.sh", "docker cp"),
        twice=True,
    ),
    "no GOCOVERDIR": Failure(
        "A: GOCOVERDIR unset or empty",
        _layout("unset", coverdir='""'),
        "not-set",
        "COV301",
        ("deploy/app.yaml", ""),
    ),
    "a full file system": Failure(
        "A: full fs",
        _layout("full"),
        "no-space",
        None,
        ("deploy/app.yaml", ""),
        on_node="mkdir -p /coverdata/full && mount -t tmpfs -o size=4k,nr_inodes=2 none /coverdata/full",
    ),
    "a directory for each pod": Failure(
        "A: files only in sub-directories (one dir per pod)",
        _layout("nested", coverdir=_POD_NAME, mount_options="subPathExpr: $(POD_NAME)", replicas=2),
        "nested",
        "COV309",
        ("deploy/app.yaml", "subPathExpr"),
    ),
    "a directory named after a variable that is not there": Failure(
        "G: subPathExpr: $(POD_NAME) without that variable",
        _layout("unnamed", mount_options="subPathExpr: $(POD_NAME)"),
        "never-started",
        None,
        ("deploy/app.yaml", ""),
        told="CreateContainerConfigError",
    ),
    "a hostPath that has to be there": Failure(
        "notes: hostPath of type Directory",
        _layout("typed", volume="hostPath: {path: /coverdata/typed, type: Directory}"),
        "never-started",
        "COV311",
        ("deploy/app.yaml", "type: Directory"),
    ),
    "a read-only extraMount": Failure(
        "A: read-only fs, by the node",
        _layout(
            "sealed",
            host_path="/sealed",
            node_path="/sealed\n        readOnly: true",
            more_nodes="  - role: worker\n    extraMounts:\n      - hostPath: ./coverdata\n"
            "        containerPath: /sealed\n        readOnly: true\n",
        ),
        "read-only",
        "COV402",
        ("kind.yaml", "readOnly: true"),
    ),
    "a read-only root": Failure(
        "notes: readOnlyRootFilesystem with GOCOVERDIR off-volume",
        _layout(
            "readonlyroot",
            DOCKERFILE.replace("USER", "COPY go.mod /covers/\nUSER"),
            coverdir="/covers",
            volume="",
            container="securityContext: {readOnlyRootFilesystem: true}",
        ),
        "read-only",
        None,
        ("deploy/app.yaml", ""),
    ),
    "an fsGroup on a hostPath": Failure(
        "A: not writable (uid 1001), fsGroup",
        _layout("group", user="1001", pod="securityContext: {runAsUser: 1001, fsGroup: 1001}"),
        "permission-denied",
        "COV304",
        ("deploy/app.yaml", ""),
    ),
    "root without its capabilities": Failure(
        "A: root without CAP_DAC_OVERRIDE on 0700 of another uid",
        _layout(
            "capless",
            pod='initContainers: [{name: own, image: "docker.io/library/busybox:1.36", '
            'imagePullPolicy: Never, command: [sh, -c, "chown 1001 /d; chmod 0700 /d"], '
            "volumeMounts: [{name: coverage, mountPath: /d}]}]",
            container="securityContext: {capabilities: {drop: [ALL]}}",
        ),
        "permission-denied",
        "COV312",
        ("deploy/app.yaml", ""),
    ),
    "no grace period": Failure(
        "G: terminationGracePeriodSeconds: 0, of a service that takes its time",
        _layout("nograce", slow="20s", grace=0),
        "killed",
        "COV306",
        ("deploy/app.yaml", "terminationGracePeriodSeconds: 0"),
    ),
    "a shell as PID 1, by the manifest": Failure(
        "C: PID 1 = shell that does not exec the app",
        _layout("command", base=DASH, grace=1, container='command: ["sh", "-c", "/app; true"]'),
        "killed",
        "COV307",
        ("deploy/app.yaml", "command"),
    ),
    "a panic at its end": Failure(
        "A: panic",
        _layout("panic", main=_program(ending='panic("lost")')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("lost")'),
    ),
    "a panic at its start, again and again": Failure(
        "CrashLoopBackOff",
        _layout("loop", main=_program(serving='\tpanic("no configuration")\n')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("no configuration")'),
    ),
    "more memory than it may have": Failure(
        "A: SIGKILL (OOMKilled)",
        _layout("hungry", main=_program(ending=_HUNGRY), container=_LIMITED, grace=20),
        "killed",
        None,
        ("deploy/app.yaml", ""),
        told="OOMKilled",
    ),
    "an eviction": Failure(
        "A: SIGKILL (Evicted)",
        _layout(
            "evicted",
            slow="30s",
            grace=40,
            main=_program(serving='\tos.WriteFile("/scratch/big", make([]byte, 8<<20), 0o644)\n'),
            files={
                "deploy/evict.sh": "kubectl -n $NAMESPACE wait pod -l app=app "
                "--for=condition=Ready=false --timeout=100s\n"
            },
            mount_options="readOnly: false\n            - {name: scratch, mountPath: /scratch}",
            volume="hostPath: {path: /coverdata/evicted, type: DirectoryOrCreate}\n"
            "        - {name: scratch, emptyDir: {sizeLimit: 1Mi}}",
            target={"exercise": "sh deploy/evict.sh"},
        ),
        "killed",
        None,
        ("deploy/app.yaml", ""),
        told="Evicted",
    ),
    "an image that nobody loaded": Failure(
        "ErrImageNeverPull",
        _layout(
            "noimage",
            pod='initContainers: [{name: wait, image: "localhost/absent:1", '
            "imagePullPolicy: Never}]",
        ),
        "never-started",
        None,
        ("deploy/app.yaml", ""),
        told="ErrImageNeverPull",
    ),
}
