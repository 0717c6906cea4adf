"""Adding up the counters of many processes of one build.

Replicas and repeated runs write almost the same file again and again: the same
bytes, or the same functions with other counts. Neither is taken apart twice, so
ten thousand files cost little more than reading them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import add, itemgetter, mul

from covlint.covdata.counters import HEAD, Encoding, Segment
from covlint.covdata.layout import BadFile

_MAX_SHAPES = 256
_MAX_REMEMBERED = 32 << 20  # bytes

#: Package index and function index of a build → the sums of its counters.
Totals = dict[tuple[int, int], list[int]]
#: Where the counters of a function begin, and its key in the totals.
_Part = tuple[int, tuple[int, int]]


class Tally:
    """The sums over the processes of one build.

    ``blocks[package][function]`` is the number of blocks that the build has there.
    """

    def __init__(self, blocks: Sequence[Sequence[int]]) -> None:
        self._blocks = blocks
        self._shapes: dict[int, _Shape] = {}  # by how many numbers a file has
        self._others: Totals = {}
        self._repeats: dict[bytes, _Repeat] = {}
        self._remembered = 0

    def add(self, segment: Segment, encoding: Encoding) -> None:
        """Add one process. Raises BadFile, and then nothing has been added."""
        encoded = segment.encoded
        former = self._repeats.get(encoded)
        if former is not None and former.like(segment, encoding):
            former.times += 1
            return
        self._add(encoding.decode(encoded), segment.functions, 1)
        self._remembered += len(encoded)
        if former is None and self._remembered < _MAX_REMEMBERED:
            self._repeats[encoded] = _Repeat(segment.functions, encoding)

    def totals(self) -> Totals:
        """The sums so far; they may be greater than a counter can be."""
        for encoded, repeated in self._repeats.items():
            if repeated.times:
                values = repeated.encoding.decode(encoded)
                self._add(values, repeated.functions, repeated.times)
                repeated.times = 0
        totals = {key: list(sums) for key, sums in self._others.items()}
        for shape in self._shapes.values():
            _pour(totals, shape.sums, shape.parts, self._blocks)
        return totals

    def _add(self, values: Sequence[int], functions: int, times: int) -> None:
        shape = self._shapes.get(len(values))
        if shape is not None and len(shape.parts) == functions and shape.fits(values):
            shape.add(values, times)
            return
        parts = self._parts(values, functions)
        if not parts:
            return
        if shape is None and len(self._shapes) < _MAX_SHAPES:
            self._shapes[len(values)] = shape = _Shape(values, parts)
            shape.add(values, times)
        else:
            _pour(self._others, _multiplied(values, times), parts, self._blocks)

    def _parts(self, values: Sequence[int], functions: int) -> list[_Part]:
        """Take a file apart. Raises BadFile when the meta-data has it otherwise."""
        parts: list[_Part] = []
        offset, end, blocks = 0, len(values), self._blocks
        for _ in range(functions):  # a false number of them ends with the values
            if offset + HEAD > end:
                raise BadFile(f"claims {functions} functions and ends after {len(parts)}")
            count, package, function = values[offset : offset + HEAD]
            try:
                expected = blocks[package][function]
            except IndexError:
                raise BadFile(
                    f"counts function {function} of package {package}, which its meta-data "
                    "does not have"
                ) from None
            if count != expected:
                raise BadFile(
                    f"has {count} counters for function {function} of package {package}, "
                    f"which has {expected} blocks"
                )
            parts.append((offset + HEAD, (package, function)))
            offset += HEAD + count
        if offset != end:
            raise BadFile(f"ends {'inside' if offset > end else 'behind'} its last function")
        return parts


class _Shape:
    """Files that list the same functions in the same order: their numbers are added in place."""

    __slots__ = ("heads", "of_heads", "parts", "sums")

    def __init__(self, values: Sequence[int], parts: list[_Part]) -> None:
        self.parts = parts
        self.of_heads = itemgetter(*(begin - back for begin, _ in parts for back in (3, 2, 1)))
        self.heads = self.of_heads(values)
        self.sums = [0] * len(values)

    def fits(self, values: Sequence[int]) -> bool:
        # The first head says where the second one is, and so on: equal heads, equal shape.
        return bool(self.of_heads(values) == self.heads)

    def add(self, values: Sequence[int], times: int) -> None:
        self.sums = list(map(add, self.sums, _multiplied(values, times)))


class _Repeat:
    """A file's bytes that came ``times`` times more after they were added."""

    __slots__ = ("encoding", "functions", "times")

    def __init__(self, functions: int, encoding: Encoding) -> None:
        self.functions = functions
        self.encoding = encoding
        self.times = 0

    def like(self, segment: Segment, encoding: Encoding) -> bool:
        return self.functions == segment.functions and self.encoding == encoding


def _pour(
    totals: Totals, values: Sequence[int], parts: list[_Part], blocks: Sequence[Sequence[int]]
) -> None:
    """Add ``values``, function by function."""
    for begin, key in parts:
        counters = values[begin : begin + blocks[key[0]][key[1]]]
        former = totals.get(key)
        totals[key] = list(counters if former is None else map(add, former, counters))


def _multiplied(values: Sequence[int], times: int) -> Sequence[int]:
    return values if times == 1 else list(map(mul, values, repeat(times)))
