"""Other spellings of manifests, overlays and the Kind config; what concerns production."""

from __future__ import annotations

from breakit.change import Edit, Harmless

PATCH = "test/e2e/deploy/coverage.yaml"
OVERLAY = "test/e2e/deploy/kustomization.yaml"
NAMESPACE = "test/e2e/deploy/namespace.yaml"
KIND = "test/e2e/kind.yaml"
ENV = "        env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
MOUNTS = "        volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
SPEC = "    spec:\n      containers:\n      - name: tracker\n"
NODE_MOUNT = "  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: /coverdata\n"

DEPLOYMENT = (
    Harmless("mounts before variables", (Edit(PATCH, ENV + MOUNTS, MOUNTS + ENV),)),
    Harmless(
        "the variable in flow style",
        (Edit(PATCH, ENV, "        env: [{name: GOCOVERDIR, value: /coverdata}]\n"),),
    ),
    Harmless(
        "the value before the name",
        (
            Edit(
                PATCH,
                ENV,
                "        env:\n        - value: /coverdata\n          name: GOCOVERDIR\n",
            ),
        ),
    ),
    Harmless(
        "quotes around everything",
        (
            Edit(PATCH, "value: /coverdata\n", 'value: "/coverdata"\n'),
            Edit(PATCH, "mountPath: /coverdata\n", "mountPath: '/coverdata'\n"),
            Edit(PATCH, "path: /coverdata\n          type", 'path: "/coverdata"\n          type'),
        ),
    ),
    Harmless(
        "a slash at the end of paths",
        (
            Edit(PATCH, "mountPath: /coverdata\n", "mountPath: /coverdata/\n"),
            Edit(PATCH, "path: /coverdata\n          type", "path: /coverdata/\n          type"),
        ),
    ),
    Harmless(
        "other names and another path in the pod",
        (
            Edit(PATCH, "value: /coverdata\n", "value: /data/counters\n"),
            Edit(
                PATCH,
                "- name: coverage\n          mountPath: /coverdata\n",
                "- name: data\n          mountPath: /data/counters\n",
            ),
            Edit(PATCH, "- name: coverage\n        hostPath", "- name: data\n        hostPath"),
        ),
    ),
    Harmless(
        "another path everywhere on the node",
        (
            Edit(PATCH, "path: /coverdata\n          type", "path: /mnt/cov\n          type"),
            Edit(
                PATCH,
                "counters\n        hostPath:\n          path: /coverdata\n",
                "counters\n        hostPath:\n          path: /mnt/cov\n",
            ),
            Edit(KIND, "containerPath: /coverdata", "containerPath: /mnt/cov"),
        ),
    ),
    Harmless(
        "resources and patches, as newer kustomize has them",
        (
            Edit(
                OVERLAY,
                "bases:\n- ../../../deploy/base\nresources:\n- namespace.yaml\n"
                "patchesStrategicMerge:\n- coverage.yaml\n- ports.yaml\n",
                "resources:\n- ../../../deploy/base\n- namespace.yaml\n"
                "patches:\n- path: coverage.yaml\n- path: ports.yaml\n",
            ),
        ),
    ),
    Harmless(
        "a JSON patch in the overlay",
        (
            Edit(PATCH, ENV, ""),
            Edit(
                OVERLAY,
                "images:\n",
                "patches:\n- target:\n    kind: Deployment\n    name: tracker\n  patch: |-\n"
                "    - op: add\n      path: /spec/template/spec/containers/0/env/-\n"
                "      value:\n        name: GOCOVERDIR\n        value: /coverdata\nimages:\n",
            ),
        ),
    ),
    Harmless(
        "plain manifests without an overlay",
        (
            Edit(
                "test/e2e/plain/tracker.yaml",
                "",
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: tracker\n  namespace: default\n"
                "spec:\n  containers:\n  - name: tracker\n    image: localhost/parcels-tracker:e2e\n"
                "    env:\n    - name: GOCOVERDIR\n      value: /coverdata\n    volumeMounts:\n"
                "    - name: coverage\n      mountPath: /coverdata\n  volumes:\n"
                "  - name: coverage\n    hostPath:\n      path: /coverdata\n",
            ),
        ),
    ),
    Harmless(
        "anchors",
        (
            Edit(
                PATCH,
                ENV,
                "        env: &env\n        - name: GOCOVERDIR\n          value: &dir /coverdata\n",
            ),
            Edit(PATCH, "mountPath: /coverdata\n", "mountPath: *dir\n"),
        ),
    ),
    Harmless(
        "an init container opens the directory",
        (
            Edit("Makefile", "\tchmod 777 $(COVERDATA)\n", ""),
            Edit(
                PATCH,
                SPEC,
                "    spec:\n      initContainers:\n      - name: open\n        image: busybox:1.36\n"
                '        command: ["chmod", "777", "/coverdata"]\n'
                "        securityContext:\n          runAsUser: 0\n        volumeMounts:\n"
                "        - name: coverage\n          mountPath: /coverdata\n"
                "      containers:\n      - name: tracker\n",
            ),
            Edit(
                PATCH,
                "    spec:\n      containers:\n      - name: pricer\n",
                "    spec:\n      initContainers:\n      - name: open\n        image: busybox:1.36\n"
                '        command: ["sh", "-c", "chmod 777 /var/coverage"]\n'
                "        securityContext:\n          runAsUser: 0\n          runAsNonRoot: false\n"
                "        volumeMounts:\n"
                "        - name: counters\n          mountPath: /var/coverage\n"
                "      containers:\n      - name: pricer\n",
            ),
        ),
    ),
    Harmless(
        "root in e2e",
        (
            Edit(
                PATCH,
                "      - name: tracker\n",
                "      - name: tracker\n        securityContext:\n          runAsUser: 0\n",
            ),
        ),
    ),
    Harmless(
        "more time to end",
        (
            Edit(
                PATCH,
                SPEC,
                SPEC.replace("spec:\n", "spec:\n      terminationGracePeriodSeconds: 60\n"),
            ),
        ),
    ),
    Harmless(
        "three replicas in one directory",
        (
            Edit(
                PATCH,
                "name: tracker\nspec:\n  replicas: 1\n",
                "name: tracker\nspec:\n  replicas: 3\n",
            ),
        ),
    ),
    Harmless(
        "the command written out",
        (
            Edit(
                PATCH,
                "      - name: tracker\n",
                '      - name: tracker\n        command: ["/usr/local/bin/tracker"]\n',
            ),
        ),
    ),
    Harmless(
        "a shell that gives its place to the service",
        (
            Edit(
                PATCH,
                "      - name: tracker\n",
                '      - name: tracker\n        command: ["sh", "-c"]\n'
                '        args: ["sleep 1; exec /usr/local/bin/tracker"]\n',
            ),
        ),
    ),
    Harmless(
        "imagePullPolicy Never",
        (
            Edit(
                PATCH,
                "      - name: tracker\n",
                "      - name: tracker\n        imagePullPolicy: Never\n",
            ),
        ),
    ),
    Harmless(
        "imagePullPolicy Always in production",
        (
            Edit(
                "deploy/base/pricer.yaml",
                "        ports:\n",
                "        imagePullPolicy: Always\n        ports:\n",
            ),
            Edit(
                PATCH,
                "      - name: pricer\n",
                "      - name: pricer\n        imagePullPolicy: IfNotPresent\n",
            ),
        ),
    ),
    Harmless(
        "a hostPath of type Directory, which Kind mounts",
        (Edit(PATCH, "type: DirectoryOrCreate", "type: Directory"),),
    ),
    Harmless(
        "a namespace without labels",
        (Edit(NAMESPACE, "  labels:\n    pod-security.kubernetes.io/enforce: privileged\n", ""),),
    ),
    Harmless(
        "a restricted namespace in production",
        (
            Edit(
                "deploy/namespace.yaml",
                "",
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: parcels\n  labels:\n"
                "    pod-security.kubernetes.io/enforce: restricted\n",
            ),
        ),
    ),
    Harmless(
        "a read-only volume beside the data",
        (
            Edit(
                PATCH,
                MOUNTS,
                MOUNTS + "        - name: settings\n          mountPath: /etc/tracker\n"
                "          readOnly: true\n",
            ),
            Edit(
                PATCH,
                "          type: DirectoryOrCreate\n",
                "          type: DirectoryOrCreate\n      - name: settings\n        configMap:\n"
                "          name: settings\n",
            ),
        ),
    ),
    Harmless(
        "an emptyDir for temporary files",
        (
            Edit(
                PATCH,
                MOUNTS,
                MOUNTS + "        - name: tmp\n          mountPath: /tmp\n",
            ),
            Edit(
                PATCH,
                "          type: DirectoryOrCreate\n",
                "          type: DirectoryOrCreate\n      - name: tmp\n        emptyDir: {}\n",
            ),
        ),
    ),
    Harmless(
        "a service of another team",
        (
            Edit(
                "deploy/base/kustomization.yaml", "- pricer.yaml\n", "- pricer.yaml\n- mail.yaml\n"
            ),
            Edit(
                "deploy/base/mail.yaml",
                "",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: mail\nspec:\n"
                "  selector: {matchLabels: {app: mail}}\n  template:\n"
                "    metadata: {labels: {app: mail}}\n    spec:\n"
                "      terminationGracePeriodSeconds: 0\n      containers:\n      - name: mail\n"
                "        image: registry.example.com/mail:2\n"
                '        command: ["sh", "-c", "mail --serve | tee /log"]\n',
            ),
        ),
    ),
    Harmless(
        "compose for developers, without coverage",
        (
            Edit(
                "compose.yaml",
                "",
                "services:\n  tracker:\n    build:\n      context: .\n"
                '      dockerfile: build/tracker.Dockerfile\n    ports: ["8080:8080"]\n'
                "    stop_grace_period: 1s\n",
            ),
        ),
    ),
    Harmless(
        "the host path without ./",
        (Edit(KIND, "hostPath: ./coverdata", "hostPath: coverdata"),),
    ),
    Harmless(
        "a label for SELinux",
        (
            Edit(
                KIND,
                "containerPath: /coverdata\n",
                "containerPath: /coverdata\n    selinuxRelabel: true\n",
            ),
        ),
    ),
    Harmless(
        "workers, all with the mount",
        (Edit(KIND, NODE_MOUNT, NODE_MOUNT + ("- role: worker\n" + NODE_MOUNT) * 2),),
    ),
    Harmless(
        "other mounts of the node, read-only",
        (
            Edit(
                KIND,
                NODE_MOUNT,
                NODE_MOUNT
                + "  - hostPath: ./test/e2e/certs\n    containerPath: /certs\n    readOnly: true\n",
            ),
        ),
    ),
    Harmless(
        "the Kind config in flow style",
        (
            Edit(
                KIND,
                NODE_MOUNT,
                "  extraMounts: [{containerPath: /coverdata, hostPath: ./coverdata}]\n",
            ),
        ),
    ),
)
