"""What a Go main package does about SIGTERM, and how long its shutdown takes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest

from covlint.diagnostics import Edit
from covlint.facts.golang.shutdown import (
    MainPackage,
    may_be_main,
    read_main_package,
    read_module,
    signal_fix,
)
from covlint.source import SourceFile

MODULE = read_module(SourceFile.of_text("go.mod", "module example.com/app\n\ngo 1.22\n"))


def main_of(files: dict[str, str], directory: str = ".") -> MainPackage:
    sources = [SourceFile.of_text(path, text) for path, text in files.items()]

    def inside(folder: str) -> list[SourceFile]:
        return [one for one in sources if (one.path.rpartition("/")[0] or ".") == folder]

    def load(path: str) -> Sequence[SourceFile]:
        prefix = "example.com/app/"
        return inside(path[len(prefix) :]) if path.startswith(prefix) else []

    found = read_main_package(directory, inside(directory), load, MODULE)
    assert found is not None
    return found


def program(imports: str, body: str, rest: str = "") -> dict[str, str]:
    block = "".join(f"\t{one}\n" for one in imports.split())
    return {"main.go": f"package main\n\nimport (\n{block})\n\nfunc main() {{\n{body}\n}}\n{rest}"}


SERVE = '\thttp.ListenAndServe(":80", nil)'


APPENDED = """\
	sigs := []os.Signal{os.Interrupt}
	sigs = append(sigs, syscall.SIGTERM)
	signal.Notify(c, sigs...)"""


@pytest.mark.parametrize(
    ("imports", "body", "handles"),
    [
        ('"net/http"', SERVE, False),
        ('"os/signal" "syscall"', "\tsignal.Notify(c, syscall.SIGTERM)", True),
        ('"os/signal"', "\tsignal.Notify(c)", True),
        ('"os/signal" "golang.org/x/sys/unix"', "\tsignal.Notify(c, unix.SIGTERM)", True),
        ('s"os/signal" . "syscall"', "\ts.Notify(c, SIGTERM)", True),
        ('"os" "os/signal"', "\tsignal.NotifyContext(ctx, os.Interrupt)", False),
        ('"os" "os/signal"', "\tsignal.Notify(c, os.Kill, os.Interrupt)", False),
        ('"os/signal" "syscall"', "\tsignal.Ignore(syscall.SIGTERM)", False),
        ('"os/signal" "syscall"', "\tsignal.Notify(c, syscall.Signal(15))", True),
        ('"os/signal"', "\tsignal.Notify(c, wanted()...)", None),
        (
            '"os" "os/signal" "syscall"',
            APPENDED,
            True,
        ),
        ('ctrl"sigs.k8s.io/controller-runtime"', "\tctx := ctrl.SetupSignalHandler()", True),
        ('ctrl"sigs.k8s.io/controller-runtime"', "\tmgr.Start(context.TODO())", False),
        ('"go.uber.org/fx"', "\tfx.New(module).Run()", True),
        ('"go.uber.org/fx"', "\tfx.New(module).Start(ctx)", None),
        ('"github.com/oklog/run"', "\trun.SignalHandler(ctx, syscall.SIGTERM)", True),
        ('"github.com/gorilla/websocket" "net/http"', SERVE, False),
        ('"example.org/server"', "\tserver.Run()", None),
        ('"C"', "\tC.run()", None),
        ('"example.com/app/gone"', "\tgone.Run()", None),
        ('"github.com/labstack/echo/v4"', "\techo.New().Start(x)", False),
        ('"github.com/labstack/echo/v5"', "\techo.New().Start(x)", True),
        ('"github.com/labstack/echo/v5"', "\techo.StartConfig{}.Start(ctx, e)", None),
    ],
)
def test_handles_sigterm(imports: str, body: str, handles: bool | None) -> None:
    assert main_of(program(imports, body)).handles_sigterm is handles


@pytest.mark.parametrize(
    ("path", "body", "handles"),
    [
        ("k8s.io/apiserver/pkg/server", "server.SetupSignalContext()", True),
        ("k8s.io/apiserver/pkg/server", "server.New()", False),
        ("github.com/rancher/wrangler/v3/pkg/signals", "signals.SetupSignalContext()", True),
        ("knative.dev/pkg/signals", "signals.NewContext()", True),
        ("knative.dev/pkg/injection/sharedmain", 'sharedmain.Main("till")', True),
        ("knative.dev/pkg/injection/sharedmain", "sharedmain.MainNamed(ctx)", None),
        (
            "github.com/openshift/library-go/pkg/controller/controllercmd",
            'controllercmd.NewControllerCommandConfig("till", v, run, c).NewCommand()',
            True,
        ),
        ("github.com/go-kratos/kratos/v2", "kratos.New(kratos.Name(n)).Run()", True),
        ("github.com/go-kratos/kratos/v2", "kratos.New(kratos.Signal(s)).Run()", None),
        ("github.com/zeromicro/go-zero/rest", "rest.MustNewServer(c).Start()", True),
        ("go.temporal.io/sdk/worker", "w.Run(worker.InterruptCh())", True),
        ("go.temporal.io/sdk/worker", "w.Run(stop)", None),
        ("github.com/hibiken/asynq", "asynq.NewServer(r, c).Run(mux)", True),
        ("github.com/hibiken/asynq", "asynq.NewServer(r, c).Start(mux)", None),
        (
            "github.com/ThreeDotsLabs/watermill/message/router/plugin",
            "router.AddPlugin(plugin.SignalsHandler)",
            True,
        ),
        ("github.com/kardianos/service", "s, _ := service.New(p, c)\n\ts.Run()", True),
        ("github.com/cloudwego/hertz/pkg/app/server", "h := server.Default()\n\th.Spin()", True),
        ("github.com/cloudwego/hertz/pkg/app/server", "h := server.Default()\n\th.Run()", None),
        (
            "github.com/cloudwego/hertz/pkg/app/server",
            "h := server.New()\n\th.SetCustomSignalWaiter(f)\n\th.Spin()",
            None,
        ),
        ("github.com/kataras/iris/v12", "a := iris.New()\n\ta.Listen(x)", True),
        (
            "github.com/kataras/iris/v12",
            "a := iris.New()\n\ta.Listen(x, iris.WithoutInterruptHandler)",
            None,
        ),
        ("github.com/ory/graceful", "graceful.Graceful(s.Serve, s.Shutdown)", True),
        ("gopkg.in/tylerb/graceful.v1", "graceful.Run(x, t, n)", True),
        ("github.com/fvbock/endless", "endless.ListenAndServe(x, r)", True),
        ("github.com/facebookgo/grace/gracehttp", "gracehttp.Serve(s)", True),
        ("github.com/grafana/dskit/server", "s, _ := server.New(c)\n\ts.Run()", True),
        ("github.com/grafana/dskit/signals", "signals.NewHandler(l).Loop()", True),
        ("go.opentelemetry.io/collector/otelcol", "otelcol.NewCommand(s).Execute()", True),
        ("github.com/nats-io/nats-server/v2/server", "server.Run(s)", True),
        ("github.com/oklog/run", "var g run.Group\n\tg.Run()", False),
        ("github.com/urfave/cli/v3", "cmd.Run(ctx, args)", False),
        ("k8s.io/component-base/cli", "cli.Run(command)", False),
        ("github.com/gofiber/fiber/v2", "fiber.New().Listen(x)", False),
        ("github.com/hashicorp/go-plugin", "plugin.Serve(c)", None),
        ("github.com/cloudflare/tableflip", "tableflip.New(o)", None),
    ],
)
def test_libraries(path: str, body: str, handles: bool | None) -> None:
    assert main_of(program(f'"{path}"', f"\t{body}")).handles_sigterm is handles


@pytest.mark.parametrize(
    ("signals", "handles"),
    [("os.Interrupt, syscall.SIGTERM", True), ("os.Interrupt", False), ("wanted()...", None)],
)
def test_cobra_and_urfave_with_a_context(signals: str, handles: bool | None) -> None:
    body = f"\tctx, _ := signal.NotifyContext(b, {signals})\n\troot.ExecuteContext(ctx)"
    for library in ("github.com/spf13/cobra", "github.com/urfave/cli/v2"):
        imports = f'"os" "os/signal" "syscall" "{library}"'
        assert main_of(program(imports, body)).handles_sigterm is handles


LIBRARY = """package stop

import (
	"os"
	"os/signal"
)

func Wait() { c := make(chan os.Signal, 1); signal.Notify(c, wanted...); <-c }
"""
POSIX = (
    '//go:build !windows\n\npackage stop\n\nimport (\n\t"os"\n\t"syscall"\n)\n\n'
    "var wanted = []os.Signal{os.Interrupt, syscall.SIGTERM}\n"
)
WINDOWS = 'package stop\n\nimport "os"\n\nvar wanted = []os.Signal{os.Interrupt}\n'
CALLER = 'package main\n\nimport "example.com/app/server"\n\nfunc main() { server.Run() }\n'
SERVER = 'package server\n\nimport "example.com/app/stop"\n\nfunc Run() { stop.Wait() }\n'


def test_calls_are_followed_into_packages_of_the_module() -> None:
    files = {
        "cmd/x/main.go": CALLER,
        "server/server.go": SERVER,
        "stop/stop.go": LIBRARY,
        "stop/stop_posix.go": POSIX,
        "stop/stop_windows.go": WINDOWS,
    }
    found = main_of(files, "cmd/x")
    assert found.handles_sigterm is True
    assert found.import_path == "example.com/app/cmd/x"
    del files["stop/stop_posix.go"]
    files["stop/stop_other.go"] = WINDOWS
    found = main_of(files, "cmd/x")
    assert found.handles_sigterm is False
    assert found.interrupt_only is not None
    assert found.interrupt_only.argument is not None
    assert found.interrupt_only.argument.path == "stop/stop_other.go"
    files["stop/stop_other.go"] = POSIX
    files["stop/stop.go"] = "package stop\n\nfunc Wait() {}\n"
    files["stop/stop_coverage.go"] = "//go:build coverage\n\n" + LIBRARY
    assert main_of(files, "cmd/x").handles_sigterm is None


def test_a_function_that_nothing_names_handles_nothing() -> None:
    files = {
        "main.go": CALLER,
        "server/server.go": SERVER.replace("stop.Wait()", "stop.Other() // not Wait"),
        "stop/stop.go": LIBRARY + "\nfunc Other() {}\n",
        "stop/stop_posix.go": POSIX,
    }
    files["server/server.go"] = SERVER.replace("stop.Wait()", "stop.Other()")
    assert main_of(files).handles_sigterm is False


def test_interrupt_only_survives_unseen_libraries_but_not_unseen_signals() -> None:
    body = "\tsignal.Notify(c, os.Interrupt)"
    with_library = main_of(program('"os" "os/signal" "example.org/x"', body))
    assert with_library.handles_sigterm is None
    assert with_library.interrupt_only is not None
    assert with_library.unseen == ("example.org/x",)
    hidden = main_of(program('"os" "os/signal"', body + "\n\tsignal.Notify(d, other)"))
    assert hidden.interrupt_only is None


@pytest.mark.parametrize(
    ("body", "runs"),
    [
        (SERVE, True),
        ("\tselect {}", True),
        ("\tsignal.Notify(c, os.Interrupt)\n\t<-c", True),
        ("\tfor {\n\t\twork()\n\t}", True),
        ("\tgo http.Serve(l, nil)\n\twg.Wait()", True),
        ("\tgo http.Serve(l, nil)\n\twork()", None),
        ("\t<-done", None),
        ("\tfmt.Println(1)", False),
    ],
)
def test_runs_forever(body: str, runs: bool | None) -> None:
    found = main_of(program('"os" "os/signal" "net/http" "fmt"', body))
    assert found.runs_forever is runs
    assert (found.blocking_call is not None) is (runs is True)


def test_a_server_that_is_only_started_in_a_goroutine_elsewhere_is_not_plain() -> None:
    rest = "func serve() { http.Serve(l, nil) }\nfunc launch() { go serve() }\n"
    assert main_of(program('"net/http"', "\tlaunch()", rest)).runs_forever is None


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("30 * time.Second", 30.0),
        ("time.Minute", 60.0),
        ("500*time.Millisecond", 0.5),
        ("time.Duration(20) * time.Second", 20.0),
        ("grace", 7.0),
        ("count * time.Second", 9.0),
        ("cfg.Timeout", None),
        ("wait(3)", None),
    ],
)
def test_shutdown_seconds(duration: str, seconds: float | None) -> None:
    body = (
        "\tjob, stop := context.WithTimeout(ctx, time.Hour)\n\twork(job)\n"
        f"\tdown, cancel := context.WithTimeout(ctx, {duration})\n\tsrv.Shutdown(down)"
    )
    rest = "const grace = 7 * time.Second\nconst count = 9\n"
    found = main_of(program('"context" "time"', body, rest))
    assert found.shutdown_seconds == seconds
    assert (found.shutdown_span is not None) is (seconds is not None)


def test_runtime_coverage_anywhere_in_the_module_is_seen() -> None:
    files = {
        "main.go": CALLER,
        "server/server.go": 'package server\n\nimport _ "runtime/coverage"\n\nfunc Run() {}\n',
    }
    assert main_of(files).serves_coverage
    assert not main_of(program('"fmt"', "")).serves_coverage


def apply(source: SourceFile, edits: Sequence[Edit]) -> bytes:
    data = source.data
    for edit in sorted(edits, key=lambda one: one.span, reverse=True):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    return data


@pytest.mark.parametrize(
    ("imports", "call", "expected"),
    [
        ('"os" "os/signal"', "signal.Notify(c, os.Interrupt)", "os.Interrupt, syscall.SIGTERM)"),
        (
            '"os" "os/signal"',
            "signal.Notify(\n\t\tc,\n\t\tos.Interrupt,\n\t)",
            "\t\tos.Interrupt, syscall.SIGTERM,\n",
        ),
        (
            '"os/signal" "syscall"',
            "signal.NotifyContext(ctx, syscall.SIGINT)",
            "syscall.SIGINT, syscall.SIGTERM)",
        ),
    ],
)
def test_signal_fix_is_formatted_and_handles_sigterm(
    imports: str, call: str, expected: str
) -> None:
    files = program(imports, f"\t{call}")
    found = main_of(files)
    assert found.interrupt_only is not None
    assert found.imports_signal_syscall is ("syscall" in imports)
    source = SourceFile.of_text("main.go", files["main.go"])
    fixed = apply(source, signal_fix(found.interrupt_only, source))
    assert expected in fixed.decode()
    assert fixed.count(b'"syscall"') == 1
    assert main_of({"main.go": fixed.decode()}).handles_sigterm is True
    gofmt = shutil.which("gofmt")
    if gofmt is not None:
        done = subprocess.run([gofmt], input=fixed, capture_output=True, check=True)
        assert done.stdout == fixed


def test_directories_without_a_main_function_have_no_main_package() -> None:
    for text in ("package server\n\nfunc main() {}\n", "package main\n", "", "\x00"):
        source = SourceFile.of_text("main.go", text)
        assert read_main_package(".", [source], lambda _: [], None) is None
    assert may_be_main(b"package main\n\nfunc main() {\n}\n")
    assert not may_be_main(b"package cli\n\nfunc main() {\n}\n")


def test_module_facts() -> None:
    assert MODULE is not None
    assert (MODULE.directory, MODULE.module_path, MODULE.go_version) == (
        ".",
        "example.com/app",
        "1.22",
    )
    nested = read_module(SourceFile.of_text("tools/go.mod", "module x/tools\n"))
    assert nested is not None
    assert (nested.directory, nested.toolchain) == ("tools", None)
    assert read_module(SourceFile.of_text("go.mod", "go 1.22\n")) is None


def test_a_method_that_nothing_names_bypasses_nothing() -> None:
    rest = "\ntype service struct{}\n\nfunc (s service) Stop() { syscall.Exit(0) }\n"
    files = program('"net/http" "syscall"', SERVE, rest)
    assert main_of(files).bypasses == ()
    files = program('"net/http" "syscall"', f"\tdefer service{{}}.Stop()\n{SERVE}", rest)
    (found,) = main_of(files).bypasses
    assert found.call == "syscall.Exit"


def test_exits_in_a_package_of_the_module() -> None:
    files = {
        "cmd/x/main.go": CALLER,
        "server/server.go": 'package server\n\nimport "syscall"\n\nfunc Run() { syscall.Exit(0) }\n',
    }
    (found,) = main_of(files, "cmd/x").bypasses
    assert found.span.path == "server/server.go"
    assert not found.plain
    files["server/server.go"] = files["server/server.go"].replace("Run", "Stop")
    assert main_of(files, "cmd/x").bypasses == ()
