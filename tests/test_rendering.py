"""``render: true``: kustomize and helm are run, and what they make is led back to the sources.

helm is played by a script that prints what was put down by hand, in the form of
``helm template``; ``tests/engines/test_helm.py`` runs the real one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from covlint.deployments import resolve
from covlint.diagnostics import Severity
from covlint.engine import Inspection, Options, inspect
from covlint.facts.kubernetes.rendered import by_template
from covlint.facts.kubernetes.workload import Container
from covlint.files import DiskFiles, MemoryFiles
from covlint.registry import Registry
from covlint.rendering import Renderer, RenderError, helm_command, kustomize_command, renderer
from covlint.source import Word
from covlint.wiring import Facts
from overlay_cases import built, kubectl, summary, tree

PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: till}
spec:
  template:
    spec:
      containers:
      - name: till
        env:
        - name: GOCOVERDIR
          value: /coverdata
"""
#: The image comes from another object, which covlint does not resolve by itself.
REPLACED = tree(
    "patches: [{path: p.yaml}]\n"
    "replacements:\n- source: {kind: ConfigMap, name: images, fieldPath: data.till}\n"
    "  targets:\n  - select: {kind: Deployment, name: till}\n"
    "    fieldPaths: ['spec.template.spec.containers.[name=till].image']\n",
    p__yaml=PATCH,
) | {
    "base/kustomization.yaml": "resources: [deployment.yaml, images.yaml]\n",
    "base/images.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: images}\n"
    "data: {till: till:cov}\n",
}


def resolved(files: dict[str, str], render: bool) -> tuple[list[Container], list[str]]:
    memory = MemoryFiles(files)
    facts = Facts()
    _, unread = resolve(facts, memory.paths(), memory.read, memory, render=render)
    return facts.containers, [one.reason for one in unread]


def text_at(files: dict[str, str], word: Word | None) -> tuple[str, str]:
    assert word is not None
    return word.span.path, files[word.span.path][word.span.start : word.span.end]


def test_without_leave_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    containers, unread = resolved(REPLACED, render=False)
    assert unread == ["kustomize replacements are not resolved: values may differ"]
    assert all(c.env_opaque for c in containers)


def test_what_kustomize_makes_is_led_back(tmp_path: Path) -> None:
    kubectl()
    containers, unread = resolved(REPLACED, render=True)
    expected = built(REPLACED, tmp_path)
    assert unread == []
    assert [summary(c) for c in containers] == [summary(c) for c in expected]  # type: ignore[arg-type]
    till = containers[0]
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    assert text_at(REPLACED, variable.value) == ("e2e/p.yaml", "/coverdata")
    assert text_at(REPLACED, till.mounts[0].path) == ("base/deployment.yaml", "/data")
    (edit,) = till.replace_word(variable.value, "/x")
    assert edit.span == variable.value.span
    assert till.image is not None
    assert till.image.text == "till:cov"
    assert text_at(REPLACED, till.image) == ("base/deployment.yaml", "shop/till:1.0")
    assert till.replace_word(till.image, "x") == (), "the overlay makes another one of it"
    assert till.pod.overlay == "e2e/kustomization.yaml"


def test_what_no_source_writes_stands_at_the_kustomization() -> None:
    kubectl()
    transformer = (
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\n"
        "target: {kind: Deployment}\npatch: |-\n"
        "  - {op: add, path: /spec/template/spec/containers/1/env, value: [{name: A, value: b}]}\n"
    )
    files = tree("transformers: [t.yaml]\n", t__yaml=transformer)
    containers, unread = resolved(files, render=True)
    assert unread == []
    (variable,) = containers[1].env
    assert variable.value is not None
    assert (variable.value.text, variable.value.span.path) == ("b", "e2e/kustomization.yaml")
    assert variable.value.span.start == 0
    assert containers[1].replace_word(variable.value, "c") == ()


def test_what_kustomize_refuses_is_said() -> None:
    kubectl()
    files = tree("patches: [{path: p.yaml}]\n", p__yaml=PATCH.replace("name: till}", "name: no}"))
    files["e2e/kustomization.yaml"] += "transformers: [gone.yaml]\n"
    containers, (*_, last) = resolved(files, render=True)
    assert any(c.env_opaque for c in containers)
    assert " fails: " in last


def test_an_overlay_that_covlint_can_resolve_is_not_rendered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    containers, unread = resolved(tree("namePrefix: a-\n"), render=True)
    assert unread == []
    assert len(containers) == 2


def test_command_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match="neither kustomize nor kubectl is installed"):
        kustomize_command("a")
    with pytest.raises(RenderError, match="helm is not installed"):
        helm_command("a")
    for name in ("helm", "kubectl", "kustomize"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        if name == "kubectl":
            assert kustomize_command("a/b") == ("kubectl", "kustomize", "a/b")
    assert kustomize_command("-x") == ("kustomize", "build", "./-x")
    assert helm_command("charts/till") == ("helm", "template", "release-name", "charts/till")


def test_a_program_that_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kustomize").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "kustomize").chmod(0o755)
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RenderError, match="takes more than"):
        Renderer(str(tmp_path / "project"), timeout=0.2).kustomization("")


def test_fixes_that_are_not_written_yet_are_rendered_in_a_copy(tmp_path: Path) -> None:
    with renderer(MemoryFiles({"a/b.yaml": "x: 1\n"})) as tool:
        assert (Path(tool.root) / "a/b.yaml").read_text() == "x: 1\n"
        folder = tool.root
    assert not os.path.exists(folder)
    with renderer(DiskFiles(str(tmp_path))) as tool:
        assert tool.root == str(tmp_path)


# -- helm ---------------------------------------------------------------------------

TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "till.fullname" . }}
spec:
  template:
    spec:
      containers:
        - name: till
          image: {{ include "till.image" . }}
          env:
            - name: GOCOVERDIR
              value: /coverdata
          volumeMounts:
            {{- include "till.mounts" . | nindent 12 }}
      volumes:
        - name: coverage
          hostPath:
            path: /coverdata
"""
RENDERED = """\
---
# Source: till/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: release-name-till
---
# Source: till/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: release-name-till
spec:
  template:
    spec:
      containers:
        - name: till
          image: till:cov
          env:
            - name: GOCOVERDIR
              value: /coverdata
          volumeMounts:
            - name: coverage
              mountPath: /coverdata
              readOnly: true
      volumes:
        - name: coverage
          hostPath:
            path: /coverdata
"""
CHART = {
    "Dockerfile": "FROM golang:1.24 AS build\nCOPY . .\nRUN go build -cover -o /till ./cmd/till\n"
    'FROM debian:12\nCOPY --from=build /till /till\nENTRYPOINT ["/till"]\n',
    "Makefile": "image:\n\tdocker build -t till:cov .\n",
    "e2e/chart/Chart.yaml": "apiVersion: v2\nname: till\n",
    "e2e/chart/values.yaml": "",
    "e2e/chart/templates/deployment.yaml": TEMPLATE,
    "e2e/chart/templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\n",
}


@pytest.fixture
def recorded_helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``helm`` that prints RENDERED and puts its command line down."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "rendered.yaml").write_text(RENDERED)
    (folder / "helm").write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/called\nexec cat {folder}/rendered.yaml\n'
    )
    (folder / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def inspected(files: dict[str, str], *, render: bool = True) -> Inspection:
    return inspect(MemoryFiles(files), Registry.with_packs([]), Options(render=render))


def test_what_helm_makes_is_led_back_and_no_more_than_a_warning(recorded_helm: Path) -> None:
    assert inspected(CHART, render=False).report.diagnostics == (), "its mounts are not seen"
    inspection = inspected(CHART)
    assert (recorded_helm / "called").read_text() == "template release-name e2e/chart\n"
    (found,) = inspection.report.diagnostics
    assert (found.code, found.severity) == ("COV303", Severity.WARNING)
    assert found.span.path == "e2e/chart/templates/deployment.yaml"
    assert found.fix is None, "the line is not written there"
    (chain,) = inspection.project.chains()
    assert chain.coverdir is not None
    assert text_at(CHART, chain.coverdir) == (
        "e2e/chart/templates/deployment.yaml",
        "/coverdata",
    )
    assert chain.image_builds, "the image that helm made joins them"


def test_a_chart_that_helm_cannot_render_is_read_without(recorded_helm: Path) -> None:
    (recorded_helm / "helm").write_text("#!/bin/sh\necho 'Error: no dependency' >&2\nexit 1\n")
    inspection = inspected(CHART)
    assert [(u.path, u.reason) for u in inspection.report.unread] == [
        ("e2e/chart/Chart.yaml", "helm fails: no dependency")
    ]
    assert any(chain.coverdir is not None for chain in inspection.project.chains())


def test_charts_of_charts_are_rendered_with_them(recorded_helm: Path) -> None:
    inspected({**CHART, "e2e/chart/charts/sub/Chart.yaml": "name: sub\n"})
    assert (recorded_helm / "called").read_text() == "template release-name e2e/chart\n"


def test_output_is_parted_by_template() -> None:
    parts = by_template(RENDERED.encode())
    assert sorted(parts) == ["till/templates/config.yaml", "till/templates/deployment.yaml"]
    assert b"Deployment" in parts["till/templates/deployment.yaml"]


def test_the_variant_for_coverage_is_rendered(recorded_helm: Path) -> None:
    """What switches it on, and is off by default, is set; where that fails, nothing is."""
    helm = (
        '#!/bin/sh\necho "$@" >> {0}/called\ncase "$*" in *cov.enabled*) echo "Error: no" >&2; exit 1;;'
        " esac\nexec cat {0}/rendered.yaml\n"
    )
    start = "{{- if .Values.cov.enabled }}\n"
    template = TEMPLATE.replace("          env:\n", "          " + start + "          env:\n")
    template = template.replace(
        "          volumeMounts", "          {{- end }}\n          volumeMounts"
    )
    chart = {**CHART, "e2e/chart/templates/deployment.yaml": template}
    chart["e2e/chart/values.yaml"] = "cov:\n  enabled: false\n  dir: false\n"
    inspected(chart)
    called = recorded_helm / "called"
    assert called.read_text() == "template release-name e2e/chart --set cov.enabled=true\n"
    called.unlink()
    (recorded_helm / "helm").write_text(helm.format(recorded_helm))
    assert inspected(chart).report.unread == ()
    assert called.read_text().splitlines()[1:] == ["template release-name e2e/chart"]


def test_what_the_project_sets_is_rendered(recorded_helm: Path) -> None:
    chart = {**CHART, "e2e/chart/values.yaml": "cov:\n  dir: false\nlog: info\n"}
    chart["deploy.sh"] = (
        "helm install till e2e/chart --set cov.dir=/a\\\\,b --set-string cov.on=true "
        '--set "log=$LEVEL"\n'
    )
    inspected(chart)
    assert (recorded_helm / "called").read_text() == (
        "template release-name e2e/chart --set cov.dir=/a\\,b --set-string cov.on=true\n"
    )


def test_a_chart_for_a_newer_kubernetes(recorded_helm: Path) -> None:
    (recorded_helm / "helm").write_text(
        '#!/bin/sh\ncase "$*" in *"--kube-version 1.32.0"*) ;; *) echo "Error: chart requires '
        'kubeVersion: >=1.32.0-0 which is incompatible with Kubernetes v1.20.0" >&2; exit 1;; esac\n'
        f"exec cat {recorded_helm}/rendered.yaml\n"
    )
    assert inspected(CHART).report.unread == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Error: parse error at (x:1)\n\nUse --debug flag to render out invalid YAML\n",
         "parse error at (x:1)"),
        ("warning: a\nError: values don't fit:\n- a: missing\n", "values don't fit: - a: missing"),
        ('E1 1 run.go:72] "command failed" err="no such file"\n', "no such file"),
        ("first\nlast\n", "last"),
    ],
)  # fmt: skip
def test_why_a_program_failed(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "said").write_text(text)
    (tmp_path / "helm").write_text(f"#!/bin/sh\ncat {tmp_path}/said >&2\nexit 3\n")
    (tmp_path / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RenderError) as caught:
        Renderer(str(tmp_path / "project")).chart(".")
    assert str(caught.value) == f"helm fails: {said}"
