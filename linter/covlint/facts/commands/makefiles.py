"""What the recipes of a Makefile do, with the variables that each may run with."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from covlint.documents.expansion import Expansion
from covlint.documents.makebranches import Given
from covlint.documents.makefile import Makefile, RecipeLine
from covlint.documents.makevariants import reached, variants_of
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.shell import parse_script
from covlint.documents.shellquotes import ARGUMENT_LIMIT
from covlint.documents.shellwords import Part, ShellWord
from covlint.facts.commands.extraction import read_commands
from covlint.facts.commands.makecalls import MakeCall
from covlint.facts.commands.steps import ScriptFact
from covlint.facts.dockerfile.build import GoBuild, GoFlagsSource, Instrumentation
from covlint.source import Span

_MAKE = re.compile(rb"\$\{MAKE\}|\bg?make\b")
_PLAIN: Given = {}
#: A recipe of more targets is read for the first of them only.
_TARGETS = 8


def read_makefile_steps(
    makefile: Makefile, elsewhere: Collection[str] = ()
) -> tuple[ScriptFact, ...]:
    """What the recipes do; each line is a shell of its own.

    Paths count from the directory of the Makefile. ``elsewhere`` are included
    files whose recipes have been read already.
    """
    variants = variants_of(makefile, _passed(makefile))
    found: dict[ScriptFact, None] = {}
    for line in makefile.lines():
        if line.span.path in elsewhere:
            continue
        sets = _sets(line, variants)
        builds: dict[Span, list[GoBuild]] = {}
        for given in sets:
            for fact in _line(makefile, line, given):
                if isinstance(fact, GoBuild):
                    builds.setdefault(fact.span, []).append(fact)
                else:
                    found[fact] = None
        for same in builds.values():
            found[_only_sometimes(same[0]) if len(same) < len(sets) else same[0]] = None
    return tuple(found)


def read_called(
    makefile: Makefile, call: MakeCall, given: Given, environment: Given
) -> tuple[ScriptFact, ...]:
    """What the recipes do that a call with other variables runs; ``makefile`` has been read
    with them: those of the command line, and those of the environment.

    A sequence of its own: its recipes are named for the variables, too.
    """
    targets = call.targets or makefile.goal
    needed = reached(makefile, targets)
    variants = variants_of(makefile, dict.fromkeys(targets, (given,)))
    passed = (*environment.items(), *given.items())
    label = " ".join(f"{name}={(value or b'?').decode()}" for name, value in passed)
    found: dict[ScriptFact, None] = {}
    for line in makefile.lines():
        if needed.isdisjoint(line.targets):
            continue
        recipe = f"{line.targets[0]} {label}".rstrip()
        for one in _sets(line, variants):
            if given.items() <= one.items():
                for fact in _line(makefile, line, one, recipe, call.goflags):
                    # without the variables it may be another command
                    found[_only_sometimes(fact) if isinstance(fact, GoBuild) else fact] = None
    return tuple(found)


def _sets(line: RecipeLine, variants: dict[str, tuple[Given, ...]]) -> list[Given]:
    """The sets of variables that a line of a recipe runs with, each once."""
    found: list[Given] = []
    for target in line.targets[:_TARGETS] or ("",):
        # One recipe for several targets: $@ is each of them in turn.
        named = {"@": target.encode()} if len(line.targets) > 1 else {}
        for one in variants.get(target, (_PLAIN,)):
            given = {**one, **named}
            if given not in found:
                found.append(given)
    return found


def _only_sometimes(build: GoBuild) -> GoBuild:
    """A build that is instrumented with some variables, and not with others."""
    return replace(build, instrumentation=Instrumentation.CONDITIONAL)


def _line(
    makefile: Makefile,
    line: RecipeLine,
    given: Given,
    recipe: str | None = None,
    goflags: GoFlagsSource | None = None,
) -> Iterator[ScriptFact]:
    folder = makefile.source.path.rpartition("/")[0]
    here = f"{ROOT}/{folder}" if folder else ROOT
    if line.span.end - line.span.start > 2 * ARGUMENT_LIMIT:  # to expand it takes its memory
        return
    expansion = makefile.expand(line, given)
    if len(expansion.text) > ARGUMENT_LIMIT:  # make gives the whole line to `sh -c`
        return
    recipe = recipe or (line.targets[0] if line.targets else None)
    values = ScriptValues(expansion.text, own=here, directory=here)
    values.variables.update(CURDIR=here, PWD=here)
    goflags = _environment(makefile, given, values) or goflags
    yield from read_commands(makefile.sources[line.span.path], expansion, values, recipe, goflags)


def _environment(makefile: Makefile, given: Given, values: ScriptValues) -> GoFlagsSource | None:
    """Puts the exported variables into ``values``; the GOFLAGS among them."""
    exported = {name for name, one in makefile.variables.items() if one.exported}
    exported |= {one.name for one in makefile.own if one.exported and one.name in given}
    for name in sorted(exported):
        raw = given.get(name) if name in given else None
        text = makefile.value(name) if name not in given else None
        if raw is not None and b"$" not in raw:
            text = raw.decode("utf-8", "replace")
        if text is None:
            values.unknown.add(name)
        else:
            values.variables[name] = text
    variable = makefile.variables.get("GOFLAGS")
    if variable is None or not variable.exported or "GOFLAGS" in given or not variable.value:
        return None
    source = makefile.sources.get(variable.span.path)
    if source is None or source.slice(variable.span) != variable.value or b"$" in variable.value:
        return None  # put together, or not seen
    place = variable.span
    text = variable.value.decode("utf-8", "replace")
    part = Part("text", text, True, start=place.start, end=place.end)
    return GoFlagsSource("env", ShellWord((part,), place), False, None, place)


def _passed(makefile: Makefile) -> dict[str, tuple[Given, ...]]:
    """What recipes pass to targets of the same Makefile: ``$(MAKE) target NAME=value``."""
    found: dict[str, list[Given]] = {}
    for line in makefile.lines():
        raw = makefile.sources[line.span.path].slice(line.span)
        if b"MAKE" not in raw and b"make" not in raw:
            continue
        expansion = makefile.expand(line)
        for targets, given in _calls(expansion):
            for target in targets:
                found.setdefault(target, []).append(given)
    return {target: tuple(sets) for target, sets in found.items()}


def _calls(expansion: Expansion) -> Iterator[tuple[list[str], Given]]:
    if not _MAKE.search(expansion.text):
        return
    for command in parse_script(expansion.path, expansion.text).commands:
        if not command.words or not (
            command.name in ("make", "gmake") or command.words[0].variables == ("MAKE",)
        ):
            continue
        given: dict[str, bytes | None] = {}
        targets: list[str] = []
        here = True
        for word in command.words[1:]:
            name, equals, _ = word.shape.partition("=")
            literal = word.literal
            if equals and re.fullmatch(r"[A-Za-z_]\w*", name):
                value = literal.partition("=")[2] if literal is not None else None
                given[name] = value.encode() if value is not None and "$" not in value else None
            elif literal is None or literal.startswith(("-C", "-f", "--directory", "--file")):
                here = False  # another Makefile, or one that is not seen
            elif not literal.startswith("-"):
                targets.append(literal)
        if here and given:
            yield targets, given
