"""Helm templates without Helm: what is literal is read, what is not is unknown, nothing is guessed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.diagnostics import Severity
from covlint.documents.template import Presence, TemplateError, open_template
from covlint.facts.kubernetes.helm import read_template
from covlint.facts.kubernetes.helm_chart import chart_of
from covlint.facts.kubernetes.workload import Container
from covlint.source import SourceFile, Word

PATH = "chart/templates/deployment.yaml"
VALUES = """\
image: {repository: shop/till, tag: ""}
coverage:
  enabled: false
  directory: /coverdata
user: 1001
replicas: 2
"""
CHART = "apiVersion: v2\nname: till\nappVersion: v1.5\n"


def template(body: str) -> str:
    return (
        "{{- if .Values.enabled }}\n"
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        '  name: {{ include "till.fullname" . }}\n'
        "spec:\n"
        "  replicas: {{ .Values.replicas }}\n"
        "  template:\n"
        "    spec:\n"
        f"{body}"
        "{{- end }}\n"
    )


def pod(container: str, rest: str = "") -> str:
    return template(f"      containers:\n        - name: till\n{container}{rest}")


def read(text: str) -> list[Container]:
    values = SourceFile.of_text("chart/values.yaml", VALUES)
    chart = chart_of(values, SourceFile.of_text("chart/Chart.yaml", CHART))
    containers, unread = read_template(SourceFile.of_text(PATH, text), chart)
    assert unread == ()
    return list(containers)


def only(text: str) -> Container:
    (container,) = read(text)
    return container


def said(word: Word | None) -> str | None:
    return word.text if word is not None else None


ENV = "          env:\n            - name: GOCOVERDIR\n              value: /coverdata\n"


def test_literals_stand_where_they_are_written() -> None:
    text = pod(ENV + '          image: "{{ .Values.image.repository }}:e2e"\n')
    till = only(text)
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    span = variable.value.span
    assert span.path == PATH
    assert text[span.start : span.end] == "/coverdata"
    assert said(till.image) == "shop/till:e2e"
    assert till.pod.name is None
    assert said(till.pod.replicas) == "2"
    assert till.pod.at_most is Severity.WARNING
    assert not till.env_opaque
    assert not till.mounts_opaque


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{{ .Values.coverage.directory }}", "/coverdata"),
        ("{{ .Values.coverage.directory | quote }}", "/coverdata"),
        ('"{{ $.Values.coverage.directory }}/x"', "/coverdata/x"),
        ('{{ .Values.nothing | default "/tmp/cov" }}', "/tmp/cov"),
        ('{{ default "/tmp/cov" .Values.coverage.directory }}', "/coverdata"),
        ("{{ .Values.image.tag | default .Chart.AppVersion }}", "v1.5"),
        ("{{ .Values.nothing }}", None),
        ("{{ .Values.coverage.directory | upper }}", None),
        ("{{ .Values.coverage }}", None),
        ('{{ include "till.directory" . }}', None),
        ("{{ .Release.Name }}/{{ .Values.coverage.directory }}", None),
    ],
)
def test_plain_values_are_their_defaults(written: str, value: str | None) -> None:
    till = only(pod(ENV.replace("/coverdata", written)))
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert said(variable.value) == value
    assert till.pod.at_most is (Severity.WARNING if value is None else Severity.NOTICE)


def test_a_default_is_edited_nowhere_and_stands_in_the_values() -> None:
    till = only(pod(ENV.replace("/coverdata", "{{ .Values.coverage.directory }}")))
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    span = variable.value.span
    assert (span.path, VALUES[span.start : span.end]) == ("chart/values.yaml", "/coverdata")
    assert till.replace_word(variable.value, "/x") == ()


def test_inside_with_and_range_the_dot_is_something_else() -> None:
    inside = "          {{- with .Values.x }}\n          image: {{ .Values.image.repository }}\n"
    assert only(pod(inside + "          {{- end }}\n")).image is None


# -- conditions ------------------------------------------------------------------


def conditional(condition: str, otherwise: str = "") -> str:
    lines = "".join(f"  {line}\n" for line in ENV.splitlines()[1:])
    return pod(
        "          env:\n          {{- if "
        + condition
        + " }}\n"
        + lines.replace("  " * 7, "  " * 6)
        + otherwise
        + "          {{- end }}\n"
    )


@pytest.mark.parametrize(
    ("condition", "found", "opaque"),
    [
        (".Values.coverage.enabled", True, False),
        ("$.Values.goCoverage", True, False),
        ("or .Values.debug .Values.coverage.enabled", True, False),
        ("and .Values.coverage.enabled .Values.coverage.directory", True, False),
        (".Values.e2e.enabled", True, False),
        ("not .Values.coverage.enabled", False, False),
        (".Values.debug", False, True),
        ("and .Values.coverage.enabled .Values.debug", False, True),
        ('eq .Values.coverage.mode "x"', False, True),
        (".Values.discovery.enabled", False, True),
    ],
)
def test_conditions(condition: str, found: bool, opaque: bool) -> None:
    till = only(conditional(condition))
    assert (till.variable("GOCOVERDIR") is not None) is found
    assert till.env_opaque is opaque


def test_the_other_branch_of_a_toggle_is_not_there() -> None:
    other = "          {{- else }}\n            - {name: GOCOVERDIR, value: /other}\n"
    till = only(conditional(".Values.coverage.enabled", other))
    assert [said(e.value) for e in till.env] == ["/coverdata"]
    till = only(conditional("not .Values.coverage.enabled", other))
    assert [said(e.value) for e in till.env] == ["/other"]
    till = only(conditional(".Values.debug", other))
    assert till.env == ()
    assert till.env_opaque


def test_what_a_condition_may_leave_out_is_unknown() -> None:
    till = only(
        pod(
            "          {{- if .Values.hardened }}\n"
            "          securityContext: {runAsUser: 1001, readOnlyRootFilesystem: true}\n"
            "          command: [sh, -c]\n"
            "          image: a\n"
            "          {{- else }}\n"
            "          image: b\n"
            "          {{- end }}\n",
            "      {{- if .Values.storage }}\n"
            "      volumes:\n        - name: coverage\n          emptyDir: {}\n"
            "      terminationGracePeriodSeconds: 1\n"
            "      {{- end }}\n",
        )
    )
    assert till.identity.opaque
    assert till.read_only_root is None
    assert till.process_opaque
    assert till.image is None
    assert till.pod.volumes == ()
    assert till.pod.volumes_opaque
    assert till.pod.grace_period is None


def test_a_container_that_may_be_left_out_is_read_as_it_would_be() -> None:
    text = template(
        "      containers:\n"
        "        {{- if .Values.sidecar }}\n"
        "        - name: side\n          image: side\n"
        "          volumeMounts:\n            - {name: a, mountPath: /a}\n"
        "        {{- end }}\n"
        "        - name: till\n"
    )
    side, till = read(text)
    assert said(side.image) == "side"
    assert not side.mounts_opaque
    assert said(till.name) == "till"


# -- lines that are put in -----------------------------------------------------------


def test_an_action_with_its_indentation_opens_that_collection_alone() -> None:
    till = only(
        pod(
            ENV
            + "            {{- toYaml .Values.extraEnv | nindent 12 }}\n"
            + "          volumeMounts:\n            - {name: a, mountPath: /a}\n"
        )
    )
    assert till.env_opaque
    assert not till.mounts_opaque
    assert not till.process_opaque
    assert not till.pod.volumes_opaque


def test_an_action_below_a_container_may_bring_any_entry_of_it() -> None:
    till = only(pod(ENV + '          {{- include "till.more" . | nindent 10 }}\n'))
    assert till.mounts_opaque
    assert till.process_opaque
    assert till.identity.opaque
    assert till.env_opaque, "envFrom may be among it"
    assert not till.pod.volumes_opaque


def test_an_action_that_does_not_say_where_may_bring_anything() -> None:
    till = only(pod(ENV, '{{ include "till.more" . }}\n'))
    assert till.env_opaque
    assert till.mounts_opaque
    assert till.pod.volumes_opaque


_RANGE = """\
          volumeMounts:
          {{- range .Values.mounts }}
            - name: {{ .name }}
              mountPath: {{ .path }}
          {{- end }}
"""


def test_a_value_that_is_put_in_is_unknown() -> None:
    for form in (
        "          volumeMounts:\n            {{- toYaml .Values.mounts | nindent 12 }}\n",
        "          volumeMounts: {{- toYaml .Values.mounts | nindent 12 }}\n",
        "          volumeMounts: {{ .Values.mounts | toJson }}\n",
        _RANGE,
    ):
        till = only(pod(form))
        assert till.mounts_opaque, form
        assert not till.env_opaque, form


# -- edits ---------------------------------------------------------------------------


def test_only_literals_are_replaced() -> None:
    text = pod(ENV)
    till = only(text)
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    (edit,) = till.replace_word(variable.value, "/other")
    assert text[edit.span.start : edit.span.end] == "/coverdata"
    assert till.add_variable("A", "1") == ()
    assert till.add_mount("a", "/a") == ()
    assert till.set_user(0) == ()
    assert till.pod.add_volume("a", "/a") == ()
    assert till.pod.set_grace_period(5) == ()


# -- templates that cannot be read -----------------------------------------------------


def test_what_cannot_be_read_is_said_with_its_line() -> None:
    chart = chart_of(None, None)
    for text, reason in (
        ("kind: A\n{{- end }}\n", "template: line 2: end without a block that it belongs to"),
        ("{{ if .x }}\nkind: A\n", "template: line 1: a block without its end"),
        (
            "{{- if .x }}\n{{- end }}\nkind: A\n b: c\n",
            "template: no YAML even without its actions, line 4: ",
        ),
    ):
        containers, (unread,) = read_template(SourceFile.of_text(PATH, text), chart)
        assert containers == ()
        assert unread.path == PATH
        assert unread.reason.startswith(reason), unread.reason


def test_actions_of_all_spellings_are_covered() -> None:
    text = (
        "{{/* a }} comment */}}a: b\n{{- /* another\n */ -}}\n"
        'c: {{ printf "}}" | quote }}\nd: {{ `}}` }}\n'
        "e: |\n    {{- if.Values.x }}\n  text {{ .y }}\n    {{- end}}\n"
        '{{- define "x" }}\nnot: here: at all\n{{- end }}\nf: {{ dict\n  "a" 1 }}\n'
    )
    source = open_template(SourceFile.of_text("t.yaml", text))
    assert len(source.data) == len(text)
    assert b"{{" not in source.data
    assert b"not" not in source.data
    assert [r.presence for r in source.regions] == [Presence.UNKNOWN]


@given(
    st.lists(
        st.sampled_from(
            [
                "{{ if .a }}",
                "{{- end }}",
                "{{ else }}",
                "{{ range .x }}",
                "a: b",
                "- c",
                "\n",
                "  ",
                "{{ .v }}",
                "{{",
                "}}",
                '"',
                "`",
                "é",
                "{{- toYaml .x | nindent 4 }}",
                "\r\n",
                "kind: ",
            ]
        ),
        max_size=30,
    )
)
def test_covering_keeps_every_other_byte_where_it_is(parts: list[str]) -> None:
    text = "".join(parts)
    source = SourceFile.of_text("t.yaml", text)
    try:
        covered = open_template(source)
    except TemplateError:
        return
    assert len(covered.data) == len(source.data)
    covered.text  # noqa: B018  (still UTF-8)
    for match in re.finditer(rb"a: b", covered.data):
        assert source.data[match.start() : match.end()] == b"a: b"
    read_template(source, chart_of(None, None))
