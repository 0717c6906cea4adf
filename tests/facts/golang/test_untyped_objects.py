"""Objects that Go code writes as maps and by the builders of client-go."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.diagnostics import Edit
from covlint.documents.golang import syntax_error
from covlint.documents.gotext import GoPackage
from covlint.engine import Options, inspect
from covlint.facts.golang.untyped_objects import read_untyped_objects
from covlint.facts.kubernetes import pod_settings
from covlint.facts.kubernetes.coverage_permissions import open_by_init_container
from covlint.facts.kubernetes.workload import Container
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from covlint.runner.toolchain import Toolchain
from covlint.selection import Selection
from covlint.source import SourceFile
from gocode import applied, assert_gofmt

MAP = """\
package e2e

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

func pod(extra []interface{}) *unstructured.Unstructured {
	mounts := []interface{}{
		map[string]interface{}{"name": "coverage", "mountPath": "/coverdata"},
	}
	return &unstructured.Unstructured{Object: map[string]interface{}{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   map[string]interface{}{"name": "till", "namespace": "e2e"},
		"spec": map[string]interface{}{
			"securityContext": map[string]interface{}{"runAsUser": int64(1001)},
			"containers": []interface{}{map[string]interface{}{
				"name":  "till",
				"image": "till:e2e",
				"env": []map[string]interface{}{
					{"name": "GOCOVERDIR", "value": "/coverdata"},
				},
				"volumeMounts": mounts,
			}},
			"volumes": []any{
				map[string]any{
					"name":     "coverage",
					"hostPath": map[string]any{"path": "/tmp/coverdata", "type": "DirectoryOrCreate"},
				},
			},
		},
	}}
}
"""
BUILT = """\
package e2e

import (
	corev1 "k8s.io/api/core/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

func deployment() *appsv1ac.DeploymentApplyConfiguration {
	return appsv1ac.Deployment("till", "e2e").
		WithLabels(map[string]string{"app": "till"}).
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(1).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(map[string]string{"app": "till"}).
				WithSpec(corev1ac.PodSpec().
					WithSecurityContext(corev1ac.PodSecurityContext().WithRunAsUser(1001)).
					WithContainers(corev1ac.Container().
						WithName("till").
						WithImage("till:e2e").
						WithEnv(corev1ac.EnvVar().WithName("LOG").WithValue("debug")).
						WithEnv(corev1ac.EnvVar().WithName("GOCOVERDIR").WithValue("/coverdata")).
						WithVolumeMounts(corev1ac.VolumeMount().
							WithName("coverage").WithMountPath("/coverdata"))).
					WithVolumes(corev1ac.Volume().
						WithName("coverage").
						WithHostPath(corev1ac.HostPathVolumeSource().
							WithPath("/tmp/coverdata").
							WithType(corev1.HostPathDirectoryOrCreate))))))
}
"""


def read(text: str) -> list[Container]:
    package = GoPackage([SourceFile.of_text("test/e2e/a.go", text)])
    return [one for one in read_untyped_objects(package) if isinstance(one, Container)]


@pytest.mark.parametrize("text", [MAP, BUILT])
def test_everything_that_a_chain_needs_is_read(text: str) -> None:
    (container,) = read(text)
    data = text.encode()
    assert container.pod.name is not None
    assert container.pod.name.text == "till"
    assert container.image is not None
    assert data[container.image.span.start : container.image.span.end] == b'"till:e2e"'
    assert container.identity.user is not None
    assert container.identity.user.text == "1001"
    (mount,) = container.mounts
    assert mount.path.text == "/coverdata"
    (volume,) = container.pod.volumes
    assert volume.host_path is not None
    assert volume.host_path.text == "/tmp/coverdata"
    place = volume.host_path.span
    assert data[place.start : place.end] == b'"/tmp/coverdata"'
    opaque = (container.env_opaque, container.mounts_opaque, container.pod.volumes_opaque)
    assert not any(opaque)


ONE_MOUNT = (
    'corev1ac.VolumeMount().\n\t\t\t\t\t\t\tWithName("coverage").WithMountPath("/coverdata")'
)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (MAP, '"volumeMounts": mounts,', '"volumeMounts": extra,'),
        (BUILT, f"WithVolumeMounts({ONE_MOUNT})", "WithVolumeMounts(mounts...)"),
    ],
)
def test_mounts_that_are_not_seen(text: str, old: str, new: str) -> None:
    assert old in text
    (container,) = read(text.replace(old, new))
    assert container.mounts_opaque


@pytest.mark.parametrize(
    "text",
    [
        MAP.replace("GOCOVERDIR", "LOG").replace("coverdata", "data"),
        MAP.replace("return &", "u := &").replace(
            "\t}}\n}\n", '\t}}\n\tu.Object["spec"] = extra\n\treturn u\n}\n'
        ),
        BUILT.replace("/applyconfigurations/", "/other/"),
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize("text", [MAP, BUILT])
def test_rules_speak_and_values_are_repaired(text: str) -> None:
    files = {
        "e2e/a.go": text.replace('ountPath("/coverdata")', 'ountPath("/cov")')
        .replace('"mountPath": "/coverdata"', '"mountPath": "/cov"')
        .encode()
    }
    options = Options(selection=Selection(select=("COV302", "COV501")))
    found = inspect(MemoryFiles(files), Registry.builtin(), options).report.diagnostics
    assert [one.span.path for one in found][:1] == ["e2e/a.go"]
    edits: list[Edit] = [edit for one in found if one.fix for edit in one.fix.edits]
    outcome = fix(MemoryFiles(files), Registry.builtin(), options, unsafe=True)
    assert edits, found
    assert outcome.converged
    (change,) = outcome.changes
    changed = change.after.decode()
    assert changed.replace('"/cov"', '"/coverdata"') == text.replace('"/cov"', '"/coverdata"')


EMPTY_DIR = MAP.replace(
    '"hostPath": map[string]any{"path": "/tmp/coverdata", "type": "DirectoryOrCreate"}',
    '"emptyDir": map[string]any{}',
)
FLAT = (
    "package e2e\n\nvar pod = map[string]any{\n"
    '\t"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"containers": []any{\n'
    '\t\tmap[string]any{"name": "till", "image": "till:e2e", "env": []map[string]string{\n'
    '\t\t\t{"name": "GOCOVERDIR", "value": "/coverdata"},\n\t\t}},\n\t}}}\n'
)


def repairs(text: str) -> dict[str, str]:
    """The text after each repair that can be written, by its name."""
    (container,) = read(text)
    pod = container.pod
    made: dict[str, tuple[Edit, ...]] = {
        "variable": container.add_variable("OTHER", 'a "b"'),
        "mount": container.add_mount("coverage", "/other"),
        "host path": pod.add_volume("other", "/other"),
        "empty dir": pod.add_volume("other", None),
        "user": container.set_user(0),
        "grace period": pod.set_grace_period(40),
        "pull policy": pod_settings.set_pull_policy(container, "IfNotPresent"),
    }
    if container.mounts:
        made["init container"] = open_by_init_container(
            container, None, container.mounts[0], "/coverdata"
        )
    if pod.volumes:
        made["onto node"] = pod_settings.onto_node(pod.volumes[0], "/other")
    return {name: applied(text, edits) for name, edits in made.items() if edits}


@pytest.mark.parametrize(
    ("repair", "expected"),
    [
        ("variable", '{"name": "OTHER", "value": "a \\"b\\""},'),
        (
            "mount",
            'map[string]interface{}{"name": "coverage", "mountPath": "/other"},\n\t}\n\treturn',
        ),
        ("host path", '"hostPath": map[string]interface{}{'),
        ("user", '"securityContext": map[string]interface{}{"runAsUser": int64(0)},'),
        ("grace period", '"terminationGracePeriodSeconds": int64(40),'),
        ("pull policy", '"imagePullPolicy": "IfNotPresent",'),
        ("init container", '"initContainers": []interface{}{'),
    ],
)
def test_what_is_written_into_maps(repair: str, expected: str) -> None:
    text = MAP.replace("any", "interface{}")
    assert expected in repairs(text)[repair]


def test_an_empty_dir_becomes_a_directory_of_the_node() -> None:
    assert '"hostPath": map[string]any{"path": "/other"' in repairs(EMPTY_DIR)["onto node"]


def test_a_map_of_strings_takes_strings() -> None:
    assert '\t\t\t{"name": "OTHER", "value": "a \\"b\\""},\n' in repairs(FLAT)["variable"]


def test_a_type_that_is_not_known_takes_nothing() -> None:
    text = MAP.replace("[]map[string]interface{}{\n", "[]Variable{\n")
    assert "variable" not in repairs(text)


BUILT_EMPTY_DIR = BUILT.replace(
    BUILT[BUILT.index("WithHostPath(") : BUILT.index(")))))\n}")],
    "WithEmptyDir(corev1ac.EmptyDirVolumeSource()",
)


@pytest.mark.parametrize(
    ("repair", "expected"),
    [
        ("variable", ', corev1ac.EnvVar().WithName("OTHER").WithValue("a \\"b\\"")).\n'),
        ("mount", ', corev1ac.VolumeMount().WithName("coverage").WithMountPath("/other"))).'),
        ("host path", '.WithHostPath(corev1ac.HostPathVolumeSource().WithPath("/other")'),
        ("user", ".WithSecurityContext(corev1ac.SecurityContext().WithRunAsUser(0))).\n"),
        ("grace period", ".WithTerminationGracePeriodSeconds(40))))\n}"),
        ("pull policy", '.WithImagePullPolicy("IfNotPresent")).\n'),
        ("init container", '.WithInitContainers(corev1ac.Container().WithName("'),
    ],
)
def test_what_is_written_behind_builders(repair: str, expected: str) -> None:
    assert expected in repairs(BUILT)[repair]


def test_another_volume_by_a_builder() -> None:
    fixed = repairs(BUILT_EMPTY_DIR)["onto node"]
    assert 'WithHostPath(corev1ac.HostPathVolumeSource().WithPath("/other")' in fixed
    assert "EmptyDir" not in fixed


def test_without_the_builders_of_the_core_nothing_is_written() -> None:
    other = BUILT.replace("applyconfigurations/core/v1", "applyconfigurations/batch/v1")
    assert set(repairs(other)) == {"grace period", "pull policy"}


@pytest.mark.parametrize("text", [MAP, EMPTY_DIR, FLAT, BUILT, BUILT_EMPTY_DIR])
def test_gofmt_has_nothing_to_change(text: str) -> None:
    assert_gofmt(text)
    for fixed in repairs(text).values():
        assert_gofmt(fixed)
        assert syntax_error(SourceFile.of_text("a.go", fixed)) is None
        assert len([one for one in read(fixed) if not one.init]) == 1


def test_it_compiles(toolchain: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/e2e\n\ngo 1.21\n")
    for number, (name, fixed) in enumerate(repairs(MAP).items()):
        stub = fixed.replace('import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"\n', "")
        folder = tmp_path / f"p{number}"
        folder.mkdir()
        head = f"// {name}\n\ntype Unstructured struct{{ Object map[string]interface{{}} }}\n"
        stub = stub.replace("unstructured.Unstructured", "Unstructured")
        (folder / "a.go").write_text(stub + head)
    done = subprocess.run(
        [toolchain.go, "vet", "./..."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@settings(deadline=None)
@given(st.sampled_from((MAP, BUILT)), st.data())
def test_torn_code_is_read_without_an_error(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 60))
    read(text[:start] + text[start + length :])
