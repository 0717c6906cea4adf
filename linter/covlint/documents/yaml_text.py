"""Values written as YAML text: only what a fix puts in, never what was read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from covlint.documents.yaml_nodes import FALSE_WORDS, NULL_WORDS, TRUE_WORDS
from covlint.frozen import dataclass

#: What a fix can write. A ``str`` stays a string to every YAML reader ("0" is quoted).
Value: TypeAlias = "str | int | Mapping[str, Value] | Sequence[Value]"

_PLAIN = re.compile(
    r"(?:[A-Za-z0-9_/.$]|-(?=[A-Za-z]))(?:[\w/.$@%+=~^()-]|:(?=[\w/.$])| (?=[\w/.$(-]))*", re.ASCII
)
_NUMBER_LIKE = re.compile(
    r"[-+]?\.?[0-9][0-9a-fA-FxXoOtTzZ_.:+-]*|[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)"
)
_OTHER_WORDS = frozenset({"y", "Y", "n", "N", "=", "<<"})
_TO_ESCAPE = re.compile('[\x00-\x1f"\\\\\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns that a nested mapping (``step``) and a nested list (``dash``) move right."""

    step: int = 2
    dash: int = 0


def scalar_text(value: str | int, style: str = "") -> str:
    """``value`` on one line, in ``style`` ("", "'" or '"') where that can hold it.

    The text is valid in block and in flow context alike.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if style not in ("'", '"') and _is_plain(value):
        return value
    if _UNPRINTABLE.search(value):
        style = '"'
    elif style not in ("'", '"'):
        style = "'" if '"' in value or "\\" in value else '"'
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    return '"' + _TO_ESCAPE.sub(_escape, value) + '"'


def entry_lines(key: str, value: Value, layout: Layout) -> list[str]:
    """``key: value`` in block style, starting in column 0."""
    name = scalar_text(key)
    if isinstance(value, (str, int)) or not value:
        return [f"{name}: {_on_one_line(value)}"]
    if isinstance(value, Mapping):
        return [f"{name}:", *_moved(mapping_lines(value, layout), layout.step)]
    nested = [line for item in value for line in item_lines(item, layout)]
    return [f"{name}:", *_moved(nested, layout.dash)]


def mapping_lines(value: Mapping[str, Value], layout: Layout) -> list[str]:
    return [line for key, item in value.items() for line in entry_lines(key, item, layout)]


def item_lines(value: Value, layout: Layout, width: int = 2) -> list[str]:
    """``- value`` in block style; ``width`` is that of the dash and the spaces after it."""
    if isinstance(value, (str, int)) or not value:
        lines = [_on_one_line(value)]
    elif isinstance(value, Mapping):
        lines = mapping_lines(value, layout)
    else:
        lines = [line for item in value for line in item_lines(item, layout)]
    return ["-" + " " * (width - 1) + lines[0], *_moved(lines[1:], width)]


def flow_text(value: Value, json: bool = False) -> str:
    """``value`` in flow style, on one line; as JSON when ``json``."""
    if isinstance(value, (str, int)):
        # libyaml takes no colon inside a plain scalar of a flow collection
        quoted = json or (isinstance(value, str) and ":" in value)
        return scalar_text(value, '"' if quoted else "")
    if isinstance(value, Mapping):
        return "{" + ", ".join(flow_entry_text(k, v, json) for k, v in value.items()) + "}"
    return "[" + ", ".join(flow_text(item, json) for item in value) + "]"


def _on_one_line(value: Value) -> str:
    """A scalar or an empty collection, in block style."""
    return scalar_text(value) if isinstance(value, (str, int)) else flow_text(value)


def flow_entry_text(key: str, value: Value, json: bool = False) -> str:
    return f"{scalar_text(key, chr(34) if json else '')}: {flow_text(value, json)}"


def _moved(lines: list[str], columns: int) -> list[str]:
    return [" " * columns + line for line in lines]


def _is_plain(text: str) -> bool:
    return (
        _PLAIN.fullmatch(text) is not None
        and _NUMBER_LIKE.fullmatch(text) is None
        and text not in TRUE_WORDS | FALSE_WORDS | NULL_WORDS | _OTHER_WORDS
        and not text.startswith(("---", "..."))
    )


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
