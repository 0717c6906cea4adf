"""A job in the CI system that is in use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from covlint.documents.yaml import YamlMapping, YamlScalar, YamlSequence, open_yaml
from covlint.documents.yaml_text import scalar_text
from covlint.facts.commands.steps import StepKind
from covlint.initial.draft import Draft
from covlint.initial.ignores import PROFILE
from covlint.initial.run import Run
from covlint.initial.service import Survey

_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml$")
_GITLAB = ".gitlab-ci.yml"
_JOB = "e2e-coverage"
#: A file of a CI system that speaks of this has a job for e2e coverage.
_SPEAKS = re.compile(rb"(?i)covdata|coverdata|GOCOVERDIR|e2e-cover|covlint verify")
_USES = re.compile(r"uses:[ \t]*((actions/[\w-]+)@[^\n]*?)[ \t]*\r?$", re.MULTILINE)
#: Where the repository does not use an action yet.
_ACTIONS = {
    "actions/checkout": "actions/checkout@v4",
    "actions/setup-go": "actions/setup-go@v5",
    "actions/upload-artifact": "actions/upload-artifact@v4",
}
_STAGES = ("e2e", "integration", "test", "tests", "check", "verify")


def automate(draft: Draft, survey: Survey, runs: Sequence[Run], target: str | None) -> None:
    """A job for GitHub or GitLab, whichever the repository uses; ``target`` of its Makefile."""
    workflows = [path for path in survey.paths if _WORKFLOW.match(path)]
    gitlab = draft.read(_GITLAB)
    texts = [one for path in (*workflows, _GITLAB) if (one := draft.read(path)) is not None]
    if any(_SPEAKS.search(one.data) for one in texts) or _keeps(survey):
        return
    if workflows:
        path = f".github/workflows/{_JOB}.yaml"
        if not draft.has(path):
            used = "\n".join(one.text for one in texts)
            text = "\n".join(_workflow(used, runs, target)) + "\n"
            what = f"make {target}" if target is not None else "covlint verify"
            draft.create(path, text, f"`{what}` on every pull request")
    elif gitlab is not None:
        document = open_yaml(gitlab)
        root = next(iter(document.documents), None)
        if document.error is None and isinstance(root, YamlMapping) and root.get(_JOB) is None:
            lines = _gitlab_job(_stage(root))
            draft.add_lines(_GITLAB, ["", *lines], "`covlint verify` in every pipeline")
    elif draft.pieces():
        draft.notes.append("no CI system is seen (GitHub, GitLab): no job is proposed")


def _keeps(survey: Survey) -> bool:
    """Whether a job keeps coverage data already: a profile of unit tests is none."""
    return any(
        step.kind is StepKind.ARTIFACT
        and any(re.search(r"e2e.*cov|covdata|coverdata", one or "") for one in step.operands)
        for step in survey.facts.steps
    )


def _workflow(used: str, runs: Sequence[Run], target: str | None) -> Iterator[str]:
    actions = dict(_ACTIONS)
    for whole, name in _USES.findall(used):
        if name in actions and actions[name] == _ACTIONS.get(name):
            actions[name] = whole
    module = next((run.service.module for run in runs if run.service.module is not None), None)
    folder = module.directory if module is not None else "."
    yield f"name: {_JOB}"
    yield "on: [pull_request]"
    yield "permissions:"
    yield "  contents: read"
    yield "jobs:"
    yield f"  {_JOB}:"
    yield "    runs-on: ubuntu-latest # has docker, kind, kubectl, helm and pipx"
    yield "    steps:"
    yield f"      - uses: {actions['actions/checkout']}"
    yield f"      - uses: {actions['actions/setup-go']}"
    yield "        with:"
    path = "go.mod" if folder == "." else f"{folder}/go.mod"
    yield f"          go-version-file: {scalar_text(path)}"
    yield f"      - run: {f'make {target}' if target is not None else 'pipx run covlint verify'}"
    yield f"      - uses: {actions['actions/upload-artifact']}"
    yield "        with:"
    yield f"          name: {_JOB}"
    if target is not None:
        yield f"          path: {PROFILE}"
    else:
        yield "          path: .covlint"
        yield "          include-hidden-files: true"


def _stage(root: YamlMapping) -> str | None:
    stages = root.get("stages")
    if not isinstance(stages, YamlSequence):
        return None
    names = [item.text for item in stages.items if isinstance(item, YamlScalar)]
    return next((name for name in _STAGES if name in names), names[-1] if names else None)


def _gitlab_job(stage: str | None) -> Iterator[str]:
    yield f"{_JOB}:"
    yield f"  stage: {stage or 'test'}"
    yield "  image: python:3.12"
    yield "  script:"
    yield "    # the service as a process: no cluster, no privileged runner"
    yield '    - pip install --quiet "covlint[go]"'
    yield "    - covlint verify"
    yield "  artifacts:"
    yield "    when: always"
    yield "    paths: [.covlint]"
