"""Which kustomization is built on, and what a patch says."""

from __future__ import annotations

import pytest

from covlint.files import MemoryFiles
from covlint.initial.proposal import Proposal, propose
from covlint.initial.survey import survey
from initial.flavours import ferry

KUSTOMIZATION = "kind: Kustomization\nresources: [{}]\n"


def proposed(**changes: bytes | str | None) -> Proposal:
    contents: dict[str, bytes | str] = dict(ferry("kustomize"))
    for name, text in changes.items():
        if text is None:
            del contents[name]
        else:
            contents[name] = text
    files = MemoryFiles(contents)
    return propose(files, survey(files))


def texts(proposal: Proposal) -> dict[str, str]:
    return {piece.change.path: piece.change.after.decode() for piece in proposal.pieces}


def moved(folder: str) -> dict[str, str | None]:
    """The overlay of the fixture in another folder, in today's style."""
    return {
        "deploy/overlays/staging/kustomization.yaml": None,
        f"{folder}/kustomization.yaml": KUSTOMIZATION.format("../../base"),
    }


@pytest.mark.parametrize(
    ("overlay", "base"),
    [
        ("deploy/overlays/staging", "../../base"),
        ("deploy/overlays/production", "../../base"),
        ("deploy/overlays/default", "../default"),
        ("deploy/overlays/test", "../test"),
    ],
)
def test_the_base_is_what_is_applied_but_for_environments(overlay: str, base: str) -> None:
    found = texts(proposed(**moved(overlay)))
    assert found["deploy/overlays/coverage/kustomization.yaml"] == (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"resources:\n- {base}\npatches:\n- path: ferry.yaml\n"
    )


def test_an_operator_is_deployed_with_all_that_it_needs() -> None:
    parts = {
        "deploy/overlays/staging/kustomization.yaml": None,
        "config/default/kustomization.yaml": KUSTOMIZATION.format("../../deploy/base"),
        "config/manifests/kustomization.yaml": KUSTOMIZATION.format("../default"),
    }
    found = texts(proposed(**parts))
    assert "- ../default\n" in found["config/coverage/kustomization.yaml"]


def test_a_short_grace_period_is_raised_and_no_other() -> None:
    manifest = ferry("kustomize")["deploy/base/deployment.yaml"].decode()
    short = manifest.replace(
        "      containers:", "      terminationGracePeriodSeconds: 3\n      containers:"
    )
    patch = texts(proposed(**{"deploy/base/deployment.yaml": short}))
    assert "terminationGracePeriodSeconds: 30\n" in patch["deploy/overlays/coverage/ferry.yaml"]
    longer = short.replace("Seconds: 3\n", "Seconds: 20\n")
    patch = texts(proposed(**{"deploy/base/deployment.yaml": longer}))
    assert "Grace" not in patch["deploy/overlays/coverage/ferry.yaml"]


def test_two_manifests_of_one_workload_are_not_guessed() -> None:
    plain = dict(ferry("plain"))
    plain["other/ferry.yaml"] = plain["deploy/ferry.yaml"]
    files = MemoryFiles(plain)
    proposal = propose(files, survey(files))
    assert any("several manifests have this workload" in note for note in proposal.notes)
    assert "test/e2e/coverage/ferry.yaml" not in texts(proposal)
    assert "kubectl apply" not in texts(proposal).get("Makefile", "")


def test_volumes_with_the_same_name_are_left_alone() -> None:
    manifest = ferry("kustomize")["deploy/base/deployment.yaml"].decode()
    taken = manifest + "      volumes:\n      - name: coverage\n        emptyDir: {}\n"
    patch = texts(proposed(**{"deploy/base/deployment.yaml": taken}))
    assert "- name: coverdata\n" in patch["deploy/overlays/coverage/ferry.yaml"]
