"""What manifests say about containers, and the edits that repair them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from covlint.diagnostics import Edit
from covlint.documents.yaml import open_yaml
from covlint.facts.kubernetes.workload import Container, VolumeKind, join_edits, read_containers
from covlint.source import SourceFile, Word


def containers(text: str) -> tuple[Container, ...]:
    return read_containers(open_yaml(SourceFile.of_text("pod.yaml", text)))


def only(text: str) -> Container:
    (container,) = containers(text)
    return container


def applied(text: str, edits: Iterable[Edit]) -> str:
    data = text.encode()
    for edit in reversed(join_edits(edits)):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    return data.decode()


def text_of(word: Word | None) -> str | None:
    return None if word is None else word.text


POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: datastorage
  namespace: kubernaut-e2e
  labels: {app: datastorage}
spec:
  terminationGracePeriodSeconds: 5
  securityContext:
    runAsUser: 1001
    runAsNonRoot: true
    fsGroup: 1001
  initContainers:
  - name: chown
    image: busybox:1.36
  containers:
  - name: app
    image: "localhost/datastorage:e2e"
    command: [sh, -c, "exec /app $(date)"]
    args: ["-v"]
    env:
    - name: GOCOVERDIR
      value: '/coverdata'
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - {name: LEVEL, value: "{{ .Values.level }}"}
    - name: WHERE
      value: $(POD_NAME)/x
    volumeMounts:
    - name: data
      mountPath: /coverdata
      readOnly: true
      subPathExpr: $(POD_NAME)
    - name: config
      mountPath: /etc/app
    securityContext:
      readOnlyRootFilesystem: true
    lifecycle:
      preStop: {exec: {command: [sleep, "5"]}}
  volumes:
  - name: data
    hostPath: {path: /coverdata, type: DirectoryOrCreate}
  - name: config
    configMap: {name: app}
  - name: tmp
    emptyDir: {}
"""


def test_a_pod_is_read_with_everything_that_matters() -> None:
    init, app = containers(POD)
    assert (init.init, text_of(init.name)) == (True, "chown")
    assert app.init_containers == (init,)
    assert text_of(app.image) == "localhost/datastorage:e2e"
    assert [text_of(v.value) for v in app.env] == ["/coverdata", None, None, None]
    assert not app.env_opaque
    assert app.command is not None
    assert [word.text for word in app.command] == ["sh", "-c", "exec /app $(date)"]
    mount = app.mount_at("/coverdata/sub")
    assert mount is not None
    assert (text_of(mount.read_only), text_of(mount.sub_path)) == ("true", "$(POD_NAME)")
    volume = app.volume_of(mount)
    assert volume is not None
    assert (volume.kind, text_of(volume.host_path)) == (VolumeKind.HOST_PATH, "/coverdata")
    assert [v.kind for v in app.pod.volumes[1:]] == [VolumeKind.CONFIG_MAP, VolumeKind.EMPTY_DIR]
    identity = app.identity
    assert [text_of(w) for w in (identity.user, identity.non_root, identity.fs_group)] == [
        "1001",
        "true",
        "1001",
    ]
    assert text_of(app.read_only_root) == "true"
    assert app.pre_stop is not None
    pod = app.pod
    assert [text_of(w) for w in (pod.name, pod.namespace, pod.grace_period)] == [
        "datastorage",
        "kubernaut-e2e",
        "5",
    ]
    assert pod.labels == (("app", "datastorage"),)


def test_spans_are_the_bytes_as_written() -> None:
    app = containers(POD)[1]
    data = POD.encode()
    variable = app.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    assert data[variable.value.span.start : variable.value.span.end] == b"'/coverdata'"
    assert data[app.span.start : app.span.end] == b"name: app"
    assert data[app.pod.span.start : app.pod.span.end] == b"Pod"
    mount = app.mounts[0]
    assert mount.read_only_entry is not None
    assert data[mount.read_only_entry.start : mount.read_only_entry.end] == b"readOnly: true"


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ("Deployment", "spec: {replicas: 2, template: "),
        ("StatefulSet", "spec: {template: "),
        ("DaemonSet", "spec: {template: "),
        ("ReplicaSet", "spec: {template: "),
        ("Job", "spec: {template: "),
        ("CronJob", "spec: {jobTemplate: {spec: {template: "),
    ],
)
def test_every_workload_kind_is_read(kind: str, before: str) -> None:
    opened = before.count("{")
    text = f"apiVersion: x/v1\nkind: {kind}\n{before}{{spec: {{containers: [{{name: a}}]}}}}"
    container = only(text + "}" * opened)
    assert (text_of(container.name), container.pod.kind) == ("a", kind)
    assert text_of(container.pod.replicas) == ("2" if kind == "Deployment" else None)


def test_a_list_is_entered_and_other_documents_are_passed_by() -> None:
    item = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}"
    text = f"apiVersion: v1\nkind: List\nitems: [{item}, 1]\n---\nfoo: 1\n---\n{item}\n---\n- 1\n"
    assert len(containers(text)) == 2


def test_lists_of_aliases_do_not_multiply() -> None:
    lines = ["x0: &x0 {apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}"]
    for i in range(1, 40):
        items = ", ".join([f"*x{i - 1}"] * 5)
        lines.append(f"x{i}: &x{i} {{apiVersion: v1, kind: List, items: [{items}]}}")
    lines.append("apiVersion: v1\nkind: List\nitems: [*x39]\n")
    assert len(containers("\n".join(lines))) == 1


@pytest.mark.parametrize(
    "body",
    [
        "env: {{ toYaml .Values.env }}",
        "env: [{name: '{{ .x }}', value: a}]",
        "envFrom: [{configMapRef: {name: c}}]",
        "env: [a]",
    ],
)
def test_what_cannot_be_seen_makes_the_environment_opaque(body: str) -> None:
    container = only(f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    {body}\n")
    assert container.env_opaque


@pytest.mark.parametrize("value", ["{{ .x }}", "${IMAGE}", "app:$(TAG)", "'{% if x %}'", "~"])
def test_a_value_that_something_fills_in_is_no_word(value: str) -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec: \n  containers:\n  - image: {value}\n"
    assert only(text).image is None


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Pod\n",
        "apiVersion: v1\nkind: Pod\nspec:\n",
        "apiVersion: v1\nkind: Deployment\nspec: [1]\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: {a: 1}}\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [1, [], ~]}\n",
        "apiVersion: [v1]\nkind: {a: 1}\n",
        "kind: Pod\nspec: {containers: [{name: a}]}\n",
    ],
)
def test_odd_manifests_have_no_containers(text: str) -> None:
    assert containers(text) == ()


def test_a_shared_list_says_so() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
        "  - name: a\n    env: &e [{name: X, value: y}]\n  - name: b\n    env: *e\n"
        "  - name: c\n    env: []\n"
    )
    a, b, c = containers(text)
    assert (a.shared, b.shared, c.shared) == (True, True, False)
    assert a.env[0].shared


# -- edits --------------------------------------------------------------------

BARE = """\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: app # the service
          image: app
"""


def test_a_container_gets_variable_mount_and_volume_in_one_fix() -> None:
    container = only(BARE)
    edits = (
        *container.pod.add_volume("coverdata", "/coverdata", "Directory"),
        *container.add_variable("GOCOVERDIR", "/coverdata"),
        *container.add_mount("coverdata", "/coverdata"),
    )
    assert applied(BARE, edits) == (
        BARE + "          env:\n"
        "            - name: GOCOVERDIR\n"
        "              value: /coverdata\n"
        "          volumeMounts:\n"
        "            - name: coverdata\n"
        "              mountPath: /coverdata\n"
        "      volumes:\n"
        "        - name: coverdata\n"
        "          hostPath:\n"
        "            path: /coverdata\n"
        "            type: Directory\n"
    )


def test_an_existing_pod_is_repaired_in_place() -> None:
    app = containers(POD)[1]
    variable = app.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    edits = (
        *app.replace_word(variable.value, "/data"),
        *app.mounts[0].make_writable(),
        *app.make_root_writable(),
        *app.pod.set_user(0),
        *app.pod.set_grace_period(30),
        *app.pod.add_volume("extra", None),
    )
    after = applied(POD, edits)
    expected = (
        POD.replace("value: '/coverdata'", "value: '/data'")
        .replace("      readOnly: true\n", "")
        .replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
        .replace("runAsUser: 1001", "runAsUser: 0")
        .replace("runAsNonRoot: true", "runAsNonRoot: false")
        .replace("Seconds: 5", "Seconds: 30")
    )
    assert after == expected + "  - name: extra\n    emptyDir: {}\n"


def test_a_container_overrides_the_user_of_its_pod() -> None:
    app = containers(POD)[1]
    assert applied(POD, app.set_user(0)) == POD.replace(
        "      readOnlyRootFilesystem: true\n",
        "      readOnlyRootFilesystem: true\n      runAsUser: 0\n      runAsNonRoot: false\n",
    )


def test_an_init_container_is_added_to_those_there() -> None:
    app = containers(POD)[1]
    edits = app.pod.add_init_container(
        {
            "name": "open-coverdata",
            "image": "busybox:1.36",
            "command": ["sh", "-c", "chmod 0777 /coverdata"],
            "securityContext": {"runAsUser": 0, "runAsNonRoot": False},
            "volumeMounts": [{"name": "data", "mountPath": "/coverdata"}],
        }
    )
    after = applied(POD, edits)
    init = containers(after)[1]
    assert init.command is not None
    assert [w.text for w in init.command] == ["sh", "-c", "chmod 0777 /coverdata"]
    assert text_of(init.identity.user) == "0"
    assert init.identity.non_root is None
    assert after.count("\n") == POD.count("\n") + 12


def test_a_value_keeps_its_type_when_it_is_written() -> None:
    after = applied(BARE, only(BARE).add_variable("N", "0"))
    variable = only(after).variable("N")
    assert variable is not None
    assert 'value: "0"' in after
    assert text_of(variable.value) == "0"
