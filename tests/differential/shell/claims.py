"""What covlint says that a script runs, in the terms of a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import EllipsisType
from typing import TypeAlias

from covlint.documents.scriptvalues import ROOT, Argument, ScriptValues, relative_to_root
from covlint.documents.shell import Command, parse_script
from covlint.documents.shellblocks import Loop
from covlint.facts.commands.options import unwrapped
from covlint.facts.commands.script_run import ScriptRun
from covlint.facts.commands.steps import ScriptFact
from covlint.frozen import dataclass
from covlint.source import SourceFile
from differential.shell.scripts import ENVIRONMENT, FOLDERS, HIDDEN
from differential.shell.traced import Record

#: They get a mark as an argument, and hand it on.
_NO_TOOLS = frozenset({"echo"})
_PATTERN = re.compile(r"[*?[]|^~")
_MARK = re.compile(rf"(?:id|{'|'.join(HIDDEN)})\d+")

_Claimed: TypeAlias = "str | EllipsisType | None"


@dataclass(frozen=True, slots=True)
class Claim:
    """One command. ``argv`` has None for an argument that is not known, ... for any number of
    them; ``environment`` holds what is known."""

    mark: str
    argv: tuple[_Claimed, ...]
    prefixes: tuple[str, ...]
    folder: str | None
    environment: tuple[tuple[int, str], ...]
    reason: str | None

    def fits(self, record: Record) -> bool:
        """Whether nothing that is claimed is different in the record."""
        if self.folder in (".", *FOLDERS) and self.folder != record.folder:
            return False
        if any(record.environment[at] != value for at, value in self.environment):
            return False
        return _fit(self.argv, self.prefixes, record.argv)


def _fit(claimed: Sequence[_Claimed], prefixes: Sequence[str], found: Sequence[str]) -> bool:
    if not claimed:
        return not found
    if claimed[0] is ...:
        return any(_fit(claimed[1:], prefixes[1:], found[at:]) for at in range(len(found) + 1))
    if not found:
        return False
    first = claimed[0]
    same = found[0].startswith(prefixes[0]) if first is None else first == found[0]
    return same and _fit(claimed[1:], prefixes[1:], found[1:])


def claims(text: str, *, assumed: bool = True) -> tuple[list[Claim], bool]:
    """And whether the script is said to have errors in its syntax. Not ``assumed``: without
    those that rest on what a branch sets, which is taken as set behind it."""
    source = SourceFile.of_text("script.sh", text)
    script = parse_script(source.path, source.data)
    run = _Recorder(source, script.commands, ScriptValues(source.data))
    run.assumes = assumed
    list(run.facts())
    return run.claims, script.broken


class _Recorder(ScriptRun):
    claims: list[Claim]

    def facts(self) -> Iterator[ScriptFact]:
        self.claims = []
        yield from super().facts()

    def own(self, command: Command) -> Iterator[ScriptFact]:
        given: dict[str, str | None] = {}
        arguments = unwrapped(list(self.values.arguments(command.words)), given)
        marks = [one.text for one in arguments if one.text and _MARK.fullmatch(one.text)]
        if marks and arguments[0].text not in _NO_TOOLS:
            self.claims.append(self._claim(command, arguments, marks[0], given))
        yield from super().own(command)

    def _claim(
        self, command: Command, arguments: list[Argument], mark: str, given: dict[str, str | None]
    ) -> Claim:
        around = self.environment(command, given)
        return Claim(
            mark,
            tuple(
                ... if _is_open(one) else None if one.text is None else _rooted(one.text)
                for one in arguments
            ),
            tuple(_rooted(one.word.prefix) for one in arguments),
            relative_to_root(self.values.directory),
            tuple(
                (at, _rooted(value))
                for at, name in enumerate(ENVIRONMENT)
                if (value := around.get(name)) is not None
            ),
            _reason(command),
        )


def _is_open(argument: Argument) -> bool:
    """Whether it may be several arguments: values that are not known, and words that are told
    as they are written, where the shell may put names of files or a home."""
    parts = argument.word.parts
    bare = "".join(part.text for part in parts if part.kind == "text" and not part.quoted)
    split = any(part.kind != "text" and not part.quoted for part in parts)
    if argument.text is None:
        return argument.several or split or bool(_PATTERN.search(bare))
    return bool(_PATTERN.search(bare) or (split and _PATTERN.search(argument.text)))


def _rooted(text: str) -> str:
    return text.replace(ROOT, "ROOT")


def _reason(command: Command) -> str | None:
    """Why a command may never run."""
    if command.conditions:
        return "in a branch"
    if command.chained in {"&&", "||"}:
        return "behind && or ||"
    if any(isinstance(block, Loop) for block in command.blocks):
        return "in a loop over nothing"
    return "in a function that is not called" if command.function else None
