"""What CI jobs have in common: variables from YAML, scripts in its scalars, project paths."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import groupby

from covlint.documents.expansion import Expansion
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.yaml import AnyNode, YamlMapping, YamlScalar
from covlint.documents.yaml_script import scalar_text, word_of
from covlint.facts.commands.extraction import read_commands
from covlint.facts.commands.steps import ScriptFact, Step, StepKind
from covlint.facts.dockerfile.build import GoFlagsSource
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a script finds set: ``known`` variables, names that are set to something unknown,
    and the directory it starts in (below the project root; None: not known). ``inputs`` are
    those of the action or workflow that it stands in, None where nobody says: then what is
    not among them is not known either. ``home`` is the directory of the action."""

    known: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    goflags: GoFlagsSource | None = None
    directory: str | None = "."
    inputs: Mapping[str, str | None] | None = None
    home: str | None = None

    def with_variable(self, name: str, value: str | None, node: YamlScalar | None) -> Surroundings:
        """A variable more; ``node`` is where it is written."""
        known = {key: text for key, text in self.known.items() if key != name}
        unknown = self.unknown - {name}
        if value is None:
            unknown |= {name}
        else:
            known[name] = value
        goflags = self.goflags
        if name == "GOFLAGS":
            goflags = _goflags(node, value)
        return replace(self, known=known, unknown=unknown, goflags=goflags)

    def inside(self, directory: str | None) -> Surroundings:
        """In a directory of the project; None: one that is not known."""
        if directory is None or directory.startswith("/"):
            return replace(self, directory=None)
        if self.directory is None:
            return self
        joined = posixpath.normpath(posixpath.join(self.directory, directory))
        return replace(self, directory=None if joined.startswith("..") else joined)

    def path(self, text: str) -> str | None:
        """A path relative to the project root; None where it is not below it."""
        if self.directory is None or text.startswith("/") or "://" in text:
            return None
        joined = posixpath.normpath(posixpath.join(self.directory, text))
        return None if joined.startswith("..") else joined


def run_script(
    source: SourceFile, script: Expansion, around: Surroundings, recipe: str | None
) -> Iterator[ScriptFact]:
    """The facts of a script, with what is around it."""
    yield from read_commands(source, script, _values(around), recipe, around.goflags)


def run_parts(
    lines: Sequence[YamlScalar], around: Surroundings, recipe: str | None
) -> Iterator[ScriptFact]:
    """The facts of a script whose lines stand in several scalars, maybe of several files."""
    values = _values(around)
    parts = [(path, list(part)) for path, part in groupby(lines, lambda one: one.source.path)]
    for index, (path, part) in enumerate(parts):
        text = bytearray()
        origins: list[int] = []
        ends: list[int] = []
        for line in part:
            written = scalar_text(line)
            text += written.text + b"\n"
            origins += [*written.origins, line.end]
            ends += [*written.ends, line.end]
        script = Expansion(path, bytes(text), tuple(origins), tuple(ends))
        source, more = part[0].source, index + 1 < len(parts)
        yield from read_commands(source, script, values, recipe, around.goflags, more=more)


def _values(around: Surroundings) -> ScriptValues:
    directory = None
    if around.directory is not None:
        directory = ROOT if around.directory == "." else f"{ROOT}/{around.directory}"
    return ScriptValues(
        b"",
        own=ROOT,
        directory=directory,
        variables={"PWD": directory, **around.known} if directory else dict(around.known),
        unknown=set(around.unknown),
    )


def job_step(
    kind: StepKind,
    words: tuple[str | None, ...],
    operands: tuple[str | None, ...],
    source: str | None,
    span: Span,
    recipe: str | None,
) -> Step:
    """A step that no command line makes, but an action or a keyword of the CI."""
    return Step(kind, words, operands, source, None, None, (), span, recipe)


def text_of(node: AnyNode | None) -> str | None:
    """The text of a scalar, numbers and booleans as written; "" for nothing."""
    if not isinstance(node, YamlScalar):
        return None
    return "" if node.is_null else node.text


def entries_of(node: YamlMapping | None) -> Iterator[tuple[str, AnyNode]]:
    if node is not None:
        yield from node.items()


def _goflags(node: YamlScalar | None, value: str | None) -> GoFlagsSource | None:
    """GOFLAGS as an environment has it; a value that is not seen is no value that we know."""
    if node is None or value is None or node.text != value:
        return None
    written = scalar_text(node)
    data = node.source.data
    if not value or not written.literal(data, 0, len(written.text)):
        return None
    return GoFlagsSource("env", word_of(written, 0, len(written.text)), False, None, node.span)
