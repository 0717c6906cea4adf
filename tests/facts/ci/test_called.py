"""Files that CI files name: reusable workflows, local actions, included pipelines."""

from __future__ import annotations

import pytest

from covlint.facts.commands.steps import ImageBuild, Step, StepKind
from covlint.files import MemoryFiles
from covlint.project import Project
from covlint.source import Span
from covlint.wiring.inputs import Facts


def read(files: dict[str, str]) -> Facts:
    project = Project(MemoryFiles(files))
    list(project.subjects(None))
    assert not project.unread
    return project.facts


def builds(files: dict[str, str]) -> list[tuple[tuple[str, ...], dict[str, str | None], str]]:
    """Tags, build arguments and the file of each image that is built."""
    return [
        (one.tags, {a.name: a.value for a in one.arguments}, one.span.path)
        for one in read(files).image_builds
    ]


def written(files: dict[str, str], span: Span) -> str:
    return files[span.path].encode()[span.start : span.end].decode()


CALLED = (
    "on:\n  workflow_call:\n    inputs:\n      tag: {type: string, default: dev}\n"
    "      flags: {type: string}\nenv:\n  OWN: yes\njobs:\n  build:\n    steps:\n      - run: |\n"
    '          docker build --build-arg GOFLAGS="${{ inputs.flags }}" '
    '--build-arg OUT="$OUTER" --build-arg OWN=${{ env.OWN }} -t till:${{ inputs.tag }} .\n'
)
ACTION = (
    "inputs:\n  flags: {default: ''}\n  file:\n    default: Dockerfile\nruns:\n  using: composite\n"
    "  steps:\n    - shell: bash\n      run: docker build -f ${{ inputs.file }} "
    "--build-arg GOFLAGS=${{ inputs.flags || '-cover' }} --build-arg ENV=$ENV .\n"
    "    - uses: ./.github/actions/inner\n      with: {tag: x}\n"
)
INNER = (
    "inputs: {tag: {default: y}}\nruns:\n  using: composite\n  steps:\n"
    "    - shell: bash\n      run: docker build -t ${{ inputs.tag }} ${{ github.action_path }}\n"
)


def test_a_reusable_workflow_is_read_with_the_inputs_of_each_caller() -> None:
    # the called file sorts before the one that calls it
    files = {
        ".github/workflows/_build.yaml": CALLED,
        ".github/workflows/e2e.yaml": "env: {OUTER: seen}\njobs:\n  a:\n"
        "    uses: ./.github/workflows/_build.yaml\n    with: {flags: -cover, tag: e2e}\n"
        "  b:\n    uses: ./.github/workflows/_build.yaml\n    with: {flags: '${{ matrix.x }}'}\n",
    }
    path = ".github/workflows/_build.yaml"
    known = {"OUT": None, "OWN": "yes"}
    assert builds(files) == [
        (("till:e2e",), {"GOFLAGS": "-cover", **known}, path),
        (("till:dev",), {"GOFLAGS": None, **known}, path),
    ]


def test_without_a_caller_the_inputs_are_not_known() -> None:
    ((tags, arguments, _),) = builds({".github/workflows/_build.yaml": CALLED})
    assert tags == ()
    assert arguments["GOFLAGS"] is None


def test_a_composite_action_runs_in_the_job() -> None:
    files = {
        ".github/actions/image/action.yml": ACTION,
        ".github/actions/inner/action.yaml": INNER,
        ".github/workflows/e2e.yaml": "env: {ENV: a}\njobs:\n  e2e:\n    env: {ENV: b}\n    steps:\n"
        "      - uses: ./.github/actions/image\n        env: {ENV: c}\n"
        "        with: {file: docker/Dockerfile}\n",
    }
    facts = read(files)
    image, inner = facts.image_builds
    assert image.dockerfile == "docker/Dockerfile"
    assert {a.name: a.value for a in image.arguments} == {"GOFLAGS": "-cover", "ENV": "c"}
    assert image.span.path == ".github/actions/image/action.yml"
    assert image.recipe == inner.recipe == "e2e"
    assert written(files, image.span).startswith("docker build -f ${{ inputs.file }}")
    assert (inner.tags, inner.context) == (("x",), ".github/actions/inner")


def test_what_calls_itself_ends() -> None:
    files = {
        "a/action.yml": "runs:\n  steps:\n    - uses: ./b\n    - uses: ./a\n",
        "b/action.yml": "runs:\n  steps:\n    - uses: ./a\n    - run: docker build -t x .\n"
        "      shell: sh\n",
        ".github/workflows/e.yml": "on: {workflow_call: }\njobs:\n  x:\n"
        "    uses: ./.github/workflows/e.yml\n  y:\n    steps: [{uses: ./a}]\n",
    }
    assert builds(files) == [(("x",), {}, "b/action.yml")]


def test_an_action_of_another_checkout_is_not_seen() -> None:
    files = {
        "a/action.yml": "runs:\n  steps:\n    - run: docker build -t x .\n      shell: sh\n",
        ".github/workflows/e.yml": "jobs:\n  y:\n    steps:\n      - uses: actions/checkout@v4\n"
        "        with: {path: src}\n      - uses: ./a\n",
    }
    ((tags, _, _),) = builds(files)  # of the action itself
    assert tags == ("x",)


PIPELINE = {
    ".gitlab-ci.yml": "include:\n  - local: /ci/base.yml\n  - local: 'ci/*.yml'\n"
    "  - template: X.yml\nvariables:\n  NAME: till\n  FLAGS: -mod=mod\n"
    "e2e:\n  extends: [.first, .image]\n  variables: {FLAGS: -cover}\n"
    "  after_script:\n    - !reference [.take, script]\n",
    "ci/base.yml": "default:\n  before_script:\n    - cd svc\n    - export TAG=$NAME:e2e\n"
    ".first:\n  script: [docker build -t first .]\n  variables: {FLAGS: -first}\n"
    ".image:\n  script: &build\n"
    "    - docker build --build-arg GOFLAGS=$FLAGS -t $TAG .\n  variables: {FLAGS: -image}\n"
    "anchor:\n  script: *build\n  inherit: {variables: [NAME]}\n"
    ".take:\n  script:\n    - docker cp node:/coverdata out\n",
}


def test_a_gitlab_pipeline_of_several_files() -> None:
    facts = read(PIPELINE)
    e2e, anchor = sorted(facts.image_builds, key=lambda one: one.recipe != "e2e")
    assert (e2e.dockerfile, e2e.tags, e2e.recipe) == ("svc/Dockerfile", ("till:e2e",), "e2e")
    assert {a.name: a.value for a in e2e.arguments} == {"GOFLAGS": "-cover"}
    # it leads to where a person would edit the command
    assert written(PIPELINE, e2e.span) == "docker build --build-arg GOFLAGS=$FLAGS -t $TAG ."
    assert e2e.span == anchor.span
    # FLAGS is not inherited
    assert {a.name: a.value for a in anchor.arguments} == {"GOFLAGS": None}
    (copy,) = [one for one in facts.steps if one.kind is StepKind.COPY]
    assert isinstance(copy, Step)
    assert (copy.source, copy.recipe, copy.span.path) == ("/coverdata", "e2e", "ci/base.yml")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("  variables: {FLAGS: -own}\n", "-own"),
        ("", "-global"),
        ("  extends: .hidden\n", "-hidden"),
        ("  extends: .hidden\n  variables: {FLAGS: -own}\n", "-own"),
        ("  <<: *hidden\n", "-hidden"),
        ("  variables: !reference [.hidden, variables]\n", "-hidden"),
        ("  variables:\n    FLAGS: !reference [.hidden, variables, FLAGS]\n", "-hidden"),
        ("  variables: {FLAGS: {value: -v, description: d}}\n", "-v"),
        ("  inherit: {variables: false}\n", None),
        ("  rules:\n    - if: $X\n      variables: {FLAGS: -rule}\n", None),
        ("  parallel: {matrix: [{FLAGS: [-a, -b]}]}\n", None),
        ("  extends: .elsewhere\n", None),  # which may set it
    ],
)
def test_where_a_gitlab_variable_comes_from(more: str, expected: str | None) -> None:
    text = (
        "variables: {FLAGS: -global}\n.hidden: &hidden\n  variables: {FLAGS: -hidden}\n"
        f"e2e:\n{more}  script: ['docker build --build-arg GOFLAGS=$FLAGS -t x .']\n"
    )
    ((_, arguments, _),) = builds({".gitlab-ci.yml": text})
    assert arguments == {"GOFLAGS": expected}


def test_a_job_may_leave_defaults_out() -> None:
    text = (
        "default: {before_script: [cd svc]}\na:\n  script: [docker build -t a .]\n"
        "b:\n  inherit: {default: false}\n  script: [docker build -t b .]\n"
        "c:\n  before_script: []\n  script: [docker build -t c .]\n"
    )
    found = {one.tags: one.dockerfile for one in read({".gitlab-ci.yml": text}).image_builds}
    assert found == {
        ("a",): "svc/Dockerfile",
        ("b",): "Dockerfile",
        ("c",): "Dockerfile",
    }


def test_references_and_extends_in_circles_end() -> None:
    text = (
        ".a:\n  extends: [.b, .a]\n  script: [!reference [.b, script]]\n"
        ".b:\n  extends: .a\n  script:\n    - !reference [.a, script]\n    - docker build -t x .\n"
        "c:\n  extends: .a\n"
    )
    found = {".gitlab-ci.yml": text, "x.gitlab-ci.yml": "include: .gitlab-ci.yml\n"}
    assert all(isinstance(one, ImageBuild) for one in read(found).image_builds)
