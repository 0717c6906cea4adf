"""Where labs share a machine: names, programs and clusters of their own."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path

import pytest

from covlint.labs.builders import LabProcesses
from covlint.labs.lab import Lab, load_labs
from covlint.labs.place import Names, names_of, rename_in_manifests
from covlint.labs.shared_clusters import NoCluster, SharedClusters, can_be_shared, host_paths
from covlint.labs.shims import Programs, write_docker, write_kind, write_shared_kind
from covlint.labs.variants import Prepared, Variant, bases_of, prepare
from covlint.runner.ledger import Ledger

FIXTURES = Path(__file__).parents[2] / "fixtures"
LABS = {lab.code: lab for lab in load_labs(FIXTURES)}
NAMES = Names("12345678", "localhost/bell-0123456789ab")
MOUNTED = (FIXTURES / "labs/bases/cluster/kind.yaml").read_text()


def said(tmp_path: Path, program: str, *words: str) -> str:
    done = subprocess.run(
        [tmp_path / "bin" / program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """Programs that say what they were called with."""
    for name in ("docker", "kind"):
        file = tmp_path / "real" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'#!/bin/sh\necho {name} "$@"\necho "$@" >> {tmp_path}/{name}.log\n')
        file.chmod(0o755)
    return Programs(str(tmp_path / "real/docker"), str(tmp_path / "real/kind"), "node:1")


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("run -d --name bell localhost/bell:e2e", f"run -d --name bell-12345678 {NAMES.image}:e2e"),
        ("cp bell:/coverdata/. coverdata", "cp bell-12345678:/coverdata/. coverdata"),
        ("build -t localhost/bell:dev ./cmd/bell", f"build -t {NAMES.image}:dev ./cmd/bell"),
        ("run -v /x/bell:/coverdata bells", "run -v /x/bell:/coverdata bells"),
    ],
)
def test_docker_hears_the_names_of_the_run(
    tmp_path: Path, programs: Programs, words: str, called: str
) -> None:
    write_docker(tmp_path / "bin", programs, NAMES, tmp_path, None)
    assert said(tmp_path, "docker", *words.split()) == f"docker {called}"


def test_images_are_remembered_once(tmp_path: Path, programs: Programs) -> None:
    write_docker(tmp_path / "bin", programs, NAMES, tmp_path, None)
    for tag in ("e2e", "dev", "e2e"):
        said(tmp_path, "docker", "build", "-t", f"localhost/bell:{tag}", ".")
    assert (tmp_path / "images").read_text().split() == [
        f"{NAMES.image}:{t}" for t in ("e2e", "dev")
    ]


def test_a_push_goes_to_the_registry_of_the_labs(tmp_path: Path, programs: Programs) -> None:
    write_docker(tmp_path / "bin", programs, NAMES, tmp_path, "127.0.0.1:5000")
    said(tmp_path, "docker", "push", "localhost/bell:e2e")
    there = f"127.0.0.1:5000/{NAMES.image.removeprefix('localhost/')}:e2e"
    called = (tmp_path / "docker.log").read_text().splitlines()
    assert called == [f"tag {NAMES.image}:e2e {there}", f"push {there}", f"rmi {there}"]


def test_a_cluster_of_its_own_has_a_name_of_the_run(tmp_path: Path, programs: Programs) -> None:
    write_kind(tmp_path / "bin", programs, NAMES, tmp_path)
    asked = ("create", "cluster", "--name", "bell")
    assert said(tmp_path, "kind", *asked).endswith("--name bell-12345678 --image node:1")
    assert said(tmp_path, "kind", "delete", "cluster").endswith("delete cluster")


def test_a_shared_cluster_stands_already(tmp_path: Path, programs: Programs) -> None:
    here, there = tmp_path / "project" / "coverdata", tmp_path / "mounted"
    there.mkdir()
    write_shared_kind(tmp_path / "bin", programs, NAMES, tmp_path, "c1", {here: there})
    kind = tmp_path / "bin" / "kind"
    refused = subprocess.run([kind, "create", "cluster"], capture_output=True, check=False)
    assert b"there is no" in refused.stderr  # as the real one says it of a mount that is not there
    here.mkdir(parents=True)
    said(tmp_path, "kind", "create", "cluster", "--name", "bell")
    assert here.resolve() == there
    for _ in range(2):
        said(tmp_path, "kind", "load", "docker-image", "localhost/bell:e2e", "--name", "bell")
    said(tmp_path, "kind", "delete", "cluster", "--name", "bell")
    called = (tmp_path / "kind.log").read_text().splitlines()
    assert called == [f"load docker-image {NAMES.image}:e2e --name c1"]


def test_a_manifest_has_an_image_and_a_folder_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "deploy" / "bell.yaml"
    file.parent.mkdir()
    text = (FIXTURES / "labs/bases/kind/deploy/bell.yaml").read_text()
    file.write_text(text)
    assert rename_in_manifests(tmp_path, NAMES, shared=True) == f"{NAMES.image}:e2e"
    expected = text.replace("localhost/bell:", f"{NAMES.image}:")
    assert file.read_text() == expected.replace(" path: /coverdata", " path: /coverdata/12345678")


def prepared(code: str, variant: Variant, root: Path) -> tuple[Lab, Prepared]:
    return LABS[code], prepare(LABS[code], variant, FIXTURES, root, "1.24.11")


def test_projects_that_build_the_same_share_an_image(tmp_path: Path) -> None:
    made = {
        (code, variant): names_of(
            *prepared(code, variant, tmp_path / code / variant.value), "1.24.11"
        )
        for code in ("COV305", "COV502", "COV308")
        for variant in (Variant.BEFORE, Variant.HEALTHY)
    }
    same = {made[code, variant].image for code, variant in made if code != "COV308"}
    assert len(same) == 1
    # what is pulled from a registry takes the place of the image in the whole cluster
    pulled = {made["COV308", Variant.BEFORE].image, made["COV308", Variant.HEALTHY].image}
    assert len(pulled) == 2
    assert same.isdisjoint(pulled)
    assert len({names.run for names in made.values()}) == len(made)
    older = names_of(*prepared("COV305", Variant.BEFORE, tmp_path / "older"), "1.21.13")
    assert older.image not in same


def test_the_go_of_the_run_builds_the_images(tmp_path: Path) -> None:
    for variant in Variant:
        prepared("COV603", variant, tmp_path / variant.value)
        text = (tmp_path / variant.value / "Dockerfile").read_text()
        assert text.startswith("FROM golang:1.24.11 AS build\n")
    assert bases_of(LABS["COV603"], FIXTURES, "1.24.11") == {"golang:1.24.11", "debian:12-slim"}


def test_what_a_configuration_mounts() -> None:
    assert host_paths(MOUNTED) == ("./coverdata",)
    assert can_be_shared(MOUNTED)
    for path in ("${PWD}/x", "~/x", "/x", "../x"):
        assert not can_be_shared(MOUNTED.replace("./coverdata", path))


def clusters(tmp_path: Path, programs: Programs) -> SharedClusters:
    return SharedClusters(Ledger("r", tmp_path), programs, {}, LabProcesses())


def test_one_cluster_stands_for_a_configuration(tmp_path: Path, programs: Programs) -> None:
    shared = clusters(tmp_path, programs)
    with shared.using(MOUNTED) as one, shared.using(f"# the same\n{MOUNTED}") as other:
        assert one is other
        (folder,) = one.folders
        config = json.loads(one.config)
        assert config["nodes"][0]["extraMounts"][0]["hostPath"] == str(folder)
        assert folder.is_dir()
    calls = (tmp_path / "kind.log").read_text().splitlines()
    assert [line.split()[0] for line in calls] == ["create", "get"]


def test_a_third_cluster_waits_until_one_is_idle(tmp_path: Path, programs: Programs) -> None:
    shared = clusters(tmp_path, programs)
    reading = MOUNTED.replace("containerPath:", "readOnly: true\n        containerPath:")
    bare = "kind: Cluster\nnodes: [{role: control-plane}]\n"
    got = threading.Event()

    def third() -> None:
        with shared.using(bare):
            got.set()

    thread = threading.Thread(target=third)
    with shared.using(MOUNTED) as kept, shared.using(MOUNTED):
        with shared.using(reading) as gone:
            thread.start()
            assert not got.wait(0.3)
        assert got.wait(10)
        thread.join()
        assert {one.name for one in shared.alive.values()} >= {kept.name}
        assert gone.name not in {one.name for one in shared.alive.values()}
    deleted = [
        line for line in (tmp_path / "kind.log").read_text().splitlines() if "delete" in line
    ]
    assert [line.split()[3] for line in deleted] == [gone.name]


def test_a_cluster_that_cannot_be_made_is_said(tmp_path: Path, programs: Programs) -> None:
    (tmp_path / "real/kind").write_text("#!/bin/sh\necho it is full >&2\nexit 1\n")
    shared = clusters(tmp_path, programs)
    with pytest.raises(NoCluster, match="it is full"), shared.using(MOUNTED):
        pass
