"""The wiring: two places name two paths, or two images."""

from __future__ import annotations

from breakit.change import Edit, Engine, Sabotage
from covlint.diagnostics import Symptom

KIND = "test/e2e/kind.yaml"
PATCH = "test/e2e/deploy/coverage.yaml"
OVERLAY = "test/e2e/deploy/kustomization.yaml"
COLLECT = "scripts/collect.sh"
SMOKE = "scripts/smoke-image.sh"
MAKE = "Makefile"
MOUNTS = "  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: /coverdata\n"
REPORT = "go tool covdata percent"

WIRING = (
    Sabotage(
        "GOCOVERDIR beside the mount",
        "COV501",
        PATCH,
        (Edit(PATCH, "value: /coverdata\n", "value: /tmp/coverage\n"),),
        Engine.PROCESS,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "the mount beside GOCOVERDIR",
        "COV501",
        PATCH,
        (Edit(PATCH, "mountPath: /var/coverage\n", "mountPath: /var/coverdata\n"),),
        Engine.PROCESS,
        Symptom.NOT_EXTRACTED,
        target="pricer",
    ),
    Sabotage(
        "a letter in GOCOVERDIR",
        "COV501",
        PATCH,
        (Edit(PATCH, "value: /coverdata\n", "value: /coverdate\n"),),
        Engine.PROCESS,
        Symptom.MISSING_DIRECTORY,
    ),
    Sabotage(
        "another path of the node",
        "COV502",
        PATCH,
        (Edit(PATCH, "path: /coverdata\n          type", "path: /tmp/coverdata\n          type"),),
        Engine.PROCESS,
        Symptom.NOT_EXTRACTED,
    ),
    Sabotage(
        "the host's own path in the hostPath",
        "COV502",
        PATCH,
        (
            Edit(
                PATCH,
                "path: /coverdata\n          type",
                "path: /home/runner/work/parcels/coverdata\n          type",
            ),
        ),
        Engine.PROCESS,
        Symptom.NOT_EXTRACTED,
    ),
    Sabotage(
        "Kind mounts another path of the node",
        "COV502",
        PATCH,
        (Edit(KIND, "containerPath: /coverdata", "containerPath: /coverage"),),
        Engine.PROCESS,
        Symptom.PERMISSION_DENIED,
    ),
    Sabotage(
        "another path is copied out of the node",
        "COV503",
        COLLECT,
        (
            Edit(KIND, MOUNTS, ""),
            Edit(
                COLLECT,
                f"{REPORT} ",
                f"docker cp parcels-e2e-control-plane:/tmp/coverdata/. coverdata\n{REPORT} ",
            ),
        ),
        Engine.KIND,
        Symptom.NOT_EXTRACTED,
        repaired=False,
        hides=(KIND, "COV312"),  # no directory of the host is mounted
    ),
    Sabotage(
        "another path is copied out of the container",
        "COV503",
        SMOKE,
        (Edit(SMOKE, "parcels-smoke:/coverdata/.", "parcels-smoke:/coverage/."),),
        Engine.IMAGE,
        Symptom.NOT_EXTRACTED,
        repaired=False,
    ),
    Sabotage(
        "another tag is loaded than the one that runs",
        "COV504",
        MAKE,
        (
            Edit(
                MAKE,
                "\t$(CONTAINER_TOOL) save -o tracker.tar $(TRACKER_IMAGE)\n"
                "\t$(CONTAINER_TOOL) save -o pricer.tar $(PRICER_IMAGE)\n"
                "\tkind load image-archive tracker.tar --name $(CLUSTER)\n"
                "\tkind load image-archive pricer.tar --name $(CLUSTER)\n"
                "\trm -f tracker.tar pricer.tar\n",
                "\tkind load docker-image localhost/parcels-tracker:dev $(PRICER_IMAGE)"
                " --name $(CLUSTER)\n",
            ),
        ),
        Engine.KIND,
        Symptom.NEVER_STARTED,
        repaired=False,
    ),
    Sabotage(
        "the overlay asks for another tag",
        "COV504",
        OVERLAY,
        (
            Edit(
                OVERLAY,
                "parcels-tracker\n  newTag: e2e",
                "parcels-tracker\n  newTag: e2e-coverage",
            ),
        ),
        Engine.KIND,
        Symptom.NEVER_STARTED,
        repaired=False,
    ),
)
