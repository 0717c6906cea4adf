"""What Kind configurations say, and the edits that repair them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from covlint.diagnostics import Edit
from covlint.documents.yaml import open_yaml
from covlint.documents.yaml_edit import join_edits
from covlint.facts.kubernetes.cluster import KindCluster, read_clusters
from covlint.source import SourceFile

KIND = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: e2e
nodes:
- role: control-plane
  extraMounts:
  - hostPath: ./coverdata
    containerPath: /coverdata
    readOnly: true  # never written
    propagation: None
- role: worker # runs the pods
"""


def only(text: str) -> KindCluster:
    (cluster,) = read_clusters(open_yaml(SourceFile.of_text("kind.yaml", text)))
    return cluster


def applied(text: str, edits: Iterable[Edit]) -> str:
    data = text.encode()
    for edit in reversed(join_edits(edits)):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    return data.decode()


def test_nodes_and_their_mounts_are_read() -> None:
    cluster = only(KIND)
    assert cluster.name is not None
    assert cluster.name.text == "e2e"
    control, worker = cluster.nodes
    mount = control.mount_at("/coverdata/x")
    assert mount is not None
    assert mount.host_path is not None
    assert mount.read_only is not None
    assert (mount.host_path.text, mount.read_only.text) == ("./coverdata", "true")
    assert worker.extra_mounts == ()
    assert not worker.mounts_opaque


@pytest.mark.parametrize(
    "text",
    [
        "kind: Cluster\napiVersion: cluster.x-k8s.io/v1beta1\n",
        "kind: Node\napiVersion: kind.x-k8s.io/v1alpha4\n",
        "kind: Cluster\n",
        "[]\n",
    ],
)
def test_other_clusters_are_not_kinds(text: str) -> None:
    assert read_clusters(open_yaml(SourceFile.of_text("a.yaml", text))) == ()


def test_a_mount_that_a_template_fills_in_is_opaque() -> None:
    cluster = only(KIND.replace("containerPath: /coverdata", "containerPath: ${COVERDIR}"))
    assert cluster.nodes[0].mounts_opaque
    assert cluster.nodes[0].extra_mounts == ()


def test_a_mount_becomes_writable_by_losing_its_read_only_line() -> None:
    mount = only(KIND).nodes[0].extra_mounts[0]
    assert applied(KIND, mount.make_writable()) == KIND.replace(
        "    readOnly: true  # never written\n", ""
    )


def test_a_mount_whose_read_only_value_cannot_go_says_false() -> None:
    text = KIND.replace("readOnly: true", "readOnly: &ro true").replace(
        "None\n", "None\n  - {hostPath: a, containerPath: /b, readOnly: *ro}\n"
    )
    mount = only(text).nodes[0].extra_mounts[0]
    assert applied(text, mount.make_writable()) == text.replace("&ro true", "&ro false")


def test_extra_mounts_are_added_to_each_kind_of_node() -> None:
    cluster = only(KIND)
    edits = [e for node in cluster.nodes for e in node.add_extra_mount("./cov", "/cov")]
    assert (
        applied(KIND, edits)
        == KIND.replace(
            "    propagation: None\n",
            "    propagation: None\n  - hostPath: ./cov\n    containerPath: /cov\n",
        )
        + "  extraMounts:\n  - hostPath: ./cov\n    containerPath: /cov\n"
    )


def test_a_cluster_without_nodes_gets_the_default_one_with_a_mount() -> None:
    text = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
    after = applied(text, only(text).add_node_with_mount("./cov", "/cov"))
    assert after == text + (
        "nodes:\n- role: control-plane\n  extraMounts:\n"
        "  - hostPath: ./cov\n    containerPath: /cov\n"
    )
    assert only(after).nodes[0].mount_at("/cov") is not None


def test_a_shared_mount_list_says_so() -> None:
    text = (
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
        "- extraMounts: &m [{hostPath: a, containerPath: /b}]\n- extraMounts: *m\n- {}\n"
    )
    assert [node.shared for node in only(text).nodes] == [True, True, False]
