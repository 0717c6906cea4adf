"""A change as a unified diff that ``git apply`` takes, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

#: Unchanged lines shown around a change.
_CONTEXT = 3
_Opcode = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]
#: Pairs of lines up to which the shortest diff is looked for. Above it, lines that come again and
#: again begin no match: 64 KiB of blank lines took half a minute.
_PAIRS = 1 << 20
_NO_NEWLINE = b"\\ No newline at end of file\n"


def unified_diff(path: str, before: bytes, after: bytes, *, created: bool = False) -> bytes:
    """The diff of one file, relative to the project root; empty when nothing changed.

    ``created``: there is no such file before.
    """
    if before == after and not created:
        return b""
    old, new = _lines(before), _lines(after)
    header = b"diff --git %s %s\n" % (_name("a/" + path), _name("b/" + path))
    if created:
        header += b"new file mode 100644\n"
    if old or new:
        origin = b"/dev/null" if created else _file_line("a/" + path)
        header += b"--- %s\n+++ %s\n" % (origin, _file_line("b/" + path))
    return header + b"".join(_hunks(old, new))


def _lines(data: bytes) -> list[bytes]:
    """Lines with their endings; only a line feed ends a line, as for git."""
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _hunks(old: list[bytes], new: list[bytes]) -> Iterator[bytes]:
    for group in _Matched(old, new).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_range(first[1], last[2]), _range(first[3], last[4]))
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (_line(b" ", line) for line in old[i:j])
            else:
                yield from (_line(b"-", line) for line in old[i:j])
                yield from (_line(b"+", line) for line in new[k:m])


class _Matched(SequenceMatcher[bytes]):
    """Lines that are matched already, for the grouping into hunks."""

    def __init__(self, old: list[bytes], new: list[bytes]) -> None:
        super().__init__(None, [], [])
        self._codes = _opcodes(old, new)

    def get_opcodes(self) -> list[_Opcode]:
        return list(self._codes)


def _opcodes(old: list[bytes], new: list[bytes]) -> list[_Opcode]:
    """How ``old`` becomes ``new``; only what lies between the common head and tail is
    matched, since matching takes quadratic time."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    end, new_end = len(old) - tail, len(new) - tail
    many = (end - head) * (new_end - head) > _PAIRS
    middle = SequenceMatcher(None, old[head:end], new[head:new_end], autojunk=many)
    codes: list[_Opcode] = [("equal", 0, head, 0, head)] if head else []
    codes += [
        (tag, i + head, j + head, k + head, m + head) for tag, i, j, k, m in middle.get_opcodes()
    ]
    if tail:
        codes.append(("equal", end, len(old), new_end, len(new)))
    return codes


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n" + _NO_NEWLINE


def _range(start: int, end: int) -> bytes:
    length = end - start
    if length == 0:
        return b"%d,0" % start
    return b"%d" % (start + 1) if length == 1 else b"%d,%d" % (start + 1, length)


def _file_line(path: str) -> bytes:
    """A name with a space is ended by a tab, so that no tool takes what follows for a date."""
    name = _name(path)
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name


def _name(path: str) -> bytes:
    """The name as git writes it: quoted like a C string where a byte could be misread."""
    raw = path.encode("utf-8", "surrogateescape")
    if not any(byte < 0x20 or byte in b'"\\' or byte == 0x7F for byte in raw):
        return raw
    escapes = {0x22: b'\\"', 0x5C: b"\\\\", 0x09: b"\\t", 0x0A: b"\\n", 0x0D: b"\\r"}
    quoted = [
        escapes.get(byte) or (bytes([byte]) if 0x20 <= byte != 0x7F else b"\\%03o" % byte)
        for byte in raw
    ]
    return b'"' + b"".join(quoted) + b'"'
