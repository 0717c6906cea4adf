"""Charts inside of charts, with the values that the outer one sets."""

from __future__ import annotations

import pytest

from covlint.diagnostics import Severity
from covlint.engine import Inspection, Options, inspect
from covlint.facts.kubernetes.workload import Container
from covlint.files import MemoryFiles
from covlint.registry import Registry

TEMPLATE = """\
apiVersion: v1
kind: Pod
metadata:
  name: till
spec:
  containers:
    - name: till
      image: "{{ .Values.global.registry }}/{{ .Values.image }}"
      env:
        - name: GOCOVERDIR
          value: {{ .Values.coverdir }}
      volumeMounts:
        - name: data
          mountPath: /coverdata
  volumes:
    - name: data
      hostPath: {path: /coverdata}
"""
SUB = "apiVersion: v2\nname: till\n"
FILES = {
    "Dockerfile": "FROM golang:1.24\nRUN go build -cover -o /till .\nCMD [/till]\n",
    "Makefile": "image:\n\tdocker build -t shop/till:e2e .\n",
    "shop/Chart.yaml": "apiVersion: v2\nname: shop\n",
    "shop/values.yaml": "till: {coverdir: /coverdata}\nglobal: {registry: shop}\n",
    "shop/charts/till/Chart.yaml": SUB,
    "shop/charts/till/values.yaml": "image: till:e2e\ncoverdir: /tmp\nglobal: {registry: none}\n",
    "shop/charts/till/templates/pod.yaml": TEMPLATE,
}
ALIAS = (
    "apiVersion: v2\nname: shop\ndependencies:\n"
    "  - {name: till, alias: first, repository: 'file://../till'}\n"
)


def inspected(changes: dict[str, str | None]) -> tuple[Inspection, Container]:
    files = {path: text for path, text in {**FILES, **changes}.items() if text is not None}
    found = inspect(MemoryFiles(files), Registry.builtin(), Options())
    assert (found.report.unread, found.report.crashes) == ((), ())
    found.project.chains()
    (container,) = found.project.facts.containers
    return found, container


def said(container: Container) -> tuple[str | None, str | None]:
    variable = container.variable("GOCOVERDIR")
    value = variable.value if variable is not None else None
    image = container.image
    return (image.text if image is not None else None, value.text if value is not None else None)


def test_the_values_of_the_outer_chart_win() -> None:
    _, container = inspected({})
    assert said(container) == ("shop/till:e2e", "/coverdata")
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    span = variable.value.span
    text = FILES[span.path]
    assert (span.path, text[span.start : span.end]) == ("shop/values.yaml", "/coverdata")


def test_an_alias_is_the_key() -> None:
    values = "first: {coverdir: /coverdata}\ntill: {coverdir: /var}\nglobal: {registry: shop}\n"
    _, container = inspected({"shop/Chart.yaml": ALIAS, "shop/values.yaml": values})
    assert said(container)[1] == "/coverdata"


@pytest.mark.parametrize("setting", ["till.coverdir=/data", "global.registry=shop,till.x=1"])
def test_what_sets_the_outer_chart_sets_the_inner_one(setting: str) -> None:
    _, container = inspected({"up.sh": f"helm install shop ./shop --set {setting}\n"})
    assert said(container)[1] == ("/data" if "coverdir" in setting else "/coverdata")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "/middle"),
        ({"mall/values.yaml": "shop: {till: {coverdir: /outer}}\n"}, "/outer"),
        ({"mall/values.yaml": "till: {coverdir: /outer}\n"}, "/middle"),
        ({"up.sh": "helm install mall ./mall --set shop.till.coverdir=/set\n"}, "/set"),
        ({"up.sh": "helm install mall ./mall --set till.coverdir=/set\n"}, "/middle"),
        (
            {
                "up.sh": "helm install mall ./mall -f e2e.yaml\n",
                "e2e.yaml": "shop: {till: {coverdir: /file}}\n",
            },
            "/file",
        ),
    ],
)
def test_a_chart_two_levels_down(changes: dict[str, str | None], expected: str) -> None:
    inner = {f"mall/charts/{path}": text for path, text in FILES.items() if "shop/" in path}
    moved: dict[str, str | None] = {path: None for path in FILES if "shop/" in path}
    middle = "till: {coverdir: /middle}\nglobal: {registry: other}\n"
    outer = {
        "mall/Chart.yaml": "apiVersion: v2\nname: mall\n",
        "mall/values.yaml": "global: {registry: shop}\n",
        "mall/charts/shop/values.yaml": middle,
    }
    _, container = inspected({**moved, **inner, **outer, **changes})
    assert said(container)[1] == expected
    if "mall/values.yaml" not in changes:
        assert said(container)[0] == "shop/till:e2e"


def test_a_dependency_by_its_path() -> None:
    moved = {path.replace("shop/charts/", ""): text for path, text in FILES.items()}
    changes = {
        **{path: None for path in FILES if "charts/" in path},
        **moved,
        "shop/Chart.yaml": ALIAS,
        "e2e.yaml": "first: {coverdir: /coverdata, image: till:e2e}\nglobal: {registry: shop}\n",
        "up.sh": "helm upgrade --install shop ./shop -f e2e.yaml\n",
    }
    _, container = inspected(changes)
    assert said(container) == ("shop/till:e2e", "/coverdata")


@pytest.mark.parametrize(
    "changes",
    [
        {"shop/Chart.yaml": None},
        {"shop/values.yaml": None},
        {"shop/values.yaml": "till: [a]\nglobal: no\n"},
        {"shop/values.yaml": "- a\n"},
        {"shop/Chart.yaml": ALIAS + "  - {name: till, alias: second}\n"},
    ],
)
def test_no_values_from_outside(changes: dict[str, str | None]) -> None:
    assert said(inspected(changes)[1])[1] == "/tmp"


def test_a_default_of_the_outer_chart_is_a_default() -> None:
    """It stands elsewhere than in the chart, and may be set differently all the same."""
    found, _ = inspected({"shop/values.yaml": "till: {coverdir: /var}\nglobal: {registry: shop}\n"})
    (mismatch,) = (one for one in found.report.diagnostics if one.code in ("COV501", "COV302"))
    assert mismatch.severity is Severity.NOTICE
