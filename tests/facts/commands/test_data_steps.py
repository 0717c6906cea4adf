"""Which copies take coverage data, and from where."""

from __future__ import annotations

import pytest

from covlint.facts.commands.data_steps import copied, is_other_file
from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.commands.steps import Step
from covlint.source import SourceFile


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
