"""The end: the program has to write its counters before it is gone."""

from __future__ import annotations

from breakit.change import Edit, Engine, Sabotage
from covlint.diagnostics import Symptom

TRACKER = "cmd/tracker/main.go"
PRICER = "cmd/pricer/main.go"
COLLECT = "scripts/collect.sh"
SMOKE = "scripts/smoke.sh"
SMOKE_IMAGE = "scripts/smoke-image.sh"
SCALE = (
    "kubectl -n parcels-e2e scale deployment/tracker deployment/pricer --replicas=0\n"
    "# kubectl wait fails where a pod has gone already.\n"
    'until test -z "$(kubectl -n parcels-e2e get pods -o name)"; do sleep 1; done\n'
)
END = 'kill "$tracker" "$pricer"\nwait "$tracker" "$pricer"\n'
REPORT = (
    'go tool covdata percent -i="$data/tracker,$data/pricer"\n'
    'go tool covdata textfmt -i="$data/tracker,$data/pricer" -o smoke-coverage.txt\n'
    "go tool cover -func=smoke-coverage.txt\n"
)
CLUSTER_REPORT = (
    "go tool covdata percent -i=coverdata\n"
    "go tool covdata textfmt -i=coverdata -o e2e-coverage.txt\n"
    "go tool cover -func=e2e-coverage.txt\n"
)

SHUTDOWN = (
    Sabotage(
        "no signal is handled",
        "COV601",
        TRACKER,
        (
            Edit(
                TRACKER,
                "\tctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)\n"
                "\tdefer stop()\n",
                "\tctx := context.Background()\n",
            ),
            Edit(TRACKER, '\t"os/signal"\n\t"syscall"\n', ""),
        ),
        Engine.PROCESS,
        Symptom.META_ONLY,
        repaired=False,
    ),
    Sabotage(
        "only the interrupt is handled",
        "COV602",
        TRACKER,
        (
            Edit(TRACKER, "os.Interrupt, syscall.SIGTERM", "os.Interrupt"),
            Edit(TRACKER, '\t"syscall"\n', ""),
        ),
        Engine.PROCESS,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "only SIGINT is handled",
        "COV602",
        PRICER,
        (Edit(PRICER, "syscall.SIGINT, syscall.SIGTERM", "syscall.SIGINT"),),
        Engine.PROCESS,
        Symptom.META_ONLY,
        target="pricer",
    ),
    Sabotage(
        "docker kill",
        "COV603",
        SMOKE_IMAGE,
        (Edit(SMOKE_IMAGE, "docker stop ", "docker kill "),),
        Engine.IMAGE,
        Symptom.META_ONLY,
        repaired=False,
    ),
    Sabotage(
        "docker rm -f in the place of a stop",
        "COV603",
        SMOKE_IMAGE,
        (
            Edit(SMOKE_IMAGE, "docker stop parcels-smoke\n", ""),
            Edit(
                SMOKE_IMAGE,
                "docker run -d ",
                'docker run -d -v "$PWD/coverdata/image:/coverdata" ',
            ),
            Edit(
                SMOKE_IMAGE,
                "rm -rf coverdata/image\nmkdir -p coverdata/image\n"
                "docker cp parcels-smoke:/coverdata/. coverdata/image\ndocker rm ",
                "docker rm -f ",
            ),
            Edit(
                SMOKE_IMAGE,
                "set -eu\n",
                "set -eu\nrm -rf coverdata/image\nmkdir -p coverdata/image\n"
                "chmod 777 coverdata coverdata/image\n",
            ),
        ),
        Engine.NONE,
        Symptom.KILLED,
        repaired=False,
        note="a race, which a quick shutdown wins",
    ),
    Sabotage(
        "kill -9",
        "COV603",
        SMOKE,
        (
            Edit(SMOKE, 'kill "$tracker" "$pricer"\n', 'kill -9 "$tracker" "$pricer"\n'),
            Edit(SMOKE, 'wait "$tracker" "$pricer"\n', 'wait "$tracker" "$pricer" || :\n'),
        ),
        Engine.SMOKE,
        Symptom.META_ONLY,
        repaired=False,
    ),
    Sabotage(
        "the pods are deleted by force",
        "COV603",
        "Makefile",
        (
            Edit(
                "Makefile",
                "collect:\n\tsh scripts/collect.sh\n",
                "collect:\n\tkubectl apply -k test/e2e/deploy\n"
                "\tTRACKER_URL=http://127.0.0.1:30880 PRICER_URL=http://127.0.0.1:30881 \\\n"
                "\t\tgo test -count=1 -tags=e2e ./test/e2e/...\n"
                "\tkubectl -n parcels-e2e delete pod --all --force --grace-period=0\n"
                "\tsleep 5\n\tsh scripts/collect.sh\n",
            ),
            Edit(COLLECT, SCALE, ""),
        ),
        Engine.KIND,
        None,
        repaired=False,
        note="a race, which a quick shutdown wins",
    ),
    Sabotage(
        "cleaned between start and end",
        "COV604",
        SMOKE_IMAGE,
        (
            Edit(
                SMOKE_IMAGE,
                "docker run -d ",
                'docker run -d -v "$PWD/coverdata/image:/coverdata" ',
            ),
            Edit(
                SMOKE_IMAGE,
                "docker stop parcels-smoke\n",
                "rm -rf ./coverdata/image/*\ndocker stop parcels-smoke\n",
            ),
            Edit(
                SMOKE_IMAGE,
                "rm -rf coverdata/image\nmkdir -p coverdata/image\n"
                "docker cp parcels-smoke:/coverdata/. coverdata/image\n",
                "",
            ),
            Edit(
                SMOKE_IMAGE,
                "set -eu\n",
                "set -eu\nrm -rf coverdata/image\nmkdir -p coverdata/image\n"
                "chmod 777 coverdata/image\n",
            ),
        ),
        Engine.IMAGE,
        Symptom.COUNTERS_ONLY,
        repaired=False,
    ),
    Sabotage(
        "cleaned after the programs have started",
        "COV604",
        SMOKE,
        (Edit(SMOKE, END, 'rm -f "$data"/*/*\n' + END),),
        Engine.SMOKE,
        Symptom.COUNTERS_ONLY,
        repaired=False,
    ),
    Sabotage(
        "syscall.Exit at the end",
        "COV605",
        TRACKER,
        (
            Edit(
                TRACKER,
                '\tlog.Print("tracker closes")\n',
                '\tlog.Print("tracker closes")\n\tsyscall.Exit(0)\n',
            ),
        ),
        Engine.PROCESS,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "the signal is sent to oneself again",
        "COV605",
        PRICER,
        (
            Edit(
                PRICER,
                '\t\tlog.Printf("pricer got %s", <-signals)\n\t\tcancel()\n',
                '\t\tlog.Printf("pricer got %s", <-signals)\n'
                "\t\tsignal.Reset(syscall.SIGTERM)\n"
                "\t\t_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)\n",
            ),
        ),
        Engine.PROCESS,
        Symptom.META_ONLY,
        target="pricer",
        repaired=False,
    ),
    Sabotage(
        "the report before the end",
        "COV606",
        COLLECT,
        (
            Edit(COLLECT, SCALE, ""),
            Edit(COLLECT, CLUSTER_REPORT, CLUSTER_REPORT + SCALE),
        ),
        Engine.KIND,
        Symptom.META_ONLY,
        repaired=False,
    ),
    Sabotage(
        "docker cp before docker stop",
        "COV606",
        SMOKE_IMAGE,
        (
            Edit(SMOKE_IMAGE, "docker stop parcels-smoke\n", ""),
            Edit(
                SMOKE_IMAGE,
                "docker rm parcels-smoke\n",
                "docker stop parcels-smoke\ndocker rm parcels-smoke\n",
            ),
        ),
        Engine.IMAGE,
        Symptom.META_ONLY,
        repaired=False,
    ),
    Sabotage(
        "the report before the programs end",
        "COV606",
        SMOKE,
        (Edit(SMOKE, END, ""), Edit(SMOKE, "\n" + REPORT, REPORT + END)),
        Engine.SMOKE,
        Symptom.META_ONLY,
        repaired=False,
    ),
)
