"""The pod that is played is the manifest's own, in folders of the run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from covlint.files import DiskFiles
from covlint.project import Project
from covlint.runner.candidates import chain_of
from covlint.runner.container.builder import Builder, BuilderKind
from covlint.runner.container.plan import ContainerPlan, plan_container
from covlint.runner.container.play import plan_play
from covlint.runner.container.runtime import Runtime
from covlint.runner.process.plan import Host
from covlint.runner.target import TargetError, parse_target
from engines.project import Layout

PODMAN = Runtime("podman", True, "4.3.1", Builder(BuilderKind.BUILDAH, (4, 3)))
RUN = Path("/run-of-covlint")


def played(root: Path, layout: Layout, runtime: Runtime = PODMAN) -> ContainerPlan:
    layout.write(root)
    project = Project(DiskFiles(str(root)))
    entries = {"engine": "play", "dockerfile": "Dockerfile", "manifest": "deploy/app.yaml"}
    target = parse_target("app", entries)
    chain = chain_of(target, project.chains())
    plan = plan_container(
        target, chain, root, project.source, RUN, "1234", os.environ, Host(0, 12345), runtime
    )
    return plan_play(plan, chain, project.source)


def pod(plan: ContainerPlan) -> dict:
    assert plan.play is not None
    return json.loads(plan.play.split("\n---\n")[-1])


def test_the_volume_of_the_node_is_a_folder_of_the_run(tmp_path: Path):
    plan = played(tmp_path, Layout("app"))
    spec = pod(plan)["spec"]
    assert spec["volumes"][0]["hostPath"] == {"path": "/run-of-covlint/host", "type": "Directory"}
    (container,) = spec["containers"]
    assert container["image"] == plan.tag
    assert container["ports"] == [{"containerPort": 8080, "hostPort": 12345, "hostIP": "127.0.0.1"}]
    assert {"name": "GOCOVERDIR", "value": "/coverdata"} in container["env"]
    assert spec["restartPolicy"] == "Never"
    assert pod(plan)["metadata"]["name"] == "covlint-1234"
    assert plan.box.name == "covlint-1234-app"


def test_another_folder_of_the_node_does_not_arrive(tmp_path: Path):
    plan = played(tmp_path, Layout("app", host_path="/tmp/other"))
    folder = pod(plan)["spec"]["volumes"][0]["hostPath"]["path"]
    assert folder == "/run-of-covlint/node/tmp/other"
    assert plan.place.lost is not None


def test_an_init_container_of_the_same_image_gets_the_built_one(tmp_path: Path):
    init = (
        'initContainers: [{name: own, image: "localhost/app:e2e", command: [chown, x], '
        "volumeMounts: [{name: coverage, mountPath: /d}]}]"
    )
    spec = pod(played(tmp_path, Layout("app", pod=init)))["spec"]
    assert spec["initContainers"][0]["image"].startswith("localhost/covlint/app:")


def test_what_a_pod_refers_to_comes_with_it(tmp_path: Path):
    layout = Layout("app")
    layout.write(tmp_path)
    manifest = (tmp_path / "deploy/app.yaml").read_text()
    settings = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
    plan = played(tmp_path, Layout("app", files={"deploy/app.yaml": manifest + settings}))
    assert plan.play is not None
    kinds = [json.loads(part)["kind"] for part in plan.play.split("\n---\n")]
    assert kinds == ["ConfigMap", "Pod"]


def test_docker_plays_no_pods(tmp_path: Path):
    with pytest.raises(TargetError, match="podman kube play"):
        played(
            tmp_path,
            Layout("app"),
            Runtime("docker", False, "28.2.2", Builder(BuilderKind.BUILDKIT)),
        )
