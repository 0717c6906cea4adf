"""Ways to lose coverage that a cluster shows, or shows in its own way: facts, parts A, C and G,
and the field notes. Pods run on the worker; ``clusters.two_nodes`` says what its folders are."""

from __future__ import annotations

from engines.failures import DASH, Failure, program, service
from engines.project import DOCKERFILE, Layout

#: A suite that owns the cluster: what it does between the start of the pods and its end.
_SUITE = """#!/bin/sh
set -e
docker build --build-arg GOFLAGS=-cover -t localhost/{name}:e2e .
docker save -o image.tar localhost/{name}:e2e
kind load image-archive image.tar --name "$CLUSTER"
rm image.tar
docker rmi localhost/{name}:e2e
kubectl apply -f deploy/app.yaml
kubectl -n {name} rollout status deployment/app --timeout=60s
mkdir -p coverdata
{body}
"""


def _suite(name: str, *lines: str, **changes: object) -> Layout:
    return service(
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
            "kubectl -n forced delete pod -l app=app --force --grace-period=0",
            "sleep 5  # the kubelet kills it after about two seconds",
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
            "go tool covdata percent -i=coverdata || true",
        ),
        "stale",
        "COV704",
        ("e2e.sh", "covdata"),
        twice=True,
    ),
    "no GOCOVERDIR": Failure(
        "A: GOCOVERDIR unset or empty",
        service("unset", coverdir='""'),
        "not-set",
        "COV301",
        ("deploy/app.yaml", ""),
    ),
    "a full file system": Failure(
        "A: full fs",
        service("full"),
        "no-space",
        None,
        ("kind.yaml", "hostPath"),
        on_node="mkdir -p /coverdata/full && mount -t tmpfs -o size=4k,nr_inodes=2 none /coverdata/full",
    ),
    "a directory for each pod": Failure(
        "A: files only in sub-directories (one dir per pod)",
        service("nested", coverdir=_POD_NAME, mount_options="subPathExpr: $(POD_NAME)", replicas=2),
        "nested",
        "COV309",
        ("deploy/app.yaml", "subPathExpr"),
    ),
    "a directory named after a variable that is not there": Failure(
        "G: subPathExpr: $(POD_NAME) without that variable",
        service("unnamed", mount_options="subPathExpr: $(POD_NAME)"),
        "never-started",
        None,
        ("deploy/app.yaml", ""),
        told="CreateContainerConfigError",
    ),
    "a hostPath that has to be there": Failure(
        "notes: hostPath of type Directory",
        service("typed", volume="hostPath: {path: /coverdata/typed, type: Directory}"),
        "never-started",
        "COV311",
        ("deploy/app.yaml", "type: Directory"),
    ),
    "a read-only extraMount": Failure(
        "A: read-only fs, by the node",
        service(
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
        service(
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
        service("group", user="1001", pod="securityContext: {runAsUser: 1001, fsGroup: 1001}"),
        "permission-denied",
        "COV304",
        ("deploy/app.yaml", ""),
    ),
    "root without its capabilities": Failure(
        "A: root without CAP_DAC_OVERRIDE on 0700 of another uid",
        service(
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
    "a shell as PID 1, by the manifest": Failure(
        "C: PID 1 = shell that does not exec the app",
        service("command", base=DASH, grace=1, container='command: ["sh", "-c", "/app; true"]'),
        "killed",
        "COV307",
        ("deploy/app.yaml", "command"),
    ),
    "a panic at its end": Failure(
        "A: panic",
        service("panic", main=program(ending='panic("lost")')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("lost")'),
    ),
    "a panic at its start, again and again": Failure(
        "CrashLoopBackOff",
        service("loop", main=program(serving='\tpanic("no configuration")\n')),
        "crashed",
        None,
        ("cmd/app/main.go", 'panic("no configuration")'),
    ),
    "more memory than it may have": Failure(
        "A: SIGKILL (OOMKilled)",
        service("hungry", main=program(ending=_HUNGRY), container=_LIMITED, grace=20),
        "killed",
        None,
        ("deploy/app.yaml", ""),
        told="OOMKilled",
    ),
    "an eviction": Failure(
        "A: SIGKILL (Evicted)",
        service(
            "evicted",
            slow="30s",
            grace=40,
            main=program(serving='\tos.WriteFile("/scratch/big", make([]byte, 8<<20), 0o644)\n'),
            files={
                "deploy/evict.sh": "pod=$(kubectl -n $NAMESPACE get pod -l app=app -o name)\n"
                "kubectl -n $NAMESPACE wait $pod --for=condition=Ready=false --timeout=100s\n"
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
        service(
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
