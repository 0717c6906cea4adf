"""What Makefiles and scripts do: build images, load them, apply manifests,
stop workloads, copy the data out and report it.

Facts are read from command lines; plain variables are resolved, everything
else stays None ("not seen"), never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.documents.makefile import Expansion, Makefile
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.shell import Command, parse_script
from covlint.facts.steps import BuildArgument, Fact, ImageBuild, Step, StepKind
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
    "read_makefile_steps",
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
)
_SHEBANG = re.compile(rb"#![^\n]*\b(?:ba|da|a|k|z)?sh\b")


def may_matter(data: bytes) -> bool:
    """Whether a Makefile or shell script is worth parsing."""
    return _MATTERS.search(data) is not None


def is_script(path: str, data: bytes) -> bool:
    """Whether a file is a shell script: by its name or its first line."""
    return path.endswith((".sh", ".bash")) or _SHEBANG.match(data) is not None


def is_makefile(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in ("Makefile", "makefile", "GNUmakefile") or name.endswith(".mk")


def read_script_steps(source: SourceFile) -> tuple[Fact, ...]:
    """What a shell script does, in the order in which it is written.

    Paths count from the project root: that is where scripts are called from,
    unless they change the directory themselves.
    """
    own = _directory(source.path)
    values = ScriptValues(source.data, own=own)
    found: list[Fact] = []
    for command in parse_script(source.path, source.data).commands:
        found.extend(_read(command, values, None, None))
        values.feed(command)
    return tuple(found)


def read_makefile_steps(makefile: Makefile) -> tuple[Fact, ...]:
    """What the recipes of a Makefile do; each line is a shell of its own.

    Paths count from the directory of the Makefile.
    """
    here = _directory(makefile.source.path)
    found: list[Fact] = []
    for line in makefile.lines():
        expansion = makefile.expand(line)
        if not _COMMANDS.search(expansion.text):
            continue
        recipe = line.targets[0] if line.targets else None
        values = ScriptValues(expansion.text, own=here, directory=here)
        values.variables.update(CURDIR=here, PWD=here)
        for command in parse_script(makefile.source.path, expansion.text).commands:
            found.extend(_read(command, values, recipe, expansion))
            values.feed(command)
    return tuple(found)


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
