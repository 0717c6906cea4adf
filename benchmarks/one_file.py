"""One plain Dockerfile: the whole process, from the start of Python on.

Floors are `python -c 'import click'`, since a command line in Python takes no less, and hadolint,
which is native. Linters of other languages read a file of about the same size.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figures import Figure, beside
from benchmarks.measuring import Failed, Program, Usage, covlint, in_turns, python
from benchmarks.peers import SEMGREP_RULE, Peers

TABLE = "one file"
RUNS = 20
CONFIG = "fail_on: warning\n"
DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /till ./cmd/till

FROM gcr.io/distroless/static
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""
MANIFEST = """\
---
apiVersion: v1
kind: Service
metadata:
  name: till
  namespace: shop
  labels:
    app: till
spec:
  selector:
    app: till
  ports:
    - name: http
      port: 80
      targetPort: 8080
      protocol: TCP
"""
MODULE = '''\
"""The till."""

import os


def address() -> str:
    """Where it listens."""
    return os.environ.get("TILL_ADDR", "127.0.0.1:8080")


if __name__ == "__main__":
    print(address())
'''


def figures(peers: Peers) -> list[Figure]:
    with tempfile.TemporaryDirectory() as place:
        took = in_turns(programs(Path(place), peers), RUNS)
    least = {name: one if isinstance(one, str) else one.cpu for name, one in took.items()}
    plain, configured = (_own(took[name]) for name in ("covlint", "configured"))
    return [
        beside(TABLE, "`python -c 'import click'`", plain, least["click"], at_most=2.0),
        beside(TABLE, "the same, with a configuration", configured, least["click"], at_most=2.5),
        beside(TABLE, "yamllint, a manifest", plain, least["yamllint"], faster=1.0),
        beside(TABLE, "Fixit, a Python module", plain, least["fixit"], faster=5.0),
        beside(TABLE, "checkov, the same Dockerfile", plain, least["checkov"], faster=20.0),
        beside(TABLE, "semgrep, the same Dockerfile", plain, least["semgrep"], faster=20.0),
        beside(TABLE, "hadolint, the same Dockerfile", plain, least["hadolint"]),
    ]


def programs(place: Path, peers: Peers) -> dict[str, Program]:
    plain, configured = _project(place / "plain"), _project(place / "configured")
    (configured / ".covlint.yaml").write_text(CONFIG, encoding="utf-8")
    return {
        "click": Program(python("-c", "import click"), plain),
        "covlint": covlint(plain, "Dockerfile"),
        "configured": covlint(configured, "Dockerfile"),
        "yamllint": peers.yamllint(plain, ["till.yaml"]),
        "fixit": peers.fixit(plain, "till.py"),
        "checkov": peers.checkov(plain, "-f", "Dockerfile"),
        "semgrep": peers.semgrep(plain, "Dockerfile", "rule.yml"),
        "hadolint": peers.hadolint(plain, ["Dockerfile"]),
    }


def _project(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    contents = {
        "Dockerfile": DOCKERFILE,
        "till.yaml": MANIFEST,
        "till.py": MODULE,
        "rule.yml": SEMGREP_RULE,
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def _own(took: Usage | str) -> float:
    if isinstance(took, str):
        raise Failed(took)
    return took.cpu
