"""Charts as the project installs them: by skaffold, by scripts, with files of values."""

from __future__ import annotations

import pytest

from covlint.diagnostics import Severity
from covlint.engine import Inspection, Options, inspect
from covlint.facts.kubernetes.helm_release import assignments, json_assignments, key_path
from covlint.facts.kubernetes.workload import Container
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.source import Span, Word

TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: till
spec:
  template:
    spec:
      securityContext: {{- toYaml .Values.podSecurityContext | nindent 8 }}
      containers:
        - name: till
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          env:
            - name: LOG
              value: info
            {{- if .Values.instrumented }}
            - name: GOCOVERDIR
              value: {{ .Values.coverage.dir | default "/fallback" | quote }}
            {{- end }}
            {{- with .Values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          volumeMounts:
            - name: data
              mountPath: /coverdata
            {{- if .Values.extraMounts }}
            {{- include "common.tplvalues.render" (dict "value" .Values.extraMounts "context" $) | nindent 12 }}
            {{- end }}
      volumes:
        - name: data
          hostPath: {path: /coverdata}
"""
VALUES = """\
image: {repository: shop/till, tag: latest}
instrumented: false
coverage: {dir: /elsewhere}
extraEnv: []
extraMounts: []
podSecurityContext: {}
"""
FILES = {
    "go.mod": "module example.com/till\n\ngo 1.24\n",
    "Dockerfile": "FROM golang:1.24 AS build\nWORKDIR /src\nCOPY . .\n"
    "RUN go build -cover -o /till .\nFROM debian:12\nCOPY --from=build /till /till\n"
    'ENTRYPOINT ["/till"]\n',
    "Makefile": "image:\n\tdocker build -t shop/till:e2e .\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: till\n",
    "chart/values.yaml": VALUES,
    "chart/templates/till.yaml": TEMPLATE,
}


def skaffold(*lines: str) -> dict[str, str]:
    head = (
        "apiVersion: skaffold/v4beta11\nkind: Config\nmanifests:\n  helm:\n    releases:\n"
        "      - name: till\n        chartPath: chart\n"
    )
    return {"skaffold.yaml": head + "".join(f"        {line}\n" for line in lines)}


def inspected(changes: dict[str, str]) -> tuple[dict[str, str], Inspection, Container]:
    files = {**FILES, **changes}
    found = inspect(MemoryFiles(files), Registry.builtin(), Options())
    assert (found.report.unread, found.report.crashes) == ((), ())
    found.project.chains()
    (container,) = found.project.facts.containers
    return files, found, container


def directory(container: Container) -> str | None:
    variable = container.variable("GOCOVERDIR")
    return variable.value.text if variable is not None and variable.value is not None else None


def written(files: dict[str, str], word: Word | None) -> tuple[str, str]:
    """The file and the bytes that a word leads to."""
    assert word is not None
    data = files[word.span.path].encode()
    return word.span.path, data[word.span.start : word.span.end].decode()


def test_a_condition_is_open_without_an_installation() -> None:
    _, _, till = inspected({})
    assert till.variable("GOCOVERDIR") is None
    assert till.env_opaque


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        (skaffold("setValues:", "  instrumented: true", "  coverage.dir: /coverdata"),
         ("skaffold.yaml", "/coverdata")),
        (skaffold("setValues: {instrumented: 'true', coverage.dir: '/coverdata'}"),
         ("skaffold.yaml", "'/coverdata'")),
        (skaffold("overrides: {instrumented: true, coverage: {dir: /coverdata}}"),
         ("skaffold.yaml", "/coverdata")),
        ({**skaffold("valuesFiles: [e2e.yaml]", "overrides: {coverage: {dir: /first}}"),
          "e2e.yaml": "instrumented: true\ncoverage:\n  dir: /coverdata\n"}, ("e2e.yaml", "/coverdata")),
        ({"Makefile": FILES["Makefile"] + "deploy:\n\thelm upgrade --install till ./chart --wait "
          "--set instrumented=true,coverage.dir=/coverdata\n"}, ("Makefile", "/coverdata")),
        ({"deploy.sh": "helm install till chart -f e2e/values.yaml --set-string coverage.dir='/coverdata'\n",
          "e2e/values.yaml": "instrumented: true\ncoverage:\n  dir: /first\n"}, ("deploy.sh", "/coverdata")),
        ({".github/workflows/e2e.yaml": "jobs:\n  e2e:\n    steps:\n      - run: |\n"
          "          docker build -t shop/till:e2e .\n"
          "          helm template chart --set instrumented=true --set coverage.dir=/coverdata\n"},
         (".github/workflows/e2e.yaml", "/coverdata")),
    ],
)  # fmt: skip
def test_what_is_set_counts_and_leads_to_where_it_is_set(
    changes: dict[str, str], place: tuple[str, str]
) -> None:
    files, inspection, till = inspected(changes)
    assert directory(till) == "/coverdata"
    assert not till.env_opaque
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert written(files, variable.value) == place
    assert till.image is not None
    assert till.image.text == "shop/till:latest"
    assert inspection.report.diagnostics == ()


def test_a_finding_stands_in_skaffold_and_is_no_mere_notice() -> None:
    changes = skaffold("setValues:", "  instrumented: true", "  coverage.dir: /cov")
    files, inspection, _ = inspected(changes)
    (found,) = inspection.report.diagnostics
    assert (found.code, found.severity) == ("COV501", Severity.WARNING)
    places = [found.span, *(one.span for one in found.related)]
    assert "skaffold.yaml" in {one.path for one in places}
    assert files


def test_a_default_stays_a_notice() -> None:
    changes = skaffold("setValues:", "  instrumented: true", "  coverage.on: true")
    _, inspection, till = inspected(changes)
    assert directory(till) == "/elsewhere"
    assert [one.severity for one in inspection.report.diagnostics] == [Severity.NOTICE]


@pytest.mark.parametrize(
    "lines",
    [
        ("setValues: {instrumented: true}", "setValueTemplates: {coverage.dir: '{{.DIR}}'}"),
        ("setValues: {instrumented: true}", "setFiles: {coverage.dir: dir.txt}"),
    ],
)
def test_what_is_set_to_something_unseen_is_unknown(lines: tuple[str, ...]) -> None:
    _, inspection, till = inspected(skaffold(*lines))
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert inspection.report.diagnostics == ()


def test_an_unseen_tag_does_not_part_an_image_from_its_build() -> None:
    for changes in (
        skaffold("setValueTemplates: {image.tag: '{{.IMAGE_TAG}}'}"),
        {"deploy.sh": 'helm install till chart --set "image.tag=$TAG" --set instrumented=true\n'},
    ):
        _, _, till = inspected(changes)
        assert till.image is not None
        assert till.image.text == "shop/till:latest"


def test_lists_by_their_index() -> None:
    changes = skaffold(
        "setValues:",
        "  extraEnv[0].name: GOCOVERDIR",
        "  extraEnv[0].value: /extra",
        "  extraMounts[0].name: data",
        "  extraMounts[0].mountPath: /extra",
        "  podSecurityContext.runAsUser: 1001",
    )
    files, inspection, till = inspected(changes)
    assert directory(till) == "/extra"
    assert [one.path.text for one in till.mounts if one.path is not None] == [
        "/coverdata",
        "/extra",
    ]
    assert (till.env_opaque, till.mounts_opaque) == (False, False)
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert written(files, variable.value) == ("skaffold.yaml", "/extra")
    assert "COV304" in {one.code for one in inspection.report.diagnostics}, "the user is seen"


def test_installations_that_differ() -> None:
    """One that switches coverage on wins; what several of them set apart is unknown."""
    both = (
        "helm install till chart --set image.tag=v1 --set instrumented=false\n"
        "helm install till chart --set instrumented=true --set coverage.dir=/coverdata "
        "--set coverage.enabled=true\n"
    )
    _, _, till = inspected({"deploy.sh": both})
    assert directory(till) == "/coverdata"
    apart = (
        "helm install a chart --set instrumented=true --set coverage.dir=/a\n"
        "helm install b chart --set instrumented=true --set coverage.dir=/b\n"
    )
    _, inspection, till = inspected({"deploy.sh": apart})
    assert till.variable("GOCOVERDIR") is not None
    assert directory(till) not in ("/a", "/b", "/elsewhere", "/fallback")
    assert inspection.report.diagnostics == ()


def test_more_options_than_are_seen_leave_a_default() -> None:
    """``$(HELM_ARGS)`` may set anything: what is decided by it stays open."""
    line = "deploy:\n\thelm install till chart $(HELM_ARGS) --set instrumented=true\n"
    _, inspection, till = inspected({"Makefile": FILES["Makefile"] + line})
    assert till.env_opaque
    assert inspection.report.diagnostics == ()


def test_another_chart_is_not_meant() -> None:
    for chart in ("other/chart", "repo/chart", "oci://example.com/chart", "$CHART"):
        _, _, till = inspected(
            {"deploy.sh": f"helm install till {chart} --set instrumented=true\n"}
        )
        assert till.variable("GOCOVERDIR") is None


def test_parts_of_lines_stay() -> None:
    """What a decided condition leaves out of a line is not taken out of the file."""
    text = TEMPLATE.replace(
        "value: info", 'value: {{ if .Values.instrumented }}"a"{{ else }}"b"{{ end }}'
    )
    for value in ("true", "false"):
        changes = {**skaffold(f"setValues: {{instrumented: {value}}}")}
        _, _, till = inspected({**changes, "chart/templates/till.yaml": text})
        assert (till.variable("GOCOVERDIR") is not None) == (value == "true")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", [(("a",), "1")]),
        ("a.b=1,c=2", [(("a", "b"), "1"), (("c",), "2")]),
        (r"a\.b=1\,2", [(("a.b",), "1,2")]),
        ("a={x,y}", [(("a", 0), "x"), (("a", 1), "y")]),
        ("a[1].b=c=d", [(("a", 1, "b"), "c=d")]),
        ("a=", [(("a",), "")]),
        ("a=\ue000", [(("a",), None)]),
        ("\ue000=a", []),
        ("a", []),
        ("", []),
    ],
)
def test_assignments(text: str, expected: list[tuple[tuple[str | int, ...], str | None]]) -> None:
    found = assignments(text, Span("x", 0, 0))
    assert [(one.path, one.text) for one in found] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", [(("a",), "1")]),
        ('a.b={"c": ["x", true]}, d="y"', [
            (("a", "b", "c", 0), "x"), (("a", "b", "c", 1), "true"), (("d",), "y")]),
        ('{"a": {"b": "c"}}', [(("a", "b"), "c")]),
        ("a=null", [(("a",), None)]),
        ("a={}", [(("a",), None)]),
        ('a="\ue000"', [(("a",), None)]),
        ("a={\ue000}", [(("a",), None)]),
        ("a=[1,", [(("a",), None)]),
        ("\ue000", []),
        ("", []),
    ],
)  # fmt: skip
def test_assignments_of_json(
    text: str, expected: list[tuple[tuple[str | int, ...], str | None]]
) -> None:
    found = json_assignments(text, Span("x", 0, 0))
    assert [(one.path, one.text) for one in found] == expected


def test_set_json_in_a_script() -> None:
    value = """'image={"repository":"shop/till","tag":"e2e"},instrumented=true'"""
    _, _, till = inspected({"deploy.sh": f"helm install till ./chart --set-json {value}\n"})
    assert till.image is not None
    assert till.image.text == "shop/till:e2e"
    assert till.variable("GOCOVERDIR") is not None


def test_repository_and_tag_by_skaffold() -> None:
    files = skaffold(
        "setValues: {instrumented: true}",
        "setValueTemplates: {image.repository: '{{.IMAGE_REPO}}', image.tag: '{{.IMAGE_TAG}}'}",
    )
    files["skaffold.yaml"] += "build: {artifacts: [{image: shop/till}]}\n"
    _, found, till = inspected(files)
    assert till.image is not None
    assert till.image.text == "shop/till:IMAGE_TAG"
    (chain,) = (one for one in found.project.chains() if one.container is not None)
    assert [one.builder for one in chain.image_builds] == ["skaffold"]


def test_keys_that_are_no_paths() -> None:
    assert [key_path(key) for key in ("", "a..b", "[0]", "a[x]", "{{.X}}")] == [None] * 5
