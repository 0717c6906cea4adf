"""Makefiles as scripts, CI jobs and other Makefiles run them: with variables from outside.

A Makefile alone does not say what ``make image COVERAGE=1`` builds; read again with what
each call passes, it does. Calls that pass nothing that the Makefile asks for add nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from covlint.source import SourceFile

if TYPE_CHECKING:  # names in annotations: a project without calls of make needs none of these
    from covlint.documents.makebranches import Given
    from covlint.documents.makefile import Makefile
    from covlint.facts.commands.makecalls import MakeCall
    from covlint.facts.commands.steps import ScriptFact, Step
    from covlint.wiring.inputs import Facts

#: So many different calls are followed, in all.
_CALLS = 48
#: Sequences of steps: how deep make calls make, and how long all of them may get.
_DEPTH, _TARGETS, _STEPS = 6, 200, 4000
_SIGN = re.compile(rb"(?i)cov|flags|build_?args?")
_TARGET = re.compile(r"(?i)cov|e2e")
_NAMES = ("GNUmakefile", "makefile", "Makefile")


Lookup = Callable[[str], "SourceFile | None"]


def follow_calls(facts: Facts, paths: Collection[str], lookup: Lookup) -> None:
    """Adds what the called Makefiles do, as far as it is not known without the calls."""
    known = {*facts.image_builds, *facts.steps, *facts.data_commands}
    places = {build.span for build in facts.builds}
    for fact in dict.fromkeys(_read_calls(facts.make_calls, paths, lookup)):
        if fact not in known and fact.span not in places:
            facts.add(fact)


def _read_calls(
    calls: Sequence[MakeCall], paths: Collection[str], lookup: Lookup
) -> Iterator[ScriptFact]:
    """The facts of the targets that are called, and of those that these call."""
    from covlint.documents.makereader import read_makefile
    from covlint.facts.commands.makecalls import MakeCall
    from covlint.facts.commands.makefiles import read_called

    pending = list(reversed(calls))
    known: set[object] = set()
    files: dict[str, Mapping[str, SourceFile]] = {}  # a Makefile with what it includes
    while pending and len(known) < _CALLS:
        call = pending.pop()
        path = _makefile(call, paths)
        source = lookup(path) if path is not None else None
        if source is None:
            continue
        if source.path not in files:
            files[source.path] = read_makefile(source, lookup).sources
        texts = [one.data for one in files[source.path].values()]
        inside = call.span.path in files[source.path]
        given = _asked_for(call.given, texts, inside=inside)
        around = _asked_for(call.environment, texts, inside=inside)
        key = (path, call.targets, tuple(given.items()), tuple(around.items()))
        if key in known or not _is_for_coverage(call, given, around):
            continue
        known.add(key)
        makefile = read_makefile(source, lookup, given, around)
        for fact in read_called(makefile, call, given, around):
            if isinstance(fact, MakeCall):
                pending.append(fact)
            else:
                yield fact


def _is_for_coverage(call: MakeCall, *passed: Given) -> bool:
    """Whether what a Makefile asks for, or the target, speaks of coverage: GOOS and VERSION
    make other builds, not others of this kind."""
    if call.goflags is not None:
        return True
    words = [(name.encode(), value or b"") for one in passed for name, value in one.items()]
    return any(_SIGN.search(name) or _SIGN.search(value) for name, value in words) or (
        bool(words) and any(_TARGET.search(target) for target in call.targets)
    )


def _makefile(call: MakeCall, paths: Collection[str]) -> str | None:
    if call.file is not None:
        return call.file if call.file in paths else None
    found = (posixpath.normpath(posixpath.join(call.directory, name)) for name in _NAMES)
    return next((path for path in found if path in paths), None)


def _asked_for(
    variables: Sequence[tuple[str, str | None]], texts: Sequence[bytes], *, inside: bool
) -> Given:
    """The variables that a Makefile asks for. A call from inside is known already, but for
    its conditionals."""
    found: dict[str, bytes | None] = {}
    for name, value in variables:
        raw = re.escape(name.encode())
        pattern = rb"(?m)^ *(?:else *)?if\w+\b[^\n]*\b%b\b|\$[({]if [^\n]*\b%b\b" % (raw, raw)
        if not inside:
            pattern += rb"|\$[({]%b[)}:]" % raw
        naming = (line for text in texts for line in _lines_with(name.encode(), text))
        if any(re.search(pattern, line) for line in naming):
            found[name] = value.encode() if value is not None and "$" not in value else None
    return found


def _lines_with(word: bytes, text: bytes) -> Iterator[bytes]:
    """Few lines hold a word, and to look for one is a hundred times as fast as an expression."""
    at = text.find(word) if word else -1
    while at != -1:
        start = text.rfind(b"\n", 0, at) + 1
        end = text.find(b"\n", at)
        yield text[start:] if end == -1 else text[start:end]
        at = text.find(word, end) if end != -1 else -1


def sequences_of(
    facts: Facts, paths: Collection[str], lookup: Lookup
) -> tuple[tuple[Step, ...], ...]:
    """What a job or script does where it calls make: its own steps and those of the targets
    that it calls, in the order in which they run. Each is a recipe of its own."""
    from covlint.facts.commands.extraction import is_makefile

    if not any(is_makefile(step.span.path) for step in facts.steps):
        return ()
    reader = _Sequences(facts, paths, lookup)
    callers = dict.fromkeys(
        (call.span.path, call.recipe)
        for call in facts.make_calls
        if not is_makefile(call.span.path)
    )
    found: list[tuple[Step, ...]] = []
    for path, recipe in callers:
        steps = reader.of(path, recipe, 0)
        if len({(step.span.path, step.recipe) for step in steps}) > 1:
            label = f"{path}: {recipe or ''}"
            found.append(tuple(replace(step, recipe=label) for step in steps))
    return tuple(found)


class _Sequences:
    """Puts the steps of targets in the place of the calls of make."""

    def __init__(self, facts: Facts, paths: Collection[str], lookup: Lookup) -> None:
        self.paths, self.lookup = paths, lookup
        self.makefiles: dict[str, Makefile | None] = {}
        self.index: dict[tuple[str, str | None], list[Step | MakeCall]] = {}
        items: list[Step | MakeCall] = [*facts.steps, *facts.make_calls]
        for one in items:
            self.index.setdefault((one.span.path, one.recipe), []).append(one)
        self.spent = 0

    def of(self, path: str, recipe: str | None, depth: int) -> list[Step]:
        """The steps of one recipe, those of the targets that it calls put in."""
        found: list[Step] = []
        items = self.index.get((path, recipe), ())
        for one in sorted(items, key=lambda item: item.span.start):
            self.spent += 1
            if self.spent > _STEPS:
                return []
            if type(one).__name__ == "Step":  # by name: the type is not imported for this
                found.append(cast("Step", one))
            elif depth < _DEPTH:
                found += self.called(cast("MakeCall", one), depth + 1)
        return found

    def called(self, call: MakeCall, depth: int) -> Iterator[Step]:
        makefile = self.makefile(_makefile(call, self.paths))
        if makefile is None:
            return
        targets = call.targets or makefile.goal
        done: set[str] = set()
        for target in targets:
            yield from self.target(makefile, target, done, depth)

    def target(self, makefile: Makefile, target: str, done: set[str], depth: int) -> Iterator[Step]:
        """The steps of what a target needs, from left to right, then its own."""
        if target in done or len(done) > _TARGETS:
            return
        done.add(target)
        rules = [rule for rule in makefile.rules if target in rule.targets]
        for rule in rules:
            for needed in rule.prerequisites:
                yield from self.target(makefile, needed, done, depth)
        for rule in rules:
            for path in makefile.sources if rule.recipe else ():
                yield from self.of(path, rule.targets[0], depth)

    def makefile(self, path: str | None) -> Makefile | None:
        from covlint.documents.makereader import read_makefile

        if path is None:
            return None
        if path not in self.makefiles:
            source = self.lookup(path)
            self.makefiles[path] = read_makefile(source, self.lookup) if source else None
        return self.makefiles[path]
