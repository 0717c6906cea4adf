"""The build: the binary is not instrumented, or not as a whole."""

from __future__ import annotations

from breakit.change import Edit, Engine, Sabotage
from covlint.diagnostics import Symptom

TRACKER = "build/tracker.Dockerfile"
PRICER = "build/pricer.Dockerfile"
SMOKE = "build/smoke.Dockerfile"
MAKE = "Makefile"
MAIN = "cmd/tracker/main.go"
RELEASE = ".github/workflows/release.yaml"

BUILD = (
    Sabotage(
        "the coverage branch has lost its -cover",
        "COV101",
        PRICER,
        (Edit(PRICER, "go build -cover -o", "go build -o"),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
        target="pricer",
    ),
    Sabotage(
        "the smoke image is built as for production",
        "COV101",
        SMOKE,
        (Edit(SMOKE, "go build -cover -o", 'go build -ldflags "-s -w" -o'),),
        Engine.IMAGE,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "nobody passes GOFLAGS any more",
        "COV101",
        TRACKER,
        (
            Edit(MAKE, "--build-arg GOFLAGS=-cover ", ""),
            Edit(TRACKER, 'ARG GOFLAGS=""\n', ""),
        ),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
        left=("COV118",),  # the same Dockerfile makes the release
        hides=("COV104", "COV118"),  # there is no flag that could be lost, or released
    ),
    Sabotage(
        "an old builder image",
        "COV102",
        TRACKER,
        (Edit(TRACKER, "golang:1.24-bookworm", "golang:1.19-bullseye"),),
        Engine.NONE,
        Symptom.NOT_INSTRUMENTED,
        repaired=False,
        note="needs Go 1.19: see its lab",
    ),
    Sabotage(
        "ARG above the first FROM",
        "COV103",
        TRACKER,
        (
            Edit(TRACKER, 'ARG GOFLAGS=""\n', ""),
            Edit(TRACKER, "FROM golang", 'ARG GOFLAGS=""\nFROM golang'),
        ),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "ARG below the build",
        "COV103",
        TRACKER,
        (
            Edit(TRACKER, 'ARG GOFLAGS=""\n', ""),
            Edit(TRACKER, "./cmd/tracker\n", './cmd/tracker\nARG GOFLAGS=""\n'),
        ),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "ARG in the final stage",
        "COV103",
        TRACKER,
        (
            Edit(TRACKER, 'ARG GOFLAGS=""\n', ""),
            Edit(TRACKER, "slim\n", "slim\nARG GOFLAGS\n"),
        ),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "ENV GOFLAGS below the ARG",
        "COV104",
        TRACKER,
        (Edit(TRACKER, 'ARG GOFLAGS=""\n', 'ARG GOFLAGS=""\nENV GOFLAGS=-mod=mod\n'),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "GOFLAGS before the command",
        "COV104",
        TRACKER,
        (Edit(TRACKER, "CGO_ENABLED=0 go", "CGO_ENABLED=0 GOFLAGS=-buildvcs=false go"),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "GOFLAGS exported in the same RUN",
        "COV104",
        SMOKE,
        (
            Edit(
                SMOKE,
                "RUN CGO_ENABLED=0 go build -cover",
                "ENV GOFLAGS=-cover\nRUN export CGO_ENABLED=0 GOFLAGS='-buildvcs=false'; go build",
            ),
        ),
        Engine.IMAGE,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "-cover=false on the command line",
        "COV104",
        TRACKER,
        (Edit(TRACKER, "go build -trimpath", "go build -cover=false -trimpath"),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "-coverpkg of the libraries only",
        "COV105",
        PRICER,
        (Edit(PRICER, "-cover -o", "-cover -coverpkg=./internal/... -o"),),
        Engine.PROCESS,
        Symptom.NO_META,
        target="pricer",
    ),
    Sabotage(
        "-coverpkg of a module that has another name now",
        "COV105",
        SMOKE,
        (Edit(SMOKE, "-cover -o", "-cover -coverpkg=example.com/shipping/... -o"),),
        Engine.IMAGE,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "-coverpkg with spaces",
        "COV105",
        PRICER,
        (Edit(PRICER, "-cover -o", "-cover -coverpkg='./cmd/... ./internal/...' -o"),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
        target="pricer",
    ),
    Sabotage(
        "flags in GOFLAGS with a comma",
        "COV106",
        SMOKE,
        (
            Edit(
                SMOKE,
                "RUN CGO_ENABLED=0 go build -cover",
                'ENV GOFLAGS="-cover,-trimpath"\nRUN CGO_ENABLED=0 go build',
            ),
        ),
        Engine.IMAGE,
        Symptom.NEVER_STARTED,
    ),
    Sabotage(
        "a flag in GOFLAGS without its dash",
        "COV106",
        MAKE,
        (Edit(MAKE, "--build-arg GOFLAGS=-cover ", "--build-arg GOFLAGS=cover "),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "a value in GOFLAGS behind a space",
        "COV106",
        SMOKE,
        (
            Edit(
                SMOKE,
                "RUN CGO_ENABLED=0 go build -cover",
                'RUN CGO_ENABLED=0 GOFLAGS="-cover -coverpkg ./..." go build',
            ),
        ),
        Engine.IMAGE,
        Symptom.NEVER_STARTED,
    ),
    Sabotage(
        "-a in the coverage branch",
        "COV107",
        PRICER,
        (Edit(PRICER, "go build -cover", "go build -a -cover"),),
        Engine.NONE,
        None,
        target="pricer",
        note="loses nothing, and compiles the standard library again: see its lab",
    ),
    Sabotage(
        "-installsuffix in the coverage branch",
        "COV108",
        PRICER,
        (Edit(PRICER, "go build -cover", "go build -cover -installsuffix cgo"),),
        Engine.PROCESS,
        None,
        target="pricer",
    ),
    Sabotage(
        "static linking of the smoke image",
        "COV109",
        SMOKE,
        (Edit(SMOKE, "-cover -o", "-cover -ldflags '-s -w -extldflags \"-static\"' -o"),),
        Engine.IMAGE,
        None,
    ),
    Sabotage(
        "the file is built, not the package",
        "COV110",
        PRICER,
        (
            Edit(
                PRICER,
                "-cover -o /out/pricer ./cmd/pricer;",
                "-cover -o /out/pricer cmd/pricer/main.go;",
            ),
        ),
        Engine.PROCESS,
        Symptom.WRONG_NAMES,
        target="pricer",
    ),
    Sabotage(
        "the files of a folder are built",
        "COV110",
        SMOKE,
        (Edit(SMOKE, "/out/tracker ./cmd/tracker\n", "/out/tracker ./cmd/tracker/main.go\n"),),
        Engine.IMAGE,
        Symptom.WRONG_NAMES,
    ),
    Sabotage(
        "the service is installed by its version",
        "COV111",
        TRACKER,
        (
            Edit(
                TRACKER,
                'RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/tracker ./cmd/tracker\n',
                "RUN CGO_ENABLED=0 GOBIN=/out go install example.com/parcels/cmd/tracker@v1.7.0\n",
            ),
        ),
        Engine.NONE,
        Symptom.NOT_INSTRUMENTED,
        repaired=False,
        note="needs a published module: see its lab",
    ),
    Sabotage(
        "a snapshot by signal, in mode set",
        "COV112",
        PRICER,
        (
            Edit("cmd/pricer/main.go", '\t"os/signal"\n', '\t"os/signal"\n\t"runtime/coverage"\n'),
            Edit(
                "cmd/pricer/main.go",
                "\tgo func() {\n",
                "\tsnapshot := make(chan os.Signal, 1)\n"
                "\tsignal.Notify(snapshot, syscall.SIGUSR1)\n"
                "\tgo func() {\n\t\tfor range snapshot {\n"
                '\t\t\t_ = coverage.WriteCountersDir(os.Getenv("GOCOVERDIR"))\n\t\t}\n\t}()\n'
                "\tgo func() {\n",
            ),
        ),
        Engine.PROCESS,
        None,
        target="pricer",
    ),
    Sabotage(
        "another covermode for one of two services",
        "COV113",
        MAKE,
        (Edit(PRICER, "go build -cover -o", "go build -cover -covermode=atomic -o"),),
        Engine.KIND,
        Symptom.MODE_CLASH,
        hides=("COV112",),  # atomic is what a snapshot needs
    ),
    Sabotage(
        "another covermode for one of two programs",
        "COV113",
        "scripts/smoke.sh",
        (
            Edit(
                "scripts/smoke.sh",
                "go build -cover -o bin/pricer",
                "go build -race -cover -o bin/pricer",
            ),
        ),
        Engine.SMOKE,
        Symptom.MODE_CLASH,
    ),
    Sabotage(
        "a test binary in the image",
        "COV114",
        SMOKE,
        (
            Edit(SMOKE, "go build -cover -o", "go test -c -cover -coverpkg=./... -o"),
            Edit(
                "cmd/tracker/main_test.go",
                "func TestVersion",
                "func TestMainServes(*testing.T) { main() }\n\nfunc TestVersion",
            ),
        ),
        Engine.IMAGE,
        Symptom.NO_META,
    ),
    Sabotage(
        "-coverpkg=./... from the folder of the program",
        "COV115",
        SMOKE,
        (
            Edit(SMOKE, "COPY . .\n", "COPY . .\nWORKDIR /src/cmd/tracker\n"),
            Edit(
                SMOKE,
                "go build -cover -o /out/tracker ./cmd/tracker",
                "go build -coverpkg=./... -o /out/tracker .",
            ),
        ),
        Engine.IMAGE,
        Symptom.WRONG_NAMES,
    ),
    Sabotage(
        "cd before the build, and ./... from there",
        "COV115",
        PRICER,
        (
            Edit(
                PRICER,
                "go build -cover -o /out/pricer ./cmd/pricer;",
                "cd cmd/pricer && go build -cover -coverpkg=./... -o /out/pricer;",
            ),
        ),
        Engine.PROCESS,
        Symptom.MAIN_MISSING,
        target="pricer",
    ),
    Sabotage(
        "GOEXPERIMENT switches coverage off",
        "COV116",
        TRACKER,
        (
            Edit(
                TRACKER,
                "ARG VERSION=dev\n",
                "ARG VERSION=dev\nENV GOEXPERIMENT=nocoverageredesign\n",
            ),
        ),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "the Dockerfile declares no GOFLAGS",
        "COV117",
        MAKE,
        (Edit(TRACKER, 'ARG GOFLAGS=""\n', ""),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
    ),
    Sabotage(
        "the argument has another name in the Makefile",
        "COV117",
        MAKE,
        (Edit(MAKE, "--build-arg COVER=true", "--build-arg COVERAGE=true"),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
        target="pricer",
        repaired=False,
    ),
    Sabotage(
        "the Makefile passes no argument at all",
        "COV117",
        MAKE,
        (Edit(MAKE, "--build-arg GOFLAGS=-cover ", ""),),
        Engine.PROCESS,
        Symptom.NOT_INSTRUMENTED,
        repaired=False,
    ),
    Sabotage(
        "-cover in every build, releases included",
        "COV118",
        TRACKER,
        (Edit(TRACKER, "go build -trimpath", "go build -cover -trimpath"),),
        Engine.NONE,
        Symptom.NOT_SET,
        repaired=False,
        hides=("COV103", "COV104", "COV117"),  # the flag does not come by an argument any more
        note="nothing is lost in e2e: the release warns at each start",
    ),
    Sabotage(
        "the release passes -cover",
        "COV118",
        RELEASE,
        (Edit(RELEASE, "--build-arg VERSION=", "--build-arg GOFLAGS=-cover --build-arg VERSION="),),
        Engine.NONE,
        Symptom.NOT_SET,
        repaired=False,
        note="nothing is lost in e2e: the release warns at each start",
    ),
)
