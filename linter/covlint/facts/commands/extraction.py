"""What Makefiles and scripts do: build images, load them, apply manifests,
stop workloads, copy the data out and report it.

Facts are read from command lines; plain variables are resolved, everything
else stays None ("not seen"), never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.documents.expansion import Expansion
from covlint.documents.grammars import TangledSyntax
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.shell import parse_script
from covlint.facts.commands.makecalls import may_call_make
from covlint.facts.commands.script_builds import may_build_for_coverage
from covlint.facts.commands.script_run import ScriptRun
from covlint.facts.commands.steps import BuildArgument, ImageBuild, ScriptFact, Step, StepKind
from covlint.facts.dockerfile.build import GoFlagsSource
from covlint.source import SourceFile

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

_DATA = (b"covdata", b"coverdata", b"coverdir", b"compose_file")
_CONTAINERS = (
    rb"(?::-\w+)?[\"')}]*\s+(?:-\S+\s+(?:[^-\s]\S*\s+)?)*(?:image\s+|container\s+|buildx\s+)?"
    rb"(?:build|bud|cp|run|exec|kill|stop)\b"
)
_PULLED = rb"\b[^\n]*/[\w/-]*cov"
_PODS = rb"[\"')}]*\s[^\n;|&]*(?:\b(?:cp|tar)\b|\s--(?:force|grace-period|now|replicas[= ]0)\b)"
#: A file in which none of these is found in small letters, and none of the words of ``_DATA``,
#: has nothing to say about images, clusters or data. Each is looked for by itself: an expression
#: that begins with a fixed text is found thirty times as fast as one that begins with a choice.
_MATTERS = tuple(
    re.compile(one)
    for one in (
        *(tool + rb"\w*" + _CONTAINERS for tool in (b"container", b"docker", b"podman", b"oci")),
        rb"engine\w*" + _CONTAINERS,
        *(tool + rb"(?<!\w%b)" % tool + _CONTAINERS for tool in (b"nerdctl", b"buildah")),
        *(tool + rb"(?<!\w%b)" % tool + _PULLED for tool in (b"curl", b"wget")),
        rb"kind(?<!\wkind)[\"')}]*\s+(?:load|create|delete)\b",
        rb"compose[\"')}]*\s[^\n]*(?:-f|--file)\b[^\n]*\s(?:-f|--file)\b",
        *(tool + rb"(?<!\w%b)" % tool + _PODS for tool in (b"kubectl", b"oc")),
        rb"helm(?<!\whelm)[\"')}]*\s[^\n;|&]*\b(?:install|upgrade|template)\b",
    )
)
#: A script without any of these gives no fact.
COMMANDS = re.compile(
    rb"(?i)docker|podman|nerdctl|buildah|container|engine|\bkind\b|kubectl|\boc\b|covdata|\bhelm\b"
    rb"|\bcp\b|\brsync\b|\bch(?:mod|own)\b"
    rb"|\bmkdir\s[^\n]*-(?:\w*m\b|-mode)|\binstall\s[^\n]*-[mo-]"
    rb"|\b(?:curl|wget)\b[^\n]*/[\w/-]*cov|\bkill(?:all)?\s"
    rb"|\bbuild\b|\bgo\s+install\b|\bmake\b|\bgo\s+test\s[^\n]*-c\s|\bGOCOVERDIR="
    rb"|\brm\s|\btool\s+cover\b|\bcat\s[^\n]*>|\b(?:mkdir|mv|find)\s[^\n]*cov|\b(?:sed|yq|envsubst|perl)\s[^\n]*\.ya?ml"
)
_SHEBANG = re.compile(rb"#![^\n]*\b(?:ba|da|a|k|z)?sh\b")


def may_matter(data: bytes) -> bool:
    """Whether a Makefile or shell script is worth parsing."""
    small = data.lower()
    return (
        any(word in small for word in _DATA)
        or any(one.search(small) for one in _MATTERS)
        or may_build_for_coverage(data)
        or may_call_make(data)
    )


def is_script(path: str, data: bytes) -> bool:
    """Whether a file is a shell script: by its name or its first line."""
    return path.endswith((".sh", ".bash")) or _SHEBANG.match(data) is not None


def is_makefile(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in ("Makefile", "makefile", "GNUmakefile") or name.endswith(".mk")


def read_script_steps(source: SourceFile) -> tuple[ScriptFact, ...]:
    """What a shell script does, in the order in which it is written. Raises TangledSyntax.

    Paths count from the project root: that is where scripts are called from,
    unless they change the directory themselves.
    """
    values = ScriptValues(source.data, own=_directory(source.path))
    script = parse_script(source.path, source.data)
    if script.tangled:
        raise TangledSyntax
    return tuple(ScriptRun(source, script.commands, values).facts())


def read_commands(
    source: SourceFile,
    expansion: Expansion,
    values: ScriptValues,
    recipe: str | None,
    goflags: GoFlagsSource | None = None,
    *,
    more: bool = False,
) -> Iterator[ScriptFact]:
    """What a script does that stands in another kind of file.

    ``values`` knows what is set before it, ``goflags`` is the GOFLAGS among that. ``more``:
    a part follows that needs to know what this one sets.
    """
    if not more and not COMMANDS.search(expansion.text):
        return
    values.data = expansion.text
    commands = parse_script(expansion.path, expansion.text).commands
    yield from ScriptRun(source, commands, values, recipe, expansion, goflags).facts()


def _directory(path: str) -> str:
    folder = path.rpartition("/")[0]
    return f"{ROOT}/{folder}" if folder else ROOT
