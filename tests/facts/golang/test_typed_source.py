"""Fixes of typed literals: they compile, and gofmt has nothing to change."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.diagnostics import Edit
from covlint.documents.golang import syntax_error
from covlint.facts.kubernetes import pod_settings
from covlint.facts.kubernetes.coverage_permissions import (
    non_root_by,
    open_by_init_container,
    root_for_coverage,
)
from covlint.runner.toolchain import Toolchain
from covlint.source import SourceFile
from facts.golang.test_objects import CONDITIONAL, HEAD, LITERAL, only, read
from gocode import applied, assert_gofmt

#: The form of kubernaut's DD-TEST-007: function literals that ask for coverage.
ASKING = (
    HEAD
    + """\
func pod(image string) *corev1.Pod {
	return &corev1.Pod{
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{
				{
					Name:  "till",
					Image: image,
					Env: func() []corev1.EnvVar {
						env := []corev1.EnvVar{{Name: "LOG", Value: "debug"}}
						if os.Getenv("E2E_COVERAGE") == "true" {
							env = append(env, corev1.EnvVar{Name: "GOCOVERDIR", Value: "/coverdata"})
						}
						return env
					}(),
					VolumeMounts: []corev1.VolumeMount{
						{Name: "coverage", MountPath: "/coverdata"},
					},
				},
			},
			Volumes: []corev1.Volume{
				{Name: "coverage", VolumeSource: corev1.VolumeSource{
					HostPath: &corev1.HostPathVolumeSource{Path: "/coverdata"},
				}},
			},
		},
	}
}
"""
)
ROOT = """\
			SecurityContext: func() *corev1.PodSecurityContext {
				if os.Getenv("E2E_COVERAGE") == "true" {
					return &corev1.PodSecurityContext{RunAsUser: ptr.To[int64](0)}
				}
				return nil
			}(),
"""
STUBS = {
    "core/v1/v1.go": """\
package v1

type Capability string
type Capabilities struct{ Add, Drop []Capability }
type PullPolicy string
type HostPathType string

const (
	PullIfNotPresent          PullPolicy   = "IfNotPresent"
	PullAlways                PullPolicy   = "Always"
	HostPathDirectoryOrCreate HostPathType = "DirectoryOrCreate"
	HostPathDirectory         HostPathType = "Directory"
)

type PodSecurityContext struct {
	RunAsUser, RunAsGroup *int64
	RunAsNonRoot          *bool
}
type SecurityContext struct {
	RunAsUser, RunAsGroup                *int64
	RunAsNonRoot, ReadOnlyRootFilesystem *bool
	Capabilities                         *Capabilities
}
type EnvVar struct{ Name, Value string }
type VolumeMount struct {
	Name, MountPath, SubPath string
	ReadOnly                 bool
}
type Container struct {
	Name, Image     string
	ImagePullPolicy PullPolicy
	Command, Args   []string
	Env             []EnvVar
	VolumeMounts    []VolumeMount
	SecurityContext *SecurityContext
}
type HostPathVolumeSource struct {
	Path string
	Type *HostPathType
}
type EmptyDirVolumeSource struct{}
type VolumeSource struct {
	HostPath *HostPathVolumeSource
	EmptyDir *EmptyDirVolumeSource
}
type Volume struct {
	Name string
	VolumeSource
}
type PodSpec struct {
	TerminationGracePeriodSeconds *int64
	SecurityContext               *PodSecurityContext
	InitContainers, Containers    []Container
	Volumes                       []Volume
}
type PodTemplateSpec struct{ Spec PodSpec }
type Pod struct{ Spec PodSpec }
""",
    "apps/v1/v1.go": """\
package v1

import (
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type DeploymentSpec struct{ Template core.PodTemplateSpec }
type Deployment struct {
	meta.ObjectMeta
	Spec DeploymentSpec
}
""",
    "meta/pkg/apis/meta/v1/v1.go": "package v1\n\ntype ObjectMeta struct{ Name, Namespace string }\n",
    "utils/ptr/ptr.go": "package ptr\n\nfunc To[T any](v T) *T { return &v }\n",
    "utils/pointer/pointer.go": "package pointer\n\nfunc Int64(v int64) *int64 { return &v }\n"
    "func Bool(v bool) *bool { return &v }\n",
}
MODULES = {"k8s.io/api": "", "k8s.io/apimachinery": "meta", "k8s.io/utils": "utils"}


def repairs(text: str) -> dict[str, str]:
    """The text after each repair that rules make, by its name."""
    container = only(text)
    pod = container.pod
    made: dict[str, tuple[Edit, ...]] = {
        "variable": container.add_variable("OTHER", 'a "b"'),
        "mount": container.add_mount("coverage", "/other"),
        "host path": pod.add_volume("other", "/other"),
        "empty dir": pod.add_volume("other", None),
        "user": container.set_user(0),
        "grace period": pod.set_grace_period(40),
        "pull policy": pod_settings.set_pull_policy(container, "IfNotPresent"),
        "init container": open_by_init_container(
            container, None, container.mounts[0], "/coverdata"
        ),
    }
    made["both"] = (*made["mount"], *made["host path"])
    for name, edits in made.items():
        assert edits, name
    return {name: applied(text, edits) for name, edits in made.items()}


def written_module(folder: Path, files: dict[str, str]) -> None:
    """A module with stubs for the types of Kubernetes, one package for each file."""
    lines = ["module example.com/e2e", "", "go 1.21", ""]
    for module, part in MODULES.items():
        home = folder / "stubs" / (part or "api")
        home.mkdir(parents=True)
        lines += [f"require {module} v0.0.0", f"replace {module} => ./stubs/{part or 'api'}"]
        needs = "" if part else "\nrequire k8s.io/apimachinery v0.0.0\n"
        (home / "go.mod").write_text(f"module {module}\n\ngo 1.21\n{needs}")
    for name, text in STUBS.items():
        part = name.split("/", 1)[0]
        home = "" if part in ("meta", "utils") else "api/"
        target = folder / "stubs" / f"{home}{name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    for index, text in enumerate(files.values()):
        package = folder / f"p{index}"
        package.mkdir()
        (package / "a.go").write_text(text)


def without_helper(text: str) -> str:
    """The same without a package that makes pointers."""
    plain = text.replace('\t"k8s.io/utils/ptr"\n', "").replace("\tappsv1", "\n\tappsv1", 1)
    return plain.replace("\n\n\n", "\n\n")


HELPED = """
func int64Ptr(v int64) *int64 { return &v }
"""


@pytest.fixture(scope="module")
def repaired() -> dict[str, str]:
    asking = ASKING.replace('\tmetav1 "k8s.io/apimachinery/pkg/apis/meta/v1"\n', "")
    asking = asking.replace('\tappsv1 "k8s.io/api/apps/v1"\n', "")
    conditional = CONDITIONAL.replace('\tmetav1 "k8s.io/apimachinery/pkg/apis/meta/v1"\n', "")
    conditional = conditional.replace('\tappsv1 "k8s.io/api/apps/v1"\n', "")
    kept = "\nvar _ = ptr.To(filepath.Join(root, os.Args[0]))\n"
    used = "\nvar _ = filepath.Join(root, os.Args[0], directory)\n"
    texts = {
        "literal": LITERAL + HELPED + kept,
        "conditional": conditional,
        "asking": asking + kept,
        "own helper": without_helper(asking) + HELPED + used,
        "no helper": without_helper(asking) + used,
        "pointer": (asking + used).replace("k8s.io/utils/ptr", "k8s.io/utils/pointer"),
    }
    found = dict(texts)
    for name, text in texts.items():
        found |= {f"{name}: {repair}": fixed for repair, fixed in repairs(text).items()}
        if name != "literal":
            found[f"{name}: root"] = applied(text, root_for_coverage(only(text)))
    found.pop("pointer")  # imports what only its fixes use
    return found


def test_gofmt_has_nothing_to_change(repaired: dict[str, str]) -> None:
    for text in repaired.values():
        assert_gofmt(text)


def test_it_compiles(repaired: dict[str, str], toolchain: Toolchain, tmp_path: Path) -> None:
    unused = [name for name in repaired if name.startswith("pointer: ")]
    files = {name: text for name, text in repaired.items() if name not in unused}
    files |= {n: repaired[n] for n in unused if "pointer." in repaired[n]}
    written_module(tmp_path, files)
    done = subprocess.run(
        [toolchain.go, "vet", "./..."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_repair_of_the_published_story() -> None:
    fixed = applied(ASKING, root_for_coverage(only(ASKING)))
    assert fixed == ASKING.replace("\t\t},\n\t}\n}\n", f"{ROOT}\t\t}},\n\t}}\n}}\n")
    container = only(fixed)
    assert container.identity.user is not None
    assert container.identity.user.text == "0"
    assert non_root_by(container, None) is None


def test_a_branch_that_runs_later_gets_it() -> None:
    fixed = applied(CONDITIONAL, only(CONDITIONAL).set_user(0))
    assert fixed == CONDITIONAL.replace(
        "\t}\n\treturn pod",
        "\t\tpod.Spec.Containers[0].SecurityContext = "
        "&corev1.SecurityContext{RunAsUser: ptr.To[int64](0)}\n\t}\n\treturn pod",
    )
    user = only(fixed).identity.user
    assert user is not None
    assert user.text == "0"


def test_behind_the_condition_already() -> None:
    branch = ASKING.replace(
        "\treturn &corev1.Pod{", "\tif withCoverage() {\n\treturn &corev1.Pod{"
    ).replace("\t\t},\n\t}\n}\n", "\t\t},\n\t}\n\t}\n\treturn nil\n}\n")
    container = only(branch)
    assert root_for_coverage(container) == ()
    assert "SecurityContext: &corev1" in applied(branch, container.set_user(0))


def test_without_a_condition_there_is_no_root_for_coverage_only() -> None:
    assert root_for_coverage(only(LITERAL)) == ()
    unknown = ASKING.replace('os.Getenv("E2E_COVERAGE") == "true"', "image == coverage")
    assert all(root_for_coverage(one) == () for one in [only(unknown)] if not one.env_opaque)


def test_a_condition_on_a_name_that_is_not_known_there_is_not_asked() -> None:
    inside = ASKING.replace(
        '\t\t\t\t\t\tif os.Getenv("E2E_COVERAGE") == "true" {',
        '\t\t\t\t\t\tcoverage := os.Getenv("E2E_COVERAGE") == "true"\n\t\t\t\t\t\tif coverage {',
    )
    container = only(inside)
    assert root_for_coverage(container) == ()
    before = inside.replace(
        "\treturn &corev1.Pod{", '\tcoverage := os.Getenv("E2E") != ""\n\treturn &corev1.Pod{'
    ).replace('\t\t\t\t\t\tcoverage := os.Getenv("E2E_COVERAGE") == "true"\n', "")
    assert "if coverage {" in applied(before, root_for_coverage(only(before)))


def test_an_empty_dir_becomes_a_directory_of_the_node() -> None:
    start = LITERAL.index("HostPath: &")
    end = LITERAL.index("\t\t\t\t\t\t},\n\t\t\t\t\t}},\n", start)
    text = f"{LITERAL[:start]}EmptyDir: &corev1.EmptyDirVolumeSource{{}},\n{LITERAL[end:]}"
    fixed = applied(text, pod_settings.onto_node(only(text).pod.volumes[0], "/coverdata"))
    assert "HostPath: &corev1.HostPathVolumeSource{Path: " in fixed
    assert "EmptyDir" not in fixed
    assert_gofmt(text)
    assert_gofmt(fixed)


def test_constants_of_the_api() -> None:
    fixed = applied(
        LITERAL, pod_settings.set_host_path_type(only(LITERAL).pod.volumes[0], "Directory")
    )
    assert "ptr.To(corev1.HostPathDirectory)" in fixed
    text = LITERAL.replace(
        "\t\t\t\t\t\tImage: image,\n",
        "\t\t\t\t\t\tImage: image,\n\t\t\t\t\t\tImagePullPolicy: corev1.PullAlways,\n",
    )
    assert "corev1.PullNever" in applied(text, pod_settings.set_pull_policy(only(text), "Never"))


def test_a_comment_that_gofmt_would_move_leaves_the_line_alone() -> None:
    commented = LITERAL.replace(
        "ReadOnly: true},\n",
        'ReadOnly: true}, // a\n\t\t\t\t\t\t\t{Name: "b", MountPath: "/b"}, // b\n',
    )
    assert only(commented).mounts[0].make_writable() == ()


def damaged(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for start, length, put in cuts:
        at = start % len(text)
        text = text[:at] + put + text[at + length :]
    return text


CUTS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.integers(0, 12),
        st.sampled_from(
            ["", "{", "}", "(", ")", ",", "nil", "\n", "func() ", "env", '"', "[]", "&"]
        ),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([LITERAL, CONDITIONAL, ASKING]), CUTS)
def test_damaged_code_gives_no_error_and_no_damage(
    text: str, cuts: list[tuple[int, int, str]]
) -> None:
    text = damaged(text, cuts)
    clean = syntax_error(SourceFile.of_text("a.go", text)) is None
    for container in read(text):
        pod = container.pod
        repairs = [
            container.add_variable("OTHER", "a"),
            container.add_mount("coverage", "/other"),
            pod.add_volume("other", "/other"),
            container.set_user(0),
            root_for_coverage(container),
            pod.set_grace_period(40),
            pod_settings.set_pull_policy(container, "IfNotPresent"),
            *(one.make_writable() for one in container.mounts),
            *(pod_settings.without_sub_path(one) for one in container.mounts),
            *(pod_settings.onto_node(one, "/coverdata") for one in pod.volumes),
        ]
        for edits in repairs:
            fixed = applied(text, edits)
            assert not clean or syntax_error(SourceFile.of_text("a.go", fixed)) is None
