"""Other spellings of Makefiles, scripts and workflows."""

from __future__ import annotations

from breakit.change import Edit, Harmless

MAKE = "Makefile"
COLLECT = "scripts/collect.sh"
SMOKE = "scripts/smoke.sh"
IMAGE = "scripts/smoke-image.sh"
RELEASE = ".github/workflows/release.yaml"
E2E = ".github/workflows/e2e.yaml"
LOAD = (
    "\t$(CONTAINER_TOOL) save -o tracker.tar $(TRACKER_IMAGE)\n"
    "\t$(CONTAINER_TOOL) save -o pricer.tar $(PRICER_IMAGE)\n"
    "\tkind load image-archive tracker.tar --name $(CLUSTER)\n"
    "\tkind load image-archive pricer.tar --name $(CLUSTER)\n"
    "\trm -f tracker.tar pricer.tar\n"
)

SCRIPTS = (
    Harmless(
        "podman by default", (Edit(MAKE, "CONTAINER_TOOL ?= docker", "CONTAINER_TOOL ?= podman"),)
    ),
    Harmless(
        "variables under other names",
        (
            Edit(
                MAKE,
                "CONTAINER_TOOL ?= docker\n",
                "CONTAINER_TOOL ?= docker\nCOVER_FLAGS = -cover\n",
            ),
            Edit(MAKE, "GOFLAGS=-cover", 'GOFLAGS="$(COVER_FLAGS)"'),
        ),
    ),
    Harmless(
        "the build argument with an equals sign, and buildx",
        (
            Edit(
                MAKE,
                "$(CONTAINER_TOOL) build -f build/tracker.Dockerfile --build-arg GOFLAGS=-cover",
                "docker buildx build --load --file=build/tracker.Dockerfile --build-arg=GOFLAGS=-cover",
            ),
        ),
    ),
    Harmless(
        "images loaded one by one",
        (
            Edit(
                MAKE,
                LOAD,
                "\tkind load docker-image $(TRACKER_IMAGE) --name $(CLUSTER)\n"
                "\tkind load docker-image $(PRICER_IMAGE) --name $(CLUSTER)\n",
            ),
        ),
    ),
    Harmless(
        "everything in one recipe",
        (
            Edit(
                MAKE,
                "e2e: images cluster load deploy\n",
                "e2e:\n\t$(MAKE) images cluster load deploy\n",
            ),
        ),
    ),
    Harmless(
        "mkdir -m",
        (
            Edit(
                MAKE,
                "\tmkdir -p $(COVERDATA)\n\tchmod 777 $(COVERDATA)\n",
                "\tmkdir -m 0777 $(COVERDATA)\n",
            ),
        ),
    ),
    Harmless(
        "install -d",
        (
            Edit(
                MAKE,
                "\tmkdir -p $(COVERDATA)\n\tchmod 777 $(COVERDATA)\n",
                "\tinstall -d -m 777 $(COVERDATA)\n",
            ),
        ),
    ),
    Harmless("a mode by letters", (Edit(MAKE, "chmod 777", "chmod a+rwx"),)),
    Harmless(
        "the directory as ./coverdata",
        (Edit(MAKE, "COVERDATA := coverdata", "COVERDATA := ./coverdata"),),
    ),
    Harmless(
        "unit tests with coverage",
        (
            Edit(
                MAKE,
                "\tgo test ./...\n",
                "\tgo test -cover -coverpkg=./internal/... -coverprofile=unit.out ./...\n",
            ),
        ),
    ),
    Harmless(
        "a linter's target with GOFLAGS of its own",
        (
            Edit(
                MAKE,
                ".PHONY: clean\n",
                ".PHONY: lint\nlint:\n\tGOFLAGS=-mod=mod go vet ./...\n\n.PHONY: clean\n",
            ),
        ),
    ),
    Harmless(
        "bash, and the folder of the project",
        (
            Edit(COLLECT, "#!/bin/sh\n", "#!/usr/bin/env bash\n"),
            Edit(COLLECT, "set -eu\n", 'set -euo pipefail\ncd "$(dirname "$0")/.."\n'),
        ),
    ),
    Harmless(
        "a variable for the directory",
        (
            Edit(COLLECT, "set -eu\n", "set -eu\nDATA=${DATA:-coverdata}\n"),
            Edit(COLLECT, "percent -i=coverdata", 'percent -i="$DATA"'),
            Edit(COLLECT, "textfmt -i=coverdata", 'textfmt -i="${DATA}"'),
        ),
    ),
    Harmless(
        "the flag and its value apart",
        (Edit(COLLECT, "percent -i=coverdata", "percent -i coverdata"),),
    ),
    Harmless(
        "the data merged first",
        (
            Edit(
                COLLECT,
                "go tool covdata percent",
                "rm -rf coverdata-merged\nmkdir coverdata-merged\n"
                "go tool covdata merge -i=coverdata -o=coverdata-merged\ngo tool covdata percent",
            ),
            Edit(COLLECT, "textfmt -i=coverdata", "textfmt -i=coverdata-merged"),
        ),
    ),
    Harmless(
        "the pods deleted with their namespace's manifests",
        (
            Edit(
                COLLECT,
                "kubectl -n parcels-e2e scale deployment/tracker deployment/pricer --replicas=0\n",
                "kubectl delete -k test/e2e/deploy --wait=false\n",
            ),
        ),
    ),
    Harmless(
        "one service after the other",
        (
            Edit(
                COLLECT,
                "scale deployment/tracker deployment/pricer --replicas=0\n",
                "scale deployment/tracker --replicas=0\n"
                "kubectl -n parcels-e2e scale deployment/pricer --replicas=0\n",
            ),
        ),
    ),
    Harmless(
        "the cluster deleted after the report",
        (
            Edit(
                COLLECT,
                "go tool cover -func=e2e-coverage.txt\n",
                "go tool cover -func=e2e-coverage.txt\nkind delete cluster --name parcels-e2e\n",
            ),
        ),
    ),
    Harmless(
        "an HTML report",
        (
            Edit(
                COLLECT,
                "go tool cover -func=e2e-coverage.txt\n",
                "go tool cover -html=e2e-coverage.txt -o e2e.html\n",
            ),
        ),
    ),
    Harmless(
        "the profile is looked at before it is trusted",
        (Edit(COLLECT, "go tool cover -func", "test -s e2e-coverage.txt\ngo tool cover -func"),),
    ),
    Harmless("SIGTERM by name", (Edit(SMOKE, 'kill "$tracker"', 'kill -TERM "$tracker"'),)),
    Harmless("Ctrl-C's signal", (Edit(SMOKE, 'kill "$tracker"', 'kill -s INT "$tracker"'),)),
    Harmless(
        "a trap for what is left running",
        (
            Edit(
                SMOKE,
                "TRACKER_ADDR=",
                "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nTRACKER_ADDR=",
            ),
        ),
    ),
    Harmless(
        "one directory for both programs",
        (
            Edit(SMOKE, 'mkdir -p "$data/tracker" "$data/pricer" bin', 'mkdir -p "$data" bin'),
            Edit(SMOKE, 'GOCOVERDIR="$data/tracker"', 'GOCOVERDIR="$data"'),
            Edit(SMOKE, 'GOCOVERDIR="$data/pricer"', 'GOCOVERDIR="$data"'),
            Edit(SMOKE, 'percent -i="$data/tracker,$data/pricer"', 'percent -i="$data"'),
            Edit(SMOKE, 'textfmt -i="$data/tracker,$data/pricer"', 'textfmt -i="$data"'),
        ),
    ),
    Harmless(
        "a new directory for each run",
        (Edit(SMOKE, 'data=coverdata/smoke\nrm -rf "$data"\n', "data=$(mktemp -d)\n"),),
    ),
    Harmless(
        "a longer time-out of docker stop", (Edit(IMAGE, "docker stop ", "docker stop -t 30 "),)
    ),
    Harmless(
        "the data on a volume of the host",
        (
            Edit(IMAGE, "docker run -d ", 'docker run -d -v "$PWD/coverdata/image:/coverdata" '),
            Edit(
                IMAGE,
                "rm -rf coverdata/image\nmkdir -p coverdata/image\n"
                "docker cp parcels-smoke:/coverdata/. coverdata/image\n",
                "",
            ),
            Edit(
                IMAGE,
                "set -eu\n",
                "set -eu\nrm -rf coverdata/image\nmkdir -p coverdata/image\nchmod 777 coverdata/image\n",
            ),
        ),
    ),
    Harmless(
        "a container left over is removed before the start",
        (Edit(IMAGE, "docker run -d", "docker rm -f parcels-smoke || true\ndocker run -d"),),
    ),
    Harmless(
        "the release by the action of docker",
        (
            Edit(
                RELEASE,
                "    - run: docker build -f build/pricer.Dockerfile -t registry.example.com/parcels/pricer:${{ github.ref_name }} .\n",
                "    - uses: docker/build-push-action@v6\n      with:\n        context: .\n"
                "        file: build/pricer.Dockerfile\n        push: true\n"
                "        tags: registry.example.com/parcels/pricer:${{ github.ref_name }}\n",
            ),
        ),
    ),
    Harmless(
        "the coverage goes on to a service",
        (
            Edit(
                E2E,
                "    - uses: actions/upload-artifact@v4\n",
                "    - uses: codecov/codecov-action@v5\n      with:\n        files: e2e-coverage.txt\n"
                "    - uses: actions/upload-artifact@v4\n",
            ),
        ),
    ),
)
