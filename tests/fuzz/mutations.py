"""Changes that bytes at random hardly ever make: whole lines and words that move about.

libFuzzer's own mutations come to a new line of a language seldom, and to a line that stands at
another place with another depth next to never.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

_WORDS = re.compile(rb"[\w.$/-]+|\s+|[^\w\s]")


def by_lines(
    data: bytes, random: Random, words: Sequence[bytes], others: Sequence[bytes] = ()
) -> bytes:
    """One to three changes; ``words`` are tokens of the language, ``others`` other inputs."""
    lines = data.splitlines(keepends=True) or [b""]
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(lines))
        random.choice(_CHANGES)(lines, place, random, words)
        if not lines:
            lines.append(b"")
    if others and random.random() < 0.3:
        taken = random.choice(others).splitlines(keepends=True)
        if taken:
            first = random.randrange(len(taken))
            where = random.randint(0, len(lines))
            lines[where:where] = taken[first : first + random.randint(1, 6)]
    changed = b"".join(lines)
    return changed.replace(b"\n", b"\r\n") if random.random() < 0.02 else changed


_Change = Callable[[list[bytes], int, Random, Sequence[bytes]], None]


def _drop(lines: list[bytes], place: int, random: Random, _: Sequence[bytes]) -> None:
    del lines[place : place + random.randint(1, 3)]


def _repeat(lines: list[bytes], place: int, random: Random, _: Sequence[bytes]) -> None:
    lines[place:place] = lines[place : place + random.randint(1, 4)]


def _move(lines: list[bytes], place: int, random: Random, _: Sequence[bytes]) -> None:
    taken = lines[place : place + random.randint(1, 3)]
    del lines[place : place + len(taken)]
    where = random.randint(0, len(lines))
    lines[where:where] = taken


def _indent(lines: list[bytes], place: int, random: Random, _: Sequence[bytes]) -> None:
    depth = random.choice((b"", b" ", b"  ", b"    ", b"\t", b"- "))
    deeper = random.random() < 0.5
    for index in range(place, min(place + random.randint(1, 4), len(lines))):
        line = lines[index]
        lines[index] = depth + line if deeper else depth + line.lstrip(b" \t")


def _join(lines: list[bytes], place: int, random: Random, _: Sequence[bytes]) -> None:
    lines[place] = lines[place].rstrip(b"\r\n") + random.choice((b"", b" ", b" \\\n", b"; "))


def _split(lines: list[bytes], place: int, random: Random, _: Sequence[bytes]) -> None:
    at = random.randint(0, len(lines[place]))
    lines[place] = lines[place][:at] + random.choice((b"\n", b" \\\n", b"\n  ")) + lines[place][at:]


def _word(lines: list[bytes], place: int, random: Random, words: Sequence[bytes]) -> None:
    """A word becomes another one, of the language or of this text, goes, or stands twice."""
    pieces = _WORDS.findall(lines[place])
    if not pieces:
        return
    at = random.randrange(len(pieces))
    elsewhere = _WORDS.findall(random.choice(lines)) or [b""]
    choice = random.randrange(4)
    if choice == 0 and words:
        pieces[at] = random.choice(words)
    elif choice == 1:
        pieces[at] = random.choice(elsewhere)
    elif choice == 2:
        pieces[at] = b""
    else:
        pieces[at] *= 2
    lines[place] = b"".join(pieces)


def _token(lines: list[bytes], place: int, random: Random, words: Sequence[bytes]) -> None:
    at = random.randint(0, len(lines[place]))
    token = random.choice(words) if words else b" "
    lines[place] = lines[place][:at] + token + lines[place][at:]


def _wrap(lines: list[bytes], place: int, random: Random, _: Sequence[bytes]) -> None:
    first, last = random.choice(
        ((b"(", b")"), (b"{", b"}"), (b"[", b"]"), (b'"', b'"'), (b"'", b"'"))
    )
    body = lines[place].rstrip(b"\r\n")
    lines[place] = first + body + last + lines[place][len(body) :]


_CHANGES: tuple[_Change, ...] = (
    *(_drop, _repeat, _move, _indent, _join, _split, _wrap),
    *(_word, _word, _word, _token, _token),
)
