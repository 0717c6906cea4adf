"""The process engine walks the chain that Dockerfile, manifest and Kind config make."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.target import TargetError
from covlint.runner.verdict import Outcome, Verdict
from covlint.wiring import Hop
from runner.conftest import Prover
from runner.programs import HTTP, LOCAL, SERVER

pytestmark = pytest.mark.real

DOCKERFILE = """FROM golang:1.22 AS builder
ARG GOFLAGS=""
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app

FROM debian:bookworm-slim
COPY --from=builder /out/app /app
USER 1001
ENTRYPOINT ["/app"]
"""

MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  namespace: app-e2e
spec:
  selector:
    matchLabels: {app: app}
  template:
    metadata:
      labels: {app: app}
    spec:
      INIT
      containers:
        - name: app
          image: localhost/app:e2e
          env:
            - name: GOCOVERDIR
              value: /coverdata
          volumeMounts:
            - name: coverage
              mountPath: /coverdata
      volumes:
        - name: coverage
          hostPath:
            path: /coverdata
            type: DirectoryOrCreate
"""

INIT = """initContainers:
        - name: permissions
          image: busybox:1.36
          command: ["sh", "-c", "COMMAND"]
          volumeMounts:
            - name: coverage
              mountPath: /coverdata
"""

KIND = """kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - hostPath: ./coverdata
        containerPath: /coverdata
"""

MAKEFILE = """e2e:
\tmkdir -p coverdata
\tdocker build --build-arg GOFLAGS=-cover -t localhost/app:e2e .
\tkubectl apply -f deploy/e2e.yaml
"""

OPEN = INIT.replace("COMMAND", "chmod 0777 /coverdata")
SOUND = {
    "go.mod": "module example.com/app\n\ngo 1.21\n",
    "cmd/app/main.go": SERVER,
    "Dockerfile": DOCKERFILE,
    "deploy/e2e.yaml": MANIFEST.replace("INIT\n", OPEN),
    "kind.yaml": KIND,
    "Makefile": MAKEFILE,
}
TARGET = {"dockerfile": "Dockerfile", "manifest": "deploy/e2e.yaml", "env": LOCAL, "ready": HTTP}


def change(path: str, old: str, new: str) -> dict[str, str]:
    """The sound project with one thing different."""
    assert old in SOUND[path]
    return {**SOUND, path: SOUND[path].replace(old, new)}


def symptoms(verdict: Verdict) -> list[Symptom | None]:
    return [cause.symptom for cause in verdict.causes]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(SOUND, id="chmod in an init container"),
        pytest.param(
            change("deploy/e2e.yaml", "chmod 0777 /coverdata", "chown -R 1001:1001 /coverdata"),
            id="chown in an init container",
        ),
        pytest.param(
            {
                **SOUND,
                "deploy/e2e.yaml": MANIFEST.replace("INIT\n", "\n"),
                "Makefile": MAKEFILE.replace("-p coverdata", "-p coverdata && chmod 777 coverdata"),
            },
            id="chmod on the host",
        ),
        pytest.param(
            {
                **SOUND,
                "deploy/e2e.yaml": MANIFEST.replace("INIT\n", "securityContext: {runAsUser: 0}\n"),
            },
            id="root",
        ),
        pytest.param(
            change("deploy/e2e.yaml", "value: /coverdata", "value: /coverdata/"), id="slash"
        ),
    ],
)
def test_a_sound_chain_passes(project, files):
    project.write(files)
    verdict = project.prove(**TARGET)
    assert verdict.outcome is Outcome.PASSED, verdict.validations
    assert verdict.profile is not None
    assert [package.path for package in verdict.profile.packages] == ["example.com/app/cmd/app"]
    assert {Hop.IMAGE, Hop.WORKLOAD, Hop.MOUNT} <= {hop.hop for hop in verdict.unproven}


@pytest.mark.parametrize(
    ("files", "symptom"),
    [
        pytest.param(
            {**SOUND, "deploy/e2e.yaml": MANIFEST.replace("INIT\n", "\n")},
            Symptom.PERMISSION_DENIED,
            id="root-owned hostPath",
        ),
        pytest.param(
            change("deploy/e2e.yaml", "value: /coverdata", "value: /tmp/coverage"),
            Symptom.MISSING_DIRECTORY,
            id="mismatched GOCOVERDIR",
        ),
        pytest.param(
            change("deploy/e2e.yaml", "value: /coverdata", "value: /tmp"),
            Symptom.NOT_EXTRACTED,
            id="on no mount",
        ),
        pytest.param(
            change("deploy/e2e.yaml", "path: /coverdata\n", "path: /tmp/coverdata\n"),
            Symptom.NOT_EXTRACTED,
            id="another node path",
        ),
        pytest.param(
            change("kind.yaml", "containerPath: /coverdata", "containerPath: /elsewhere"),
            Symptom.NOT_EXTRACTED,
            id="another extraMount",
        ),
        pytest.param(
            change(
                "deploy/e2e.yaml",
                "hostPath:\n            path: /coverdata\n            type: DirectoryOrCreate",
                "emptyDir: {}",
            ),
            Symptom.NOT_EXTRACTED,
            id="emptyDir",
        ),
        pytest.param(
            change("deploy/e2e.yaml", "name: GOCOVERDIR", "name: COVERDIR"),
            Symptom.NOT_SET,
            id="GOCOVERDIR unset",
        ),
        pytest.param(
            change("Makefile", "--build-arg GOFLAGS=-cover ", ""),
            Symptom.NOT_INSTRUMENTED,
            id="no build argument",
        ),
        pytest.param(
            change("Dockerfile", 'ARG GOFLAGS=""\n', ""),
            Symptom.NOT_INSTRUMENTED,
            id="undeclared build argument",
        ),
        pytest.param(
            change("Dockerfile", "WORKDIR", "ENV GOFLAGS=-trimpath\nWORKDIR"),
            Symptom.NOT_INSTRUMENTED,
            id="overridden GOFLAGS",
        ),
        pytest.param(
            change(
                "deploy/e2e.yaml",
                "mountPath: /coverdata\n      volumes",
                "mountPath: /coverdata\n              readOnly: true\n      volumes",
            ),
            Symptom.READ_ONLY,
            id="read-only mount",
        ),
    ],
)
def test_a_break_is_found_by_running(project, files, symptom):
    project.write(files)
    verdict = project.prove(**TARGET)
    assert verdict.outcome is Outcome.FAILED
    assert symptoms(verdict)[0] is symptom
    assert all(cause.path in files and cause.line for cause in verdict.causes), verdict.causes


IF = (
    'if [ "$GOFLAGS" = "-cover" ]; then go build -o /out/app ./cmd/app; '
    "else go build -cover=false -o /out/app ./cmd/app; fi"
)
CASE = (
    "case \" $GOFLAGS \" in *' -cover '*) go build -o /app ./cmd/app ;; "
    "*) go build -cover=false -o /app ./cmd/app ;; esac"
)


@pytest.mark.parametrize(
    ("build", "instrumented"),
    [
        (IF, True),
        (CASE, True),
        ("cd cmd/app && go build -o /out/app", True),
        ("cd cmd/app && \\\n    go build -o /out/app \\\n    # a comment\n    .", True),
        ("go install ./cmd/app", True),
        ("mkdir /out && go build -o=/out/ ./cmd/...", True),
        ("GOFLAGS= go build -o /out/app ./cmd/app", False),
        ('GOFLAGS="$GOFLAGS -trimpath" go build -ldflags="-X main.v=$(echo 1)" ./cmd/app', True),
    ],
)  # fmt: skip
def test_the_line_of_the_dockerfile_is_what_runs(project, build, instrumented):
    project.write(change("Dockerfile", "CGO_ENABLED=0 go build -o /out/app ./cmd/app", build))
    verdict = project.prove(**TARGET)
    if instrumented:
        assert verdict.outcome is Outcome.PASSED, (verdict.validations, verdict.steps[0])
    else:
        assert symptoms(verdict)[0] is Symptom.NOT_INSTRUMENTED


def interpreter_for_others() -> str:
    """A Python of this version that another user may run."""
    for place in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        real = Path(place).resolve()
        if real.is_file() and all(up.stat().st_mode & 0o001 for up in (real, *real.parents)):
            return place
    pytest.skip("no Python that another user may run")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_without_root_the_permissions_are_played(scratch):
    config = "targets:\n  app:\n    dockerfile: Dockerfile\n    manifest: deploy/e2e.yaml\n"
    config += "    env: {ADDR: '127.0.0.1:${PORT}'}\n    ready: {tcp: '127.0.0.1:${PORT}'}\n"
    for code, init in ((0, OPEN), (1, "\n")):
        project = Prover(scratch / str(code))
        project.write({**SOUND, "deploy/e2e.yaml": MANIFEST.replace("INIT\n", init)})
        project.write({".covlint.yaml": config})
        for folder, _, files in os.walk(scratch):
            for path in (folder, *(os.path.join(folder, file) for file in files)):
                os.chown(path, 12345, 12345)
        done = subprocess.run(
            [interpreter_for_others(), "-m", "covlint", "verify"],
            cwd=project.root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(scratch)},
            user=12345,
            group=12345,
            extra_groups=[],
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "uid 1001 is played by uid 12345" in done.stdout
        assert ("permission denied" in done.stdout) is bool(code)


def test_a_manifest_that_is_not_there(project):
    project.write(SOUND)
    with pytest.raises(TargetError, match=r"manifest: no chain goes through deploy/x\.yaml; seen"):
        project.prove(**{**TARGET, "manifest": "deploy/x.yaml"})
