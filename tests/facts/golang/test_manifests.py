"""Manifests in the strings of Go code: put together, placed, edited."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.diagnostics import Unread
from covlint.documents.gotext import GoPackage
from covlint.facts.golang.manifests import read_manifests
from covlint.facts.golang.reading import may_matter, read_package
from covlint.facts.kubernetes.cluster import KindCluster
from covlint.facts.kubernetes.workload import Container
from covlint.source import SourceFile
from gocode import HEAD, POD, SNIPPETS, WHOLE, applied, assert_gofmt, function, sprintf, text_of


def package(*texts: str) -> GoPackage:
    return GoPackage(
        SourceFile.of_text(f"test/e2e/{name}.go", text)
        for name, text in zip("abc", texts, strict=False)
    )


def read(*texts: str) -> tuple[GoPackage, list[Container]]:
    found = package(*texts)
    facts, unread = read_manifests(found)
    assert not unread
    return found, [one for one in facts if isinstance(one, Container)]


def only(*texts: str) -> tuple[GoPackage, Container]:
    found, containers = read(*texts)
    (container,) = containers
    return found, container


def test_snippets_of_the_coverage_branch_are_put_in() -> None:
    found, container = only(WHOLE)
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    mount = container.mount_at(variable.value.text)
    assert mount is not None
    volume = container.volume_of(mount)
    assert volume is not None
    assert text_of(volume.host_path) == "/coverdata"
    assert container.image is None
    assert not (container.env_opaque)
    assert not (container.mounts_opaque)
    assert not (container.pod.volumes_opaque)
    source = found.sources["test/e2e/a.go"]
    for word in (variable.value, mount.path, volume.host_path):
        assert word is not None
        assert source.slice(word.span) == b"/coverdata"
    places = [w.span.start for w in (variable.value, mount.path, volume.host_path) if w]
    assert places == sorted(places)
    assert len(set(places)) == 3
    assert source.slice(container.span) == b"name: till"
    assert source.slice(container.pod.span) == b"Pod"


def test_what_coverage_does_not_decide_is_not_seen() -> None:
    body = SNIPPETS.replace('os.Getenv("E2E_COVERAGE") == "true"', "len(image) > 3")
    _, containers = read(function(body + sprintf(POD, "image", "env", "mount", "volume")))
    assert all(one.env_opaque and one.mounts_opaque for one in containers)
    assert all(one.variable("GOCOVERDIR") is None for one in containers)


@pytest.mark.parametrize(
    "condition",
    [
        "enableCoverage",
        'os.Getenv("E2E_COVERAGE") != ""',
        'os.Getenv("GOCOVERDIR") != "" || debug',
        "opts.WithCoverage && !debug",
    ],
)
def test_spellings_of_the_switch(condition: str) -> None:
    body = SNIPPETS.replace('os.Getenv("E2E_COVERAGE") == "true"', condition)
    parameters = "image string, enableCoverage, debug bool, opts options"
    text = function(body + sprintf(POD, "image", "env", "mount", "volume"), parameters)
    assert only(text)[1].variable("GOCOVERDIR") is not None


def test_the_branch_without_coverage_is_left_out() -> None:
    body = SNIPPETS.replace('os.Getenv("E2E_COVERAGE") == "true"', "!enableCoverage")
    _, containers = read(function(body + sprintf(POD, "image", "env", "mount", "volume")))
    assert not any(one.variable("GOCOVERDIR") for one in containers)


def test_snippets_of_functions_and_constants_of_the_package_are_shared() -> None:
    other = (
        'package e2e\n\nimport "os"\n\nconst on = "true"\n\nfunc env() string {\n'
        '\tif os.Getenv("E2E_COVERAGE") != on {\n\t\treturn ""\n\t}\n'
        "\treturn `- name: GOCOVERDIR\n      value: /coverdata`\n}\n"
    )
    template = POD.replace("value: debug%s", "value: debug\n    %s")
    main = function(sprintf(template, "image", "env()", '""', '""'))
    _found, container = only(main, other)
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    assert variable.shared
    assert variable.value.span.path == "test/e2e/b.go"
    assert not container.env_opaque
    assert text_of(variable.value) == "/coverdata"
    # what is added to the list goes into the manifest, not into what others use as well
    edits = container.add_variable("A", "b")
    assert {edit.span.path for edit in edits} == {"test/e2e/a.go"}
    assert '%s\n    - name: A\n      value: "b"\n' in applied(main, edits).replace(
        "value: b\n", 'value: "b"\n'
    )


def test_explicit_indexes_and_plus() -> None:
    template = POD.replace("debug%s", "debug%[2]s").replace("%s", "%[1]s", 1)
    template = template.replace("/etc/till%s", "/etc/till` + mount + `").replace("%s", "%[3]s")
    body = SNIPPETS + sprintf(template, "image", "env", "volume")
    _, container = only(function(body))
    assert container.variable("GOCOVERDIR") is not None
    assert container.mount_at("/coverdata") is not None
    assert container.pod.volume("coverage") is not None


@pytest.mark.parametrize(
    ("template", "arguments"),
    [
        (POD, ("image", "unknown()", '""', '""')),
        (POD.replace("value: debug%s", "value: debug\n%s"), ("image", "extra", '""', '""')),
        (POD.replace("value: debug%s", "value: debug\n    %s"), ("image", "extra", '""', '""')),
    ],
)
def test_an_insertion_that_is_not_seen_makes_the_pod_opaque(
    template: str, arguments: tuple[str, ...]
) -> None:
    template = template.replace("name: LOG", "name: GOCOVERDIR")
    _, container = only(function(sprintf(template, *arguments), "image, extra string"))
    assert container.env_opaque
    assert container.mounts_opaque
    assert container.pod.volumes_opaque
    assert container.identity.opaque
    assert container.process_opaque


def test_a_value_that_is_not_seen_makes_nothing_else_opaque() -> None:
    template = POD.replace("name: LOG", "name: GOCOVERDIR").replace("debug", "/data/%s/")
    _, container = only(function(sprintf(template, "image", "image", '""', '""', '""')))
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is None
    assert not container.mounts_opaque


def test_a_format_that_is_used_elsewhere() -> None:
    template = POD.replace("LOG", "GOCOVERDIR").replace("debug", "/coverdata")
    text = f"{HEAD}const pod = `{template}`\n\nfunc use(image string) string {{\n"
    text += '\treturn fmt.Sprintf(pod, "till:1", "", "", "")\n}\n'
    assert text_of(only(text)[1].image) == "till:1"
    unused = f"{HEAD}const pod = `{template}`\n"
    assert only(unused)[1].env_opaque


def test_replaced_tokens_are_not_values() -> None:
    template = POD.replace("LOG", "GOCOVERDIR").replace("%s", "").replace("image: ", "image: IMG")
    text = HEAD.replace('"fmt"', '"strings"') + "func use(image string) string {\n"
    text += f'\tpod := `{template}`\n\treturn strings.ReplaceAll(pod, "IMG", image)\n}}\n'
    assert only(text)[1].image is None


def test_manifests_that_do_not_speak_of_coverage_are_no_facts() -> None:
    assert read(function(sprintf(POD, "image", '""', '""', '""')))[1] == []


def test_a_manifest_that_cannot_be_read_is_said() -> None:
    broken = function(sprintf(POD.replace("value: debug", "value: [GOCOVERDIR"), "image"))
    _, unread = read_manifests(package(broken))
    assert unread
    assert all(isinstance(one, Unread) for one in unread)
    assert "Go string at line" in unread[0].reason


def test_interpreted_strings() -> None:
    text = (
        HEAD + 'const pod = "apiVersion: v1\\nkind: Pod\\nspec:\\n  containers:\\n" +\n'
        '\t"  - name: till\\n    env:\\n    - name: GOCOVERDIR\\n      value: /coverdata\\n"\n'
    )
    found, container = only(text)
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    assert found.sources["test/e2e/a.go"].slice(variable.value.span) == b"/coverdata"
    fixed = applied(text, container.replace_word(variable.value, "/other"))
    assert "value: /other\\n" in fixed
    assert_gofmt(fixed)
    assert container.add_mount("x", "/x") == ()


def test_kind_configs() -> None:
    text = (
        HEAD + "// GOCOVERDIR is coverdata\nconst kind = `kind: Cluster\n"
        "apiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n  extraMounts:\n"
        "  - hostPath: ./coverdata\n    containerPath: /coverdata\n`\n"
    )
    facts, _ = read_manifests(package(text))
    (cluster,) = facts
    assert isinstance(cluster, KindCluster)
    mount = cluster.nodes[0].mount_at("/coverdata")
    assert mount is not None
    assert not cluster.nodes_opaque
    fixed = applied(text, cluster.nodes[0].add_extra_mount("./x", "/x"))
    assert "containerPath: /coverdata\n  - hostPath: ./x\n    containerPath: /x\n`" in fixed
    assert_gofmt(fixed)


def test_edits_land_where_the_text_is_written() -> None:
    _, container = only(WHOLE)
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    replaced = applied(WHOLE, container.replace_word(variable.value, "/data"))
    assert "- name: GOCOVERDIR\n      value: /data`" in replaced
    added = applied(WHOLE, container.add_mount("more", "/more"))
    assert "mountPath: /coverdata\n    - name: more\n      mountPath: /more`" in added
    grace = applied(WHOLE, container.pod.set_grace_period(40))
    assert_gofmt(WHOLE)
    for fixed in (replaced, added, grace):
        assert_gofmt(fixed)
        assert only(fixed)[1].variable("GOCOVERDIR") is not None
    assert text_of(only(grace)[1].pod.grace_period) == "40"
    more = only(added)[1].mount_at("/more/x")
    assert more is not None
    assert more.name.text == "more"


def test_what_a_hole_is_part_of_is_not_edited() -> None:
    template = POD.replace("LOG", "GOCOVERDIR").replace("debug", "/coverdata")
    text = function(sprintf(template, "image", '""', '""', '""'))
    container = only(text)[1]
    made = container.variable("GOCOVERDIR")
    assert made is not None
    assert made.value is not None
    assert container.replace_word(made.value, "a`b") == ()


def test_which_files_matter() -> None:
    assert may_matter(b'const a = "GOCOVERDIR"')
    assert not may_matter(b'const a = "apiVersion: v1"')


FRAGMENTS = st.sampled_from(
    [
        HEAD, "func f(a string) string {\n", "}\n", "`apiVersion: v1\nkind: Pod\nspec:\n",
        "  containers:\n  - name: x\n    env:\n    - name: GOCOVERDIR\n", "      value: %s\n", "`",
        "\treturn fmt.Sprintf(", ", a)", '"%[9]s"', "a := a + a\n", "a += f(a)\n", "const b = b\n",
        'exec.Command("docker", "build", "-t", a, args...)\n', 'x := f("a")\n', "args = append(args,",
        "corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: a}}}}\n", "{", "(",
        "if coverage {\n", "kind.x-k8s.io", "\ue000", "é", 'appsv1.Deployment{Spec: "GOCOVERDIR"',
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=14).map("".join) | st.text(max_size=60))
@settings(max_examples=250, deadline=None)
def test_nothing_in_go_code_raises(text: str) -> None:
    facts, unread = read_package(
        [SourceFile.of_text("a/x.go", text), SourceFile.of_text("a/y.go", WHOLE)]
    )
    assert isinstance(facts, tuple)
    assert isinstance(unread, tuple)
