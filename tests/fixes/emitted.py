"""YAML of the same data in many notations: style, quotes, indentation, comments, empty lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

_PLAIN = re.compile(r"[A-Za-z/.][\w/.-]*(?: [\w/.-]+)*")
_WORDS = re.compile(r"(?i)true|false|null|yes|no|on|off|y|n|~|\.inf|\.nan|\.")
_COMMENTS = ("# plain", "# über 覆盖 😀", "#", "#\ttab", "# - item: {", '# "quote')


def emitted(documents: list[Any], random: Random) -> str:
    """The documents as a file. Integers, booleans and null are written as they are."""
    writer = _Writer(random)
    parts = [writer.document(one) for one in documents]
    text = "---\n".join(parts)
    if random.random() < 0.3:
        text = f"--- {random.choice(_COMMENTS)}\n{text}"
    if random.random() < 0.2:
        text += "...\n"
    if random.random() < 0.2:
        text = text.rstrip("\n")
    if random.random() < 0.2:
        text = text.replace("\n", "\r\n")
    return text if random.random() > 0.1 else "\ufeff" + text


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.step = random.choice((2, 2, 2, 3, 4))
        self.dash = random.choice((0, 2, 2, 4))  # how far a list stands below its key
        self.flows = random.choice((0.0, 0.1, 0.3))
        self.remarks = random.choice((0.0, 0.1, 0.3))

    def document(self, data: Any) -> str:
        lines = list(self._block(data, 0))
        return "".join(f"{line}\n" for line in lines)

    def _block(self, data: Any, indent: int) -> Iterator[str]:
        pad = " " * indent
        if isinstance(data, dict) and data:
            for key, value in data.items():
                yield from self._remark(pad)
                yield from self._below(f"{pad}{self._scalar(key)}:", value, indent, key=True)
        elif isinstance(data, list) and data:
            for value in data:
                yield from self._remark(pad)
                yield from self._below(f"{pad}-", value, indent, key=False)
        else:
            yield pad + self._flow(data)

    def _below(self, head: str, value: Any, indent: int, *, key: bool) -> Iterator[str]:
        compound = isinstance(value, dict | list) and value
        script = isinstance(value, str) and re.fullmatch(r"[^ \n][^\0]*[^\n]\n", value)
        if script and self.random.random() < 0.8:
            yield f"{head} |"
            pad = " " * (indent + self.step)
            yield from (pad + line if line else "" for line in value[:-1].split("\n"))
            return
        if not compound or self.random.random() < self.flows:
            yield f"{head} {self._flow(value)}{self._end()}"
            return
        if key:
            yield head + self._end()
            is_list = isinstance(value, list)
            yield from self._block(value, indent + (self.dash if is_list else self.step))
            return
        width = self.random.choice((2, 2, 2, 4))
        lines = list(self._block(value, indent + width))
        first = lines[0]
        if first.lstrip().startswith("#") or not first.strip() or self.random.random() < 0.1:
            yield head + self._end()
            yield from lines
        else:
            yield head + " " * (width - 1) + first.lstrip()
            yield from lines[1:]

    def _flow(self, data: Any) -> str:
        space = self.random.choice(("", " "))
        if isinstance(data, dict):
            pairs = [f"{self._scalar(key)}: {self._flow(value)}" for key, value in data.items()]
            return "{" + space + ", ".join(pairs) + space + "}" if pairs else "{}"
        if isinstance(data, list):
            items = [self._flow(value) for value in data]
            comma = self.random.choice(("", ","))
            return "[" + space + ", ".join(items) + (comma if items else "") + space + "]"
        return self._scalar(data)

    def _scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        plain = _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value)
        style = self.random.random()
        if plain and style < 0.8:
            return value
        if style < 0.9 and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=False)

    def _remark(self, pad: str) -> Iterator[str]:
        if self.random.random() < self.remarks:
            yield pad + self.random.choice(_COMMENTS)
        if self.random.random() < self.remarks / 2:
            yield self.random.choice(("", "", "  "))

    def _end(self) -> str:
        if self.random.random() < self.remarks:
            return "  " + self.random.choice(_COMMENTS)
        return " " if self.random.random() < self.remarks / 4 else ""
