"""The repository's Kind configuration, changed in memory for one run."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from covlint.runner.cluster.kind_config import kind_config
from covlint.runner.cluster.node_data import full_name
from covlint.runner.target import TargetError

CONFIG = """kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: theirs
nodes:
  - role: control-plane
    extraPortMappings:
      - containerPort: 30480
        hostPort: PORT
    extraMounts:
      - hostPath: ./coverdata
        containerPath: /coverdata
      - hostPath: ./certificates
        containerPath: /certificates
  - role: worker
    extraMounts:
      - hostPath: ./coverdata
        containerPath: /coverdata
"""
ROOT, RUN = Path("/project"), Path("/run-of-covlint")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_data_comes_to_a_folder_of_the_run():
    port = free_port()
    made = kind_config(
        CONFIG.replace("PORT", str(port)), ROOT, RUN, frozenset({"./coverdata"}), "/coverdata"
    )
    nodes = json.loads(made.data)["nodes"]
    assert [m["hostPath"] for m in nodes[0]["extraMounts"]] == [
        "/run-of-covlint/host",
        "/project/certificates",
    ]
    assert nodes[1]["extraMounts"][0]["hostPath"] == "/run-of-covlint/host"
    assert made.folders == (("./coverdata", RUN / "host"),)
    assert made.ports == ((30480, port),)
    assert made.notes == ()
    mapping = nodes[0]["extraPortMappings"][0]
    assert (mapping["hostPort"], mapping["listenAddress"]) == (port, "127.0.0.1")
    assert "name" not in json.loads(made.data)


def test_a_port_that_is_taken_is_replaced_and_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        made = kind_config(CONFIG.replace("PORT", str(port)), ROOT, RUN, frozenset(), None)
    assert dict(made.ports)[30480] != port
    assert f"port {port} of this host is taken" in made.notes[0]


def test_without_a_configuration_the_missing_mount_is_added():
    made = kind_config(None, ROOT, RUN, frozenset(), "/var/cov")
    (node,) = json.loads(made.data)["nodes"]
    assert node["extraMounts"] == [
        {"hostPath": "/run-of-covlint/host", "containerPath": "/var/cov"}
    ]


def test_with_a_configuration_no_mount_is_added():
    made = kind_config("kind: Cluster\napiVersion: x\n", ROOT, RUN, frozenset(), "/var/cov")
    assert "extraMounts" not in made.data


@pytest.mark.parametrize("text", ["a: [", "kind: Pod\n", "kind: Cluster\nnodes: 3\n", ""])
def test_what_is_no_configuration_is_refused_in_words(text):
    with pytest.raises(TargetError):
        kind_config(text, ROOT, RUN, frozenset(), None)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("app", "docker.io/library/app:latest"),
        ("team/app:1", "docker.io/team/app:1"),
        ("localhost/app:e2e", "localhost/app:e2e"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("registry.example.com/team/app", "registry.example.com/team/app:latest"),
    ],
)
def test_a_node_knows_images_by_their_full_names(image, name):
    assert full_name(image) == name
