"""What GitLab CI jobs do: their scripts, with the variables that the file sets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.documents.expansion import Expansion
from covlint.documents.yaml import AnyNode, YamlDocument, YamlMapping, YamlScalar, YamlSequence
from covlint.documents.yaml_script import scalar_text
from covlint.facts.ci.jobs import Surroundings, entries_of, job_step, run_script, text_of
from covlint.facts.commands.steps import ScriptFact, StepKind
from covlint.source import SourceFile

#: Keys of the file that are no jobs.
_GLOBAL = frozenset(
    {
        "default", "include", "stages", "variables", "workflow", "image", "services", "cache",
        "before_script", "after_script", "spec",
    }
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_]\w*$")
_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def read_gitlab(document: YamlDocument) -> tuple[ScriptFact, ...]:
    """What the jobs of a ``.gitlab-ci.yml`` or of a file that one includes do."""
    found: list[ScriptFact] = []
    for root in document.documents:
        if not isinstance(root, YamlMapping):
            continue
        around = _variables(Surroundings(known={"CI_PROJECT_DIR": "."}), root)
        for name, job in entries_of(root):
            if name not in _GLOBAL and isinstance(job, YamlMapping):
                found.extend(_job(document.source, name, job, root, around))
    return tuple(found)


def _job(
    source: SourceFile, name: str, job: YamlMapping, root: YamlMapping, around: Surroundings
) -> Iterator[ScriptFact]:
    # What a job that it extends, or a trigger, sets is not seen: it may be in another file.
    own = _variables(around, job)
    before = _inherited(job, root, "before_script")
    for part in (
        [*_scalars(before), *_scalars(job.get("script"))],
        list(_scalars(_inherited(job, root, "after_script"))),
    ):
        if part:
            yield from run_script(source, _joined(part), own, name)
    artifacts = job.mapping("artifacts")
    paths = artifacts.sequence("paths") if artifacts is not None else None
    if artifacts is not None and paths is not None:
        kept = tuple(text_of(item) for item in paths.items)
        only = kept[0] if len(kept) == 1 else None
        yield job_step(StepKind.ARTIFACT, ("artifacts",), kept, only, paths.span, name)


def _inherited(job: YamlMapping, root: YamlMapping, key: str) -> AnyNode | None:
    own = job.get(key)
    if own is not None or any(entry.key.text == key for entry in job.entries):
        return own
    default = root.mapping("default")
    return (default.get(key) if default is not None else None) or root.get(key)


def _scalars(node: AnyNode | None) -> Iterator[YamlScalar]:
    """The lines of a script: a text, a list, or lists in a list. A ``!reference`` is not seen."""
    pending = [node] if node is not None else []
    while pending:
        current = pending.pop()
        if current.tag is not None:
            continue
        if isinstance(current, YamlScalar):
            yield current
        elif isinstance(current, YamlSequence):
            pending.extend(reversed(current.items))


def _joined(lines: list[YamlScalar]) -> Expansion:
    """One script: GitLab runs all of a job's lines in one shell."""
    text = bytearray()
    origins: list[int] = []
    ends: list[int] = []
    for line in lines:
        written = scalar_text(line)
        text += written.text + b"\n"
        origins += [*written.origins, line.end]
        ends += [*written.ends, line.end]
    return Expansion(lines[0].source.path, bytes(text), tuple(origins), tuple(ends))


def _variables(around: Surroundings, node: YamlMapping) -> Surroundings:
    """With ``variables``, which may refer to one another."""
    for name, value in entries_of(node.mapping("variables")):
        scalar = value.get("value") if isinstance(value, YamlMapping) else value
        text = text_of(scalar)
        if not _NAME.match(name):
            continue
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
