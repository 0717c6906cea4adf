"""Helm charts in a whole project: chains, and findings that are never errors."""

from __future__ import annotations

from covlint.diagnostics import Severity
from covlint.engine import Inspection, Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry

DOCKERFILE = """\
FROM golang:1.24 AS build
WORKDIR /src
COPY . .
RUN go build -cover -o /till ./cmd/till
FROM debian:12
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-e2e
spec:
  template:
    spec:
      containers:
        - name: till
          image: {{ .Values.image }}
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


def inspected(template: str, values: str = "image: till:cov\n") -> Inspection:
    files = {
        "Dockerfile": DOCKERFILE,
        "Makefile": "image:\n\tdocker build -t till:cov .\n",
        "charts/e2e/Chart.yaml": "apiVersion: v2\nname: till\n",
        "charts/e2e/values.yaml": values,
        "charts/e2e/templates/till.yaml": template,
    }
    return inspect(MemoryFiles(files), Registry.with_packs([]), Options())


def test_a_chart_is_a_chain_by_its_default_image() -> None:
    (chain,) = inspected(TEMPLATE).project.chains()
    assert chain.container is not None
    assert chain.coverdir is not None
    assert chain.image_builds
    assert chain.volume is not None
    assert chain.plainly_e2e


def test_an_error_is_a_warning_in_a_template() -> None:
    plain = TEMPLATE.replace("{{ .Release.Name }}-e2e", "till").replace(
        "{{ .Values.image }}", "till:cov"
    )
    (error,) = inspected(plain).report.diagnostics
    (warning,) = inspected(TEMPLATE).report.diagnostics
    assert (error.code, error.severity) == (warning.code, Severity.ERROR)
    assert warning.severity is Severity.WARNING
    assert warning.span.path == "charts/e2e/templates/till.yaml"
    assert warning.fix is not None
    assert [edit.replacement for edit in warning.fix.edits] == [b"false"], "a literal for a literal"


def test_what_rests_on_a_default_is_a_notice() -> None:
    template = TEMPLATE.replace("readOnly: true", "readOnly: {{ .Values.readOnly }}")
    (notice,) = inspected(template, "image: till:cov\nreadOnly: true\n").report.diagnostics
    assert notice.severity is Severity.NOTICE


def test_a_mount_of_the_chart_that_may_not_be_there_is_no_finding() -> None:
    template = TEMPLATE.replace(
        "              readOnly: true\n",
        "              {{- if .Values.hardened }}\n              readOnly: true\n"
        "              {{- end }}\n",
    )
    assert inspected(template).report.diagnostics == ()


def test_a_template_that_cannot_be_read_is_listed() -> None:
    report = inspected(TEMPLATE + "{{- end }}\n").report
    assert [(one.path, one.reason) for one in report.unread] == [
        (
            "charts/e2e/templates/till.yaml",
            "template: line 22: end without a block that it belongs to",
        )
    ]


def test_of_several_programs_in_an_image_the_command_names_the_one_that_runs() -> None:
    """A program that hands out its counters itself may keep them in an emptyDir."""
    files = {
        "go.mod": "module shop.example/till\n\ngo 1.24\n",
        "main.go": 'package main\n\nimport _ "runtime/coverage"\n\nfunc main() {}\n',
        "cmd/tool/main.go": "package main\n\nfunc main() {}\n",
        "Dockerfile": DOCKERFILE.replace(
            "./cmd/till", ". && go build -cover -o /tool ./cmd/tool"
        ).replace("ENTRYPOINT", "COPY --from=build /tool /tool\nENTRYPOINT"),
        "Makefile": "image:\n\tdocker build -t till:cov .\n",
        "charts/e2e/Chart.yaml": "apiVersion: v2\nname: till\n",
        "charts/e2e/values.yaml": "image: till:cov\n",
        "charts/e2e/templates/till.yaml": TEMPLATE.replace("readOnly: true", "readOnly: false")
        .replace("hostPath:\n            path: /coverdata", "emptyDir: {}")
        .replace("          env:", "          command: [/till]\n          env:"),
    }

    def codes(changed: dict[str, str]) -> list[str]:
        found = inspect(MemoryFiles({**files, **changed}), Registry.with_packs([]), Options())
        return [one.code for one in found.report.diagnostics]

    template = files["charts/e2e/templates/till.yaml"]
    assert codes({}) == []
    tool = template.replace("[/till]", "[/tool]")
    assert "COV305" in codes({"charts/e2e/templates/till.yaml": tool})


def test_conditional_mounts_are_seen_and_alternatives_are_not() -> None:
    moved = TEMPLATE.replace(
        "mountPath: /coverdata\n              readOnly: true", "mountPath: /cov"
    )
    block = moved[moved.index("            - name: coverage\n") : moved.index("      volumes:")]
    start = "            {{- if .Values.persistence }}\n"
    certificate = "            - name: certs\n              mountPath: /certs\n"
    end = "            {{- end }}\n"
    one = moved.replace(block, start + block + end + start + certificate + end)
    (found,) = inspected(one).report.diagnostics
    assert (found.code, found.severity) == ("COV501", Severity.WARNING)
    other = block.replace("/cov", "/coverdata")
    either = moved.replace(block, start + block + "            {{- else }}\n" + other + end)
    assert inspected(either).report.diagnostics == ()
