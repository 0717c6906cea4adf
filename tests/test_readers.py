"""Which reader takes which path: the quick way is the table itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.readers import READERS, reader_of

PARTS = [
    ".github/workflows/", "action", "Dockerfile", "Containerfile", "Makefile", "makefile", "go",
    "compose", "skaffold", ".goreleaser", ".ko", "gitlab-ci", ".gitlab/", "bake", "Tiltfile",
    "deploy", "/", ".", "-", "_", "yaml", "yml", "sh", "bash", "py", "mk", "hcl", "json", "md",
    "star", "tiltfile", "dockerfile", "dockerignore",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("".join))
def test_the_first_reader_of_the_table_takes_a_path(path: str) -> None:
    assert reader_of(path) is next((one for one in READERS if one.name.search(path)), None)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("e2e/a_test.go", "go"),
        ("deploy/till.yaml", "yaml"),
        (".github/workflows/e2e.yml", "yaml"),
        ("hack/e2e.bash", "script"),
        ("build/Dockerfile.e2e", "dockerfile"),
        ("docs/guide.md", None),
    ],
)
def test_what_kind_of_file_a_path_names(path: str, kind: str | None) -> None:
    reader = reader_of(path)
    assert (reader.kind if reader is not None else None) == kind
