"""GitHub Actions and GitLab CI: what jobs build, create, copy and keep."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covlint.documents.yaml import open_yaml
from covlint.facts.ci.gitlab import read_gitlab
from covlint.facts.ci.workflow import read_workflow
from covlint.facts.commands.steps import ImageBuild, ScriptFact, Step, StepKind
from covlint.facts.dockerfile.build import GoBuild
from covlint.source import SourceFile, UnreadableSource

PATH = ".github/workflows/e2e.yaml"


def known(facts: tuple[ScriptFact, ...]) -> tuple[ScriptFact, ...]:
    """Those that these tests are about."""
    return tuple(one for one in facts if isinstance(one, ImageBuild | Step | GoBuild))


def workflow(text: str) -> tuple[SourceFile, tuple[ScriptFact, ...]]:
    source = SourceFile.of_text(PATH, text)
    return source, known(read_workflow(open_yaml(source))[0])


def job(steps: str, more: str = "") -> tuple[SourceFile, tuple[ScriptFact, ...]]:
    return workflow(f"jobs:\n  e2e:\n    runs-on: x\n{more}    steps:\n{steps}")


def test_a_script_in_a_literal_block_keeps_its_places() -> None:
    source, (image, build) = job(
        "      - run: |\n"
        '          docker build --build-arg "GOFLAGS=-cover" \\\n'
        "            -t till:e2e .\n"
        "          cat <<EOF > note\n"
        "          text\n"
        "          EOF\n"
        "          go build -a \\\n"
        "            -cover -o bin/till ./cmd/till\n"
    )
    assert isinstance(image, ImageBuild)
    assert (image.dockerfile, image.tags, image.recipe) == ("Dockerfile", ("till:e2e",), "e2e")
    assert source.slice(image.arguments[0].span) == b'"GOFLAGS=-cover"'
    assert isinstance(build, GoBuild)
    forced = build.flag("a")
    assert forced is not None
    assert source.slice(forced.removal).strip() == b"-a"
    assert [word.literal for word in build.packages] == ["./cmd/till"]


def test_folded_plain_and_quoted_scripts() -> None:
    source, found = job(
        "      - run: >\n          go build -cover\n          -a .\n"
        "      - run: go build -cover -a .\n"
        '      - run: "go build -cover \\"-a\\" ."\n'
        "      - run: 'go build -cover ''-a'' .'\n"
    )
    removed = []
    for build in found:
        assert isinstance(build, GoBuild)
        forced = build.flag("a")
        assert forced is not None
        removed.append(source.slice(forced.span))
    assert removed == [b"-a", b"-a", b'\\"-a\\"', b"''-a''"]


def test_variables_of_three_levels_and_expressions() -> None:
    _, (image,) = workflow(
        "env: {REGISTRY: ghcr.io/x, TAG: one}\n"
        "jobs:\n"
        "  e2e:\n"
        "    env: {TAG: two, FLAGS: -cover}\n"
        "    steps:\n"
        "      - env: {NAME: till}\n"
        "        run: docker build --build-arg GOFLAGS=$FLAGS --build-arg SHA=${{ github.sha }}"
        " -t ${{ env.REGISTRY }}/$NAME:$TAG -t x:${{ matrix.v }} .\n"
    )
    assert isinstance(image, ImageBuild)
    assert image.tags == ("ghcr.io/x/till:two",)
    assert [(one.name, one.value) for one in image.arguments] == [
        ("GOFLAGS", "-cover"),
        ("SHA", None),
    ]


def test_directories_and_shells() -> None:
    _, found = workflow(
        "defaults: {run: {working-directory: a}}\n"
        "jobs:\n"
        "  e2e:\n"
        "    steps:\n"
        "      - run: docker build -t one .\n"
        "      - {run: docker build -t two ., working-directory: b}\n"
        "      - {run: docker build -t no ., shell: pwsh}\n"
        "      - {run: docker build -t three ., working-directory: '${{ matrix.dir }}'}\n"
        "      - {uses: actions/checkout@v4, with: {path: src}}\n"
        "      - {run: docker build -t four ., working-directory: b}\n"
    )
    builds = [fact for fact in found if isinstance(fact, ImageBuild)]
    assert [(one.tags, one.dockerfile) for one in builds] == [
        (("one",), "a/Dockerfile"),
        (("two",), "b/Dockerfile"),
        (("three",), None),
        (("four",), None),
    ]


def test_build_push_action() -> None:
    source, (image,) = job(
        "      - uses: docker/build-push-action@v6\n"
        "        with:\n"
        "          context: ./svc\n"
        "          file: build/Dockerfile\n"
        "          target: e2e\n"
        "          tags: |\n"
        "            till:e2e\n"
        "            ${{ steps.meta.outputs.tags }}\n"
        "          build-args: |\n"
        "            GOFLAGS=-cover -covermode=atomic\n"
        "            SHA=${{ github.sha }}\n"
        "            ${{ matrix.more }}\n"
    )
    assert isinstance(image, ImageBuild)
    assert (image.dockerfile, image.context, image.target) == ("build/Dockerfile", "svc", "e2e")
    assert image.tags == ("till:e2e",)
    assert image.opaque
    assert [(one.name, one.value) for one in image.arguments] == [
        ("GOFLAGS", "-cover -covermode=atomic"),
        ("SHA", None),
    ]
    assert source.slice(image.arguments[0].span) == b"GOFLAGS=-cover -covermode=atomic"


def test_actions_that_create_build_and_keep() -> None:
    _, found = job(
        "      - {uses: helm/kind-action@v1, with: {config: e2e/kind.yaml}}\n"
        "      - {uses: engineerd/setup-kind@v0.6, with: {config: './kind.yaml'}}\n"
        "      - uses: docker/bake-action@v5\n"
        "      - {uses: actions/upload-artifact@v4, with: {path: coverdata/}}\n"
        "      - uses: ./local\n"
    )
    steps = [fact for fact in found if isinstance(fact, Step)]
    assert [(one.kind, one.source) for one in steps] == [
        (StepKind.CREATE_CLUSTER, "e2e/kind.yaml"),
        (StepKind.CREATE_CLUSTER, "kind.yaml"),
        (StepKind.ARTIFACT, "coverdata/"),
    ]
    (bake,) = (fact for fact in found if isinstance(fact, ImageBuild))
    assert (bake.builder, bake.dockerfile, bake.opaque) == ("bake", None, True)


def test_goflags_of_the_environment_is_editable() -> None:
    source, (build,) = job(
        "      - run: go build -o x ./cmd/x\n", '    env: {GOFLAGS: "-cover -a"}\n'
    )
    assert isinstance(build, GoBuild)
    assert [source.slice(flag.removal) for flag in build.all_flags if flag.name == "a"] == [b" -a"]


def test_builds_without_coverage_are_no_facts() -> None:
    assert job("      - run: go build -a -o x . && go test -cover ./...\n")[1] == ()


def test_composite_action() -> None:
    text = (
        "runs:\n  using: composite\n  steps:\n    - {run: kind load docker-image a, shell: bash}\n"
    )
    (step,) = workflow(text)[1]
    assert isinstance(step, Step)
    assert (step.kind, step.recipe) == (StepKind.LOAD, "runs")


def gitlab(text: str) -> tuple[SourceFile, tuple[ScriptFact, ...]]:
    source = SourceFile.of_text(".gitlab-ci.yml", text)
    return source, known(read_gitlab(open_yaml(source))[0])


def test_gitlab_job() -> None:
    source, found = gitlab(
        "variables: {IMAGE: till}\n"
        "default:\n"
        "  before_script: [cd svc]\n"
        "e2e:\n"
        "  variables: {TAG: '$IMAGE:e2e'}\n"
        "  script:\n"
        "    - docker build --build-arg GOFLAGS=-cover -t $TAG .\n"
        "    - - |\n"
        "        docker cp node:/coverdata \\\n"
        "          out\n"
        "    - !reference [other, script]\n"
        "  after_script: [docker build -t last .]\n"
        "  artifacts: {paths: [out]}\n"
        "stages: [e2e]\n"
    )
    image, copy, last, kept = found
    assert isinstance(image, ImageBuild)
    assert (image.dockerfile, image.tags, image.recipe) == (
        "svc/Dockerfile",
        ("till:e2e",),
        "e2e",
    )
    assert source.slice(image.arguments[0].span) == b"GOFLAGS=-cover"
    assert isinstance(copy, Step)
    assert (copy.kind, copy.source, copy.destination) == (StepKind.COPY, "/coverdata", "out")
    assert isinstance(last, ImageBuild)
    assert last.dockerfile == "Dockerfile"
    assert isinstance(kept, Step)
    assert (kept.kind, kept.source) == (StepKind.ARTIFACT, "out")


PIECES = st.sampled_from(
    ["jobs:", " a:", "  steps:", "  - run:", " |", " >", "\n", " ", "  ", "${{", "}}", "env.X",
     "docker build -t x .", "go build -cover -a .", "uses: docker/build-push-action@v6", "with:",
     "build-args: |", "'", '"', "\\", "script:", "- ", "{", "}", "[", "]", "&a", "*a", "é",
     "env: {X: y}", "extends: a", "!reference [a, script]", "uses: ./x", "include: {local: x}"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=150), st.lists(PIECES, max_size=40).map("".join)))
def test_any_yaml_is_read(text: str) -> None:
    source = SourceFile(PATH, text.encode("utf-8", "surrogatepass"))
    try:
        document = open_yaml(source)
    except UnreadableSource:
        return
    for fact in (*read_workflow(document)[0], *read_gitlab(document)[0]):
        assert 0 <= fact.span.start <= fact.span.end <= len(source.data)
