"""The command lines of container tools that build an image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from covlint.documents.scriptvalues import Argument, plain, relative_to_root
from covlint.documents.shellwords import Part, ShellWord
from covlint.facts.commands.options import Option, take_apart, takes_build_value
from covlint.facts.commands.steps import BuildArgument, ImageBuild

if TYPE_CHECKING:
    from covlint.facts.commands.toolcalls import ToolCalls


def read_image_build(line: ToolCalls, arguments: Sequence[Argument]) -> ImageBuild:
    """What ``build`` with these arguments makes."""
    parsed = take_apart(arguments, takes_build_value)
    last = parsed.operands[-1] if parsed.operands else None
    context = line.values.join(last.text) if last is not None and last.text else None
    if last is not None and last.text is not None and re.search(r"://|^-$|^git@", last.text):
        context = None
    dockerfile: str | None = None
    if parsed.has("-f", "--file"):
        file = parsed.text("-f", "--file")
        dockerfile = relative_to_root(line.values.join(file)) if file else None
    elif context is not None:
        dockerfile = relative_to_root(posixpath.join(context, "Dockerfile"))
    return ImageBuild(
        dockerfile=dockerfile,
        context=relative_to_root(context),
        tags=tuple(
            plain(option.text)
            for option in parsed.options
            if option.name in ("-t", "--tag", "--manifest") and option.text
        ),
        target=parsed.text("--target"),
        arguments=tuple(
            found
            for option in parsed.options
            if option.name == "--build-arg"
            for found in (_build_argument(line, option),)
            if found is not None
        ),
        opaque=parsed.opaque,
        span=line.span,
        recipe=line.recipe,
        pushed=parsed.has("--push"),
    )


def _build_argument(line: ToolCalls, option: Option) -> BuildArgument | None:
    if option.value is None:
        return None
    known = option.text if option.text is not None else option.inline
    name, equals, value = known.partition("=")
    if not re.fullmatch(r"\w+", name):
        return None
    span = line.place(option.value.word.span)
    if not equals or option.text is None:
        return BuildArgument(name, None, span)
    return BuildArgument(name, plain(value), span, _written(line, option.value, len(value)))


def _written(line: ToolCalls, argument: Argument, length: int) -> ShellWord | None:
    """The last ``length`` characters of an argument, with the bytes they are written as."""
    word = argument.word if line.placer is None else line.placer.word(argument.word)

    def value(part: Part) -> str | None:
        put_in = line.placer.inserted.get(part.text) if line.placer is not None else None
        return put_in or line.values.resolve(ShellWord((part,), word.span))

    known = word.with_values(value)
    if known is None or argument.text is None or known.literal != argument.text:
        return None  # an argument that is a field of several
    return known.after(len(argument.text) - length)
