"""Images: their user, GOCOVERDIR, directories, PID 1, and the builds that they hold."""

from __future__ import annotations

import pytest

from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.dockerfile.base_images import Shell
from covlint.facts.dockerfile.build_reading import read_builds
from covlint.facts.dockerfile.image import Image, read_images
from covlint.facts.dockerfile.process import Process, Script
from covlint.facts.dockerfile.scope import scoped_stages
from covlint.source import SourceFile

BUILD = "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/app ./cmd/app\n"


def read(text: str) -> tuple[SourceFile, tuple[Image, ...]]:
    source = SourceFile.of_text("Dockerfile", text)
    dockerfile = open_dockerfile(source)
    assert dockerfile.error is None, dockerfile.error
    stages = scoped_stages(dockerfile)
    return source, read_images(dockerfile, stages, read_builds(dockerfile, stages))


def image(final: str, base: str = "debian") -> Image:
    """The image of a last stage that holds a Go binary."""
    _, images = read(f"{BUILD}FROM {base}\nCOPY --from=build /out/app /app\n{final}\n")
    return images[-1]


def process(final: str, base: str = "debian") -> Process | None:
    return image(final, base).process


# -- which images, and which builds they hold ----------------------------------------------


def held(text: str) -> list[list[str]]:
    """The outputs of the builds of each image."""
    return [[b.output.text if b.output else "?" for b in i.builds] for i in read(text)[1]]


def test_a_binary_that_a_later_stage_writes_anew_is_not_held() -> None:
    text = f"{BUILD}FROM build AS cover\nRUN go build -cover -o /out/app ./cmd/app\n"
    _, images = read(f"{text}FROM debian\nCOPY --from=cover /out/app /app\n")
    assert [[flag.name for flag in b.flags] for b in images[-1].builds] == [["cover", "o"]]


TWO = (
    "FROM golang AS build\nWORKDIR /src\nCOPY . .\n"
    "RUN go build -o /out/a ./a && go build -o /out/b ./b\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM alpine\nCMD a\n", []),
        ("FROM alpine\nCOPY app /app\nENV GOCOVERDIR=/c\n", [[]]),
        (BUILD, [["/out/app"]]),
        (BUILD + "FROM alpine\nCOPY --from=build /out/app /app\n", [["/out/app"], ["/out/app"]]),
        (BUILD + "FROM alpine\nCOPY --from=0 /out/app /app\n", [["/out/app"], ["/out/app"]]),
        (BUILD + "FROM alpine\nCOPY --from=BUILD /out/ /app\n", [["/out/app"], ["/out/app"]]),
        (BUILD + 'FROM alpine\nCOPY --from=build ["/out/app", "/"]\n', [["/out/app"], ["/out/app"]]),
        (BUILD + "FROM alpine\nCOPY --from=build /etc/passwd /etc/\n", [["/out/app"]]),
        (BUILD + "FROM alpine\nCOPY --from=other /out/app /app\n", [["/out/app"]]),
        (BUILD + "FROM build\nCMD a\n", [["/out/app"], ["/out/app"]]),
        (TWO + "FROM x AS a\nCOPY --from=build /out/a /\nFROM x\nCOPY --from=build /out/b /\n",
         [["/out/a", "/out/b"], ["/out/a"], ["/out/b"]]),
        (TWO + "FROM x\nCOPY --from=build /out/a /out/b /\n", [["/out/a", "/out/b"]] * 2),
        (TWO + "FROM x\nCOPY --from=build /out/a /\nCOPY --from=build /out/b /\n", [["/out/a", "/out/b"]] * 2),
    ],
)  # fmt: skip
def test_the_builds_that_an_image_holds(text: str, expected: list[list[str]]) -> None:
    assert held(text) == expected


def test_targets_and_the_final_image() -> None:
    _, images = read(
        BUILD + "FROM build AS debug\nFROM alpine AS prod\nCOPY --from=build /out/app /\n"
    )
    assert [(i.name, i.stage, i.final, i.base) for i in images] == [
        ("build", 0, False, "golang:1.22"),
        ("debug", 1, False, "golang:1.22"),
        ("prod", 2, True, "alpine"),
    ]
    assert [i.builder_name for i in images] == [None, "build", "build"]


# -- environment and user ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "coverdir"),
    [
        ("ENV GOCOVERDIR=/c", "/c"),
        ("ENV GOCOVERDIR /c", "/c"),
        ("ENV D=/x\nENV A=1 GOCOVERDIR=$D/c", "/x/c"),
        ("ENV GOCOVERDIR=/a\nENV GOCOVERDIR=/c", "/c"),
        ("ENV GOCOVERDIR=", None),
        ("ARG GOCOVERDIR=/c", None),
        ("ARG D=/c\nENV GOCOVERDIR=$D", None),
        ("USER 1", None),
    ],
)
def test_coverdir(final: str, coverdir: str | None) -> None:
    found = image(final).coverdir
    assert (found.text if found is not None else None) == coverdir


def test_coverdir_knows_its_bytes() -> None:
    source, (found,) = read('FROM alpine\nENV A=1 \\\n  GOCOVERDIR="/c"\n')
    assert found.coverdir is not None
    assert found.coverdir_instruction is not None
    assert source.slice(found.coverdir.span) == b'"/c"'
    assert source.slice(found.coverdir_instruction).startswith(b"ENV A=1")


@pytest.mark.parametrize(
    ("final", "base", "name", "root"),
    [
        ("", "debian", "", True),
        ("", "example/x", "", None),
        ("", "distroless/static:nonroot", "65532", False),
        ("USER 0", "debian", "0", True),
        ("USER root:root", "example/x", "root", True),
        ("USER 1001:0", "debian", "1001", False),
        ("USER app", "debian", "app", False),
        ("ARG U=1001\nUSER $U", "debian", "1001", False),
        ("USER $U", "debian", "$", None),
        ("USER 1001\nUSER 0", "debian", "0", True),
    ],
)
def test_user(final: str, base: str, name: str, root: bool | None) -> None:
    user = image(final, base).user
    assert (user.name, user.root) == (name, root)


@pytest.mark.parametrize(
    ("final", "base", "path", "expected"),
    [
        ("", "scratch", "/c", False),
        ("", "distroless/static", "/c", False),
        ("", "debian", "/c", False),
        ("", "example/x", "/c", None),
        ("RUN mkdir -p /c/d", "debian", "/c", True),
        ("WORKDIR /c", "scratch", "/c", True),
        ("COPY --from=build /c /c", "scratch", "/c", True),
        ("VOLUME /c", "scratch", "/c", True),
        ('VOLUME ["/a", "/c/"]', "scratch", "/c", True),
        ("RUN ./make-dirs.sh", "debian", "/c", None),
        ("", "debian", "/tmp", True),
        ("", "scratch", "/tmp", False),
    ],
)
def test_has_directory(final: str, base: str, path: str, expected: bool | None) -> None:
    assert image(final, base).has_directory(path) is expected


@pytest.mark.parametrize(
    ("final", "base", "expected"),
    [
        ("RUN mkdir /c", "debian", True),
        ("RUN mkdir /c\nUSER 1001", "debian", False),
        ("RUN mkdir /c && chown 1001 /c\nUSER 1001", "debian", True),
        ("COPY --from=build --chown=65532:65532 /c /c", "distroless/static:nonroot", True),
        ("COPY --from=build /c /c\nUSER 65532", "scratch", False),
        ("RUN mkdir /c\nUSER $U", "debian", None),
        ("RUN mkdir /c", "example/x", None),
    ],
)
def test_writable(final: str, base: str, expected: bool | None) -> None:
    assert image(final, base).writable("/c") is expected


# -- PID 1 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "base", "interpreter"),
    [
        ("CMD /app", "debian", Shell.DASH),
        ("CMD /app", "alpine", Shell.BUSYBOX),
        ("CMD /app", "ubi9/ubi-minimal", Shell.BASH),
        ("CMD /app", "example/x", Shell.UNKNOWN),
        ("CMD /app", "scratch", Shell.NONE),
        ("ENTRYPOINT /app", "alpine", Shell.BUSYBOX),
        ('SHELL ["/bin/bash", "-c"]\nCMD /app', "alpine", Shell.BASH),
        ('SHELL ["/bin/ash", "-c"]\nCMD /app', "example/x", Shell.BUSYBOX),
        ('CMD ["/app"]', "debian", None),
        ('ENTRYPOINT ["/app"]\nCMD ["-v"]', "debian", None),
        ('CMD ["sh", "-c", "/app"]', "debian", Shell.DASH),
        ('CMD ["/bin/bash", "-ec", "/app"]', "alpine", Shell.BASH),
        ('ENTRYPOINT ["sh", "-c"]\nCMD ["/app"]', "alpine", Shell.BUSYBOX),
        ('ENTRYPOINT ["/busybox/sh", "-c", "/app"]', "distroless/base:debug", Shell.BUSYBOX),
        ('ENTRYPOINT ["tini", "--", "/app"]', "debian", None),
        ('ENTRYPOINT []\nCMD ["/app"]', "debian", None),
    ],
)
def test_the_shell_that_pid_1_is(final: str, base: str, interpreter: Shell | None) -> None:
    found = process(final, base)
    assert found is not None
    assert found.interpreter is interpreter


@pytest.mark.parametrize(
    ("final", "shell_form", "argv", "commands"),
    [
        ("CMD exec /app -v", True, [], ["exec"]),
        ("CMD ./prepare && exec ./app", True, [], ["./prepare", "exec"]),
        ('ENTRYPOINT ["/app"]\nCMD ["-v", "x"]', False, ["/app", "-v", "x"], ["/app"]),
        ('CMD ["-v"]\nENTRYPOINT ["/app"]', False, ["/app", "-v"], ["/app"]),
        ('CMD ["sh", "-c", "a; exec b"]', False, ["sh", "-c", "a; exec b"], ["a", "exec"]),
        ('ENTRYPOINT ["sh", "-c"]\nCMD ["a; b"]', False, ["sh", "-c", "a; b"], ["a", "b"]),
        ("CMD a\nCMD b", True, [], ["b"]),
        ('ENTRYPOINT ["a"]\nENTRYPOINT ["b"]', False, ["b"], ["b"]),
        ('ENTRYPOINT ["a"]\nCMD b', False, ["a"], ["a"]),
    ],
)
def test_entrypoint_and_cmd_are_put_together(
    final: str, shell_form: bool, argv: list[str], commands: list[str]
) -> None:
    found = process(final)
    assert found is not None
    assert found.shell_form is shell_form
    assert [word.text for word in found.argv] == argv
    assert [command.name for command in found.commands] == commands


def test_no_process() -> None:
    for final in ("", "HEALTHCHECK CMD /app", "ONBUILD CMD /app", "ENTRYPOINT []"):
        assert process(final) is None


def test_an_entrypoint_drops_the_cmd_of_the_stage_below() -> None:
    _, images = read(BUILD + 'CMD ["old"]\nFROM build\nENTRYPOINT ["/app"]\n')
    assert images[-1].process is not None
    assert [word.text for word in images[-1].process.argv] == ["/app"]
    _, images = read(BUILD + 'ENTRYPOINT ["/app"]\nFROM build\nCMD ["-v"]\n')
    assert images[-1].process is not None
    assert [word.text for word in images[-1].process.argv] == ["/app", "-v"]


def test_the_script_that_pid_1_is_has_its_place_in_the_context() -> None:
    found = process('WORKDIR /w\nCOPY docker/run.sh ./\nENTRYPOINT ["./run.sh"]')
    assert found is not None
    assert found.script == Script("docker/run.sh", "/w/run.sh")


@pytest.mark.parametrize(
    ("line", "shell"),
    [
        ('ENTRYPOINT ["sh", "/w/run.sh"]', Shell.DASH),
        ('ENTRYPOINT ["/bin/bash", "-eu", "--norc", "run.sh", "-v"]', Shell.BASH),
        ('ENTRYPOINT ["/bin/sh"]\nCMD ["./run.sh"]', Shell.DASH),
        ('ENTRYPOINT ["/bin/bash", "-c", "/w/run.sh --port 80"]', None),
        ('CMD ["/bin/bash", "-c", "exec ./run.sh"]', None),
        ("ENTRYPOINT ./run.sh", None),
    ],
)
def test_a_script_that_a_shell_is_told_to_read(line: str, shell: Shell | None) -> None:
    found = process(f"WORKDIR /w\nCOPY docker/run.sh ./\n{line}")
    assert found is not None
    assert found.script == Script("docker/run.sh", "/w/run.sh", shell)


@pytest.mark.parametrize(
    "line",
    [
        'ENTRYPOINT ["sh", "-o", "pipefail", "/w/run.sh"]',
        'ENTRYPOINT ["sh", "-c", "/w/run.sh | tee log"]',
        'ENTRYPOINT ["sh", "-c", "/w/run.sh; echo done"]',
        'ENTRYPOINT ["sh", "/other.sh"]',
        "ENTRYPOINT ./run.sh &",
    ],
)
def test_a_script_that_is_not_seen_or_not_alone(line: str) -> None:
    found = process(f"WORKDIR /w\nCOPY docker/run.sh ./\n{line}")
    assert found is not None
    assert found.script is None


def test_the_body_of_pid_1_spans_what_can_be_rewritten() -> None:
    source, images = read(BUILD + "CMD  /app \\\n  -v  \n")
    found = images[-1].process
    assert found is not None
    assert source.slice(found.body) == b"/app \\\n  -v"
    assert source.slice(found.instruction) == b"CMD  /app \\\n  -v"


# -- places for fixes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "line", "root"),
    [
        ("USER 1001\nCMD a", "USER 1001\n", True),
        ("EXPOSE 1\nCMD a", "CMD a\n", True),
        ("EXPOSE 1\nENTRYPOINT a\nCMD b", "ENTRYPOINT a\n", True),
        ("USER 1\nRUN x\nUSER 2", "USER 1\n", True),
        ("EXPOSE 1", "", True),
    ],
)
def test_a_run_can_be_inserted_before_root_is_dropped(final: str, line: str, root: bool) -> None:
    source, images = read(f"{BUILD}FROM debian\nCOPY --from=build /out/app /\n{final}\n")
    found = images[-1]
    assert source.data[found.insertion :].decode().startswith(line)
    assert source.data[: found.insertion].endswith(b"\n")
    assert found.root_at_insertion is root


def test_a_base_that_is_not_root_is_known_at_the_insertion() -> None:
    assert not image("CMD a", "distroless/static:nonroot").root_at_insertion
    assert not image("CMD a", "example/x").root_at_insertion


def test_a_line_can_be_inserted_after_the_build() -> None:
    source, images = read(
        BUILD.replace("RUN go", "RUN \\\n  go") + "FROM x\nCOPY --from=build /out/app /\n"
    )
    at = images[-1].builder_insertion
    assert at is not None
    assert source.data[at:].startswith(b"FROM x\n")


def test_a_file_without_final_newline_says_where_it_ends() -> None:
    source, images = read(BUILD + "CMD a")
    assert (images[-1].unended, len(source.data)) == (len(source.data), len(source.data))
    assert image("CMD a").unended is None
