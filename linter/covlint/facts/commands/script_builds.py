"""Instrumented ``go build`` lines outside Dockerfiles: in scripts, Makefiles and CI jobs.

Only builds that plainly write coverage are facts: what else a repository builds
for itself is nobody's business here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from covlint.documents.scriptvalues import ScriptValues, relative_to_root
from covlint.documents.shell import Assignment, Command
from covlint.documents.shellwords import Part, ShellWord
from covlint.facts.dockerfile.build import (
    COVER_FLAGS,
    NO_STAGE,
    Branch,
    GoBuild,
    GoFlagsSource,
    Instrumentation,
    effective_goflags,
)
from covlint.facts.dockerfile.build_reading import is_go, refers, without_wrappers
from covlint.facts.dockerfile.flags import Flag, read_arguments
from covlint.facts.dockerfile.instrumentation import branch_of
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span, Word

_MATTERS = re.compile(rb"(?<![\w-])-{1,2}cover(?:pkg|mode)?\b")
_BUILDS = re.compile(rb"\b(?:build|install)\b|\btest\W+(?:[^\n]*[\s\"'])?-c\b")


def may_build_for_coverage(data: bytes) -> bool:
    """Whether a file may hold a ``go build -cover``."""
    return (
        b"-cover" in data and _MATTERS.search(data) is not None and _BUILDS.search(data) is not None
    )


@dataclass(frozen=True, slots=True)
class ScriptBuilds:
    """Reads the builds of one script of the file ``source``.

    ``inserted`` are the values of variables that stand for text put in (see
    :class:`~covlint.documents.expansion.Placer`).
    """

    source: SourceFile
    inserted: dict[str, str]

    def read(
        self,
        command: Command,
        place: Callable[[Command], Command],
        values: ScriptValues,
        exported: GoFlagsSource | None,
    ) -> Iterator[GoBuild]:
        """The build that a command is. ``place`` gives it its place in the file; ``exported``:
        the GOFLAGS that the script, or what runs it, has set."""
        plain = without_wrappers(command.words)
        if len(plain) < 2 or not is_go(plain[0]) or plain[1].literal not in ("build", "install"):
            return
        placed = place(command)
        words = placed.words[-len(plain) :]
        first, second = words[0].span, words[1].span
        if first.start <= second.start < first.end:  # both came out of one variable
            return
        fixed = {**values.variables, **self.inserted}
        listed = self._listed(words[2:], values)
        fixed.update(self.inserted)
        arguments = read_arguments(listed, fixed, words[1].span.end, self.source.data)
        seen = tuple(self._alone(flag) for flag in arguments.flags)
        inline = tuple(one for one in placed.assignments if not one.exported)
        goflags: tuple[GoFlagsSource, ...] = (exported,) if exported is not None else ()
        goflags += tuple(_source("inline", one) for one in inline if one.name == "GOFLAGS")
        flags = (*effective_goflags(goflags), *seen)
        if _instrumented(flags) is not True:
            return
        branch, condition = branch_of(placed.conditions)
        if branch is Branch.PRODUCTION:
            return
        output = next((flag for flag in reversed(seen) if flag.name == "o"), None)
        named = output is not None and output.value is not None and output.value_span is not None
        known = output.word.resolve(fixed) if output is not None and named else None
        span = Span(self.source.path, words[0].span.start, words[-1].span.end)
        line = self.source.line_of(placed.span.start)
        yield GoBuild(
            subcommand=plain[1].literal or "build",
            span=span,
            command=placed.span,
            after_subcommand=words[1].span.end,
            flags=seen,
            goflags=goflags,
            packages=arguments.packages,
            output=Word(known, output.value_span)
            if output is not None and known and output.value_span is not None
            else None,
            directory=_directory(seen, values),
            source_root="/",
            branch=branch,
            conditional=condition.statement if condition is not None else None,
            condition=condition,
            instrumentation=Instrumentation.YES,
            variable=None,
            unseen=arguments.unseen,
            environment=tuple(
                (one.name, one.value.literal) for one in inline if one.name != "GOFLAGS"
            ),
            stage=NO_STAGE,
            stage_name=None,
            base=None,
            base_span=placed.span,
            toolchain=next(
                (
                    Word(one.value.literal, one.value.span)
                    for one in inline
                    if one.name == "GOTOOLCHAIN" and one.value.literal
                ),
                None,
            ),
            declared=(),
            elsewhere=(),
            text=self.source.slice(placed.span),
            newline=self.source.newline,
            instruction=placed.span,
            instruction_start=self.source.line_starts[line - 1],
            experiment=next(
                (_source("inline", one) for one in inline if one.name == "GOEXPERIMENT"), None
            ),
        )

    def _alone(self, flag: Flag) -> Flag:
        """The flag, so that its removal takes only white space along: a reference that
        stands before it may have become nothing."""
        between = self.source.data[flag.removal.start : flag.span.start]
        kept = len(re.sub(rb"(?:\s|\\\r?\n)+$", b"", between))
        if kept == 0 or flag.removal.start >= flag.span.start:
            return flag
        start = flag.removal.start + kept
        return replace(flag, removal=Span(flag.removal.path, start, flag.removal.end))

    def _listed(self, words: tuple[ShellWord, ...], values: ScriptValues) -> list[ShellWord]:
        """The words with the items of arrays that are known in the place of ``"${NAME[@]}"``;
        they can be read there, not edited."""
        found: list[ShellWord] = []
        for word in words:
            items = values.items_of(word)
            if items is None:
                found.append(word)
                continue
            for text in items:
                name = f"\x02{len(self.inserted)}"
                self.inserted[name] = text
                part = Part("variable", name, False, start=word.span.start, end=word.span.end)
                found.append(ShellWord((part,), word.span))
        return found


def goflags_of(
    command: Command, place: Callable[[Command], Command], known: GoFlagsSource | None
) -> GoFlagsSource | None:
    """The exported GOFLAGS after a command of a script; ``known``: the one before it."""
    if command.words and command.name not in ("export", "declare"):
        return known
    if all(assignment.name != "GOFLAGS" for assignment in command.assignments):
        return known
    placed = place(command)
    for assignment in placed.assignments:
        counts = assignment.exported or known is not None
        if assignment.name == "GOFLAGS" and counts and not placed.conditions:
            known = _source("export", assignment)
    return known


def _source(kind: str, assignment: Assignment) -> GoFlagsSource:
    word = assignment.value
    return GoFlagsSource(kind, word, refers(word), None, assignment.span)


def _instrumented(flags: tuple[Flag, ...]) -> bool | None:
    """As the last flag has it; ``-coverpkg`` and ``-covermode`` imply ``-cover``."""
    state: bool | None = None
    for flag in flags:
        if flag.name == "cover":
            state = flag.enabled
        elif flag.name in COVER_FLAGS and flag.value:
            state = True
    return state


def _directory(flags: tuple[Flag, ...], values: ScriptValues) -> str:
    """Where the build runs, with the project as the root of the file system."""
    path = relative_to_root(values.directory)
    change = next((flag.value for flag in flags if flag.name == "C" and flag.value), "")
    if path is None or "\0" in change:
        return "\0"
    return posixpath.normpath(posixpath.join("/", path, change))
