"""Found inputs, seeds and a few mutations of them; ``make fuzz`` looks for new ones."""

from __future__ import annotations

import json
from random import Random

import pytest
from tools.reliability import RECORDS

from covlint.covdata import meta
from covlint.documents import dockerfile
from fuzz.counts import COLUMNS, rows
from fuzz.limits import FOUND, SIZE, found, larger, within_limits
from fuzz.mutations import by_lines
from fuzz.projects import project_of
from fuzz.seeds import seeds, tokens
from fuzz.targets import READERS

#: Of CPU time: what is quadratic takes half a minute, and a slow machine must not fail.
_SECONDS = 5
#: Mutations for each reader: about a second of each.
_TIMES = {"check": 60, "fix": 20, "shell": 300, "python": 120, "go": 250}


@pytest.mark.parametrize("reader", READERS)
def test_what_once_broke_a_reader_does_so_no_more(reader: str) -> None:
    for path in found(reader):
        within_limits(READERS[reader].run, path.read_bytes(), _SECONDS)


def test_found_inputs_belong_to_a_reader() -> None:
    assert {path.name for path in FOUND.iterdir() if path.is_dir()} <= set(READERS)
    assert found("spans")
    assert found("yaml")
    assert found("fix")


@pytest.mark.parametrize("reader", READERS)
def test_mutations_are_within_the_limits(reader: str) -> None:
    """The same ones each time: what is found by chance is found by `make fuzz`."""
    start, words, random = seeds(reader), tokens(reader), Random(20261123)
    for _ in range(_TIMES.get(reader, 500)):
        within_limits(READERS[reader].run, mutated(random, reader, start, words), _SECONDS)


@pytest.mark.parametrize("reader", [name for name in READERS if name not in ("check", "fix")])
def test_large_inputs_are_within_the_limits(reader: str) -> None:
    start, random = seeds(reader), Random(20261123)
    for nested in (False, True):
        data = larger(random.choice(start), READERS[reader].head, nested)
        assert SIZE // 2 < len(data) <= SIZE
        within_limits(READERS[reader].run, data, _SECONDS)


def mutated(random: Random, reader: str, start: list[bytes], words: list[bytes]) -> bytes:
    """One of the seeds, with whole lines moved about, or up to four pieces cut out, doubled,
    replaced or taken elsewhere."""
    data = random.choice(start)
    if READERS[reader].lines and random.random() < 0.5:
        head = READERS[reader].head
        return data[:head] + by_lines(data[head:], random, words, start)
    for _ in range(random.randint(1, 4)):
        first = random.randint(0, len(data))
        last = min(first + random.choice((0, 1, 2, 8, 64)), len(data))
        piece = random.choice(
            [b"", data[first:last] * 2, random.randbytes(2), random.choice(start)[:64], *words]
        )
        data = data[:first] + piece + data[last:]
    return data


def test_seeds_of_projects_stand_for_their_cases() -> None:
    for seed in seeds("check")[::50]:
        assert seed[2:] in project_of(seed).values()


def test_a_reader_that_fails_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The targets see more than exceptions: here an instruction ends in the next one."""
    stop = dockerfile.SourceFile.span
    monkeypatch.setattr(
        dockerfile.SourceFile, "span", lambda self, start, end: stop(self, start, end + 9)
    )
    with pytest.raises(AssertionError):
        READERS["dockerfile"].run(b"FROM a\nRUN b\nRUN c\n")


def test_an_undocumented_refusal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meta, "BadFile", ValueError)
    with pytest.raises(ValueError, match="is empty"):
        READERS["covmeta"].run(b"")


def test_the_counts_are_those_that_the_page_has() -> None:
    """`make docs` writes them."""
    recorded = json.loads((RECORDS / "fuzz.json").read_text())
    assert recorded == {"columns": COLUMNS, "rows": rows()}
