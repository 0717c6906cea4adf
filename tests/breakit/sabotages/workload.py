"""The workload: the overlay's patch, and what it makes of the containers."""

from __future__ import annotations

from breakit.change import Edit, Engine, Sabotage
from covlint.diagnostics import Symptom

PATCH = "test/e2e/deploy/coverage.yaml"
OVERLAY = "test/e2e/deploy/kustomization.yaml"
NAMESPACE = "test/e2e/deploy/namespace.yaml"
BASE = "deploy/base/tracker.yaml"
MAKE = "Makefile"
SERVE = "internal/serve/serve.go"
VARIABLE = "        env:\n        - name: GOCOVERDIR\n          value: {}\n"
MOUNT = "        volumeMounts:\n        - name: {}\n          mountPath: {}\n"
TRACKER_VOLUME = (
    "        hostPath:\n          path: /coverdata\n          type: DirectoryOrCreate\n"
)

WORKLOAD = (
    Sabotage(
        "the patch sets no GOCOVERDIR",
        "COV301",
        PATCH,
        (Edit(PATCH, VARIABLE.format("/coverdata"), ""),),
        Engine.PROCESS,
        Symptom.NOT_SET,
    ),
    Sabotage(
        "the overlay leaves the patch out",
        "COV301",
        "deploy/base/pricer.yaml",
        (Edit(OVERLAY, "- coverage.yaml\n", ""),),
        Engine.PROCESS,
        Symptom.NOT_SET,
        target="pricer",
        # the patch is not part of anything any more, and no container asks for data
        hides=(PATCH, "test/e2e/kind.yaml", NAMESPACE, "COV304", "COV504", "COV603", "COV606"),
    ),
    Sabotage(
        "GOCOVERDIR is empty",
        "COV301",
        PATCH,
        (Edit(PATCH, "value: /coverdata\n", 'value: ""\n'),),
        Engine.PROCESS,
        Symptom.NOT_SET,
    ),
    Sabotage(
        "no mount",
        "COV302",
        PATCH,
        (Edit(PATCH, MOUNT.format("coverage", "/coverdata"), ""),),
        Engine.PROCESS,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "the mount is read-only",
        "COV303",
        PATCH,
        (
            Edit(
                PATCH,
                "mountPath: /coverdata\n",
                "mountPath: /coverdata\n          readOnly: true\n",
            ),
        ),
        Engine.PROCESS,
        Symptom.READ_ONLY,
    ),
    Sabotage(
        "no mount below a read-only root",
        "COV303",
        "deploy/base/pricer.yaml",
        (Edit(PATCH, MOUNT.format("counters", "/var/coverage"), ""),),
        Engine.PROCESS,
        Symptom.NOT_EXTRACTED,
        target="pricer",
    ),
    Sabotage(
        "a ConfigMap in the place of the directory",
        "COV303",
        PATCH,
        (Edit(PATCH, TRACKER_VOLUME, "        configMap:\n          name: coverage\n"),),
        Engine.PROCESS,
        Symptom.READ_ONLY,
        repaired=False,
    ),
    Sabotage(
        "nobody opens the directory",
        "COV304",
        PATCH,
        (Edit(MAKE, "\tchmod 777 $(COVERDATA)\n", ""),),
        Engine.PROCESS,
        Symptom.PERMISSION_DENIED,
    ),
    Sabotage(
        "the directory is opened for its owner only",
        "COV304",
        PATCH,
        (Edit(MAKE, "chmod 777 ", "chmod 700 "),),
        Engine.PROCESS,
        Symptom.PERMISSION_DENIED,
    ),
    Sabotage(
        "an emptyDir",
        "COV305",
        PATCH,
        (Edit(PATCH, TRACKER_VOLUME, "        emptyDir: {}\n"),),
        Engine.PROCESS,
        Symptom.NOT_EXTRACTED,
    ),
    Sabotage(
        "no time to end",
        "COV306",
        PATCH,
        (
            Edit(
                PATCH,
                "    spec:\n      containers:\n      - name: tracker\n",
                "    spec:\n      terminationGracePeriodSeconds: 0\n"
                "      containers:\n      - name: tracker\n",
            ),
        ),
        Engine.KIND,
        None,
        note="a race, which a quick shutdown wins",
    ),
    Sabotage(
        "a shutdown that takes longer than the pod has",
        "COV306",
        PATCH,
        (
            Edit(
                PATCH,
                "    spec:\n      containers:\n      - name: tracker\n",
                "    spec:\n      terminationGracePeriodSeconds: 5\n"
                "      containers:\n      - name: tracker\n",
            ),
        ),
        Engine.KIND,
        None,
        note="lost only while requests run for longer",
    ),
    Sabotage(
        "the service behind sh -c",
        "COV307",
        PATCH,
        (
            Edit(
                PATCH,
                "      - name: tracker\n",
                "      - name: tracker\n        command:\n        - sh\n        - -c\n"
                "        - sleep 1; /usr/local/bin/tracker\n",
            ),
        ),
        Engine.KIND,
        Symptom.META_ONLY,
    ),
    Sabotage(
        "the service in a pipe",
        "COV307",
        PATCH,
        (
            Edit(
                PATCH,
                "      - name: tracker\n",
                '      - name: tracker\n        command: ["/bin/sh", "-c"]\n'
                '        args: ["/usr/local/bin/tracker 2>&1 | tee /tmp/log"]\n',
            ),
        ),
        Engine.KIND,
        Symptom.META_ONLY,
        repaired=False,
    ),
    Sabotage(
        "imagePullPolicy Always",
        "COV308",
        PATCH,
        (
            Edit(
                PATCH,
                "      - name: tracker\n",
                "      - name: tracker\n        imagePullPolicy: Always\n",
            ),
        ),
        Engine.KIND,
        Symptom.NEVER_STARTED,
    ),
    Sabotage(
        "the tag latest, which is always pulled",
        "COV308",
        OVERLAY,
        (
            Edit(MAKE, "parcels-tracker:e2e", "parcels-tracker:latest"),
            Edit(
                OVERLAY,
                "parcels-tracker\n  newTag: e2e",
                "parcels-tracker\n  newTag: latest",
            ),
        ),
        Engine.KIND,
        Symptom.NEVER_STARTED,
    ),
    Sabotage(
        "a directory for each pod",
        "COV309",
        PATCH,
        (
            Edit(
                PATCH,
                "        env:\n        - name: GOCOVERDIR\n          value: /coverdata\n",
                "        env:\n        - name: POD_NAME\n          valueFrom:\n"
                "            fieldRef:\n              fieldPath: metadata.name\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
            ),
            Edit(
                PATCH,
                "mountPath: /coverdata\n",
                "mountPath: /coverdata\n          subPathExpr: $(POD_NAME)\n",
            ),
        ),
        Engine.KIND,
        Symptom.NESTED,
    ),
    Sabotage(
        "the namespace enforces the restricted standard",
        "COV310",
        PATCH,
        (Edit(NAMESPACE, "enforce: privileged", "enforce: restricted"),),
        Engine.NONE,
        Symptom.NEVER_STARTED,
        note="needs a cluster with PodSecurity admission (Kubernetes 1.23)",
    ),
    Sabotage(
        "the namespace enforces the baseline standard",
        "COV310",
        PATCH,
        (Edit(NAMESPACE, "enforce: privileged", "enforce: baseline"),),
        Engine.NONE,
        Symptom.NEVER_STARTED,
        note="needs a cluster with PodSecurity admission (Kubernetes 1.23)",
    ),
    Sabotage(
        "a hostPath of type File",
        "COV311",
        PATCH,
        (Edit(PATCH, "type: DirectoryOrCreate", "type: File"),),
        Engine.KIND,
        Symptom.NEVER_STARTED,
    ),
    Sabotage(
        "root without its capabilities in a directory of another user",
        "COV312",
        PATCH,
        (
            Edit(MAKE, "\tchmod 777 $(COVERDATA)\n", ""),
            Edit(
                PATCH,
                "      - name: tracker\n",
                "      - name: tracker\n        securityContext:\n          runAsUser: 0\n"
                '          capabilities:\n            drop: ["ALL"]\n',
            ),
        ),
        Engine.NONE,
        Symptom.PERMISSION_DENIED,
        note="lost where another user than root makes the directory",
        also=("COV304",),  # the other service is not root
    ),
)
