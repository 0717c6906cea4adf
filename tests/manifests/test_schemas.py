"""Every manifest of the fixtures, before the fixes and after them, against the newest schemas."""

from __future__ import annotations

import pytest

from manifests import schemas
from manifests.documents import Document, Sort, collected
from manifests.judgement import Judgement, judged
from manifests.projects import Stage, projects

MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: till}
spec:
  containers: [{name: till, image: till}]
"""


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return collected(projects())


@pytest.fixture(scope="module")
def judgement(documents: list[Document]) -> Judgement:
    return judged(
        [one for one in documents if one.sort is Sort.MANIFEST],
        lambda texts: [schemas.error(text) for text in texts],
    )


def test_there_are_as_many_as_there_were(documents: list[Document]) -> None:
    """A reader that finds none would find nothing wrong."""
    texts = {one.text: one.sort for one in documents}
    counts = [list(texts.values()).count(sort) for sort in Sort]
    assert [count >= least for count, least in zip(counts, (190, 30, 4), strict=True)], counts
    assert {stage: any(one.stage is stage for one in documents) for stage in Stage}


def test_nothing_is_refused_without_a_reason(judgement: Judgement) -> None:
    assert judgement.unexplained() == []


def test_no_fix_makes_a_manifest_less_valid(judgement: Judgement) -> None:
    assert judgement.worse() == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("image:", "imagine:", "imagine"),
        ("name: till}\n", "labels: {}}\n", "a name is required"),
        ("[{name: till, image: till}]", "{}", "is not of type 'array'"),
        ("image: till", "image: till, env: [{value: x}]", "'name' is a required property"),
    ],
)
def test_a_spoiled_manifest_is_refused(old: str, new: str, said: str) -> None:
    assert list(schemas.errors(MANIFEST)) == []
    assert said in " ".join(schemas.errors(MANIFEST.replace(old, new, 1)))
