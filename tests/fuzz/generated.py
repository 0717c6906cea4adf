"""Whole projects as hypothesis draws them: each file takes part in coverage, none as it should.

Unlike the inputs of atheris they are well-formed, so that what is behind the readers is reached:
facts that are joined, rules that look at several files, fixes that meet.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from differential.generated import dockerfiles

_DIRECTORIES = st.sampled_from(
    ["/coverdata", "/cov", "coverdata", "/tmp/c d", "$COV", "/coverdata/", ""]
)
_NAMES = st.sampled_from(["till", "shop/till:e2e", "${IMAGE:-till}", "localhost/till:latest"])
_BUILD_FLAGS = st.sampled_from(
    [
        "-cover",
        "-cover -covermode=atomic",
        "-coverpkg=./...",
        '-ldflags="-s -w"',
        "",
        "$FLAGS",
        "-race",
    ]
)


@st.composite
def _dockerfile(draw: st.DrawFn) -> str:
    lines = ["FROM golang:1.22 AS build", "WORKDIR /src"]
    if draw(st.booleans()):
        default = draw(st.sampled_from(["", "=", "=-cover", '="-cover -race"']))
        lines.append(f"ARG {draw(st.sampled_from(['FLAGS', 'GOFLAGS', 'COVER']))}{default}")
    if draw(st.booleans()):
        lines.append(
            f"ENV GOFLAGS={draw(st.sampled_from(['-cover', '', '-mod=vendor', '$FLAGS']))}"
        )
    lines.append("COPY . .")
    build = f"go build {draw(_BUILD_FLAGS)} -o /till ./cmd/till"
    branch = f'if [ "$COVER" = 1 ]; then {build}; else go build -o /till ./cmd/till; fi'
    lines.append(
        f"RUN {draw(st.sampled_from([build, branch, build.replace(' -o', ' ' + chr(92) + chr(10) + ' -o')]))}"
    )
    base = draw(
        st.sampled_from(["alpine:3.20", "scratch", "gcr.io/distroless/static:nonroot", "build"])
    )
    lines += [f"FROM {base}", "COPY --from=build /till /till"]
    lines += draw(
        st.lists(
            st.sampled_from(
                ["USER 1001", "USER nobody:nogroup", "ENV GOCOVERDIR=/coverdata", "ENV GOCOVERDIR /cov",
                 "RUN mkdir -p /coverdata", "VOLUME /coverdata", "STOPSIGNAL SIGKILL", "WORKDIR /app"]
            ),
            max_size=3,
        )
    )  # fmt: skip
    lines.append(
        draw(
            st.sampled_from(['ENTRYPOINT ["/till"]', "CMD /till serve", "ENTRYPOINT sh -c '/till'"])
        )
    )
    return draw(st.sampled_from(["\n", "\r\n"])).join([*lines, ""])


@st.composite
def _manifest(draw: st.DrawFn) -> str:
    directory = draw(_DIRECTORIES)
    container: dict[str, Any] = {"name": "till", "image": draw(_NAMES)}
    if draw(st.booleans()):
        container["env"] = [{"name": "GOCOVERDIR", "value": directory}]
    if draw(st.booleans()):
        container["volumeMounts"] = [
            {"name": draw(st.sampled_from(["cov", "other"])), "mountPath": draw(_DIRECTORIES),
             **({"readOnly": True} if draw(st.booleans()) else {})}
        ]  # fmt: skip
    if draw(st.booleans()):
        container["command"] = draw(st.sampled_from([["/till"], ["sh", "-c", "/till; sleep 1"]]))
    if draw(st.booleans()):
        container["securityContext"] = draw(
            st.sampled_from([{"readOnlyRootFilesystem": True}, {"runAsUser": 1001}, {}])
        )
    volume = draw(
        st.sampled_from(
            [{"emptyDir": {}}, {"hostPath": {"path": "/coverage"}}, {"configMap": {"name": "c"}},
             {"hostPath": {"path": "/mnt/cov", "type": "Directory"}}]
        )
    )  # fmt: skip
    pod: dict[str, Any] = {"containers": [container], "volumes": [{"name": "cov", **volume}]}
    if draw(st.booleans()):
        pod["terminationGracePeriodSeconds"] = draw(st.sampled_from([0, 5, 30]))
    meta = {"name": "till", "namespace": draw(st.sampled_from(["shop", "default"]))}
    kind = draw(st.sampled_from(["Pod", "Deployment", "Job"]))
    spec = pod if kind == "Pod" else {"template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}
    version = {"Pod": "v1", "Deployment": "apps/v1", "Job": "batch/v1"}[kind]
    made = {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}
    return json.dumps(made) if draw(st.integers(0, 5)) == 0 else _written(made, draw)


def _written(value: Any, draw: st.DrawFn, depth: int = 0, style: int | None = None) -> str:
    """YAML, lists indented or not, with a comment here and there."""
    style = draw(st.integers(0, 2)) if style is None else style
    pad = "  " * depth
    if isinstance(value, dict) and value:
        lines = []
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                deeper = depth + (isinstance(inner, dict) or style > 0)
                lines.append(f"{pad}{key}:{' # here' if style == 2 else ''}\n")
                lines.append(_written(inner, draw, deeper, style))
            else:
                lines.append(f"{pad}{key}: {json.dumps(inner)}\n")
        return "".join(lines)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        items = (_written(item, draw, depth + 1, style) for item in value)
        return "".join(f"{pad}- {item[len(pad) + 2 :]}" for item in items)
    return (
        f"{pad}{'- ' if isinstance(value, list) else ''}"
        + (
            f"\n{pad}- ".join(map(json.dumps, value))
            if isinstance(value, list)
            else json.dumps(value)
        )
        + "\n"
    )


_KIND = st.sampled_from(
    [
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n- role: worker\n",
        (
            "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
            "  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: /coverage\n    readOnly: true\n"
        ),
    ]
)
_STEPS = st.lists(
    st.sampled_from(
        ["docker build -t shop/till:e2e .", "docker build --build-arg COVER=1 -t till .",
         "kind create cluster --config kind.yaml", "kind load docker-image shop/till:e2e",
         "kubectl apply -f till.yaml", "kubectl delete pod till --force --grace-period=0",
         "kubectl cp till:/coverdata ./cov", "go test ./e2e/...", "kind delete cluster",
         "go tool covdata textfmt -i=cov -o=cover.out", "export GOCOVERDIR=$PWD/cov", "mkdir -p cov",
         "docker run --rm -e GOCOVERDIR=/cov till", "docker compose up -d", "pkill -9 till", "set -e",
         "go build -cover -o bin/till ./cmd/till", "GOCOVERDIR=cov ./bin/till &", "kill %1; wait"]
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@st.composite
def projects(draw: st.DrawFn) -> dict[str, bytes]:
    """Files by path."""
    steps = draw(_STEPS)
    files = {
        "Dockerfile": draw(_dockerfile() | dockerfiles()),
        "till.yaml": draw(_manifest()),
        "kind.yaml": draw(_KIND),
        "go.mod": "module example.com/till\n\ngo 1.22\n",
        "cmd/till/main.go": "package main\n\nfunc main() {\n\tselect {}\n}\n",
        "Makefile": "e2e:\n" + "".join(f"\t{step.replace('$', '$$')}\n" for step in steps),
        "e2e.sh": "#!/bin/sh\n" + "\n".join(draw(_STEPS)) + draw(st.sampled_from(["", "\n"])),
    }
    left_out = draw(st.sets(st.sampled_from(sorted(files)), max_size=4))
    return {path: text.encode() for path, text in files.items() if path not in left_out}
