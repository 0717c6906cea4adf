"""The Helm releases of skaffold.yaml, in the order in which skaffold hands values to helm."""

from __future__ import annotations

import pytest

from covlint.documents.yaml import open_yaml
from covlint.facts.builds.skaffold_releases import read_skaffold_releases
from covlint.facts.kubernetes.helm_release import HelmRelease
from covlint.source import SourceFile


def releases(text: str, path: str = "skaffold.yaml") -> tuple[HelmRelease, ...]:
    return read_skaffold_releases(open_yaml(SourceFile.of_text(path, text)))


HEAD = "apiVersion: skaffold/v4beta11\nkind: Config\n"


def test_all_that_a_release_sets() -> None:
    text = HEAD + (
        "deploy:\n  helm:\n    releases:\n      - name: till\n        chartPath: ../charts/till\n"
        "        valuesFiles: [e2e.yaml, ./more/a.yaml]\n"
        "        setValues:\n"
        "          a.b: 'true'\n          c: {d.e: 1}\n          f: [x]\n          g: '{{.G}}'\n"
        "        setFiles: {h: h.txt}\n"
        "        setValueTemplates: {i: '{{.I}}', j: plain}\n"
        "        artifactOverrides: {image: shop/till}\n"
        "        overrides: {k.l: {m: 'true'}, n: null}\n"
    )
    (found,) = releases(text, "deploy/skaffold.yaml")
    assert (found.chart, found.files) == ("charts/till", ("deploy/e2e.yaml", "deploy/more/a.yaml"))
    assert not found.opaque
    assert {one.path: (one.text, one.style) for one in found.settings} == {
        ("a", "b"): ("true", ""),  # quotes are none of --set's
        ("c", "d", "e"): ("1", ""),
        ("f", 0): ("x", ""),
        ("g",): (None, ""),
        ("h",): (None, ""),
        ("i",): (None, ""),
        ("j",): ("plain", ""),
        ("image",): ("shop/till", ""),
    }
    assert [(one.path, one.text, one.style) for one in found.base] == [(("k.l", "m"), "true", "'")]
    first = found.settings[0]
    assert text[first.span.start : first.span.end] == "'true'"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{.IMAGE_REPO}}", "shop/till"),
        ("{{ .IMAGE_REPO_shop_till }}", "shop/till"),
        ("{{.IMAGE_NAME2}}", "shop/desk"),
        ("{{.IMAGE_REPO_shop_desk}}:{{.IMAGE_TAG_shop_desk}}", "shop/desk:IMAGE_TAG"),
        ("{{.IMAGE_FULLY_QUALIFIED}}", "shop/till:IMAGE_TAG"),
        ("{{.IMAGE_TAG}}@{{.IMAGE_DIGEST}}", None),
        ("{{.IMAGE_REPO_other}}", None),
        ("{{.OTHER}}", None),
    ],
)
def test_the_images_that_skaffold_builds(template: str, expected: str | None) -> None:
    text = HEAD + (
        "build: {artifacts: [{image: shop/till}, {image: shop/desk}]}\n"
        f"deploy: {{helm: {{releases: [{{chartPath: a, setValueTemplates: {{i: '{template}'}}}}]}}}}\n"
    )
    (found,) = releases(text)
    assert [one.text for one in found.settings] == [expected]


def test_both_sections_and_profiles() -> None:
    release = "helm: {releases: [{name: a, chartPath: %s}]}"
    text = HEAD + (
        f"deploy: {{{release % 'one'}}}\nmanifests: {{{release % 'two'}}}\n"
        f"profiles:\n  - name: p\n    deploy: {{{release % 'three'}}}\n"
    )
    assert [one.chart for one in releases(text)] == ["one", "two", "three"]


def test_what_is_not_seen() -> None:
    body = "deploy: {helm: {releases: [{chartPath: %s, valuesFiles: [%s]}]}}\n"
    for chart in ("/abs", "'{{.X}}'", "../../out", "oci://example.com/a", "[a]"):
        assert releases(HEAD + body % (chart, "a.yaml")) == ()
    for file in ("'{{.X}}.yaml'", "gs://a/b.yaml", "/abs.yaml"):
        (found,) = releases(HEAD + body % ("chart", file))
        assert found.opaque
        assert found.files == ()
    patch = (
        "profiles: [{patches: [{op: add, path: /deploy/helm/releases/0/setValues/a, value: 1}]}]\n"
    )
    (found,) = releases(HEAD + body % ("chart", "a.yaml") + patch)
    assert found.opaque


def test_another_file_of_that_name() -> None:
    assert releases("apiVersion: v1\ndeploy: {helm: {releases: [{chartPath: a}]}}\n") == ()
    assert releases("- a\n") == ()
