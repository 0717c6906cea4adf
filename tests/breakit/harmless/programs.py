"""Other ways for a Go program to end in order."""

from __future__ import annotations

from breakit.change import Edit, Harmless

TRACKER = "cmd/tracker/main.go"
PRICER = "cmd/pricer/main.go"
CONTEXT = (
    "\tctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)\n"
    "\tdefer stop()\n"
)

PROGRAMS = (
    Harmless(
        "a channel in the place of a context",
        (
            Edit(
                TRACKER,
                CONTEXT,
                "\tctx, stop := context.WithCancel(context.Background())\n\tdefer stop()\n"
                "\tsignals := make(chan os.Signal, 1)\n"
                "\tsignal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)\n"
                "\tgo func() {\n\t\t<-signals\n\t\tstop()\n\t}()\n",
            ),
        ),
    ),
    Harmless(
        "the signals in a package of their own",
        (
            Edit(
                "internal/stop/stop.go",
                "",
                '// Package stop ends a program.\npackage stop\n\nimport (\n\t"context"\n'
                '\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
                "// Context ends when the program has to.\n"
                "func Context() (context.Context, context.CancelFunc) {\n"
                "\treturn signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)\n}\n",
            ),
            Edit(TRACKER, CONTEXT, "\tctx, end := stop.Context()\n\tdefer end()\n"),
            Edit(TRACKER, '\t"context"\n', ""),
            Edit(TRACKER, '\t"os/signal"\n\t"syscall"\n', ""),
            Edit(
                TRACKER,
                '/internal/serve"\n',
                '/internal/serve"\n\t"example.com/parcels/internal/stop"\n',
            ),
        ),
    ),
    Harmless(
        "os.Exit at the end",
        (
            Edit(
                TRACKER,
                '\tlog.Print("tracker closes")\n',
                '\tlog.Print("tracker closes")\n\tos.Exit(0)\n',
            ),
        ),
    ),
    Harmless(
        "every signal is handled",
        (
            Edit(
                PRICER,
                "signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)",
                "signal.Notify(signals)",
            ),
            Edit(PRICER, '\t"syscall"\n', ""),
        ),
    ),
    Harmless(
        "a second program that handles nothing",
        (
            Edit(
                "cmd/import/main.go",
                "",
                '// Command import reads parcels from standard input.\npackage main\n\nimport "fmt"\n\n'
                'func main() {\n\tfmt.Println("nothing to import")\n}\n',
            ),
        ),
    ),
    Harmless(
        "a test that builds with coverage by itself",
        (
            Edit(
                "internal/tariff/tariff_test.go",
                "",
                'package tariff\n\nimport "testing"\n\nfunc TestOf(t *testing.T) {\n'
                "\tif cents, err := Of(1); err != nil || cents != 490 {\n"
                "\t\tt.Fatal(cents, err)\n\t}\n}\n",
            ),
        ),
    ),
    Harmless(
        "a newer language version",
        (Edit("go.mod", "go 1.21\n", "go 1.24\n\ntoolchain go1.24.4\n"),),
    ),
    Harmless(
        "a shorter time to finish requests",
        (Edit("internal/serve/serve.go", "10*time.Second", "3*time.Second"),),
    ),
)
