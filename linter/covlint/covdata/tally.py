"""Adding up the counters of many processes of one build.

Replicas and repeated runs write almost the same file again and again: the same
bytes, or the same functions with other counts. Neither is taken apart twice, so
ten thousand files cost little more than reading them. Sums are made of many
files at once, in ``map``, ``zip`` and ``sum``, which are several times faster
than a loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import add, itemgetter, mul

from covlint.covdata.counters import HEAD, Encoding, Segment
from covlint.covdata.layout import BadFile

_MAX_SHAPES = 64
_MAX_REMEMBERED = 32 << 20  # bytes
_MAX_PENDING = 1 << 21  # numbers

#: Package index and function index of a build → the sums of its counters.
Totals = dict[tuple[int, int], list[int]]
#: How many counters a function has, and those of each file that are not added up yet.
_Row = tuple[int, list[Sequence[int]]]


class Tally:
    """The sums over the processes of one build.

    ``blocks[package][function]`` is the number of blocks that the build has there.
    """

    def __init__(self, blocks: Sequence[Sequence[int]]) -> None:
        self._rows: list[list[_Row]] = [[(count, []) for count in counts] for counts in blocks]
        self._pending = 0  # numbers in the rows
        self._sums: Totals = {}
        self._shapes: dict[int, _Shape] = {}  # by how many numbers a file has
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
        for shape in self._shapes.values():
            if shape.used:
                self._take_apart(shape.restored(), len(shape.places), 1)
                shape.clear()
        self._settle()
        return {key: list(sums) for key, sums in self._sums.items()}

    def _add(self, values: Sequence[int], functions: int, times: int) -> None:
        shape = self._shapes.get(len(values))
        if shape is not None and len(shape.places) == functions and shape.fits(values):
            shape.add(values, times)
            return
        self._take_apart(values, functions, times)
        if shape is None and functions and len(self._shapes) < _MAX_SHAPES:
            self._shapes[len(values)] = _Shape(values)  # for the next one like this
        self._pending += len(values)
        if self._pending > _MAX_PENDING:
            self._settle()

    def _take_apart(self, values: Sequence[int], functions: int, times: int) -> None:
        """Give each function its counters. Raises BadFile when the meta-data has it otherwise."""
        rows = self._rows
        taken: list[list[Sequence[int]]] = []
        offset, end = 0, len(values)
        package = function = 0
        try:
            for _ in range(functions):  # a false number of them ends with the values
                begin = offset + HEAD
                if begin > end:
                    raise BadFile(f"claims {functions} functions and ends after {len(taken)}")
                count, package, function = values[offset:begin]
                expected, counters = rows[package][function]
                if count != expected:
                    raise BadFile(
                        f"has {count} counters for function {function} of package {package}, "
                        f"which has {expected} blocks"
                    )
                offset = begin + count
                own = values[begin:offset]
                counters.append(own if times == 1 else list(map(mul, own, repeat(times))))
                taken.append(counters)
            if offset != end:
                raise BadFile(f"ends {'inside' if offset > end else 'behind'} its last function")
        except (BadFile, IndexError) as error:
            for counters in taken:
                counters.pop()
            if isinstance(error, BadFile):
                raise
            raise BadFile(
                f"counts function {function} of package {package}, which its meta-data "
                "does not have"
            ) from None

    def _settle(self) -> None:
        """Add up what the rows hold."""
        self._pending = 0
        for package, rows in enumerate(self._rows):
            for function, (_, counters) in enumerate(rows):
                if counters:
                    former = self._sums.get((package, function))
                    if former is not None:
                        counters.append(former)
                    self._sums[package, function] = list(map(sum, zip(*counters, strict=True)))
                    counters.clear()


class _Shape:
    """Files that list the same functions in the same order: their numbers are added in place."""

    __slots__ = ("heads", "of_heads", "places", "sums", "used")

    def __init__(self, values: Sequence[int]) -> None:
        """``values`` are known to be whole; they are the pattern, and are not added."""
        self.places: list[int] = []
        offset = 0
        while offset < len(values):
            self.places.append(offset)
            offset += HEAD + values[offset]
        self.of_heads = itemgetter(*(at + index for at in self.places for index in range(HEAD)))
        self.heads = self.of_heads(values)
        self.sums = [0] * len(values)
        self.used = False

    def fits(self, values: Sequence[int]) -> bool:
        # The first head says where the second one is, and so on: equal heads, equal shape.
        return bool(self.of_heads(values) == self.heads)

    def add(self, values: Sequence[int], times: int) -> None:
        more = values if times == 1 else map(mul, values, repeat(times))
        self.sums = list(map(add, self.sums, more))
        self.used = True

    def restored(self) -> list[int]:
        """The sums as one file would have them; the heads were added up as well."""
        values = self.sums
        heads = iter(self.heads)
        for at in self.places:
            values[at : at + HEAD] = next(heads), next(heads), next(heads)
        return values

    def clear(self) -> None:
        self.sums = [0] * len(self.sums)
        self.used = False


class _Repeat:
    """A file's bytes that came ``times`` times more after they were added."""

    __slots__ = ("encoding", "functions", "times")

    def __init__(self, functions: int, encoding: Encoding) -> None:
        self.functions = functions
        self.encoding = encoding
        self.times = 0

    def like(self, segment: Segment, encoding: Encoding) -> bool:
        return self.functions == segment.functions and self.encoding == encoding
