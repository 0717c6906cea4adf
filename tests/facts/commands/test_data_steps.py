"""What scripts do to the directory with the data."""

from __future__ import annotations

import pytest

from covlint.facts.commands.data_steps import NODE_TOOLS, POD_TOOLS, copied, opened
from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.commands.steps import Step
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
