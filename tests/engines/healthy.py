"""Services whose coverage arrives although they look unlike each other: no cause may be named."""

from __future__ import annotations

from engines.failures import BASH, BUSYBOX, DASH, INITS, built, program, service
from engines.project import Layout

_OPENED = (
    'initContainers: [{name: own, image: "docker.io/library/busybox:1.36", '
    'imagePullPolicy: Never, command: [chown, "1001", /d], '
    "volumeMounts: [{name: coverage, mountPath: /d}]}]"
)
_SNAPSHOT = program(
    "runtime/coverage",
    serving="\tusr1 := make(chan os.Signal, 1)\n\tsignal.Notify(usr1, syscall.SIGUSR1)\n"
    "\tgo func() {\n\t\tfor range usr1 {\n"
    '\t\t\tcoverage.WriteMetaDir("/coverdata")\n\t\t\tcoverage.WriteCountersDir("/coverdata")\n'
    "\t\t}\n\t}()\n",
)
_TRAP = "trap 'kill -TERM $child; wait $child' TERM; /app & child=$!; wait $child; wait $child"

IN_A_CONTAINER = {
    "a shell with a trap": service(
        "trap",
        base=DASH,
        entrypoint=f'ENTRYPOINT ["sh", "-c", "{_TRAP}"]',
    ),
    "bash, which execs by itself": service(
        "bashexec", base=BASH, entrypoint='ENTRYPOINT ["sh", "-c", "FOO=bar /app"]'
    ),
    "busybox, which execs by itself": service(
        "busyexec", base=BUSYBOX, entrypoint='ENTRYPOINT ["sh", "-c", "cd /tmp && /app"]'
    ),
    "a shell that execs after something else": service(
        "prepared", base=DASH, entrypoint='ENTRYPOINT ["sh", "-c", "echo start; exec /app"]'
    ),
    "another stop signal, which is handled": service(
        "sigint",
        main=program().replace("syscall.SIGTERM)", "os.Interrupt)").replace('\t"syscall"\n', ""),
        entrypoint='STOPSIGNAL SIGINT\nENTRYPOINT ["/app"]',
    ),
    "tini, which passes SIGTERM on": service(
        "tini", base=INITS, entrypoint='ENTRYPOINT ["tini", "--", "/app"]'
    ),
    "a shell behind tini that execs": service(
        "tiniexec", base=INITS, entrypoint='ENTRYPOINT ["tini", "--", "sh", "-c", "exec /app"]'
    ),
    "dumb-init, which passes SIGTERM on": service(
        "dumbinit", base=INITS, entrypoint='ENTRYPOINT ["dumb-init", "/app"]'
    ),
    "timeout, which passes SIGTERM on": service(
        "timeout", base=INITS, entrypoint='ENTRYPOINT ["timeout", "60", "/app"]'
    ),
    "a shutdown that takes its time": service("patient", slow="2s", grace=20),
    "flags that are said to harm": service(
        "folklore",
        built(
            "RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -tags netgo -o /out/app ./cmd/app"
        ),
    ),
    "os.Exit after a panic that was recovered": service(
        "recovered",
        main=program(
            ending='func() { defer func() { recover() }(); panic("no harm") }(); os.Exit(0)'
        ),
    ),
}

PLAYED = {
    "as root": service("root"),
    "as a user, in a folder that is his": service("user", user="1001", pod=_OPENED),
    "with a read-only root": service(
        "readonlyroot", container="securityContext: {readOnlyRootFilesystem: true}"
    ),
}

IN_A_CLUSTER = {
    "copied out of the node": service(
        "copied",
        host_path="/var/copied",
        files={
            "collect.sh": "set -e\nkubectl -n copied scale deployment/app --replicas=0\n"
            "kubectl -n copied wait --for=delete pod -l app=app --timeout=60s\n"
            'mkdir -p coverdata\ndocker cp "$CLUSTER-worker:/var/copied/." coverdata\n'
        },
    ),
    "a snapshot in an emptyDir, copied out of the pod": service(
        "snapshot",
        base=BUSYBOX,
        main=_SNAPSHOT,
        goflags="-cover -covermode=atomic",
        volume="emptyDir: {}",
        files={
            "collect.sh": "set -e\nkubectl -n snapshot exec deploy/app -- kill -USR1 1\n"
            "pod=$(kubectl -n snapshot get pod -l app=app -o name)\n"
            'kubectl cp "snapshot/${pod#pod/}:/coverdata" coverdata\n'
            "kubectl -n snapshot scale deployment/app --replicas=0\n"
        },
    ),
    "three replicas of a user of its own": service(
        "replicas", user="1001", pod=_OPENED, replicas=3
    ),
    "a grace period of 0, and a quick shutdown": service("quick", grace=0),
}


def engines_of() -> dict[str, tuple[str, Layout]]:
    """Every one by a name, with the engine that runs it."""
    groups = (("container", IN_A_CONTAINER), ("play", PLAYED), ("kind", IN_A_CLUSTER))
    return {
        f"{engine}: {name}": (engine, layout)
        for engine, layouts in groups
        for name, layout in layouts.items()
    }
