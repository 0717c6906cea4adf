"""Command lines that turn coverage data into reports, and those that make the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from covlint.documents.scriptvalues import Argument, ScriptValues, plain, relative_to_root
from covlint.documents.shell import Command
from covlint.documents.shellwords import ShellWord, decode_word
from covlint.frozen import dataclass
from covlint.source import Span

_REDIRECT = re.compile(rb"[ \t]*(?:[0-9]?>&?[0-9][ \t]*)*(>>?)[ \t]*([^\s;|&<>]+)")
_FORGIVEN = re.compile(
    rb"(?:[ \t]*[0-9]?>[>&]?[ \t]*[^\s;|&]+)*[ \t]*(?:\\\n[ \t]*)?\|\|[ \t]*(?:true|:)(?![\w/-])"
)
_TESTED = re.compile(rb"(?:^|[;\s])(?:el)?if[ \t]+(?:![ \t]*)?$")
_INPUT = re.compile(r"--?i(=|$)")
_PROFILE = re.compile(r"--?(?:func|html)(=|$)")


@dataclass(frozen=True, slots=True)
class Input:
    """A path that a command reads. ``text`` as written, None when it is not known; ``prefix``
    is what is known before the first unknown; ``value`` is where it stands, without the flag
    (None: in no place of its own); ``position`` counts the words of the command."""

    text: str | None
    prefix: str
    path: str | None  # relative to the project root, where it lies below it
    value: Span | None
    position: int


@dataclass(frozen=True, slots=True)
class DataCommand:
    """``go tool covdata`` (kind "covdata"), ``go tool cover`` ("cover"), ``cat`` into a file
    ("cat"), a program that runs with a GOCOVERDIR of its own ("run"), or a look at what
    was written ("check").

    ``inputs`` are the values of -i, of -func and -html, the operands, or the GOCOVERDIR.
    ``output`` is -o or the file that is written to. ``forgiven``: ``|| true`` follows;
    ``tested``: it is the condition of an ``if``. ``environment`` is what stands before it or
    was set in the script; with ``cleared`` (``env -i``) there is nothing else.
    """

    kind: str
    subcommand: str | None
    inputs: tuple[Input, ...]
    output: str | None
    appends: bool
    piped: bool
    forgiven: bool
    tested: bool
    environment: tuple[tuple[str, str | None], ...]
    cleared: bool
    directory: str | None
    span: Span
    head: Span  # the first word
    recipe: str | None


def read_data_commands(
    command: Command,
    arguments: Sequence[Argument],
    values: ScriptValues,
    place: Callable[[Span], Span],
    recipe: str | None,
) -> Iterator[DataCommand]:
    """The facts of one command; ``arguments`` are its words without ``sudo`` and the like,
    ``place`` maps spans of the script to the file."""
    reader = _Reader(command, values, place, recipe)
    texts = [one.text for one in arguments]
    if texts[1:3] == ["tool", "covdata"] and (texts[0] or "go").endswith("go"):
        options = list(reader.values_of(arguments[3:], _INPUT))
        output = next(reader.values_of(arguments[3:], re.compile(r"--?o(=|$)")), None)
        path = output.path if output is not None else None
        yield reader.found("covdata", texts[3] if len(texts) > 3 else None, options, path)
    elif texts[1:3] == ["tool", "cover"] and (texts[0] or "go").endswith("go"):
        yield reader.found("cover", None, list(reader.values_of(arguments[3:], _PROFILE)), None)
    elif texts[:1] == ["cat"] and command.redirected and len(texts) > 1:
        operands = [reader.operand(i, one) for i, one in enumerate(arguments) if i]
        path, appends = reader.redirect()
        if path is not None and not any((text or "").startswith("-") for text in texts):
            yield reader.found("cat", None, operands, path, appends=appends)
    elif _looks(command):
        yield reader.found("check", None, (), None)
    for assignment in command.assignments:
        if assignment.name == "GOCOVERDIR":
            exported = assignment.exported
            yield reader.found(
                "run",
                "export" if exported else None,
                [reader.operand(0, None, assignment.value)],
                None,
            )


def _looks(command: Command) -> bool:
    """Whether a command looks for data files, or at the size of what was written."""
    head = command.words[0].shape if command.words else ""
    if head in ("[", "[[", "test"):
        return any(word.shape == "-s" for word in command.words)
    if head not in ("ls", "find", "compgen", "wc", "stat"):
        return False
    shapes = (word.shape for word in command.words[1:])
    return any("cov" in shape or shape.startswith("-A") for shape in shapes)


@dataclass(frozen=True, slots=True)
class _Reader:
    command: Command
    values: ScriptValues
    place: Callable[[Span], Span]
    recipe: str | None

    def values_of(self, arguments: Sequence[Argument], flag: re.Pattern[str]) -> Iterator[Input]:
        """The values of a flag that Go's flag package takes as ``-f=v`` and ``-f v``."""
        for index, one in enumerate(arguments):
            written = one.text if one.text is not None else one.word.prefix
            match = flag.match(written)
            if match is None:
                continue
            if match[1]:
                yield self.operand(index, one, skip=match.end())
            elif index + 1 < len(arguments):
                yield self.operand(index + 1, arguments[index + 1])

    def operand(
        self, position: int, argument: Argument | None, word: ShellWord | None = None, skip: int = 0
    ) -> Input:
        word = argument.word if argument is not None else word
        assert word is not None  # one of the two is given
        text = argument.text if argument is not None else self.values.computed(word)
        text = text[skip:] if text is not None else None
        prefix = word.prefix[skip:] if text is None else text
        value = word.span
        if skip:
            # the bytes before the value are those of the flag, if nothing is quoted there
            first = word.parts[0] if word.parts else None
            bare = first is not None and first.kind == "text" and not first.quoted
            value = Span(value.path, value.start + skip, value.end)
            if not bare or first is None or len(first.text) < skip:
                return Input(text, prefix, self.path(text), None, position)
        return Input(
            plain(text) if text is not None else None,
            plain(prefix),
            self.path(text),
            self.place(value),
            position,
        )

    def path(self, text: str | None) -> str | None:
        if text is None or not text or "," in text:
            return None
        joined = self.values.join(text)
        return relative_to_root(joined) or (
            text if text.startswith("/") and "\0" not in text else None
        )

    def redirect(self) -> tuple[str | None, bool]:
        """The file that the output goes to, and whether it is appended to."""
        end = self.command.span.end - self.values.offset
        match = _REDIRECT.match(self.values.data, end)
        if match is None:
            return None, False
        word = ShellWord(decode_word(match[2], 0), Span("", 0, 0))
        text = self.values.resolve(word)
        return self.path(text), match[1] == b">>"

    def found(
        self,
        kind: str,
        subcommand: str | None,
        inputs: Sequence[Input],
        output: str | None,
        *,
        appends: bool = False,
    ) -> DataCommand:
        command, data = self.command, self.values.data
        start, end = (at - self.values.offset for at in (command.span.start, command.span.end))
        words = [word.literal or "" for word in command.words[:3]]
        cleared = words[:1] == ["env"] and bool({"-i", "-", "--ignore-environment"} & set(words))
        known = {"GOCACHE": self.values.variables.get("GOCACHE")}
        if cleared:
            known = {}
            for word in command.words[1:]:
                name, equals, _ = word.shape.partition("=")
                if equals and name.isidentifier():
                    known[name] = word.shape.partition("=")[2]
        known.update({one.name: self.values.resolve(one.value) for one in command.assignments})
        first = command.words[0].span if command.words else command.span
        return DataCommand(
            kind,
            subcommand,
            tuple(inputs),
            output,
            appends,
            command.piped,
            _FORGIVEN.match(data, end) is not None,
            _TESTED.search(data[max(0, start - 40) : start]) is not None,
            tuple((name, value) for name, value in known.items() if value is not None),
            cleared,
            relative_to_root(self.values.directory),
            self.place(command.span),
            self.place(first),
            self.recipe,
        )
