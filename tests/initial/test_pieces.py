"""The files that are there already keep every byte; what is put into them fits in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.config import parse_config
from covlint.documents.makereader import read_makefile
from covlint.files import MemoryFiles
from covlint.initial.draft import Draft
from covlint.initial.proposal import propose
from covlint.initial.survey import survey
from covlint.source import SourceFile
from initial.flavours import ferry

LINES = st.lists(
    st.sampled_from(["all:", "\techo a", "X := 1", "# e2e-coverage:", "", "ifdef X", "endif", "é"]),
    max_size=8,
)
ENDS = st.sampled_from(["\n", "\r\n"])


def after(**changes: bytes | None) -> dict[str, str]:
    """The plain flavour with other files, and then with what is proposed."""
    contents = {**ferry("plain"), **changes}
    files = MemoryFiles({name: data for name, data in contents.items() if data is not None})
    proposal = propose(files, survey(files))
    return {piece.change.path: piece.change.after.decode() for piece in proposal.pieces}


@settings(max_examples=60, deadline=None)
@given(LINES, ENDS, st.booleans())
def test_lines_are_put_below_in_the_files_own_endings(
    lines: list[str], end: str, ended: bool
) -> None:
    before = end.join(lines) + (end if ended else "")
    draft = Draft(MemoryFiles({"Makefile": before}))
    draft.add_lines("Makefile", ["one", "\ttwo"], "why")
    (piece,) = draft.pieces()
    text = piece.change.after.decode()
    assert text.startswith(before)
    own = "\r\n" if "\r\n" in before else "\n"
    rest = text[len(before) :]
    assert rest.endswith(own.join(["one", "\ttwo", ""]))
    assert rest.removesuffix(own.join(["one", "\ttwo", ""])) in ("", own)


@pytest.mark.parametrize(
    ("makefile", "target"),
    [
        ("e2e-coverage:\n\ttrue\n", "coverage-e2e"),
        ("# e2e-coverage: none\n", "e2e-coverage"),
    ],
)
def test_a_target_gets_a_name_that_is_free(makefile: str, target: str) -> None:
    found = after(Makefile=makefile.encode())
    rules = read_makefile(SourceFile.of_text("Makefile", found["Makefile"])).rules
    names = [name for rule in rules for name in rule.targets]
    assert target in names
    assert len(names) == len(set(names) | {".PHONY"}) + names.count(".PHONY") - 1
    workflow = found[".github/workflows/e2e-coverage.yaml"]
    assert f"- run: make {target}\n" in workflow


def test_the_container_tool_of_the_makefile_is_used() -> None:
    found = after(Makefile=b"CONTAINER_ENGINE ?= podman\n")["Makefile"]
    assert "\t$(CONTAINER_ENGINE) build" in found
    assert "CONTAINER_TOOL" not in found


def test_recipes_begin_as_the_makefile_says() -> None:
    found = after(Makefile=b".RECIPEPREFIX = >\nall:\n> true\n")["Makefile"]
    assert "\n>rm -rf coverdata\n" in found
    assert "\n\t" not in found


def test_targets_are_put_beside_those_that_are_there() -> None:
    before = "# ours\nselect: [COV]\ntargets:\n  other: # as it is\n    main: ./cmd/other\n"
    text = after(**{".covlint.yaml": before.encode()})[".covlint.yaml"]
    assert text.startswith(before)
    config = parse_config(text.encode(), ".covlint.yaml")
    assert sorted(config.targets) == ["ferry", "other"]
    assert config.select == ["COV"]


def test_a_configuration_without_targets_gets_them() -> None:
    text = after(**{".covlint.yaml": b"fail_on: error\n"})[".covlint.yaml"]
    assert text.startswith("fail_on: error\ntargets:\n  ferry:\n")
    assert list(parse_config(text.encode(), ".covlint.yaml").targets) == ["ferry"]


def test_what_is_ignored_already_is_not_said_again() -> None:
    found = after(**{".gitignore": b".*\ncoverdata\n*.txt\n", ".dockerignore": None})
    assert ".gitignore" not in found
    assert ".dockerignore" not in found


def test_every_node_of_a_kind_config_gets_the_mount() -> None:
    config = (
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane # one\n"
        "- role: worker\n  extraMounts:\n  - hostPath: /dev\n    containerPath: /devices\n"
    )
    text = after(**{"test/kind.yaml": config.encode()})["test/kind.yaml"]
    mount = "  - hostPath: ./coverdata\n    containerPath: /coverdata\n"
    assert text.count(mount) == 2
    assert text.replace(mount, "").replace("  extraMounts:\n", "", 1) == config


def test_without_nodes_one_is_named() -> None:
    config = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
    text = after(**{"test/kind.yaml": config.encode()})["test/kind.yaml"]
    assert text.startswith(config + "nodes:\n")
    assert "containerPath: /coverdata" in text


def test_no_ci_system_is_said() -> None:
    files = MemoryFiles({k: v for k, v in ferry("plain").items() if not k.startswith(".github")})
    proposal = propose(files, survey(files))
    assert proposal.notes == ("no CI system is seen (GitHub, GitLab): no job is proposed",)


def test_names_from_manifests_are_words_of_the_shell() -> None:
    deployment = ferry("plain")["deploy/ferry.yaml"].decode()
    nasty = deployment.replace("  name: ferry\n  labels", "  name: 'a; echo $HOME'\n  labels", 1)
    makefile = after(**{"deploy/ferry.yaml": nasty.encode()})["Makefile"]
    assert "deployment/'a; echo $$HOME'" in makefile
