"""Ways to lose coverage that any container shows: facts, parts A and C."""

from __future__ import annotations

import io
import sys
import zipfile

from engines.failures import BUSYBOX, DASH, OLD_GO, Failure, built, program, service
from engines.project import DOCKERFILE, MAIN

_ASK = (
    "import os, sys, urllib.request as request; "
    'request.build_opener(request.ProxyHandler({})).open(os.environ["SERVICE_URL"] + sys.argv[1])'
)
_HANDLED = "signal.NotifyContext(context.Background(), syscall.SIGTERM)"
_MAIN_LINE = ("cmd/app/main.go", "func main()")
_GO_MOD = "module example.com/app\n\ngo 1.21\n"


def _module_proxy() -> dict[str, str | bytes]:
    """Version 1.0.0 of the service, as a module proxy in a folder has it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for path, text in (("go.mod", _GO_MOD), ("cmd/app/main.go", MAIN)):
            packed.writestr(f"example.com/app@v1.0.0/{path}", text)
    folder = "proxy/example.com/app/@v"
    return {
        f"{folder}/list": "v1.0.0\n",
        f"{folder}/v1.0.0.info": '{"Version": "v1.0.0", "Time": "2026-01-01T00:00:00Z"}',
        f"{folder}/v1.0.0.mod": _GO_MOD,
        f"{folder}/v1.0.0.zip": archive.getvalue(),
    }


#: Part A: what the binary, its environment and its end lose, in a real container.
IN_A_CONTAINER = {
    "a later GOFLAGS": Failure(
        "A: GOFLAGS overridden: later ENV GOFLAGS",
        service(
            "overridden",
            built("ENV GOFLAGS=-mod=mod\nRUN CGO_ENABLED=0 go build -o /out/app ./cmd/app"),
        ),
        "not-instrumented",
        "COV104",
        ("Dockerfile", "ENV GOFLAGS=-mod=mod"),
    ),
    "-cover=false": Failure(
        "A: -cover=false on the command line",
        service("off", built("RUN CGO_ENABLED=0 go build -cover=false -o /out/app ./cmd/app")),
        "not-instrumented",
        "COV104",
        ("Dockerfile", "-cover=false"),
    ),
    "-coverpkg without main": Failure(
        "A: -coverpkg= that does not match the main package",
        service(
            "nomain",
            built("RUN CGO_ENABLED=0 go build -coverpkg=./internal/... -o /out/app ./cmd/app"),
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
        service(
            "nothing",
            built("RUN CGO_ENABLED=0 go build -coverpkg=./other/... -o /out/app ./cmd/app"),
        ),
        "not-instrumented",
        "COV105",
        ("Dockerfile", "-coverpkg"),
    ),
    "ARG that the stage does not declare": Failure(
        "notes: build-arg without ARG in the building stage",
        service(
            "undeclared",
            "ARG GOFLAGS\n" + DOCKERFILE.replace('ARG GOFLAGS=""\n', ""),
        ),
        "not-instrumented",
        "COV103",
        ("Dockerfile", ""),
    ),
    "a list of -coverpkg with spaces": Failure(
        "A: space-separated list",
        service(
            "spaces",
            built(
                "RUN CGO_ENABLED=0 go build '-coverpkg=./cmd/... ./internal/...' "
                "-o /out/app ./cmd/app"
            ),
        ),
        "not-instrumented",
        "COV105",
        ("Dockerfile", "-coverpkg"),
    ),
    "go install of a version": Failure(
        "A: go install pkg@version with GOFLAGS=-cover",
        service(
            "installed",
            built(
                "RUN GOPROXY=file:///src/proxy GONOSUMDB=* GOBIN=/out CGO_ENABLED=0 "
                "go install example.com/app/cmd/app@v1.0.0"
            ),
            files=_module_proxy(),
        ),
        "not-instrumented",
        "COV111",
        ("Dockerfile", "go install"),
    ),
    "GOFLAGS=-cover before Go 1.20": Failure(
        "A: GOFLAGS=-cover on Go < 1.20",
        service("oldflags", DOCKERFILE.replace("golang:1.22-bookworm", OLD_GO)),
        "not-instrumented",
        "COV102",
        ("Dockerfile", ""),
        needs=(OLD_GO,),
    ),
    "-cover before Go 1.20": Failure(
        "A: go build -cover on Go < 1.20",
        service(
            "oldcover",
            built("RUN go build -cover -o /out/app ./cmd/app").replace(
                "golang:1.22-bookworm", OLD_GO
            ),
        ),
        "not-instrumented",
        "COV102",
        ("Dockerfile", ""),
        needs=(OLD_GO,),
    ),
    "chroot": Failure(
        "A: chroot while running",
        service("chroot", base=DASH, main=program(ending='syscall.Chroot("/tmp")')),
        "missing-directory",
        None,
        None,
    ),
    "a test binary": Failure(
        "A: go test -c -cover binary + GOCOVERDIR",
        service(
            "testbinary",
            built("RUN CGO_ENABLED=0 go test -c -cover -o /out/app ./cmd/app"),
            files={
                "cmd/app/main_test.go": 'package main\n\nimport "testing"\n\n'
                "func TestServing(t *testing.T) { main() }\n"
            },
        ),
        "not-instrumented",  # for GOCOVERDIR: its counters go where -test.gocoverdir says
        "COV114",
        ("Dockerfile", "ENTRYPOINT"),
    ),
    "no GOCOVERDIR": Failure(
        "A: GOCOVERDIR unset or empty",
        service("unset", coverdir='""'),
        "not-set",
        "COV301",
        ("deploy/app.yaml", ""),
    ),
    "quotes in GOCOVERDIR": Failure(
        "A: GOCOVERDIR does not exist (literal quotes)",
        service("quoted", coverdir="'\"/coverdata\"'"),
        "missing-directory",
        "COV207",
        ("deploy/app.yaml", '"/coverdata"'),
    ),
    "a list in GOCOVERDIR": Failure(
        "A: GOCOVERDIR does not exist (a:b)",
        service("listed", coverdir="/coverdata:/tmp"),
        "missing-directory",
        "COV207",
        ("deploy/app.yaml", "/coverdata:/tmp"),
    ),
    "a file": Failure(
        "A: GOCOVERDIR is a file",
        service("file", coverdir="/etc/passwd"),
        "missing-directory",
        None,
        ("deploy/app.yaml", "/etc/passwd"),
    ),
    "a relative directory": Failure(
        "A: relative GOCOVERDIR + chdir",
        service(
            "relative",
            coverdir="coverdata",
            main=program(serving='\tos.Chdir("/tmp")\n'),
        ),
        "missing-directory",
        "COV205",
        ("deploy/app.yaml", "coverdata"),
    ),
    "a directory of the image that root owns": Failure(
        "A: not writable (uid 65532 on root 0755)",
        service(
            "imagedir",
            DOCKERFILE.replace("USER", "COPY go.mod /covers/\nUSER"),
            user="65532",
            coverdir="/covers",
            volume="",
        ),
        "permission-denied",
        "COV201",
        ("Dockerfile", "USER 65532"),
    ),
    "os.Interrupt only": Failure(
        "A: only os.Interrupt handled but SIGTERM sent",
        service(
            "interrupt",
            main=MAIN.replace("syscall.SIGTERM", "os.Interrupt").replace('\t"syscall"\n', ""),
        ),
        "meta-only",
        "COV602",
        ("cmd/app/main.go", "os.Interrupt"),
    ),
    "a stop signal that is not handled": Failure(
        "A: SIGTERM / SIGINT / SIGHUP without handler",
        service("hup", entrypoint='STOPSIGNAL SIGHUP\nENTRYPOINT ["/app"]'),
        "meta-only",
        "COV204",
        ("Dockerfile", "STOPSIGNAL"),
    ),
    "SIGTERM ignored": Failure(
        "A: SIGTERM ignored",
        service(
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
        service("panic", main=program(ending='panic("lost")')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("lost")'),
    ),
    "a panic before it is ready": Failure(
        "A: panic (any goroutine)",
        service("early", main=program(serving='\tpanic("no configuration")\n')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("no configuration")'),
    ),
    "a nil pointer": Failure(
        "A: nil deref",
        service("nilpointer", main=program(ending='server = nil; server.Addr = ""')),
        "crashed",
        None,
        ("cmd/app/main.go", "server = nil"),
    ),
    "a map written twice at a time": Failure(
        "A: fatal error (concurrent map writes)",
        service(
            "mapwrites",
            main=program(
                ending="m := map[int]int{}; for i := 0; i < 8; i++ { go func() { for { m[1]++ } }() }; time.Sleep(time.Second)"
            ),
        ),
        "crashed",
        None,
        ("cmd/app/main.go", "m[1]++"),
    ),
    "SIGQUIT": Failure(
        "A: SIGQUIT",
        service("quit", entrypoint='STOPSIGNAL SIGQUIT\nENTRYPOINT ["/app"]'),
        "crashed",
        "COV204",
        ("Dockerfile", "STOPSIGNAL"),
    ),
    "syscall.Exit": Failure(
        "A: syscall.Exit",
        service("exit", main=program(ending="syscall.Exit(0)")),
        "meta-only",
        "COV605",
        ("cmd/app/main.go", "syscall.Exit"),
    ),
    "syscall.Exec": Failure(
        "A: syscall.Exec of another program",
        service(
            "exec",
            base=BUSYBOX,
            main=program(ending='syscall.Exec("/bin/true", []string{"true"}, nil)'),
        ),
        "meta-only",
        "COV605",
        ("cmd/app/main.go", "syscall.Exec"),
    ),
    "the signal raised again": Failure(
        "A: signal.Reset + re-raise SIGTERM to self",
        service(
            "raised",
            main=program(
                ending="signal.Reset(syscall.SIGTERM); syscall.Kill(os.Getpid(), syscall.SIGTERM); select {}"
            ),
        ),
        "meta-only",
        "COV605",
        ("cmd/app/main.go", "syscall.Kill"),
    ),
    "a snapshot without atomic counters": Failure(
        "A: runtime/coverage WriteCounters* with covermode other than atomic",
        service(
            "snapshot",
            main=program(
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
        ("Makefile", "GOFLAGS=-cover"),
    ),
    "files deleted while it runs": Failure(
        "A: files deleted from the dir while the process runs",
        service(
            "wiped",
            main=program(
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
        service("setuid", main=program(serving="\tsyscall.Setuid(65532)\n")),
        "permission-denied",
        None,
        None,
    ),
    "a directory that is removed": Failure(
        "A: dir removed while running",
        service(
            "removed",
            base=DASH,
            entrypoint='ENTRYPOINT ["sh", "-c", "mkdir -p /coverdata/a && exec /app"]',
            coverdir="/coverdata/a",
            main=program(ending='os.RemoveAll("/coverdata/a")'),
        ),
        "missing-directory",
        None,
        None,
    ),
    "a child without GOCOVERDIR": Failure(
        "A: child started without GOCOVERDIR in Env",
        service(
            "child",
            built(
                "RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app\n"
                "RUN CGO_ENABLED=0 go build -o /out/child ./cmd/child"
            ).replace("USER", "COPY --from=builder /out/child /child\nUSER"),
            files={"cmd/child/main.go": "package main\n\nfunc main() { println(1) }\n"},
            main=program(
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
    "a base image that is not there": Failure(
        "ErrImagePull, of a build",
        service(
            "nobase",
            files={
                "Dockerfile": DOCKERFILE.format(
                    base="localhost/covlint-nosuch:1", user="0", entrypoint='ENTRYPOINT ["/app"]'
                )
            },
        ),
        "never-started",
        None,
        ("Dockerfile", ""),
        told="cannot be pulled",
    ),
    "a build that fails": Failure(
        "notes: the build fails",
        service("nobuild", built("RUN go build -o /out/app ./cmd/nothing")),
        "never-started",
        None,
        ("Dockerfile", ""),
        told="nothing was built",
    ),
}
