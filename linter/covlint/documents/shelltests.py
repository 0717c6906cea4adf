"""What tests of shell scripts ask: ``[ … ]``, ``[[ … ]]`` and ``test``."""

from __future__ import annotations

from covlint.documents.shellblocks import Condition
from covlint.documents.shellwords import ShellWord
from covlint.source import Span

_TEST_PREFIXES = frozenset({"", "x", "X", "_", " ", "  "})


def but(condition: Condition, *, holds: bool) -> Condition:
    return Condition(
        condition.variable,
        condition.operator,
        condition.value,
        holds,
        condition.span,
        condition.statement,
    )


def read_test(words: tuple[ShellWord, ...], where: tuple[Span, Span]) -> Condition:
    """What ``[ … ]`` with these words between its brackets asks."""
    if words and words[0].literal == "!":
        inner = read_test(words[1:], where)
        return but(inner, holds=not inner.holds)
    other = Condition(None, "other", None, True, *where)
    if len(words) == 1:
        name = _variable(words[0])
        return Condition(name, "-n", None, True, *where) if name else other
    if len(words) == 2:
        name, operator = _variable(words[1]), words[0].literal
        if name and operator in {"-n", "-z"}:
            return Condition(name, operator, None, True, *where)
        return other
    if len(words) != 3 or words[1].literal not in {"=", "==", "!=", "=~", "-eq", "-ne"}:
        return other
    left, right = words[0], words[2]
    if _variable(left) is None:
        left, right = right, left
    name, value = _variable(left), right.literal
    if name is None:
        return other
    prefix = "".join(part.text for part in left.parts if part.kind == "text").strip()
    if prefix and value is not None and value.startswith(prefix):
        value = value[len(prefix) :]
    differs = words[1].literal in {"!=", "-ne"}
    if words[1].literal == "=~" or (value is not None and "*" in value):
        return Condition(name, "matches", value, not differs, *where)
    return Condition(name, "!=" if differs else "=", value, True, *where)


def _variable(word: ShellWord) -> str | None:
    names = [part for part in word.parts if part.kind == "variable"]
    texts = "".join(part.text for part in word.parts if part.kind == "text")
    opaque = any(part.kind == "opaque" for part in word.parts)
    # `"x$COVER" = "xtrue"` is an old idiom: the prefix is cut off both sides
    return names[0].text if len(names) == 1 and not opaque and texts in _TEST_PREFIXES else None
