"""docker-compose: services, how they are built, and the edits that repair them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.yaml import open_yaml
from covlint.documents.yaml_edit import Edits
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.compose.services import read_compose
from covlint.facts.kubernetes.pod import Container, VolumeKind
from covlint.source import SourceFile, UnreadableSource


def compose(
    service: str, path: str = "docker-compose.yml"
) -> tuple[SourceFile, Container, list[ImageBuild]]:
    lines = "".join(f"    {line}\n" for line in service.splitlines())
    source = SourceFile.of_text(path, f"services:\n  till:\n{lines}")
    found = read_compose(open_yaml(source))
    (container,) = (fact for fact in found if isinstance(fact, Container))
    return source, container, [fact for fact in found if isinstance(fact, ImageBuild)]


def after(source: SourceFile, edits: Edits) -> str:
    assert edits
    data = source.data
    for edit in sorted(edits, key=lambda edit: -edit.span.start):
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    return data.decode().split("till:\n", 1)[1]


def test_build_of_a_service() -> None:
    source, container, (build,) = compose(
        "build:\n  context: ../svc\n  dockerfile: e2e.Dockerfile\n  target: e2e\n"
        "  args:\n    GOFLAGS: -cover\n    SHA: ${SHA:-x}\nimage: till:e2e",
        "deploy/compose.yaml",
    )
    assert (build.dockerfile, build.context, build.target) == ("svc/e2e.Dockerfile", "svc", "e2e")
    assert (build.tags, build.builder) == (("till:e2e",), "compose")
    assert [(one.name, one.value) for one in build.arguments] == [
        ("GOFLAGS", "-cover"),
        ("SHA", None),
    ]
    assert source.slice(build.arguments[0].span) == b"GOFLAGS: -cover"
    assert container.image is not None
    assert container.image.text == "till:e2e"


def test_a_service_without_image_name_runs_what_it_builds() -> None:
    _, container, (build,) = compose("build: .")
    assert container.image is not None
    assert build.tags == (container.image.text,)
    assert build.dockerfile == "Dockerfile"


@pytest.mark.parametrize(
    "form", ["environment:\n  GOCOVERDIR: /cov", "environment:\n  - GOCOVERDIR=/cov"]
)
def test_environment(form: str) -> None:
    source, container, _ = compose(f"image: x\n{form}")
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is not None
    assert (variable.value.text, source.slice(variable.value.span)) == ("/cov", b"/cov")
    assert not container.env_opaque


@pytest.mark.parametrize(
    "form",
    ["environment: [GOCOVERDIR]", "environment: {GOCOVERDIR: }", "environment: {GOCOVERDIR: $X}"],
)
def test_a_variable_from_elsewhere_is_not_known(form: str) -> None:
    _, container, _ = compose(f"image: x\n{form}")
    variable = container.variable("GOCOVERDIR")
    assert variable is not None
    assert variable.value is None


def test_what_other_files_add_is_not_seen() -> None:
    assert compose("image: x\nenv_file: .env")[1].env_opaque
    partial = compose("environment: {GOCOVERDIR: /cov}")[1]
    assert partial.env_opaque
    assert partial.mounts_opaque
    assert compose("image: x\nextends: {service: y}")[1].process_opaque


@pytest.mark.parametrize(
    ("item", "kind", "path", "read_only"),
    [
        ("./cov:/cov", VolumeKind.BIND, "/cov", None),
        ("'~/cov:/cov:ro,z'", VolumeKind.BIND, "/cov", "ro,z"),
        ("data:/cov:rw", VolumeKind.NAMED, "/cov", None),
        ("/cov", VolumeKind.OTHER, "/cov", None),
        ("'${X:-./a}:/cov'", VolumeKind.BIND, "/cov", None),
        (
            "{type: bind, source: ./a, target: /cov, read_only: true}",
            VolumeKind.BIND,
            "/cov",
            "true",
        ),
        ("{type: volume, source: a, target: /cov}", VolumeKind.NAMED, "/cov", None),
        ("{type: tmpfs, target: /cov}", VolumeKind.EMPTY_DIR, "/cov", None),
    ],
)
def test_volumes(item: str, kind: VolumeKind, path: str, read_only: str | None) -> None:
    source, container, _ = compose(f"image: x\nvolumes:\n  - {item}")
    (mount,) = container.mounts
    volume = container.volume_of(mount)
    assert volume is not None
    assert (volume.kind, mount.path.text, volume.host_path) == (kind, path, None)
    assert source.slice(mount.path.span) == path.encode()
    assert (mount.read_only.text if mount.read_only else None) == read_only
    assert not container.mounts_opaque


def test_a_mount_that_is_filled_in_is_not_seen() -> None:
    assert compose("image: x\nvolumes: ['./a:${DIR}']")[1].mounts_opaque


def test_the_rest_of_a_service() -> None:
    source, container, _ = compose(
        "image: x\nuser: '1000:1000'\nstop_signal: SIGINT\nstop_grace_period: 1m30s\n"
        "read_only: true\ntmpfs: /tmp\nentrypoint: [sh, -c]\ncommand: till --port 80"
    )
    assert container.identity.user is not None
    assert source.slice(container.identity.user.span) == b"1000"
    assert container.stop_signal is not None
    assert container.stop_signal.text == "SIGINT"
    assert container.pod.grace_period is not None
    assert container.pod.grace_period.text == "90"
    assert container.read_only_root is not None
    assert [mount.path.text for mount in container.mounts] == ["/tmp"]
    assert [word.text for word in container.command or ()] == ["sh", "-c"]
    assert [word.text for word in container.arguments or ()] == ["till", "--port", "80"]


def test_edits() -> None:
    source, container, _ = compose("image: x\nenvironment:\n- A=b\nread_only: true")
    assert after(source, container.add_variable("GOCOVERDIR", "/cov")) == (
        "    image: x\n    environment:\n    - A=b\n    - GOCOVERDIR=/cov\n    read_only: true\n"
    )
    source, container, _ = compose("image: x")
    assert after(source, container.add_variable("GOCOVERDIR", "/cov")) == (
        "    image: x\n    environment:\n      GOCOVERDIR: /cov\n"
    )
    assert after(source, container.add_mount("./cov", "/cov")) == (
        "    image: x\n    volumes:\n    - ./cov:/cov\n"
    )
    assert after(source, container.pod.set_grace_period(30)) == (
        "    image: x\n    stop_grace_period: 30s\n"
    )
    assert container.pod.add_volume("cov", "/cov") == ()


@given(
    st.one_of(
        st.text(max_size=150),
        st.lists(
            st.sampled_from(
                ["services:", "\n", "  ", " a:", "image: x", "build:", ".", "environment:", "- ",
                 "A=b", "volumes:", "./a:/b:ro", "type: bind", "target: /x", "user:", "'1:2'", "{",
                 "}", "[", "]", "$", "tmpfs: /t", "stop_grace_period: 1m", "args:", "é", "&a", "*a"]
            ),
            max_size=40,
        ).map("".join),
    )
)  # fmt: skip
def test_any_yaml_is_read(text: str) -> None:
    source = SourceFile("compose.yaml", text.encode("utf-8", "surrogatepass"))
    try:
        document = open_yaml(source)
    except UnreadableSource:
        return
    for fact in read_compose(document):
        assert 0 <= fact.span.start <= fact.span.end <= len(source.data)
        if isinstance(fact, Container):
            fact.add_variable("A", "b")
            fact.add_mount("./a", "/b")
