"""``render: true`` with the real helm: what it makes is led back to the chart's files.

Where no helm is on PATH it is built by ``go install`` into the user's cache, once: two and a
half minutes with nothing downloaded, which is why this is no part of ``make test``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from covlint.chain import Certainty, Hop
from covlint.diagnostics import Severity
from covlint.documents.yaml import AnyNode, YamlMapping, YamlScalar, YamlSequence
from covlint.engine import Inspection, Options, inspect
from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.kubernetes.helm_chart import chart_of
from covlint.facts.kubernetes.helm_release import HelmRelease
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.source import SourceFile, Word

pytestmark = pytest.mark.engines

HELPERS = """\
{{- define "till.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- define "coverage.env" }}
{{- if .Values.coverage.enabled }}
- name: GOCOVERDIR
  value: {{ .Values.coverage.mountPath | quote }}
{{- end }}
{{- end }}
{{- define "coverage.mount" }}
{{- if .Values.coverage.enabled }}
- name: coverage
  mountPath: {{ .Values.coverage.mountPath | quote }}
{{- end }}
{{- end }}
"""
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-till
spec:
  template:
    spec:
      {{- with .Values.podSecurityContext }}
      securityContext: {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: till
          image: {{ include "till.image" . | quote }}
          env:
            - name: LOG
              value: {{ .Values.log }}
            {{- include "coverage.env" . | indent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- include "coverage.mount" . | indent 12 }}
      volumes:
        - name: tmp
          emptyDir: {}
        {{- if .Values.coverage.enabled }}
        - name: coverage
          hostPath:
            path: {{ .Values.coverage.hostPath }}
        {{- end }}
"""
VALUES = """\
log: info
image:
  repository: shop/till
  tag: ""
podSecurityContext: {}
coverage:
  enabled: false
  mountPath: /coverdata
  hostPath: /coverdata
"""
FILES = {
    "go.mod": "module example.com/till\n\ngo 1.24\n",
    "Dockerfile": "FROM golang:1.24 AS build\nWORKDIR /src\nCOPY . .\n"
    "RUN go build -cover -o /till .\nFROM debian:12\nCOPY --from=build /till /till\n"
    'ENTRYPOINT ["/till"]\n',
    "Makefile": "image:\n\tdocker build -t shop/till:e2e .\n"
    "collect:\n\tdocker cp kind-control-plane:/coverdata/. out\n"
    "\tgo tool covdata percent -i=out\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: till\nversion: 1.0.0\nappVersion: e2e\n"
    'kubeVersion: ">=1.33.0-0"\n',
    "chart/values.yaml": VALUES,
    "chart/templates/_helpers.tpl": HELPERS,
    "chart/templates/till.yaml": TEMPLATE,
}


@pytest.fixture
def render(helm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{helm}{os.pathsep}{os.environ['PATH']}")


def inspected(changes: dict[str, str]) -> tuple[dict[str, str], Inspection]:
    files = {**FILES, **changes}
    found = inspect(MemoryFiles(files), Registry.builtin(), Options(render=True))
    assert (found.report.unread, found.report.crashes) == ((), ())
    return files, found


def line_of(files: dict[str, str], word: Word | None) -> str:
    assert word is not None
    text = files[word.span.path].encode()
    return text[: text.find(b"\n", word.span.start)].decode().rpartition("\n")[2].strip()


@pytest.mark.usefixtures("render")
def test_a_chart_of_includes_and_values_is_a_whole_chain() -> None:
    files, inspection = inspected({})
    (chain,) = inspection.project.chains()
    assert chain.gap is None
    assert [link for link in chain.links if link.certainty is Certainty.UNKNOWN] == []
    assert [link.hop for link in chain.links][-2:] == [Hop.EXTRACTION, Hop.REPORT]
    assert chain.image_builds, "helm makes the tag that the Makefile builds"
    assert chain.container is not None
    # a person finds each value by the line that brings it in
    assert line_of(files, chain.container.image) == 'image: {{ include "till.image" . | quote }}'
    assert chain.volume is not None
    assert line_of(files, chain.volume.host_path) == "hostPath: /coverdata"
    assert chain.volume.host_path is not None
    assert chain.volume.host_path.span.path == "chart/values.yaml"
    assert chain.coverdir is not None
    assert chain.coverdir.span.path == "chart/templates/till.yaml"
    log = chain.container.variable("LOG")
    assert log is not None
    assert line_of(files, log.value) == "log: info"


@pytest.mark.usefixtures("render")
@pytest.mark.parametrize(
    ("path", "old", "new", "code", "where"),
    [
        ("chart/templates/_helpers.tpl", "mountPath: {{ .Values.coverage.mountPath | quote }}",
         "mountPath: /cov", "COV501", "chart/templates/till.yaml"),
        ("chart/values.yaml", "podSecurityContext: {}", "podSecurityContext: {runAsUser: 1001}",
         "COV304", "chart/values.yaml"),
        ("Makefile", "control-plane:/coverdata", "control-plane:/coverage", "COV503", "Makefile"),
    ],
)  # fmt: skip
def test_a_break_is_told_where_a_person_would_edit(
    path: str, old: str, new: str, code: str, where: str
) -> None:
    _, inspection = inspected({path: FILES[path].replace(old, new)})
    (found,) = inspection.report.diagnostics
    assert (found.code, found.severity, found.span.path) == (code, Severity.WARNING, where)
    for edit in found.fix.edits if found.fix is not None else ():
        assert edit.span.path != "chart/templates/till.yaml", "rendered text is never written"


@pytest.mark.usefixtures("render")
def test_what_helm_refuses_is_said() -> None:
    broken = {"chart/templates/till.yaml": TEMPLATE.replace("till.image", "no.image")}
    report = inspect(
        MemoryFiles({**FILES, **broken}), Registry.builtin(), Options(render=True)
    ).report
    ((path, reason),) = [(one.path, one.reason) for one in report.unread]
    assert path == "chart/Chart.yaml"
    assert reason.startswith("helm fails: ")
    assert "no.image" in reason


SKAFFOLD = """\
apiVersion: skaffold/v4beta11
kind: Config
manifests:
  helm:
    releases:
      - name: till
        chartPath: chart
        setValues:
          coverage.enabled: "true"
          coverage.hostPath: /elsewhere
"""


@pytest.mark.usefixtures("render")
def test_what_skaffold_sets_is_rendered_and_stands_in_its_file() -> None:
    files, inspection = inspected({"skaffold.yaml": SKAFFOLD})
    chain = next(one for one in inspection.project.chains() if one.volume is not None)
    assert chain.volume is not None
    assert line_of(files, chain.volume.host_path) == "coverage.hostPath: /elsewhere"
    (found,) = inspection.report.diagnostics
    assert found.code == "COV503"


@pytest.mark.parametrize(
    "words",
    [
        "a.b=1,c=true",
        r"a\.b=x\,y",
        "l={x,y,true}",
        "l[1].m=v,l[0].m=w",
        "k=null",
        "e=",
        "q=a=b",
        "big=0012",
        "user.name=covered",
        "l[0]=z",
    ],
)
def test_values_of_a_command_line_are_those_that_helm_takes(
    words: str, helm: str, tmp_path: Path
) -> None:
    """The chart's values as helm sees them against those that covlint puts together."""
    import yaml

    defaults = "a: {b: 0}\nl: [{m: a}, {m: b}]\nuser: {name: x, id: 1}\nk: 5\n"
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 1.0.0\n")
    (tmp_path / "values.yaml").write_text(defaults)
    (tmp_path / "templates" / "all.yaml").write_text("{{ toYaml .Values }}\n")
    command = [os.path.join(helm, "helm"), "template", "a", str(tmp_path), "--set", words]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    script = SourceFile.of_text("deploy.sh", f"helm template . --set '{words}'\n")
    (release,) = (one for one in read_script_steps(script) if isinstance(one, HelmRelease))
    values = SourceFile.of_text("values.yaml", defaults)
    chart = chart_of(values, None, (release,), (script,))
    assert plain(chart.values) == yaml.safe_load(printed)


def plain(node: AnyNode | None) -> object:
    """What a tree stands for, as YAML takes it; what is null is not there."""
    import yaml

    if isinstance(node, YamlMapping):
        found = {key: plain(value) for key, value in node.items()}
        return {key: value for key, value in found.items() if value is not None}
    if isinstance(node, YamlSequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, YamlScalar)
    if node.text == "" or not node.plain:
        return node.text
    number = node.text.lstrip("-").isdigit() and not node.text.startswith("0")
    return (
        yaml.safe_load(node.text)
        if number or node.text in ("true", "false", "null", "0")
        else node.text
    )
