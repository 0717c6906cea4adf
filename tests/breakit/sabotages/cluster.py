"""The cluster: what Kind brings to the host."""

from __future__ import annotations

from breakit.change import Edit, Engine, Sabotage
from covlint.diagnostics import Symptom

KIND = "test/e2e/kind.yaml"
PATCH = "test/e2e/deploy/coverage.yaml"
COLLECT = "scripts/collect.sh"
MOUNTS = "  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: /coverdata\n"

CLUSTER = (
    Sabotage(
        "no extraMounts",
        "COV401",
        PATCH,
        (Edit(KIND, MOUNTS, ""),),
        Engine.PROCESS,
        Symptom.PERMISSION_DENIED,
        hides=(KIND, "COV312"),
    ),
    Sabotage(
        "the extraMount is read-only",
        "COV402",
        KIND,
        (
            Edit(
                KIND,
                "containerPath: /coverdata\n",
                "containerPath: /coverdata\n    readOnly: true\n",
            ),
        ),
        Engine.PROCESS,
        Symptom.READ_ONLY,
    ),
    Sabotage(
        "workers without the mount",
        "COV403",
        KIND,
        (Edit(KIND, MOUNTS, MOUNTS + "- role: worker\n- role: worker\n"),),
        Engine.KIND,
        Symptom.NOT_EXTRACTED,
    ),
    Sabotage(
        "one of two workers without the mount",
        "COV403",
        KIND,
        (Edit(KIND, MOUNTS, MOUNTS + "- role: worker\n" + MOUNTS + "- role: worker\n"),),
        Engine.KIND,
        Symptom.NOT_EXTRACTED,
    ),
    Sabotage(
        "a variable of the shell in the Kind config",
        "COV404",
        KIND,
        (Edit(KIND, "hostPath: ./coverdata", "hostPath: ${PWD}/coverdata"),),
        Engine.KIND,
        Symptom.NEVER_STARTED,
        note="podman makes no such directory; docker does, and the data lands there",
    ),
    Sabotage(
        "~ in the Kind config",
        "COV404",
        KIND,
        (Edit(KIND, "hostPath: ./coverdata", "hostPath: ~/parcels/coverdata"),),
        Engine.KIND,
        Symptom.NEVER_STARTED,
        repaired=False,
        note="podman makes no such directory; docker does, and the data lands there",
    ),
    Sabotage(
        "nodes of podman without a label for SELinux",
        "COV405",
        KIND,
        (
            Edit(
                COLLECT,
                "set -eu\n",
                "set -eu\npodman cp parcels-e2e-control-plane:/var/log/pods e2e-logs\n",
            ),
        ),
        Engine.NONE,
        Symptom.PERMISSION_DENIED,
        note="needs a host with SELinux",
    ),
)
