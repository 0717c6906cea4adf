"""What Makefiles and scripts do: build images, load them, apply manifests,
stop workloads, copy the data out and report it.

Facts are read from command lines; plain variables are resolved, everything
else stays None ("not seen"), never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from covlint.documents.expansion import Expansion, Placer
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.shell import Command, parse_script
from covlint.facts.build import GoFlagsSource
from covlint.facts.script_builds import ScriptBuilds, goflags_of, may_build_for_coverage
from covlint.facts.steps import BuildArgument, Fact, ImageBuild, ScriptFact, Step, StepKind
from covlint.facts.toolcalls import ToolCalls
from covlint.source import SourceFile, Span

__all__ = [
    "BuildArgument",
    "ImageBuild",
    "Step",
    "StepKind",
    "is_makefile",
    "is_script",
    "may_matter",
    "read_commands",
    "read_script_steps",
]

#: A file without any of these has nothing to say about images, clusters or data.
_MATTERS = re.compile(
    rb"(?i)cov(?:er)?data|coverdir"
    rb"|\b(?:docker|podman|nerdctl|buildah|\w*(?:container|docker|podman|oci|engine)\w*)"
    rb"(?::-\w+)?[\"')}]*\s+(?:-\S+\s+(?:[^-\s]\S*\s+)?)*(?:image\s+|container\s+|buildx\s+)?"
    rb"(?:build|bud|cp|run|exec)\b"
    rb"|\bkind[\"')}]*\s+(?:load|create)\b"
    rb"|\b(?:kubectl|oc)[\"')}]*\s[^\n;|&]*\b(?:cp|tar)\b"
)
#: A recipe line without any of these gives no fact.
_COMMANDS = re.compile(
    rb"(?i)docker|podman|nerdctl|buildah|container|engine|\bkind\b|kubectl|\boc\b|covdata"
    rb"|\bcp\b|\brsync\b|\bch(?:mod|own)\b"
    rb"|\bmkdir\s[^\n]*-(?:\w*m\b|-mode)|\binstall\s[^\n]*-[mo-]"
    rb"|\bbuild\b|\bgo\s+install\b"
    rb"|\b(?:rm|mkdir|mv|find)\s[^\n]*cov|\b(?:sed|yq|envsubst|perl)\s[^\n]*\.ya?ml"
)
_SHEBANG = re.compile(rb"#![^\n]*\b(?:ba|da|a|k|z)?sh\b")


def may_matter(data: bytes) -> bool:
    """Whether a Makefile or shell script is worth parsing."""
    return _MATTERS.search(data) is not None or may_build_for_coverage(data)


def is_script(path: str, data: bytes) -> bool:
    """Whether a file is a shell script: by its name or its first line."""
    return path.endswith((".sh", ".bash")) or _SHEBANG.match(data) is not None


def is_makefile(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in ("Makefile", "makefile", "GNUmakefile") or name.endswith(".mk")


def read_script_steps(source: SourceFile) -> tuple[ScriptFact, ...]:
    """What a shell script does, in the order in which it is written.

    Paths count from the project root: that is where scripts are called from,
    unless they change the directory themselves.
    """
    values = ScriptValues(source.data, own=_directory(source.path))
    commands = parse_script(source.path, source.data).commands
    return tuple(_facts(source, commands, values, None, None, None))


def read_commands(
    source: SourceFile,
    expansion: Expansion,
    values: ScriptValues,
    recipe: str | None,
    goflags: GoFlagsSource | None = None,
) -> Iterator[ScriptFact]:
    """What a script does that stands in another kind of file.

    ``values`` knows what is set before it, ``goflags`` is the GOFLAGS among that.
    """
    if not _COMMANDS.search(expansion.text):
        return
    values.data = expansion.text
    commands = parse_script(expansion.path, expansion.text).commands
    yield from _facts(source, commands, values, recipe, expansion, goflags)


def _facts(
    source: SourceFile,
    commands: Sequence[Command],
    values: ScriptValues,
    recipe: str | None,
    expansion: Expansion | None,
    goflags: GoFlagsSource | None,
) -> Iterator[ScriptFact]:
    placer = Placer(expansion, source.data, {}) if expansion is not None else None
    builds = ScriptBuilds(source, placer.inserted if placer is not None else {})

    def place(command: Command) -> Command:
        return command if placer is None else placer.command(command)

    for command in commands:
        yield from _read(command, values, recipe, expansion)
        yield from builds.read(command, place, values, goflags)
        goflags = goflags_of(command, place, goflags)
        values.feed(command)


def _directory(path: str) -> str:
    folder = path.rpartition("/")[0]
    return f"{ROOT}/{folder}" if folder else ROOT


def _read(
    command: Command, values: ScriptValues, recipe: str | None, expansion: Expansion | None
) -> Iterator[Fact]:
    if not command.words:
        return

    def place(span: Span) -> Span:
        return span if expansion is None else expansion.original(span.start, span.end)

    calls = ToolCalls(values, place, place(command.span), recipe or command.function)
    yield from calls.read(command)
