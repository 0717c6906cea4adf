"""Whether, and how, a value can be written into a script or a Dockerfile: directories and module
paths come from other files, and may hold anything."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[\w@%+=:,./-]+")


def is_plain(text: str) -> bool:
    """Whether a text means itself wherever a word can stand: in a shell command, quoted or not, in
    an ENV or COPY instruction, in JSON."""
    return _PLAIN.fullmatch(text) is not None


def shell_word(text: str) -> str:
    """The text as one word of a shell command."""
    if is_plain(text):
        return text
    import shlex  # no project needs it that keeps to plain names

    return shlex.quote(text)
