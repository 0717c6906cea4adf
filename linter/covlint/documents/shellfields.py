"""What a shell may make of a word beside its text: several words, none, or somebody's home."""

from __future__ import annotations

import re

from covlint.documents.shellwords import ShellWord

_BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")


def begins_at_home(word: ShellWord) -> bool:
    """Whether it begins with an unquoted ``~``."""
    return bool(word.parts) and not word.parts[0].quoted and word.prefix[:1] == "~"


def may_be_braces(word: ShellWord) -> bool:
    """Whether bash makes several words of it: ``{a,b}``."""
    return any(not part.quoted and _BRACES.search(part.text) for part in word.parts)


def may_be_several(word: ShellWord) -> bool:
    """Whether the word may become no argument or several: all of it is an unquoted
    unknown, or it is a list such as ``"$@"``."""
    named = [part.text for part in word.parts if part.kind == "variable"]
    if any(name.endswith(("@", "[@]", "[*]")) for name in named):
        return True
    if any(part.kind == "text" and part.text for part in word.parts):
        return False
    return any(part.kind != "text" and not part.quoted for part in word.parts)
