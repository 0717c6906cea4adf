from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Severity, Symptom
from covlint.facts.commands.data_steps import copied_out
from covlint.facts.dockerfile.build import Instrumentation
from covlint.facts.kubernetes.coverage_volume import coverage_mounts, mount_coverage
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain, may_serve_coverage

_IMAGE = 'FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\nCMD ["/till"]\n'
#: Files that are used one at a time say nearly the same things of a service.
_SERVICE = (
    "services:\n  till:\n    build: .\n    container_name: till\n    ports: ['80:80']\n"
    "    volumes:\n      - ./coverdata:/coverdata\n    mem_limit: 1g\n    networks: [e2e]\n"
)
_GIVEN = "    environment:\n      GOCOVERDIR: /coverdata\n"


class UnmountedCoverdir(Rule[Chain]):
    """GOCOVERDIR lies on no volume: the data goes with the container.

    Why: Go writes its counters when the program ends. The container's own file system is
    deleted with the container, usually right after.

    Instead: mount a volume that outlives the container at GOCOVERDIR, or copy the data out
    before the container is removed.

    Left out: containers that a script copies from, mounts that are not seen, a coverage
    volume at another path (COV501), and programs that hand their counters out while they run.
    It is a warning, since somebody may copy the data by hand.

    Fix: a hostPath, or the volume that the Kind cluster brings to the host. Safe in a
    manifest that is plainly for e2e.
    """

    code = "COV302"
    name = "unmounted-coverdir"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "field notes: written, then gone with the container (13 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, coverdir = chain.container, chain.coverdir
        if not chain.takes_part or container is None or coverdir is None:
            return
        if not coverdir.text.startswith("/") or chain.mount is not None:
            return
        if container.mounts_opaque or coverage_mounts(container):
            return
        if may_serve_coverage(chain):
            return
        if copied_out(chain.steps, container, [coverdir.text]):
            return
        here = container.variable("GOCOVERDIR") is not None
        # an image that always sets it, and is instrumented on demand, is run plainly as well
        if not here and chain.instrumentation is not Instrumentation.YES:
            return
        yield self.diagnostic(
            coverdir.span if here else container.span,
            f"no volume is mounted at {coverdir.text}: the counters are written when the program "
            "ends, and go with its container",
            fix=mount_coverage(container, coverdir.text, chain.clusters, e2e=chain.plainly_e2e),
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n",
            },
            "the volume is declared elsewhere",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /tmp/coverage\n"
                "      volumeMounts:\n        - name: data\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: data\n      emptyDir: {}\n",
            },
            "the coverage volume is mounted at another path: COV501",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
                "Makefile": "collect:\n\tkubectl exec till -- kill -USR1 1\n"
                "\tkubectl cp e2e/till:coverdata coverdata\n",
            },
            "copied while the container lives",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        {{- toYaml .Values.mounts | nindent 8 }}\n",
            },
            "mounts that are not seen",
        ),
        Valid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: $(DATA)/coverage\n",
            },
            "the path is not seen",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n"
                'ENV GOCOVERDIR=/coverdata\nCMD ["/till"]\n',
                "Makefile": "e2e:\n\tdocker build --build-arg GOFLAGS=$(FLAGS) -t till:e2e .\n",
                "deploy/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till:latest\n",
            },
            "the image has the variable in production, too",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n"
                'ENV GOCOVERDIR=/coverdata\nCMD ["/till"]\n',
                "Makefile": "cov:\n\tdocker build --build-arg GOFLAGS=-cover -t till:cov .\n",
                "docker-compose.test.yml": "services:\n  till:\n    image: till:latest\n"
                "    build: .\n",
            },
            "a test that runs the plain image",
        ),
        Valid(
            {
                "Dockerfile": _IMAGE,
                "docker-compose.yml": _SERVICE,
                "docker-compose.cover.yml": "services:\n  till:\n    environment:\n"
                "      GOCOVERDIR: /coverdata\n    volumes:\n      - ./coverdata:/coverdata\n",
            },
            "an override mounts it",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: «/coverdata»\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
                "        type: DirectoryOrCreate\n",
            },
            message="no volume is mounted at /coverdata",
            safe=True,
        ),
        Invalid(
            {
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: «/tmp/data»\n"
                "      volumeMounts:\n        - name: config\n          mountPath: /etc/till\n"
                "  volumes:\n    - name: config\n      configMap:\n        name: till\n",
                "kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
                "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
                "        containerPath: /var/coverdata\n",
            },
            fixed={
                "deploy/till.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /tmp/data\n"
                "      volumeMounts:\n        - name: config\n          mountPath: /etc/till\n"
                "        - name: coverage\n          mountPath: /tmp/data\n"
                "  volumes:\n    - name: config\n      configMap:\n        name: till\n"
                "    - name: coverage\n      hostPath:\n        path: /var/coverdata\n"
                "        type: DirectoryOrCreate\n",
            },
            safe=False,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: «/coverdata»\n"
                "  volumes:\n    - name: coverdata\n      persistentVolumeClaim:\n"
                "        claimName: coverdata\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n"
                "      volumeMounts:\n        - name: coverdata\n          mountPath: /coverdata\n"
                "  volumes:\n    - name: coverdata\n      persistentVolumeClaim:\n"
                "        claimName: coverdata\n",
            },
            safe=True,
        ),
        Invalid(
            {
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      env:\n"
                "        - name: GOCOVERDIR\n          value: «/app»\n",
            },
            message="go with its container",
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nRUN go build -cover -o /till .\n"
                "ENV GOCOVERDIR=/coverdata\n",
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "  - «name: till»\n    image: till\n",
            },
            fixed={
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "  - name: till\n    image: till\n    volumeMounts:\n    - name: coverage\n"
                "      mountPath: /coverdata\n  volumes:\n  - name: coverage\n    hostPath:\n"
                "      path: /coverdata\n      type: DirectoryOrCreate\n",
            },
        ),
        Invalid(
            {
                "Dockerfile": _IMAGE,
                "docker-compose.pg.yml": _SERVICE.replace("    ports", _GIVEN + "    ports"),
                "docker-compose.my.yml": _SERVICE.replace(
                    "    ports", _GIVEN.replace("/coverdata", "«/coverdata»") + "    ports"
                )
                .replace("    volumes:\n      - ./coverdata:/coverdata\n", "")
                .replace("mem_limit", "volumes: [./data:/data]\n    mem_limit"),
            },
            fixed={
                "docker-compose.my.yml": _SERVICE.replace("    ports", _GIVEN + "    ports")
                .replace("    volumes:\n      - ./coverdata:/coverdata\n", "")
                .replace(
                    "mem_limit", 'volumes: [./data:/data, "./coverdata:/coverdata"]\n    mem_limit'
                ),
            },
            message="no volume is mounted at /coverdata",
        ),
    )
