"""Ways to lose coverage that a container or a cluster shows, as small services: what each is
called where it was measured or seen (the facts, parts A, C and G; the field notes), and what
covlint has to say of it.

    PYTHONPATH=tests python -m engines [WORD]...     runs them, and the healthy ones, and prints the rate
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engines.project import DEAF, DOCKERFILE, MAIN, Layout

DASH = "debian:bookworm-slim"
BASH = "localhost/bash-as-sh:1"
BUSYBOX = "busybox:1.36"
STATIC = "gcr.io/distroless/static:nonroot"
#: Keeps the layer of the build: what else a case changes is no part of the program.
_IGNORED = {".dockerignore": "deploy\n*.yaml\n*.sh\n.covlint\ncoverdata\n"}
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
    files = dict(_IGNORED)
    given = changes.pop("files", {})
    assert isinstance(given, Mapping)
    files.update(given)
    layout = Layout(namespace, files=files, **changes)  # type: ignore[arg-type]
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
            DOCKERFILE.replace("USER", "WORKDIR /covers\nWORKDIR /\nUSER"),
            user="65532",
            coverdir="/covers",
            mount="/elsewhere",
        ),
        "permission-denied",
        "COV201",
        ("Dockerfile", ""),
    ),
    "os.Interrupt only": Failure(
        "A: only os.Interrupt handled but SIGTERM sent",
        _layout("interrupt", main=MAIN.replace("syscall.SIGTERM", "os.Interrupt").replace('\t"syscall"\n', "")),
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
        _MAIN_LINE,
    ),
    "a panic before it is ready": Failure(
        "A: panic (any goroutine)",
        _layout("early", main=_program(serving='\tpanic("no configuration")\n')),
        "crashed",
        None,
        _MAIN_LINE,
    ),
    "a deadlock": Failure(
        "A: fatal error (deadlock)",
        _layout("deadlock", main=_program("sync", ending="var m sync.Mutex; m.Lock(); stop(); server.Close(); signal.Reset(); m.Lock()")),
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
        _MAIN_LINE,
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
                ending="signal.Reset(syscall.SIGTERM); syscall.Kill(os.Getpid(), syscall.SIGKILL); select {}"
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
                '\t\t\tlog.Print(err)\n\t\t}\n\t})\n',
            ).replace(_HANDLED, "context.WithCancel(context.Background())").replace('\t"os/signal"\n', "").replace('\t"syscall"\n', ""),
            target={
                "exercise": "exec 3<>/dev/tcp/127.0.0.1/$PORT; "
                "printf 'GET /save HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
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
            DOCKERFILE.replace("USER", "COPY start.bash /start\nUSER"),
            base=base,
            entrypoint='ENTRYPOINT ["sh", "/start"]',
            grace=1,
            files={"start.bash": "#!/bin/sh\necho start\n/app\n"},
        ),
        "killed",
        "COV203",
        ("start.bash", "/app"),
    )
    for shell, base in (("dash", DASH), ("bash", BASH))
}
