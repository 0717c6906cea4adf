"""What scripts do to the directory with the data."""

from __future__ import annotations

import pytest

from covlint.documents.yaml import open_yaml
from covlint.facts.commands.data_steps import (
    NODE_TOOLS,
    POD_TOOLS,
    copied,
    copied_out,
    is_other_file,
    opened,
)
from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.commands.steps import Step
from covlint.facts.kubernetes.workload import read_containers
from covlint.source import SourceFile


def steps(script: str) -> list[Step]:
    found = read_script_steps(SourceFile.of_text("e2e.sh", script + "\n"))
    return [one for one in found if isinstance(one, Step)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("docker cp kind-control-plane:/coverdata/. ./out", True),
        ("docker cp kind-control-plane:/tmp ./out", False),
        ("podman cp $NODE:/coverdata out", True),
        ("docker cp $NODE:/var/lib out", False),
        ('docker cp "$FROM" out', True),
        ("docker cp ./out kind-control-plane:/coverdata", False),
        ("docker exec node tar cf - /coverdata", True),
        ("cp -r /coverdata out", False),
        ("kubectl cp pod:/coverdata out", False),
    ],
)
def test_copies_out_of_a_node(script: str, expected: bool) -> None:
    assert copied(steps(script), NODE_TOOLS, ["/coverdata"]) is expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("kubectl cp e2e/pod:tmp/coverage out", True),
        ("kubectl cp e2e/pod:coverage out", True),
        ("kubectl cp e2e/pod:tmp/other out", False),
        ("kubectl exec pod -- tar cf - -C /tmp/coverage .", True),
        ("docker cp node:/tmp/coverage out", False),
    ],
)
def test_copies_out_of_a_pod(script: str, expected: bool) -> None:
    assert copied(steps(script), POD_TOOLS, ["/tmp/coverage"]) is expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("chmod 0777 coverdata", True),
        ("chmod -R a+rwX ./coverdata", True),
        ("sudo chown -R 1001 build/coverdata", True),
        ("chmod 755 coverdata", False),
        ("chmod u+w coverdata", False),
        ("chmod +x coverdata", False),
        ("chmod 777 elsewhere", False),
        ('chmod 777 "$DIRECTORY"', True),
        ('chmod +x "$DIRECTORY"', False),
        ("mkdir -p -m 0777 coverdata", True),
        ("mkdir -pm 777 coverdata", True),
        ("mkdir --mode=1777 coverdata", True),
        ("mkdir -m 0755 coverdata", False),
        ("mkdir -p coverdata", False),
        ("install -d -m 0777 coverdata", True),
        ("install -d -o 1001 coverdata", True),
        ("install -m 0755 covdata /usr/bin/coverdata", False),
        ("docker exec node chmod 777 /coverdata", True),
    ],
)
def test_makes_the_directory_writable(script: str, expected: bool) -> None:
    # a file that never speaks of data is not read at all: this line makes it matter
    assert opened(steps(f"{script}\n: covdata"), ["/coverdata", "./coverdata"]) is expected


def copy(text: str) -> Step:
    (found,) = read_script_steps(SourceFile.of_text("run.sh", text + "\n"))
    assert isinstance(found, Step)
    return found


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("/coverdata", True),
        ("/coverdata/.", True),
        ("/coverdata/covmeta.1a", True),
        ("/coverdata/run.1/cov*", True),
        ("/", True),
        ("/coverdata/.coverage", False),  # of Python
        ("/coverdata/report.html", False),
        ("/data", False),
    ],
)
def test_what_a_copy_takes(path: str, taken: bool) -> None:
    assert copied([copy(f"kubectl cp till:{path} out")], {"kubectl"}, ["/coverdata"]) is taken


def test_a_single_file_of_another_kind() -> None:
    assert is_other_file("/coverdata/.coverage")
    assert not is_other_file("/coverdata/.")
    assert not is_other_file("/coverdata/covcounters.1.2.3")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("docker cp kind-worker:/coverdata out", "kind-worker"),
        ('docker cp "$KIND_NODE":/coverdata out', "${KIND_NODE}"),
        ("docker cp $NAME-control-plane:/coverdata out", "${NAME}-control-plane"),
        ("kubectl cp e2e/till-0:coverdata out", "e2e/till-0"),
        ("docker cp out kind-worker:/coverdata", None),
    ],
)
def test_where_a_copy_comes_from(text: str, origin: str | None) -> None:
    assert copy(text).origin == origin


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        ("e2e/till", True),
        ("till-5d4f9c7b8-x2x9z", True),  # of a Deployment
        ("a-till-0", True),  # a kustomization's prefix
        ("$POD", True),
        ("e2e/copy", False),
    ],
)
def test_a_copy_out_of_another_pod_is_another_copy(pod: str, expected: bool) -> None:
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: till}\n"
        "spec: {containers: [{name: till, image: till}]}\n"
    )
    (container,) = read_containers(open_yaml(SourceFile.of_text("pod.yaml", manifest)))
    step = copy(f"kubectl cp {pod}:/coverdata out")
    assert copied_out([step], container, ["/coverdata"]) is expected
