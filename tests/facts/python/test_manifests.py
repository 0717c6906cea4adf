"""Manifests in Python code: what is seen, where, and what edits leave alone."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.diagnostics import Edit
from covlint.engine import Options, inspect
from covlint.facts.kubernetes.cluster import KindCluster
from covlint.facts.kubernetes.workload import Container
from covlint.facts.python.reading import read_python
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from covlint.source import SourceFile, Span

IMPORT = "from kubernetes import client\n"
POD = """
def pod():
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name="till"),
        spec=client.V1PodSpec(
            containers=[
                client.V1Container(
                    name="till",
                    image="till:e2e",
                    env=[
                        client.V1EnvVar(name="GOCOVERDIR", value="/coverdata"),  # where
                    ],
                    volume_mounts=[
                        client.V1VolumeMount(name="cov", mount_path="/coverdata", read_only=True)
                    ],
                )
            ],
            volumes=[
                client.V1Volume(
                    name="cov", host_path=client.V1HostPathVolumeSource(path="/coverdata")
                )
            ],
            security_context=client.V1PodSecurityContext(run_as_user=1001),
            termination_grace_period_seconds=5,
        ),
    )
"""
DICT = """
POD = {
    'apiVersion': 'v1',
    'kind': 'Pod',
    'metadata': {'name': 'till'},
    'spec': {
        'containers': [{'name': 'till', 'image': 'till:e2e', 'env': []}],
        'volumes': None,
    },
}
"""


def source_of(text: str) -> SourceFile:
    return SourceFile("e2e/conftest.py", text.encode())


def containers(source: SourceFile) -> list[Container]:
    facts, unread = read_python(source)
    assert not unread
    return [fact for fact in facts if isinstance(fact, Container)]


def only(text: str) -> tuple[Container, SourceFile]:
    source = source_of(text)
    (container,) = containers(source)
    return container, source


def sliced(source: SourceFile, span: Span) -> str:
    return source.slice(span).decode()


def edited(source: SourceFile, edits: Iterable[Edit]) -> str:
    data = source.data
    for edit in sorted(edits, key=lambda one: -one.span.start):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    ast.parse(data)
    return data.decode()


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[:1] in "+-"]


def test_client_objects_are_read_where_they_stand() -> None:
    container, source = only(IMPORT + POD)
    assert container.pod.kind == "Pod"
    assert sliced(source, container.pod.span) == "client.V1Pod"
    assert container.name is not None
    assert sliced(source, container.span) == 'name="till"'
    assert container.image is not None
    assert sliced(source, container.image.span) == '"till:e2e"'
    (variable,) = container.env
    assert variable.value is not None
    assert (variable.name.text, variable.value.text) == ("GOCOVERDIR", "/coverdata")
    assert sliced(source, variable.span).startswith('client.V1EnvVar(name="GOCOVERDIR"')
    (mount,) = container.mounts
    assert mount.read_only_entry is not None
    assert sliced(source, mount.read_only_entry) == "read_only=True"
    (volume,) = container.pod.volumes
    assert volume.host_path is not None
    assert sliced(source, volume.host_path.span) == '"/coverdata"'
    assert container.identity.user is not None
    assert sliced(source, container.identity.user.span) == "1001"
    assert container.pod.grace_period is not None
    assert sliced(source, container.pod.grace_period.span) == "5"
    assert not container.env_opaque
    assert not container.identity.opaque


def test_a_dict_is_a_manifest() -> None:
    container, source = only(DICT)
    assert sliced(source, container.span) == "'name': 'till'"
    assert container.pod.name is not None
    assert sliced(source, container.pod.name.span) == "'till'"


NAMES = """
env = [client.V1EnvVar(name="A", value="b")]
if os.getenv("E2E_COVERAGE"):
    env.append(client.V1EnvVar(name="GOCOVERDIR", value=COVERDIR))
    env += [client.V1EnvVar(name="C", value="d")]
COVERDIR = "/coverdata"

def container(image):
    return client.V1Container(name="till", image=image, env=env + [client.V1EnvVar(name="E", value="f")])

def deployment():
    spec = client.V1PodSpec(containers=[container("till:e2e")])
    template = client.V1PodTemplateSpec(spec=spec)
    made = client.V1Deployment(spec=client.V1DeploymentSpec(template=template))
    made.spec.template.spec.termination_grace_period_seconds = 7
    made.spec.template.spec.containers[0].env.append(client.V1EnvVar(name="G", value="h"))
    return made
"""


def test_names_functions_and_later_changes_are_followed() -> None:
    container, _ = only("import os\n" + IMPORT + NAMES)
    assert container.pod.kind == "Deployment"
    assert [one.name.text for one in container.env] == ["A", "GOCOVERDIR", "C", "E", "G"]
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    assert variable.value.text == "/coverdata"
    assert container.image is not None
    assert container.image.text == "till:e2e"
    assert container.pod.grace_period is not None
    assert container.pod.grace_period.text == "7"


@pytest.mark.parametrize(
    "change",
    [
        "add_coverage(POD)",
        "POD['spec']['containers'][i]['env'] = x",
        "POD.update(x)",
        "Q = copy.deepcopy(POD)",
        "POD['spec']['containers'][0]['env'].extend(x)",
    ],
)
def test_what_may_change_an_object_makes_it_opaque(change: str) -> None:
    container, _ = only(DICT + change + "\n")
    assert container.env_opaque


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'env': []", "'env': env()"),
        ("'env': []", "**more"),
        ("'env': []", "'env': [*env]"),
        ("'env': []", "'env': [one for one in env]"),
        ("[{'name': 'till', 'image': 'till:e2e', 'env': []}]", "[dict(name='till', **more)]"),
    ],
)
def test_what_is_not_seen_is_opaque(old: str, new: str) -> None:
    container, _ = only(DICT.replace(old, new))
    assert container.env_opaque


def test_a_security_context_that_is_not_seen_says_nothing_of_the_user() -> None:
    text = POD.replace("client.V1PodSecurityContext(run_as_user=1001)", "context()")
    assert only(IMPORT + text)[0].identity.opaque


def test_what_callers_of_a_function_change_counts() -> None:
    text = IMPORT + POD + "\nmade = pod()\nmade.spec.containers[0].env = variables()\n"
    assert only(text)[0].env_opaque


# -- edits ---------------------------------------------------------------------


def test_a_variable_is_added_in_the_layout_of_the_list() -> None:
    container, source = only(IMPORT + POD)
    after = edited(source, container.add_variable("A", "b"))
    added = '+                         client.V1EnvVar(name="A", value="b"),'
    assert changed(IMPORT + POD, after) == [added]


def test_a_mount_is_added_to_a_list_without_a_last_comma() -> None:
    container, source = only(IMPORT + POD)
    after = edited(source, container.add_mount("v", "/c"))
    line = '                        client.V1VolumeMount(name="cov", mount_path="/coverdata", read_only=True)'
    assert changed(IMPORT + POD, after) == [
        "- " + line,
        "+ " + line + ",",
        '+                         client.V1VolumeMount(name="v", mount_path="/c"),',
    ]


def test_values_are_replaced_in_their_own_style() -> None:
    container, source = only(IMPORT + POD)
    after = edited(source, [*container.mounts[0].make_writable(), *container.pod.set_user(0)])
    assert after == (IMPORT + POD).replace(", read_only=True", "").replace("=1001", "=0")
    after = edited(source, container.pod.set_grace_period(30))
    assert after == (IMPORT + POD).replace("seconds=5", "seconds=30")
    word = container.mounts[0].path
    assert edited(source, container.replace_word(word, "/x")) == (IMPORT + POD).replace(
        'mount_path="/coverdata"', 'mount_path="/x"'
    )
    variable = container.env[0]
    assert 'value="/new"),  # where' in edited(source, variable.set_value("/new"))


def test_a_typed_init_container_is_written() -> None:
    container, source = only(IMPORT + POD)
    starter = {"name": "open", "image": "busybox:stable", "command": ["chmod", "0777", "/c"],
               "securityContext": {"runAsUser": 0},
               "volumeMounts": [{"name": "cov", "mountPath": "/c"}]}  # fmt: skip
    after = source_of(edited(source, container.pod.add_init_container(starter)))
    first, second = containers(after)
    assert first.init
    assert first.image is not None
    assert first.image.text == "busybox:stable"
    assert [word.text for word in first.command or ()] == ["chmod", "0777", "/c"]
    assert first.identity.user is not None
    assert first.identity.user.text == "0"
    assert "client.V1SecurityContext(run_as_user=0)" in after.text
    assert second.init_containers


def test_a_class_that_is_not_imported_is_not_written() -> None:
    head = "from kubernetes.client import V1Pod, V1PodSpec, V1Container\n"
    text = head + "P = V1Pod(spec=V1PodSpec(containers=[V1Container(name='till')]))\n"
    assert only(text)[0].add_variable("A", "b") == ()
    source = source_of(text.replace("import V1Pod,", "import V1EnvVar, V1Pod,"))
    assert "env=[V1EnvVar(name='A', value='b')]" in edited(
        source, containers(source)[0].add_variable("A", "b")
    )


def test_dicts_keep_their_quotes() -> None:
    container, source = only(DICT)
    after = edited(
        source, [*container.add_variable("A", "b"), *container.pod.add_volume("v", "/c")]
    )
    assert "'env': [{'name': 'A', 'value': 'b'}]" in after
    assert "'volumes': [{'name': 'v', 'hostPath': {'path': '/c'," in after
    assert "None" not in after


def test_a_value_that_is_computed_is_not_edited() -> None:
    text = IMPORT + POD.replace('mount_path="/coverdata"', 'mount_path="/cover" + "data"')
    container, _ = only(text)
    assert container.mounts[0].path.text == "/coverdata"
    assert container.replace_word(container.mounts[0].path, "/x") == ()


QUOTES = st.sampled_from(["'", '"'])
SPACES = st.sampled_from(["", "\n", "\n    ", "  # why\n        "])


@settings(max_examples=80, deadline=None)
@given(
    QUOTES, st.lists(SPACES, min_size=6, max_size=6), st.booleans(), st.sampled_from(["\n", "\r\n"])
)
def test_edits_change_nothing_but_what_they_add(
    quote: str, spaces: list[str], comma: bool, newline: str
) -> None:
    a, b, c, d, e, f = spaces
    text = (
        (
            f"P = {{{a}'apiVersion': 'v1', 'kind': 'Pod',{b}'spec': {{{c}'containers': [{d}"
            f"{{'name': 'till',{e}'env': [{{'name': 'A', 'value': 'b'}}{',' * comma}{f}]}}]}}}}\n"
        )
        .replace("'", quote)
        .replace("\n", newline)
    )
    source = source_of(text)
    (container,) = containers(source)
    edits = container.add_variable("GOCOVERDIR", "/coverdata")
    if not edits:
        return
    after = edited(source, edits)
    wanted = eval(text.partition("=")[2].strip())
    wanted["spec"]["containers"][0]["env"].append({"name": "GOCOVERDIR", "value": "/coverdata"})
    assert eval(after.partition("=")[2].strip()) == wanted
    kept = after
    for edit in edits:
        kept = kept.replace(edit.replacement.decode(), "", 1)
    assert kept.replace(",", "") == text.replace(",", "")


# -- strings -------------------------------------------------------------------

STRING = '''
IMAGE = "till:e2e"
MANIFEST = f"""
apiVersion: v1
kind: Pod
metadata:
  name: till
spec:
  containers:
    - name: till
      image: {IMAGE}
      env:
        - name: GOCOVERDIR
          value: /coverdata
      resources: {{}}
      volumeMounts:
        - name: cov
          mountPath: {path}
"""
'''


def test_a_manifest_in_an_f_string() -> None:
    container, source = only(STRING)
    assert container.image is not None
    assert container.image.text == "till:e2e"
    assert container.mounts_opaque
    (variable,) = container.env
    assert variable.value is not None
    assert sliced(source, variable.value.span) == "/coverdata"
    after = edited(source, container.add_variable("A", "b"))
    assert changed(STRING, after) == ["+         - name: A", "+           value: b"]
    after = edited(source, variable.set_value("/x"))
    assert after == STRING.replace("/coverdata", "/x")


@pytest.mark.parametrize(
    "use", ["MANIFEST.format(image='x')", "MANIFEST % {'image': 'x'}", "Template(MANIFEST)"]
)
def test_what_a_template_fills_in_is_not_known(use: str) -> None:
    mark = {"MANIFEST.": "{image}", "MANIFEST ": "%(image)s", "Template(": "$image"}[use[:9]]
    text = STRING.replace('f"""', '"""').replace("{IMAGE}", mark).replace("{{}}", "")
    container, _ = only(text.replace("{path}", "/c") + f"X = {use}\n")
    assert container.image is None


def test_invalid_yaml_in_a_string_is_said() -> None:
    text = STRING.replace("      env:", "     env:")
    _, unread = read_python(source_of(text))
    assert "line 3" in unread[0].reason


def test_kind_configs_of_strings_and_dicts() -> None:
    text = '''
A = """
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
"""
B = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": [
    {"role": "control-plane", "extraMounts": [{"hostPath": "./out", "containerPath": "/c"}]}]}
'''
    source = source_of(text)
    first, second = (one for one in read_python(source)[0] if isinstance(one, KindCluster))
    after = edited(source, first.nodes[0].add_extra_mount("./out", "/c"))
    assert "- role: control-plane\n  extraMounts:\n" in after
    assert second.nodes[0].extra_mounts[0].container_path.text == "/c"
    after = edited(source, second.nodes[0].add_extra_mount("./o", "/d"))
    assert (
        '{"hostPath": "./out", "containerPath": "/c"}, {"hostPath": "./o", "containerPath": "/d"}'
        in after
    )


# -- rules ---------------------------------------------------------------------

PROJECT = {
    "go.mod": "module example.com/till\n\ngo 1.24\n",
    "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nRUN go build -o /till .\n",
}
BUILD = """
import subprocess

def build():
    subprocess.run(["docker", "build", "-t", "till:e2e", "--build-arg", "GOFLAGS=-cover", "."])
"""


KIND = """
KIND = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": [
    {"role": "control-plane", "extraMounts": [{"hostPath": "./out", "containerPath": "/coverage"}]},
]}
"""
UNSET = POD.replace("GOCOVERDIR", "OTHER").replace(", read_only=True", "")


def found(files: dict[str, str]) -> list[tuple[str, str]]:
    """The codes of the findings in Python files, and what they point at."""
    inspection = inspect(MemoryFiles(files), Registry.builtin(), Options())
    assert not inspection.report.crashes
    return [
        (one.code, files[one.span.path].encode()[one.span.start : one.span.end].decode())
        for one in inspection.report.diagnostics
        if one.span.path.endswith(".py")
    ]


def test_cov301_in_a_python_manifest() -> None:
    text = IMPORT + BUILD + UNSET
    files = {**PROJECT, "e2e/conftest.py": text}
    assert ("COV301", 'name="till"') in found(files)
    outcome = fix(MemoryFiles(files), Registry.builtin(), Options(), unsafe=True)
    after = next(one.after for one in outcome.changes if one.path.endswith(".py")).decode()
    ast.parse(after)
    assert outcome.converged
    assert 'client.V1EnvVar(name="GOCOVERDIR", value="/coverdata"),' in after
    assert "init_containers=[" in after
    assert found({**PROJECT, "e2e/conftest.py": after}) == []


def test_an_image_that_nothing_builds_is_not_assumed() -> None:
    text = IMPORT + UNSET.replace("till:e2e", "busybox")
    built = BUILD.replace("till:e2e", "other")
    assert found({**PROJECT, "e2e/conftest.py": text, "e2e/build.py": built}) == []


def test_cov502_between_a_kind_config_and_a_pod_in_python() -> None:
    files = {**PROJECT, "e2e/conftest.py": IMPORT + BUILD + POD + KIND}
    codes = [code for code, _ in found(files)]
    assert "COV502" in codes
    same = IMPORT + BUILD + POD.replace('path="/coverdata")', 'path="/coverage")') + KIND
    assert "COV502" not in [code for code, _ in found({**PROJECT, "e2e/conftest.py": same})]


def test_python_that_says_nothing_of_coverage_waits() -> None:
    """It is parsed only when some image of the project may be instrumented."""
    text = IMPORT + UNSET.replace("/coverdata", "/data").replace("(", "((", 1)
    plain = {**PROJECT, "a.py": text}
    assert not inspect(MemoryFiles(plain), Registry.builtin(), Options()).report.unread
    built = {**plain, "build.py": BUILD}
    (unread,) = inspect(MemoryFiles(built), Registry.builtin(), Options()).report.unread
    assert unread.path == "a.py"
