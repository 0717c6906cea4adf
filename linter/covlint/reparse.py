"""Whether a file still parses: what a fix is checked by before it is written."""

from __future__ import annotations

from covlint.documents.dockerfile import Dockerfile, open_dockerfile
from covlint.readers import reader_of
from covlint.source import SourceFile, UnreadableSource


def parse_error(source: SourceFile, *, dockerfile: bool = False) -> str | None:
    """Why a file does not parse; None when it does, or when its language is not read.

    ``dockerfile``: it was read as one, whatever it is called.
    """
    reader = reader_of(source.path)
    kind = reader.kind if reader is not None else None
    try:
        if kind == "yaml":
            from covlint.documents.yaml import open_yaml

            document = open_yaml(source)
            return document.error.message if document.error is not None else None
        if kind == "dockerfile" or dockerfile:
            opened = open_dockerfile(source)
            return opened.error or _pairless(opened)
        if source.path.endswith(".go"):
            from covlint.documents.golang import syntax_error

            return syntax_error(source)
        if kind in ("python", "tiltfile"):
            from covlint.facts.python.reading import syntax_error as python_error

            return python_error(source)
        source.text  # noqa: B018  (raises when it is no longer text)
    except UnreadableSource as error:
        return error.reason
    return None


def _pairless(dockerfile: Dockerfile) -> str | None:
    """What BuildKit says of ``ENV NAME=a b``: the reader takes the pairs that are there."""
    for instruction in dockerfile.instructions:
        if instruction.keyword not in ("ENV", "LABEL"):
            continue
        words = [dockerfile.source.slice(word.span) for word in instruction.words()]
        if words and b"=" in words[0] and (bad := [word for word in words if b"=" not in word]):
            return f"{bad[0].decode('utf-8', 'replace')} in {instruction.keyword} is no NAME=value"
    return None
