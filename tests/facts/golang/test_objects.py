"""Typed Kubernetes objects in Go code."""

from __future__ import annotations

from covlint.documents.gotext import GoPackage
from covlint.facts.golang.objects import read_objects
from covlint.facts.kubernetes.cluster import KindCluster
from covlint.facts.kubernetes.workload import Container
from covlint.source import SourceFile
from gocode import applied, assert_gofmt, text_of

HEAD = """\
package e2e

import (
	"os"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const root = "/coverdata"

var directory = filepath.Join(root, "till")

"""
LITERAL = (
    HEAD
    + """\
func deployment(image string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "till", Namespace: "e2e"},
		Spec: appsv1.DeploymentSpec{
			Template: corev1.PodTemplateSpec{
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: ptr.To(int64(5)),
					SecurityContext:               &corev1.PodSecurityContext{RunAsUser: int64Ptr(1001)},
					Containers: []corev1.Container{{
						Name:  "till",
						Image: image,
						Env: []corev1.EnvVar{
							{Name: "LOG", Value: "debug"},
							{Name: "GOCOVERDIR", Value: "/coverdata"},
						},
						VolumeMounts: []corev1.VolumeMount{
							{Name: "coverage", MountPath: "/coverdata", ReadOnly: true},
						},
					}},
					Volumes: []corev1.Volume{{
						Name: "coverage",
						VolumeSource: corev1.VolumeSource{
							HostPath: &corev1.HostPathVolumeSource{
								Path: "/tmp/coverdata",
								Type: ptr.To(corev1.HostPathDirectoryOrCreate),
							},
						},
					}},
				},
			},
		},
	}
}
"""
)


def read(text: str) -> list[Container]:
    package = GoPackage([SourceFile.of_text("test/e2e/a.go", text)])
    return [one for one in read_objects(package) if isinstance(one, Container)]


def only(text: str) -> Container:
    (container,) = read(text)
    return container


def written(text: str, container: Container) -> list[bytes]:
    data = text.encode()
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    mount = container.mount_at("/coverdata")
    volume = container.volume_of(mount) if mount is not None else None
    assert mount is not None
    assert volume is not None
    assert volume.host_path is not None
    words = (variable.value, mount.path, volume.host_path)
    return [data[word.span.start : word.span.end] for word in words]


def test_a_literal_deployment() -> None:
    container = only(LITERAL)
    assert text_of(container.pod.name) == "till"
    assert container.pod.kind == "Deployment"
    assert text_of(container.identity.user) == "1001"
    assert text_of(container.pod.grace_period) == "5"
    assert written(LITERAL, container) == [b'"/coverdata"', b'"/coverdata"', b'"/tmp/coverdata"']
    assert text_of(container.pod.volumes[0].host_path_type) == "DirectoryOrCreate"
    mount = container.mounts[0]
    assert mount.read_only is not None
    span = mount.span
    assert LITERAL.encode()[span.start : span.end].startswith(b'{Name: "coverage"')
    assert container.image is None
    assert not container.env_opaque
    assert not container.pod.volumes_opaque


def test_edits_of_literals_stay_go() -> None:
    container = only(LITERAL)
    host = container.pod.volumes[0].host_path
    assert host is not None
    moved = applied(LITERAL, container.replace_word(host, "/coverdata"))
    root = applied(LITERAL, container.pod.set_user(0))
    grace = applied(LITERAL, container.pod.set_grace_period(40))
    writable = applied(LITERAL, container.mounts[0].make_writable())
    assert 'Path: "/coverdata",' in moved
    assert "RunAsUser: int64Ptr(0)" in root
    assert "ptr.To(int64(40))" in grace
    assert '{Name: "coverage", MountPath: "/coverdata"},' in writable
    for fixed in (LITERAL, moved, root, grace, writable):
        assert_gofmt(fixed)


CONDITIONAL = (
    HEAD
    + """\
func deployment(image string) *corev1.Pod {
	kind := corev1.HostPathDirectoryOrCreate
	env := []corev1.EnvVar{{Name: "LOG", Value: "debug"}}
	var volumes []corev1.Volume
	if os.Getenv("E2E_COVERAGE") == "true" {
		env = append(env, corev1.EnvVar{Name: "GOCOVERDIR", Value: directory})
		volumes = append(volumes, corev1.Volume{Name: "coverage", VolumeSource: corev1.VolumeSource{
			HostPath: &corev1.HostPathVolumeSource{Path: root, Type: &kind},
		}})
	}
	pod := &corev1.Pod{
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "till", Image: image, Env: env}},
			Volumes:    volumes,
		},
	}
	if os.Getenv("E2E_COVERAGE") == "true" {
		pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(0))}
		pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{
			{Name: "coverage", MountPath: root},
		}
	}
	return pod
}
"""
)


def test_what_coverage_adds_is_taken_in() -> None:
    container = only(CONDITIONAL)
    assert text_of(container.identity.user) == "0"
    assert written(CONDITIONAL, container) == [b"directory", b"/coverdata", b"/coverdata"]
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert text_of(variable.value) == "/coverdata/till"
    assert not container.env_opaque
    assert not container.pod.volumes_opaque
    # a value that is not written as such in one place is not edited
    assert variable.value is not None
    assert container.replace_word(variable.value, "/x") == ()


def test_elements_that_are_not_seen_make_the_list_opaque() -> None:
    text = CONDITIONAL.replace('os.Getenv("E2E_COVERAGE") == "true"', "image != root")
    assert all(one.env_opaque for one in read(text))
    text = CONDITIONAL.replace("Env: env", "Env: variables()")
    assert all(one.env_opaque for one in read(text))


def test_objects_without_coverage_are_no_facts() -> None:
    text = LITERAL.replace("GOCOVERDIR", "OTHER").replace("coverdata", "data")
    assert read(text) == []
    assert read(text + "\n// GOCOVERDIR\n") == []


def test_kind_clusters() -> None:
    text = (
        'package e2e\n\nimport "sigs.k8s.io/kind/pkg/apis/config/v1alpha4"\n\n'
        "var cluster = v1alpha4.Cluster{\n\tNodes: []v1alpha4.Node{{\n"
        "\t\tRole: v1alpha4.ControlPlaneRole,\n\t\tExtraMounts: []v1alpha4.Mount{\n"
        '\t\t\t{HostPath: "./coverdata", ContainerPath: "/coverdata", Readonly: true},\n'
        "\t\t},\n\t}},\n}\n"
    )
    (cluster,) = read_objects(GoPackage([SourceFile.of_text("test/e2e/a.go", text)]))
    assert isinstance(cluster, KindCluster)
    mount = cluster.nodes[0].mount_at("/coverdata/x")
    assert mount is not None
    assert mount.read_only is not None
    assert text_of(mount.host_path) == "./coverdata"
    fixed = applied(text, cluster.replace_word(mount.container_path, "/data"))
    assert 'ContainerPath: "/data"' in fixed
    assert_gofmt(text)
    assert_gofmt(fixed)
