"""What GitLab CI jobs do: their scripts, with the variables that the files set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from covlint.documents.yaml import AnyNode, YamlDocument, YamlMapping, YamlScalar, YamlSequence
from covlint.facts.ci.jobs import Surroundings, entries_of, job_step, run_parts, text_of
from covlint.facts.ci.pipeline import Job, Lookup, Pipeline, read_pipeline
from covlint.facts.commands.steps import ScriptFact, StepKind

_NAME = re.compile(r"[A-Za-z_]\w*$")
_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def read_gitlab(
    document: YamlDocument, lookup: Lookup | None = None
) -> tuple[tuple[ScriptFact, ...], tuple[str, ...]]:
    """What the jobs of a ``.gitlab-ci.yml`` do, or of a file that one includes; and which
    other files were read with it."""
    pipeline = read_pipeline(document, lookup)
    found: list[ScriptFact] = []
    for job in pipeline.jobs():
        found.extend(_job(job, pipeline))
    return tuple(found), pipeline.included


def _job(job: Job, pipeline: Pipeline) -> Iterator[ScriptFact]:
    around = Surroundings(known={"CI_PROJECT_DIR": "."})
    for layer in reversed(pipeline.roots):
        around = _variables(around, layer, pipeline, job)
    if job.partial:  # what it extends may set any of them to something else
        around = replace(around, known={}, unknown=frozenset(around.known), goflags=None)
    for layer in reversed(job.layers):
        around = _variables(around, layer, pipeline, None)
    for name in job.unknown_variables():
        around = around.with_variable(name, None, None)
    before = pipeline.inherited(job, "before_script")
    for nodes in (
        (before, job.get("script")),
        (pipeline.inherited(job, "after_script"),),
    ):
        lines = [line for node in nodes for line in pipeline.lines(node)]
        if lines:
            # GitLab runs all of a job's lines in one shell.
            yield from run_parts(lines, around, job.name)
    artifacts = job.get("artifacts")
    paths = artifacts.get("paths") if isinstance(artifacts, YamlMapping) else None
    if isinstance(paths, YamlSequence):
        kept = tuple(text_of(item) for item in paths.items)
        only = kept[0] if len(kept) == 1 else None
        yield job_step(StepKind.ARTIFACT, ("artifacts",), kept, only, paths.span, job.name)


def _variables(
    around: Surroundings, node: YamlMapping, pipeline: Pipeline, job: Job | None
) -> Surroundings:
    """With ``variables``, which may refer to one another; for ``job`` those it inherits."""
    written = node.get("variables")
    if written is not None and written.tag is not None:
        written = next(iter(pipeline.referred(written)), None)
    for name, value in entries_of(written if isinstance(written, YamlMapping) else None):
        if not _NAME.match(name) or (job is not None and not job.inherits("variables", name)):
            continue
        scalar: AnyNode | None = value
        if value.tag is not None:
            scalar = next(iter(pipeline.referred(value)), None)
        if isinstance(scalar, YamlMapping):
            scalar = scalar.get("value")
        text = text_of(scalar)
        if text is not None:
            text = _resolved(text, around)
        around = around.with_variable(
            name, text, scalar if isinstance(scalar, YamlScalar) else None
        )
    return around


def _resolved(text: str, around: Surroundings) -> str | None:
    """The text with the variables that it refers to put in; None where one is not known."""
    names = _REFERENCE.findall(text)
    if any(name not in around.known for name in names):
        return None
    return _REFERENCE.sub(lambda match: around.known[match[1]], text)
