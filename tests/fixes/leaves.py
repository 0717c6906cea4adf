"""The data of a YAML file: each scalar and empty collection under the keys that lead to it.

Aliases are followed, and stand where they are written: an edit of a value that has an anchor is
seen at each place that shares it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from fixes.parts import Part, Unreadable

#: Leaves of one file; more come of aliases that multiply themselves.
_MOST = 200_000
_Place = tuple[object, ...]
#: Places below the value, and the same as in ``Part``.
_Leaf = tuple[_Place, int, int, object]


def leaves(data: bytes, *, aliases: bool = True) -> Iterator[Part]:
    """Raises Unreadable for what is no YAML, also on the way.

    Without ``aliases`` what they stand for is empty, as nothing is then compared.
    """
    try:
        text = data.decode("utf-8")
        reader = _Reader(text, iter(YAML(typ="safe", pure=True).parse(text)), aliases=aliases)
        for place, start, end, said in reader.documents():
            yield start, end, (*place, said)
    except (YAMLError, ValueError, RecursionError, KeyError) as error:
        raise Unreadable(" ".join(str(error).split())) from error


class _Reader:
    def __init__(self, text: str, events: Iterator[Any], *, aliases: bool) -> None:
        self._events = events
        self._byte = _bytes_of(text)
        self._anchors: dict[str, list[_Leaf]] = {}
        self._count = 0
        self._aliases = aliases

    def documents(self) -> Iterator[_Leaf]:
        number = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                self._anchors = {}
                for place, start, end, said in self._node(next(self._events)):
                    yield (number, *place), start, end, said
                number += 1

    def _node(self, event: Any) -> list[_Leaf]:
        start, end = self._byte(event.start_mark.index), self._byte(event.end_mark.index)
        if isinstance(event, AliasEvent):
            end = end if self._aliases else start
            found = [(place, start, end, said) for place, _, _, said in self._anchors[event.anchor]]
        elif isinstance(event, ScalarEvent):
            plain = event.style is None or event.style == ""
            found = [((), start, end, (event.tag, plain and event.implicit[0], event.value))]
        elif isinstance(event, SequenceStartEvent):
            found = self._children(SequenceEndEvent, lambda child: ("[]", self._node(child)))
            found = found or [((), start, end, "[]")]
        else:
            assert isinstance(event, MappingStartEvent)
            found = self._children(MappingEndEvent, self._entry)
            found = found or [((), start, end, "{}")]
        if event.anchor is not None:
            self._anchors[event.anchor] = found
        self._count += len(found)
        if self._count > _MOST:
            raise Unreadable(f"more than {_MOST:,} values")
        return found

    def _children(
        self, end: type, read: Callable[[Any], tuple[object, list[_Leaf]]]
    ) -> list[_Leaf]:
        found: list[_Leaf] = []
        for event in self._events:
            if isinstance(event, end):
                break
            key, below = read(event)
            found += [((key, *place), first, last, said) for place, first, last, said in below]
        return found

    def _entry(self, event: Any) -> tuple[object, list[_Leaf]]:
        if not isinstance(event, ScalarEvent | AliasEvent):
            raise Unreadable("a key that is no text")
        key = tuple(said for _, _, _, said in self._node(event))
        name = key[0][-1] if len(key) == 1 and isinstance(key[0], tuple) else key
        return name, self._node(next(self._events))


def _bytes_of(text: str) -> Callable[[int], int]:
    """From an index into the text to one into its bytes."""
    if text.isascii():
        return lambda index: index
    wide = [index for index, char in enumerate(text) if char > "\x7f"]
    more = [0, *accumulate(len(text[index].encode()) - 1 for index in wide)]
    return lambda index: index + more[bisect_right(wide, index - 1)]
