"""Facts joined into chains: which image a container runs, which build takes part, and why not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from covlint.chain import Certainty, Chain, Hop
from covlint.facts.dockerfile.build import GoBuild, Instrumentation
from covlint.files import MemoryFiles
from covlint.project import Project

DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -cover -o /out/app ./cmd/app
FROM debian
COPY --from=build /out/app /app
ENTRYPOINT ["/app"]
"""
PLAIN = DOCKERFILE.replace(" -cover", "")
MAIN = 'package main\n\nimport "os"\n\nfunc main() { os.Exit(0) }\n'
GO = {"go.mod": "module example.com/app\n\ngo 1.22\n", "cmd/app/main.go": MAIN}


def deployment(
    image: str = "registry.example/app:e2e",
    *,
    name: str = "app",
    coverdir: str | None = "/coverdata",
    host_path: str | None = "/coverdata",
) -> str:
    """A Deployment of one container, GOCOVERDIR on a hostPath if it has one."""
    lines = [
        "apiVersion: apps/v1",
        "kind: Deployment",
        f"metadata: {{name: {name}}}",
        "spec:",
        f"  selector: {{matchLabels: {{app: {name}}}}}",
        "  template:",
        f"    metadata: {{labels: {{app: {name}}}}}",
        "    spec:",
        "      containers:",
        f"      - name: {name}",
        f"        image: {image}",
    ]
    if coverdir is not None:
        lines.append(f"        env: [{{name: GOCOVERDIR, value: {coverdir}}}]")
    if host_path is not None:
        lines.append(f"        volumeMounts: [{{name: coverage, mountPath: {coverdir}}}]")
        lines.append("      volumes:")
        lines.append("      - name: coverage")
        lines.append(f"        hostPath: {{path: {host_path}, type: DirectoryOrCreate}}")
    return "\n".join(lines) + "\n"


def makefile(*arguments: str, dockerfile: str = "Dockerfile", context: str = ".") -> str:
    options = " ".join(("-t registry.example/app:e2e", *arguments))
    return f"image:\n\tdocker build -f {dockerfile} {options} {context}\n"


def kind(path: str = "/coverdata") -> str:
    return (
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
        f"  extraMounts:\n  - hostPath: ./coverdata\n    containerPath: {path}\n"
    )


def chains(files: Mapping[str, str]) -> tuple[Chain, ...]:
    project = Project(MemoryFiles(files))
    found = project.chains()
    assert project.unread == []
    return found


def chain(files: Mapping[str, str]) -> Chain:
    (only,) = chains(files)
    return only


def build_of(files: Mapping[str, str]) -> GoBuild:
    project = Project(MemoryFiles(files))
    builds = [fact for _, fact in project.subjects(None) if isinstance(fact, GoBuild)]
    (only,) = [build for build in builds if build.judged is None]
    return only


# -- joins --------------------------------------------------------------------------------


def test_a_tag_joins_the_image_and_the_container_exactly() -> None:
    found = chain({**GO, "Dockerfile": DOCKERFILE, "Makefile": makefile(), "k.yaml": deployment()})
    assert found.image is not None
    assert found.container is not None
    assert (found.image.dockerfile, found.image_certainty) == ("Dockerfile", Certainty.EXACT)
    assert [command.recipe for command in found.image_builds] == ["image"]
    assert found.service == "app"
    assert found.takes_part


def test_the_name_joins_where_the_tags_differ() -> None:
    found = chain(
        {
            "Dockerfile": DOCKERFILE,
            "Makefile": makefile(),
            "k.yaml": deployment("other.example/app:1"),
        }
    )
    assert found.image is not None
    assert found.image_certainty is Certainty.EXACT
    assert found.image_builds == ()  # no command is seen to build that very tag


def test_a_tag_says_more_than_a_name() -> None:
    found = chains(
        {
            "a/Dockerfile": DOCKERFILE,
            "b/Dockerfile": DOCKERFILE,
            "Makefile": "a:\n\tdocker build -t one.example/app:1 a\n"
            "b:\n\tdocker build -t two.example/app:1 b\n",
            "k.yaml": deployment("two.example/app:1"),
        }
    )
    joined = [c.image.dockerfile for c in found if c.image is not None and c.container is not None]
    assert joined == ["b/Dockerfile"]


def test_a_target_joins_its_own_stage() -> None:
    dockerfile = DOCKERFILE.replace("FROM debian", "FROM debian AS e2e") + "FROM e2e AS prod\n"
    files = {"Dockerfile": dockerfile, "k.yaml": deployment()}
    found = chains({**files, "Makefile": makefile("--target e2e")})
    joined = [c.image.name for c in found if c.image is not None and c.container is not None]
    assert joined == ["e2e"]
    found = chains({**files, "Makefile": makefile()})
    joined = [c.image.name for c in found if c.image is not None and c.container is not None]
    assert joined == ["prod"]


def test_one_image_and_one_workload_are_assumed_to_belong_together() -> None:
    found = chain({"Dockerfile": DOCKERFILE, "k.yaml": deployment("whatever:1")})
    assert found.image is not None
    assert found.container is not None
    assert found.image_certainty is Certainty.ASSUMED
    image = next(link for link in found.links if link.hop is Hop.IMAGE)
    assert image.certainty is Certainty.ASSUMED


def test_two_images_or_two_workloads_are_not_joined_by_guess() -> None:
    for files in (
        {"a/Dockerfile": DOCKERFILE, "b/Dockerfile": DOCKERFILE, "k.yaml": deployment("x:1")},
        {
            "Dockerfile": DOCKERFILE,
            "k.yaml": deployment("x:1"),
            "l.yaml": deployment("y:1", name="other"),
        },
    ):
        found = chains(files)
        assert all(c.image is None or c.container is None for c in found)
        assert {c.image_certainty for c in found if c.container is not None} == {Certainty.UNKNOWN}


def test_a_workload_without_coverage_does_not_spoil_the_assumed_join() -> None:
    files = {
        "Dockerfile": DOCKERFILE,
        "k.yaml": deployment("x:1"),
        "db.yaml": deployment("postgres:16", name="db", coverdir=None, host_path=None),
    }
    joined = [c for c in chains(files) if c.image is not None and c.container is not None]
    assert [c.service for c in joined] == ["app"]


# -- who takes part -------------------------------------------------------------------------

_ARG = DOCKERFILE.replace("RUN go build -cover", "ARG GOFLAGS\nRUN go build")
_BRANCH = DOCKERFILE.replace(
    "RUN go build -cover -o /out/app ./cmd/app",
    'ARG GOFLAGS\nRUN if [ "$GOFLAGS" = "-cover" ]; then go build -o /out/app ./cmd/app; '
    "else go build -o /out/app -ldflags -s ./cmd/app; fi",
)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Dockerfile": PLAIN}, False),
        ({"Dockerfile": _ARG}, False),
        ({"Dockerfile": _ARG, "Makefile": makefile("--build-arg GOFLAGS=-mod=vendor")}, False),
        ({"Dockerfile": PLAIN.replace("RUN go", "ARG COVER\nRUN go")}, False),
        ({"Dockerfile": DOCKERFILE}, True),
        ({"Dockerfile": DOCKERFILE.replace("-cover", "-coverpkg=./...")}, True),
        ({"Dockerfile": PLAIN.replace("RUN go", "ENV GOFLAGS=-cover\nRUN go")}, True),
        ({"Dockerfile": PLAIN.replace("RUN go", "ARG GOFLAGS=-cover\nRUN go")}, True),
        ({"Dockerfile": PLAIN.replace("build -o", "build ${COVER:+-cover} -o")}, True),
        ({"Dockerfile": PLAIN + "ENV GOCOVERDIR=/c\n"}, True),
        ({"Dockerfile": _ARG, "Makefile": makefile("--build-arg GOFLAGS=-cover")}, True),
        ({"Dockerfile": PLAIN, "Makefile": makefile("--build-arg GOFLAGS=-cover")}, True),
        ({"Dockerfile": _ARG, "k.yaml": deployment("x:1")}, True),
        ({"Dockerfile": PLAIN, "k.yaml": deployment("x:1")}, True),
        ({"Dockerfile": PLAIN, "k.yaml": deployment("x:1", coverdir=None, host_path=None)}, False),
    ],
)
def test_a_build_takes_part_when_there_is_a_sign(files: dict[str, str], expected: bool) -> None:
    assert build_of(files).takes_part is expected
    assert any(c.takes_part for c in chains(files)) is expected


def test_the_production_side_of_a_conditional_build_never_takes_part() -> None:
    project = Project(MemoryFiles({"Dockerfile": _BRANCH, "k.yaml": deployment("x:1")}))
    builds = [f for name, f in project.subjects(None) if name == "GoBuild"]
    assert [(b.in_production_branch, b.takes_part) for b in builds if isinstance(b, GoBuild)] == [
        (False, True),
        (True, False),
    ]
    (found,) = project.chains()
    assert [b.in_production_branch for b in found.builds] == [False]


@pytest.mark.parametrize(
    ("dockerfile", "arguments", "expected"),
    [
        (DOCKERFILE, (), Instrumentation.YES),
        (PLAIN, (), Instrumentation.NO),
        (_ARG, (), Instrumentation.CONDITIONAL),
        (_ARG, ("--build-arg GOFLAGS=-cover",), Instrumentation.YES),
        (_ARG, ("--build-arg GOFLAGS=-mod=vendor",), Instrumentation.CONDITIONAL),
        (_ARG, ("--build-arg OTHER=-cover",), Instrumentation.CONDITIONAL),
        (_BRANCH, ("--build-arg GOFLAGS=-cover",), Instrumentation.YES),
        (PLAIN.replace("build -o", "build $(x) -o"), (), Instrumentation.UNKNOWN),
    ],
)
def test_the_instrumentation_of_the_image_that_runs(
    dockerfile: str, arguments: tuple[str, ...], expected: Instrumentation
) -> None:
    files = {"Dockerfile": dockerfile, "Makefile": makefile(*arguments), "k.yaml": deployment()}
    assert chain(files).instrumentation is expected


def test_a_build_that_another_target_takes_too_feeds_production() -> None:
    files = {"Makefile": makefile("--target e2e"), "k.yaml": deployment()}
    both = DOCKERFILE.replace("FROM debian", "FROM debian AS e2e")
    (alone,) = [c for c in chains({**files, "Dockerfile": both}) if c.container is not None]
    assert not alone.feeds_production
    both += "FROM debian AS prod\nCOPY --from=build /out/app /app\n"
    (shared,) = [c for c in chains({**files, "Dockerfile": both}) if c.container is not None]
    assert shared.feeds_production


# -- the way of the data ----------------------------------------------------------------------


def test_the_hops_of_a_whole_chain_come_in_order() -> None:
    found = chain(
        {
            **GO,
            "Dockerfile": DOCKERFILE,
            "Makefile": makefile() + "report:\n\tgo tool covdata percent -i=coverdata\n",
            "k.yaml": deployment(),
            "kind.yaml": kind(),
        }
    )
    hops = [link.hop for link in found.links]
    assert hops == [hop for hop in Hop if hop in hops]
    assert {Hop.BUILD, Hop.COVERDIR, Hop.MOUNT, Hop.VOLUME, Hop.NODE_PATH, Hop.EXTRA_MOUNT} <= {
        *hops
    }
    assert found.gap is None
    assert [mount.container_path.text for mount in found.extra_mounts] == ["/coverdata"]


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({"Dockerfile": PLAIN, "k.yaml": deployment("x:1")}, Hop.BUILD),
        ({"Dockerfile": DOCKERFILE, "k.yaml": deployment("x:1", coverdir=None, host_path=None)}, Hop.COVERDIR),
        ({"Dockerfile": DOCKERFILE, "k.yaml": deployment("x:1", host_path=None)}, Hop.MOUNT),
        ({"Dockerfile": DOCKERFILE, "k.yaml": deployment("x:1"), "kind.yaml": kind("/other")}, Hop.EXTRA_MOUNT),
    ],
)  # fmt: skip
def test_the_first_gap_is_named(files: dict[str, str], missing: Hop) -> None:
    found = chain(files)
    assert found.gap is not None
    assert found.gap.missing is missing


def test_the_containers_variable_wins_over_the_images() -> None:
    image = DOCKERFILE + "ENV GOCOVERDIR=/image\n"
    found = chain({"Dockerfile": image, "k.yaml": deployment("x:1")})
    assert found.coverdir is not None
    assert (found.coverdir.text, found.coverdir.span.path) == ("/coverdata", "k.yaml")
    without = deployment("x:1", coverdir=None, host_path=None)
    found = chain({"Dockerfile": image, "k.yaml": without})
    assert found.coverdir is not None
    assert (found.coverdir.text, found.coverdir.span.path) == ("/image", "Dockerfile")


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("deploy/app.yaml", "app", False),
        ("test/e2e/app.yaml", "app", True),
        ("deploy/app.yaml", "app-coverage", True),
        ("deploy/coverage/app.yaml", "app", True),
        ("deploy/latest.yaml", "attestation", False),
        ("deploy/production/e2e.yaml", "app", False),
        ("deploy/kind/app.yaml", "app-release", False),
    ],
)
def test_plainly_for_e2e(path: str, name: str, expected: bool) -> None:
    found = chain({"Dockerfile": DOCKERFILE, path: deployment("x:1", name=name)})
    assert found.plainly_e2e is expected


# -- where the sources are ------------------------------------------------------------------------


def test_the_main_package_is_found_through_the_context() -> None:
    found = chain({**GO, "Dockerfile": DOCKERFILE, "Makefile": makefile(), "k.yaml": deployment()})
    (build,) = found.builds
    assert build.site is not None
    assert (build.site.context, build.site.directory) == (".", ".")
    assert (build.site.package, build.site.package_files) == ("cmd/app", ("cmd/app/main.go",))
    assert build.site.import_path == "example.com/app/cmd/app"
    assert found.module is not None
    assert found.module.module_path == "example.com/app"
    assert found.main is not None


@pytest.mark.parametrize(
    ("dockerfile", "command"),
    [
        ("docker/Dockerfile", makefile(dockerfile="docker/Dockerfile")),
        ("docker/app.Dockerfile", "image:\n\tdocker build -f docker/app.Dockerfile -t a .\n"),
        ("docker/Dockerfile", "image:\n\tcd docker && docker build -t a ..\n"),
        ("docker/Dockerfile", ""),  # without a command: the folder of the go.mod above it
    ],
)
def test_a_dockerfile_in_a_folder_may_have_the_root_as_context(
    dockerfile: str, command: str
) -> None:
    build = build_of({**GO, dockerfile: DOCKERFILE, "Makefile": command})
    assert build.site is not None
    assert (build.site.context, build.site.package) == (".", "cmd/app")


def test_the_nearest_module_is_the_builds() -> None:
    files = {
        "go.mod": "module example.com/root\n",
        "svc/go.mod": "module example.com/svc\n",
        "svc/cmd/app/main.go": MAIN,
        "svc/Dockerfile": DOCKERFILE,
        "Makefile": "image:\n\tdocker build -t a svc\n",
    }
    site = build_of(files).site
    assert site is not None
    assert site.import_path == "example.com/svc/cmd/app"


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("go build -o /out/app ./cmd/app", "cmd/app"),
        ("go build -o /out/app cmd/app/main.go", "cmd/app"),
        ("go build -o /out/app example.com/app/cmd/app", "cmd/app"),
        ("cd cmd/app && go build -o /out/app", "cmd/app"),
        ("go build -C cmd/app -o /out/app .", "cmd/app"),
        ("go build -o /out/app /src/cmd/app", "cmd/app"),
        ("go build -o /out/ ./...", None),
        ("go build -o /out/app ./cmd/$NAME", None),
        ("go build -o /out/app ./cmd/none", None),
        ("go install golang.org/x/tools/cmd/app@latest", None),
        ("cd $DIR && go build -o /out/app .", None),
    ],
)
def test_the_package_of_a_build(line: str, package: str | None) -> None:
    dockerfile = f"FROM golang\nWORKDIR /src\nCOPY . .\nRUN {line}\n"
    site = build_of({**GO, "Dockerfile": dockerfile}).site
    assert site is not None
    assert site.package == package


# -- reading stays lazy ----------------------------------------------------------------------------

_OTHERS = {"k.yaml": deployment(), "Makefile": makefile(), **GO}


@pytest.mark.parametrize(
    "dockerfile", ["FROM alpine\nCMD a\n", "FROM alpine\nRUN npm run build\n", "# nothing\n"]
)
def test_a_dockerfile_without_go_build_reads_nothing_else(dockerfile: str) -> None:
    project = Project(MemoryFiles({"Dockerfile": dockerfile, **_OTHERS}))
    assert list(project.subjects(["Dockerfile"])) == []
    assert project.files_read == 1


def test_a_dockerfile_with_a_go_build_reads_the_project() -> None:
    project = Project(MemoryFiles({"Dockerfile": DOCKERFILE, **_OTHERS}))
    names = {name for name, _ in project.subjects(["Dockerfile"])}
    assert {"GoBuild", "Image", "Chain"} <= names
    assert "Container" not in names
    assert project.files_read > 2


def test_go_files_are_read_only_for_the_package_of_a_build() -> None:
    others = {f"other{number}/x.go": "package other\n" for number in range(20)}
    project = Project(MemoryFiles({"Dockerfile": DOCKERFILE, **_OTHERS, **others}))
    project.chains()
    assert project.files_read == 5


def test_what_cannot_be_read_is_said_and_the_rest_is_read() -> None:
    files: dict[str, str | bytes] = {
        "a/Dockerfile": b"FROM golang\nRUN go build \xff\n",
        "b/Dockerfile": "FROM golang\nRUN go build -o x .\nNONSENSE\n",
        "Dockerfile": DOCKERFILE,
    }
    project = Project(MemoryFiles(files))
    assert len(project.chains()) == 2
    reasons = {unread.path: unread.reason for unread in project.unread}
    assert reasons["a/Dockerfile"].startswith("not UTF-8")
    assert reasons["b/Dockerfile"] == "invalid Dockerfile: line 3: unknown instruction 'NONSENSE'"


def test_files_of_others_are_not_wired() -> None:
    files = {
        f"{folder}/Dockerfile": DOCKERFILE
        for folder in ("vendor/x", "node_modules/y", "a/testdata")
    }
    assert chains(files) == ()


def test_every_name_of_the_package_can_be_had() -> None:
    """They are loaded when they are asked for, from a table."""
    import covlint.wiring

    for name in covlint.wiring.__all__:
        assert getattr(covlint.wiring, name) is not None
