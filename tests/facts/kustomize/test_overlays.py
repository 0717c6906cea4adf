"""Kustomize overlays: what is deployed, where each value is written, and what is not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covlint.documents.yaml_edit import join_edits
from covlint.facts.kustomize.overlays import resolve_overlays
from covlint.files import MemoryFiles
from covlint.source import SourceFile, UnreadableSource, Word
from overlay_cases import DEPLOYMENT, built, containers, resolve, summary, tree

MERGE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: till
spec:
  replicas: 1
  template:
    spec:
      terminationGracePeriodSeconds: 60
      containers:
      - name: till
        env:
        - name: GOCOVERDIR
          value: /coverdata
        volumeMounts:
        - name: coverage
          mountPath: /coverdata
      volumes:
      - name: coverage
        hostPath:
          path: /coverdata
"""
OPS = """\
- op: add
  path: /spec/template/spec/containers/0/env/-
  value:
    name: GOCOVERDIR
    value: /coverdata
- op: replace
  path: /spec/template/spec/containers/0/securityContext/runAsUser
  value: 0
- op: add
  path: /metadata/annotations
  value:
    shop.example/covered: "yes"
- op: replace
  path: /metadata/annotations/shop.example~1covered
  value: "no"
- op: remove
  path: /spec/template/spec/containers/0/args
"""
INLINE = "patches:\n- patch: |-\n" + "".join(f"    {line}\n" for line in MERGE.splitlines())
CASES = {
    "strategic merge in a file": tree("patches:\n- path: p.yaml\n", p__yaml=MERGE),
    "patchesStrategicMerge": tree("patchesStrategicMerge:\n- p.yaml\n", p__yaml=MERGE),
    "inline": tree(INLINE),
    "inline among patchesStrategicMerge": tree(
        "patchesStrategicMerge:\n- |\n" + "".join(f"  {line}\n" for line in MERGE.splitlines())
    ),
    "operations with a target": tree(
        "patches:\n- path: p.yaml\n  target: {kind: Deploy.*, name: till}\n", p__yaml=OPS
    ),
    "a target that matches nothing": tree(
        "patches:\n- path: p.yaml\n  target: {kind: Deployment, name: til}\n", p__yaml=OPS
    ),
    "a target by label": tree(
        'patches:\n- path: p.yaml\n  target: {labelSelector: "app=till,!gone,x!=y"}\n', p__yaml=OPS
    ),
    "patchesJson6902": tree(
        "patchesJson6902:\n- path: p.json\n"
        "  target: {group: apps, version: v1, kind: Deployment, name: till}\n",
        p__json='[{"op": "add", "path": "/spec/replicas", "value": 4},\n'
        ' {"op": "add", "path": "/spec/template/spec/containers/1/env",\n'
        '  "value": [{"name": "GOCOVERDIR", "value": "/x"}]},\n'
        ' {"op": "move", "from": "/spec/template/spec/containers/0/args",\n'
        '  "path": "/spec/template/spec/containers/0/command"},\n'
        ' {"op": "copy", "from": "/spec/template/spec/containers/0/env/0",\n'
        '  "path": "/spec/template/spec/containers/1/env/0"},\n'
        ' {"op": "test", "path": "/spec/replicas", "value": 4}]\n',
    ),
    "images": tree(
        "images:\n- {name: shop/till, newTag: cov}\n"
        "- {name: proxy, newName: 'registry.example:5000/p', digest: 'sha256:abc'}\n"
    ),
    "names, namespace, replicas and labels": tree(
        "namePrefix: a-\nnameSuffix: -b\nnamespace: covered\n"
        "replicas: [{name: till, count: 3}]\n"
        "labels: [{pairs: {tier: back}, includeTemplates: true}, {pairs: {outer: only}}]\n"
        "patches:\n- path: p.yaml\n",
        p__yaml=MERGE,
    ),
    "directives and nulls": tree(
        "patches:\n- path: p.yaml\n",
        p__yaml=DEPLOYMENT.replace("image: proxy", "$patch: delete")
        .replace("args: [serve]", "args: null\n        command: []")
        .replace("- name: MODE\n          value: fast", "- $patch: replace"),
    ),
    "replacements by a generated value": tree(
        "configMapGenerator: [{name: cov, literals: [dir=/coverdata, size=2]}]\n"
        "patches: [{path: p.yaml}]\n"
        "replacements:\n- source: {kind: ConfigMap, name: cov, fieldPath: data.dir}\n"
        "  targets:\n  - select: {kind: Deployment}\n    fieldPaths:\n"
        "    - spec.template.spec.containers.[name=till].env.[name=GOCOVERDIR].value\n"
        "    - spec.template.spec.containers.0.volumeMounts.[name=coverage].mountPath\n"
        "    - spec.template.spec.volumes.[name=coverage].hostPath.path\n",
        p__yaml=MERGE.replace("/coverdata", "/placeholder"),
    ),
    "a value of a ConfigMap": tree(
        "configMapGenerator: [{name: cov, literals: [dir=/coverdata]}]\npatches: [{path: p.yaml}]\n",
        p__yaml=MERGE.replace(
            "value: /coverdata", "valueFrom: {configMapKeyRef: {name: cov, key: dir}}"
        ),
    ),
    "a deleted object": tree(
        "patches:\n- path: p.yaml\n",
        p__yaml="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: till}\n$patch: delete\n",
    ),
    "a component": tree("components: [../part]\n")
    | {
        "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\n"
        "kind: Component\npatches: [{path: p.yaml}]\n",
        "part/p.yaml": MERGE,
    },
    "a base of a base": tree("nameSuffix: -e2e\n")
    | {
        "base/kustomization.yaml": "resources: [../root]\npatches: [{path: p.yaml}]\n",
        "base/p.yaml": MERGE,
        "root/kustomization.yml": "resources: [deployment.yaml]\n",
        "root/deployment.yaml": DEPLOYMENT,
    },
    "a patch by the name that the base gave": tree("patches: [{path: p.yaml}]\n", p__yaml=MERGE)
    | {"base/kustomization.yaml": "namePrefix: a-\nresources: [deployment.yaml]\n"},
}


@pytest.mark.parametrize("files", CASES.values(), ids=CASES.keys())
def test_what_is_deployed_is_what_kubectl_builds(files: dict[str, str], tmp_path: Path) -> None:
    expected = built(files, tmp_path)
    assert not isinstance(expected, str), expected
    assert [summary(c) for c in containers(files)] == [summary(c) for c in expected]


#: Operations that are often right and often wrong, on the deployment of the base.
_POINTERS = [
    "/spec/replicas",
    "/spec/template/spec/containers/0/env/-",
    "/spec/template/spec/containers/0/env/0",
    "/spec/template/spec/containers/0/env/2",
    "/spec/template/spec/containers/0/env/-1",
    "/spec/template/spec/containers/0/env/9",
    "/spec/template/spec/containers/0/env/0/value",
    "/spec/template/spec/containers/1/env",
    "/spec/template/spec/containers/1/env/-",
    "/spec/template/spec/containers/1",
    "/spec/template/spec/containers/0/args",
    "/spec/template/spec/containers/0/securityContext/runAsUser",
    "/spec/template/spec/containers/x/env",
    "/spec/template/spec/nothing/here",
    "/spec/template/spec/terminationGracePeriodSeconds",
]


def _value_for(pointer: str) -> Any:
    if pointer.endswith("/env"):
        return [{"name": "A", "value": "1"}]
    if "/env/" in pointer and not pointer.endswith("value"):
        return {"name": "B", "value": "2"}
    if pointer.endswith("containers/1"):
        return {"name": "other", "image": "other"}
    if pointer.endswith("args"):
        return ["-v"]
    return "text" if pointer.endswith("value") else 7


@st.composite
def operations(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        pointer = draw(st.sampled_from(_POINTERS))
        op = draw(st.sampled_from(["add", "add", "replace", "remove", "test"]))
        found.append({"op": op, "path": pointer, "value": _value_for(pointer)})
        if op == "remove":
            del found[-1]["value"]
    return found


_FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_FEW
@given(operations())
def test_operations_do_what_they_do_in_kubectl(
    tmp_path_factory: pytest.TempPathFactory, found: list[dict[str, Any]]
) -> None:
    import json

    files = tree(
        "patches: [{path: p.json, target: {kind: Deployment}}]\n", p__json=json.dumps(found)
    )
    expected = built(files, tmp_path_factory.mktemp("json"))
    resolved = resolve(files)
    if isinstance(expected, str):
        assert resolved.containers == ()
        assert [u.path for u in resolved.unread] == ["e2e/p.json"]
    else:
        assert [summary(c) for c in resolved.containers] == [summary(c) for c in expected]


@st.composite
def merge_patches(draw: st.DrawFn) -> str:
    names = st.sampled_from(["PORT", "MODE", "GOCOVERDIR"])
    paths = st.sampled_from(["/data", "/coverdata"])
    listed = []
    for name in draw(st.lists(st.sampled_from(["till", "proxy", "new"]), max_size=3, unique=True)):
        container: dict[str, Any] = {"name": name}
        if draw(st.booleans()):
            chosen = draw(st.lists(names, max_size=3, unique=True))
            container["env"] = [
                draw(st.sampled_from([{"name": n, "value": "v"}, {"name": n, "$patch": "delete"}]))
                for n in chosen
            ]
        if draw(st.booleans()):
            container["volumeMounts"] = [
                {"name": "data", "mountPath": p, "readOnly": draw(st.booleans())}
                for p in draw(st.lists(paths, max_size=2, unique=True))
            ]
        if draw(st.booleans()):
            container["args"] = draw(st.sampled_from([[], ["x"], None]))
        if draw(st.booleans()):
            container["securityContext"] = draw(
                st.sampled_from([{}, {"runAsUser": 0}, {"runAsUser": None}, None])
            )
        listed.append(container)
    spec: dict[str, Any] = {"containers": listed}
    if draw(st.booleans()):
        spec["volumes"] = [
            draw(
                st.sampled_from(
                    [{"name": "data", "$patch": "delete"}, {"name": "c", "emptyDir": {}}]
                )
            )
        ]
    if draw(st.booleans()):
        spec["terminationGracePeriodSeconds"] = draw(st.sampled_from([5, None]))
    import json

    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "till"},
            "spec": {"template": {"spec": spec}},
        }
    )


@_FEW
@given(merge_patches())
def test_merges_do_what_they_do_in_kubectl(
    tmp_path_factory: pytest.TempPathFactory, patch: str
) -> None:
    files = tree("patches: [{path: p.json}]\n", p__json=patch)
    expected = built(files, tmp_path_factory.mktemp("merge"))
    assert not isinstance(expected, str), expected
    assert [summary(c) for c in containers(files)] == [summary(c) for c in expected]


# -- places ----------------------------------------------------------------------


def place(files: dict[str, str], word: Word | None) -> tuple[str, str]:
    assert word is not None
    data = files[word.span.path].encode()
    return word.span.path, data[word.span.start : word.span.end].decode()


@pytest.mark.parametrize(
    ("case", "path"),
    [
        ("strategic merge in a file", "e2e/p.yaml"),
        ("inline", "e2e/kustomization.yaml"),
        ("inline among patchesStrategicMerge", "e2e/kustomization.yaml"),
        ("operations with a target", "e2e/p.yaml"),
        ("a component", "part/p.yaml"),
    ],
)
def test_every_value_is_where_it_is_written(case: str, path: str) -> None:
    files = CASES[case]
    till = next(c for c in containers(files) if c.name is not None and c.name.text == "till")
    variable = till.variable("GOCOVERDIR")
    assert variable is not None
    assert place(files, variable.value) == (path, "/coverdata")
    assert place(files, variable.name) == (path, "GOCOVERDIR")
    assert place(files, till.image) == ("base/deployment.yaml", "shop/till:1.0")
    assert not variable.shared
    assert till.pod.overlay == "e2e/kustomization.yaml"


def test_an_image_is_edited_where_its_tag_is() -> None:
    files = CASES["images"]
    till, proxy = containers(files)
    assert place(files, till.image) == ("e2e/kustomization.yaml", "cov")
    assert till.image is not None
    assert till.image.text == "shop/till:cov"
    assert proxy.image is not None
    assert proxy.image.text == "registry.example:5000/p@sha256:abc"
    assert till.replace_word(till.image, "x") == (), "the tag alone is no whole image"


@pytest.mark.parametrize("case", ["strategic merge in a file", "inline"])
def test_edits_go_into_the_patch(case: str, tmp_path: Path) -> None:
    files = CASES[case]
    till = containers(files)[0]
    assert not till.shared
    edits = join_edits([*till.add_variable("EXTRA", "1"), *till.pod.set_grace_period(9)])
    edits = join_edits([*edits, *till.make_root_writable(), *till.mounts[0].make_writable()])
    edits = join_edits([*edits, *till.pod.add_volume("more", "/more")])
    (path,) = {edit.span.path for edit in edits}
    data = files[path].encode()
    for edit in reversed(edits):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    changed = {**files, path: data.decode()}
    after = built(changed, tmp_path)
    assert not isinstance(after, str), after
    assert [summary(c) for c in containers(changed)] == [summary(c) for c in after]
    found = summary(after[0])
    assert ("EXTRA", "1") in found["env"]
    assert found["grace"] == "9"
    assert found["read_only_root"] is None
    assert "more" in [name for name, _, _ in found["volumes"]]


def test_a_word_of_the_patch_is_replaced_in_the_patch() -> None:
    for case in ("strategic merge in a file", "inline", "operations with a target"):
        files = CASES[case]
        till = containers(files)[0]
        variable = till.variable("GOCOVERDIR")
        assert variable is not None
        assert variable.value is not None
        (edit,) = till.replace_word(variable.value, "/other")
        assert edit.span == variable.value.span
        assert edit.replacement == b"/other"


def test_what_only_the_base_says_is_shared() -> None:
    till, proxy = containers(tree("nameSuffix: -e2e\n"))
    assert till.shared
    assert proxy.shared
    assert till.pod.shared
    (edit,) = till.add_variable("A", "1")
    assert edit.span.path == "base/deployment.yaml"


def test_the_overlay_may_add_what_the_base_has() -> None:
    """Its patch names the container: what is added to it stands in the patch."""
    till = containers(CASES["strategic merge in a file"])[0]
    port = till.variable("PORT")
    assert port is not None
    assert port.shared
    assert till.identity.user is not None
    assert till.identity.user.span.path == "base/deployment.yaml"
    (edit,) = till.set_user(0)
    assert edit.span.path == "e2e/p.yaml"


# -- bases -------------------------------------------------------------------------


def test_a_base_has_no_chain_of_its_own_but_other_overlays_have() -> None:
    files = CASES["strategic merge in a file"] | {
        "production/kustomization.yaml": "resources: [../base]\nnamespace: live\n"
    }
    found = containers(files)
    overlays = [c.pod.overlay for c in found if c.name is not None and c.name.text == "till"]
    assert overlays == ["e2e/kustomization.yaml", "production/kustomization.yaml"]
    assert resolve(files).explained >= {"base/deployment.yaml", "e2e/p.yaml"}


def test_overlays_that_deploy_the_same_are_one() -> None:
    files = tree("") | {"ci/kustomization.yaml": "resources: [../base]\n"}
    assert [c.pod.overlay for c in containers(files)] == [None, None]


def test_a_kustomization_of_flux_is_none() -> None:
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {path: ./x}\n"
    assert resolve({"a/kustomization.yaml": flux}).unread == ()


def test_transformers_of_labels_change_no_container() -> None:
    labels = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: x}\nlabels: {a: b}\n"
    till, _ = containers(tree("transformers: [t.yaml]\n", t__yaml=labels))
    assert not till.env_opaque


def test_a_file_that_is_too_large_leaves_the_others() -> None:
    def read(path: str) -> SourceFile:
        if path == "base/crd.yaml":
            raise UnreadableSource(path, "too large")
        return MemoryFiles(files).read(path)

    files = tree("") | {
        "base/crd.yaml": "",
        "base/kustomization.yaml": "resources: [crd.yaml, deployment.yaml]\n",
    }
    resolved = resolve_overlays(sorted(files), read, files)
    assert [u.reason for u in resolved.unread] == ["too large"]
    assert len(resolved.containers) == 2


# -- what cannot be resolved ---------------------------------------------------------


def reasons(files: dict[str, str]) -> list[tuple[str, str]]:
    return [(u.path, u.reason) for u in resolve(files).unread]


def test_adding_to_a_list_that_is_not_there_is_said() -> None:
    ops = "- op: add\n  path: /spec/template/spec/containers/1/env/-\n  value: {name: A}\n"
    files = tree("patches: [{path: p.yaml, target: {kind: Deployment}}]\n", p__yaml=ops)
    ((path, reason),) = reasons(files)
    assert path == "e2e/p.yaml"
    assert reason.startswith("line 1: kustomize cannot build this: add /spec/template/")
    assert reason.endswith("/env/-: there is no such place in the base")
    assert resolve(files).containers == ()


def test_parts_outside_of_the_project_are_said_and_left_open() -> None:
    for name in ("github.com/shop/till//deploy?ref=v1", "https://example.com/x.yaml", "gone.yaml"):
        files = tree("patches: [{path: p.yaml}]\n", p__yaml=MERGE)
        files["e2e/kustomization.yaml"] = f"resources: ['{name}']\npatches: [{{path: p.yaml}}]\n"
        ((path, reason),) = reasons(files)
        assert path == "e2e/kustomization.yaml"
        assert reason.startswith(f"line 1: {name} is ")
        (till,) = (c for c in resolve(files).containers if c.pod.overlay == path)
        assert till.env_opaque
        assert till.mounts_opaque
        assert till.pod.volumes_opaque
        assert till.process_opaque
        assert till.identity.opaque


@pytest.mark.parametrize(
    ("files", "path", "reason"),
    [
        (tree("patches: [{path: gone.yaml}]\n"), "e2e/kustomization.yaml", "gone.yaml is not in"),
        (tree("resources: [../e2e]\n"), "e2e/kustomization.yaml", "circle"),
        (tree("patches: [{patch: '- op: add'}]\n"), "e2e/kustomization.yaml", "needs a target"),
        (
            tree("patches: [{path: p.yaml}]\n", p__yaml=MERGE.replace("name: till", "name: no")),
            "e2e/p.yaml",
            "no object Deployment no",
        ),
        (
            tree("transformers: [t.yaml]\n"),
            "e2e/kustomization.yaml",
            "transformers are not resolved",
        ),
        (
            tree("replacements: [{targets: [{select: {kind: Deployment}}]}]\n"),
            "e2e/kustomization.yaml",
            "replacements are not resolved",
        ),
        (tree("patches: [\n"), "e2e/kustomization.yaml", "invalid YAML"),
    ],
)
def test_what_stops_covlint_is_said(files: dict[str, str], path: str, reason: str) -> None:
    found = reasons(files)
    assert any(p == path and reason in r for p, r in found), found


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("kind: ConfigMap, name: other, fieldPath: data.dir", ""),
        ("kind: ConfigMap, name: cov, fieldPath: data.dir, options: {delimiter: /, index: 1}", ""),
        (
            "kind: ConfigMap, name: cov, fieldPath: data.dir",
            "    options: {delimiter: /, index: 1}\n",
        ),
    ],
)
def test_what_a_replacement_overwrites_is_no_value(source: str, options: str) -> None:
    """A placeholder that is never deployed gives no finding, whatever takes its place."""
    overlay = (
        "configMapGenerator: [{name: cov, literals: [dir=/coverdata]}]\npatches: [{path: p.yaml}]\n"
        f"replacements:\n- source: {{{source}}}\n  targets:\n  - select: {{kind: Deployment}}\n"
        "    fieldPaths: ['spec.template.spec.containers.*.env.[name=GOCOVERDIR].value']\n"
        + options
    )
    resolved = resolve(tree(overlay, p__yaml=MERGE.replace("value: /coverdata", "value: HERE")))
    assert [one.reason for one in resolved.unread] == [
        "kustomize replacements are not resolved: values may differ"
    ]
    variable = resolved.containers[0].variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is None
