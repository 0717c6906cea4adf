"""What covlint and BuildKit's own parser say of a Dockerfile, in the same terms.

BuildKit's parser (PyPI ``dockerfile``) knows lines, flags, forms and heredocs; which instructions
there are is known to the stage behind it, whose errors covlint reports as well.
"""

from __future__ import annotations

import dockerfile as buildkit

from covlint.documents.dockerfile import open_dockerfile
from covlint.documents.instruction import InstructionFlag
from covlint.source import SourceFile, Span

#: Their arguments say nothing about coverage, and covlint tells no forms of them apart.
_NEVER_RUN = frozenset({"healthcheck"})
#: Instruction, the one in an ONBUILD, whether it has the JSON form, its first and last line, flags,
#: heredocs with their bodies.
Row = tuple[str, str, bool, int, int, tuple[str, ...], tuple[tuple[str, str], ...]]


class Refused(Exception):
    """Why there are no rows."""


def ours(text: str) -> list[Row]:
    """Raises Refused; UnreadableSource for what is not text."""
    document = open_dockerfile(SourceFile.of_text("Dockerfile", text))
    if document.error is not None:
        raise Refused(document.error)
    source = document.source

    def written(span: Span) -> str:
        return source.slice(span).decode()

    return [
        (
            "onbuild" if i.onbuild else i.keyword.lower(),
            i.keyword.lower() if i.onbuild else "",
            i.exec_form is not None,
            source.line_of(i.span.start),
            source.line_of(i.span.end - 1),
            () if i.onbuild else tuple(_flag(flag, written(flag.span)) for flag in i.flags),
            () if i.onbuild else tuple((h.name, written(h.body)) for h in i.heredocs),
        )
        for i in document.instructions
    ]


def _flag(flag: InstructionFlag, written: str) -> str:
    return f"--{flag.name}={flag.value}" if "=" in written else f"--{flag.name}"


def theirs(text: str) -> list[Row]:
    """Raises Refused."""
    try:
        commands = buildkit.parse_string(text)
    except buildkit.GoParseError as error:
        raise Refused(str(error)) from None
    return [
        (
            command.cmd.lower(),
            (command.sub_cmd or "").lower(),
            command.json and command.cmd.lower() not in _NEVER_RUN,
            command.start_line,
            command.end_line,
            () if command.sub_cmd else tuple(command.flags),
            () if command.sub_cmd else tuple((h.name, h.content) for h in command.heredocs),
        )
        for command in commands
    ]
