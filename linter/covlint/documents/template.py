"""Helm templates, read tolerantly: what is literal can be read, the rest is unknown.

Nothing is rendered. Each action (``{{ … }}``) is covered by as many bytes of
something that YAML takes, so that every other byte stays where it is. What a
condition may leave out, and where an action may put entries in, is kept beside
the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import field
from enum import Enum

from covlint.diagnostics import Edit
from covlint.documents.assembled import HOLE, AssembledSource
from covlint.frozen import dataclass
from covlint.source import SourceFile

# What is plain is taken at once: by single bytes the match takes a hundred times their memory.
_ACTION = re.compile(
    rb'\{\{(?:(?=(?P<plain>[^"`}/-]+))(?P=plain)|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    rb"|`[^`]*`|-[ \t\r\n]*/\*.*?\*/|\}(?!\})|[/-])*\}\}",
    re.DOTALL,
)
#: Bounds for time: what is looked at for each action grows with their number.
_MOST_ACTIONS = 10_000
_MOST_UNENDED = 20
_CONTROL = frozenset({"if", "else", "end", "range", "with", "define", "block", "break", "continue"})
_INDENT = re.compile(r"\bn?indent\s+(\d+)")
_TERM = re.compile(r"\$?\.[\w.]+")
_COVERAGE = re.compile(r"(?i)(?<!dis)(?<!re)cover|(?:^|[._-])cov(?:[._-]|$)|gocov")
_TESTING = re.compile(r"(?i)e2e|endtoend|test")
_FILL = HOLE.encode()

#: Whether a value of the chart, as in ``.Values.debug``, is true; None where that is not told.
Decided = Callable[[str], bool | None]


class Presence(Enum):
    """Whether a conditional part is in the variant that is for coverage."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class TemplateError(Exception):
    """The blocks of a template do not fit together; 1-based line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")


@dataclass(frozen=True, slots=True)
class Action:
    """``text`` without braces and trim marks; ``word`` is its first word."""

    start: int
    end: int
    text: str

    @property
    def word(self) -> str:
        found = re.match(r"[a-z]+\b", self.text)
        return found.group() if found is not None else ""

    @property
    def writes(self) -> bool:
        """Whether it puts text in."""
        silent = self.text.startswith("/*") or re.match(r"\$\w*\s*:?=", self.text) is not None
        return bool(self.text) and not silent and self.word not in _CONTROL


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes that a block decides about; ``dot``: inside it ``.`` is something else."""

    start: int
    end: int
    presence: Presence
    dot: bool = False

    def holds(self, offset: int) -> bool:
        return self.start <= offset < self.end


@dataclass(frozen=True, slots=True)
class Hole:
    """A place where an action may put lines in; ``column`` where they start, if it says so."""

    offset: int
    column: int | None


@dataclass(frozen=True)
class TemplateSource(AssembledSource):
    """The text with its actions covered. Only literal values can be edited: what may be put
    in, and where, is the template's business."""

    actions: tuple[Action, ...] = ()
    regions: tuple[Region, ...] = ()
    holes: tuple[Hole, ...] = field(default=())

    def settle(self, edits: Sequence[Edit]) -> tuple[Edit, ...]:
        for edit in edits:
            start, end = edit.span.start, edit.span.end
            if start == end or b"\n" in edit.replacement or b"\n" in self.data[start:end]:
                return ()
            if any(one.start < end and start < one.end for one in self.actions):
                return ()
        return tuple(edits)

    def actions_in(self, start: int, end: int) -> list[Action]:
        first = bisect_left(self.actions, start, key=lambda action: action.start)
        return [one for one in self.actions[first:] if one.start < end]


def _undecided(_path: str) -> bool | None:
    return None


def open_template(source: SourceFile, decided: Decided = _undecided) -> TemplateSource:
    """The template with its actions covered. Raises TemplateError, UnreadableSource."""
    source.text  # noqa: B018  (raises when it is no text)
    data = source.data
    actions = _actions(data)
    if len(actions) > _MOST_ACTIONS:
        line = source.line_of(actions[_MOST_ACTIONS].start)
        raise TemplateError(line, f"more than {_MOST_ACTIONS:,} actions in one file")
    regions = _regions(source, actions, decided)
    bare = bytearray(data)
    for action in actions:
        _blank(bare, action.start, action.end)
    masked = bytearray(data)
    holes: list[Hole] = []
    for action in actions:
        before, after = _around(bare, action)
        opens_value = before.rstrip().endswith(b":") and "nindent" in action.text
        if not after.strip() and (not before.strip() or opens_value):
            if opens_value:
                _blank(masked, action.start, action.end)
            else:
                _empty(masked, data.rfind(b"\n", 0, action.start) + 1, action.end)
            if action.writes:
                holes.append(Hole(action.start, _column(action, data)))
            continue
        if not before.strip(b" -") and (b":" in after or action.word in _CONTROL):
            holes.append(Hole(action.start, None))
        if action.text.startswith("/*"):
            _blank(masked, action.start, action.end)
        else:
            _cover(masked, action)
    for region in regions:
        if region.presence is Presence.ABSENT:
            _empty(masked, region.start, region.end)
    holes = [h for h in holes if not _absent(regions, h.offset)]
    return TemplateSource(
        source.path,
        bytes(masked),
        actions=actions,
        regions=tuple(r for r in regions if r.presence is not Presence.ABSENT),
        holes=tuple(holes),
    )


def _actions(data: bytes) -> tuple[Action, ...]:
    """The actions. One without its end is looked past, a few times: each look is as long as
    the rest of the file, and text/template takes no file with any."""
    found: list[Action] = []
    unended = position = 0
    while unended < _MOST_UNENDED and (start := data.find(b"{{", position)) >= 0:
        match = _ACTION.match(data, start)
        if match is None:
            unended += 1
            position = start + 1
        else:
            found.append(Action(start, match.end(), _inner(match.group())))
            position = match.end()
    return tuple(found)


def _inner(written: bytes) -> str:
    text = written[2:-2].decode("utf-8", "replace")
    return text.removeprefix("-").removesuffix("-").strip()


def _absent(regions: Sequence[Region], offset: int) -> bool:
    return any(r.presence is Presence.ABSENT and r.holds(offset) for r in regions)


def _regions(source: SourceFile, actions: Sequence[Action], decided: Decided) -> list[Region]:
    toggles = _toggles(source.data, actions)
    found: list[Region] = []
    stack: list[tuple[Action, str, Presence, bool]] = []  # opened by, condition, presence, dot
    for action in actions:
        word = action.word
        if word in ("if", "range", "with", "define", "block"):
            condition = action.text[len(word) :]
            presence = Presence.UNKNOWN
            if word in ("if", "with"):
                presence = _presence(condition, toggles if word == "if" else frozenset(), decided)
            if word == "define":
                presence = Presence.ABSENT
            stack.append((action, condition, presence, word in ("range", "with")))
        elif word in ("else", "end"):
            if not stack:
                line = source.line_of(action.start)
                raise TemplateError(line, f"{word} without a block that it belongs to")
            opened, _, presence, dot = stack.pop()
            shown = presence
            if presence is Presence.ABSENT and b"\n" not in source.data[opened.end : action.start]:
                shown = Presence.UNKNOWN  # a part of a line cannot be taken out as lines can
            found.append(Region(opened.end, action.start, shown, dot))
            if word == "else":
                condition = action.text[len("else") :].strip().removeprefix("if")
                then = _otherwise(presence, condition, toggles, decided)
                stack.append((action, condition, then, False))
    if stack:
        line = source.line_of(stack[-1][0].start)
        raise TemplateError(line, "a block without its end")
    return sorted(found, key=lambda region: (region.start, -region.end))


def _otherwise(
    before: Presence, condition: str, toggles: frozenset[str], decided: Decided
) -> Presence:
    if before is Presence.PRESENT:
        return Presence.ABSENT
    if before is Presence.UNKNOWN:
        return Presence.UNKNOWN
    return _presence(condition, toggles, decided) if condition.strip() else Presence.PRESENT


def coverage_toggles(data: bytes) -> frozenset[str]:
    """The values, as in ``.Values.coverage.enabled``, that switch coverage on in a template."""
    actions = _actions(data)[:_MOST_ACTIONS]
    return frozenset(one for one in _toggles(data, actions) if one.startswith(".Values."))


def _toggles(data: bytes, actions: Sequence[Action]) -> frozenset[str]:
    """The values that switch coverage on: by their name, or a test's by what it switches."""
    found: set[str] = set()
    stack: list[Action] = []
    last = 0
    for action in actions:
        if b"GOCOVERDIR" in data[last : action.start] and stack:
            terms = _TERM.findall(stack[-1].text)
            found.update(term for term in terms if _TESTING.search(term))
        last = action.end
        if action.word in ("if", "range", "with", "define", "block"):
            stack.append(action)
        elif action.word == "end" and stack:
            stack.pop()
        if action.word in ("if", "else"):
            found.update(term for term in _TERM.findall(action.text) if _COVERAGE.search(term))
    return frozenset(term.lstrip("$") for term in found)


def _presence(condition: str, toggles: frozenset[str], decided: Decided) -> Presence:
    """A toggle alone or among alternatives decides; together with others it does not. A value
    without more that an installation sets decides, too."""
    terms = [term.lstrip("$") for term in _TERM.findall(condition)]
    if not terms or not any(term in toggles for term in terms):
        alone = condition.strip().strip("()").removeprefix("not ").lstrip("$ ")
        truth = decided(terms[0]) if terms == [alone] else None
        if truth is None:
            return Presence.UNKNOWN
        negated = "not " in condition
        return Presence.PRESENT if truth is not negated else Presence.ABSENT
    words = condition.replace("(", " ").replace(")", " ").split()
    if len(terms) == 1 and words == ["not", words[-1]]:
        return Presence.ABSENT
    if len(words) == 1 or (words[0] == "or" and len(words) == len(terms) + 1):
        return Presence.PRESENT
    only = all(term in toggles for term in terms)
    if words[0] == "and" and len(words) == len(terms) + 1 and only:
        return Presence.PRESENT
    return Presence.UNKNOWN


def _blank(data: bytearray, start: int, end: int) -> None:
    for index in range(start, end):
        if data[index] not in b"\r\n":
            data[index] = 0x20


def _empty(data: bytearray, start: int, end: int) -> None:
    """Empty lines: spaces could be more than the text of a block scalar is indented by."""
    for index in range(start, end):
        if data[index] != 0x0D:
            data[index] = 0x0A


def _cover(data: bytearray, action: Action) -> None:
    """A placeholder of the same length; on further lines of the action more of it."""
    written = bytes(data[action.start : action.end])
    covered = b"\n".join(
        (_FILL if index == 0 and len(line) >= len(_FILL) else b"").ljust(len(line), b"_")
        if index == 0
        else line[: len(line) - len(line.lstrip())]
        + b"_" * len(line.strip())
        + b"\r" * line.endswith(b"\r")
        for index, line in enumerate(written.split(b"\n"))
    )
    data[action.start : action.end] = covered.ljust(len(written), b"_")[: len(written)]


def _around(bare: bytearray, action: Action) -> tuple[bytes, bytes]:
    """What else stands on the lines of an action, before and after it, without other actions."""
    line = bare.rfind(b"\n", 0, action.start) + 1
    end = bare.find(b"\n", action.end)
    return bytes(bare[line : action.start]), bytes(bare[action.end : len(bare) if end < 0 else end])


def _column(action: Action, data: bytes) -> int | None:
    found = list(_INDENT.finditer(action.text))
    if not found:
        return None
    line = data.rfind(b"\n", 0, action.start) + 1
    trimmed = data[action.start : action.start + 3] == b"{{-" or "nindent" in found[-1].group()
    return int(found[-1].group(1)) + (0 if trimmed else action.start - line)
