"""What several targets have in common is made once, and nobody's data becomes another's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from covlint.runner.commons import Commons, Writer


@pytest.fixture
def common() -> Iterator[Commons]:
    made = Commons()
    yield made
    made.finish()
    assert not made.ledger.folder.exists()


def test_what_is_made_once_is_waited_for(common: Commons) -> None:
    made: list[int] = []

    def make() -> str:
        time.sleep(0.1)
        made.append(1)
        return "image"

    found: list[tuple[str, bool]] = []
    threads = [
        threading.Thread(target=lambda: found.append(common.once("key", make))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert sorted(found) == [("image", False)] * 3 + [("image", True)]


def test_what_could_not_be_made_fails_for_all(common: Commons) -> None:
    def make() -> str:
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            common.once("key", make)


def test_the_first_has_the_namespace(common: Commons) -> None:
    assert common.takes_space("a", "default")
    assert not common.takes_space("a", "default")
    assert common.takes_space("b", "default")


@pytest.mark.parametrize(
    ("one", "two", "meets", "clashes"),
    [
        (Writer("c", "/data", "p"), Writer("c", "/data", "q"), True, False),
        (Writer("c", "/data", "p"), Writer("c", "/data/", "p"), True, True),
        (Writer("c", "/data", None), Writer("c", "/data/q", "q"), True, True),
        (Writer("c", "/data", "p"), Writer("c", "/database", "p"), False, False),
        (Writer("c", "/data", "p"), Writer("d", "/data", "p"), False, False),
        (Writer("c", None, "p"), Writer("c", "/data", "p"), False, False),
    ],
)
def test_who_is_told_apart(one: Writer, two: Writer, meets: bool, clashes: bool) -> None:
    assert (one.meets(two), two.meets(one)) == (meets, meets)
    assert (one.clashes(two), two.clashes(one)) == (clashes, clashes)


def at_once(common: Commons, one: Writer, two: Writer) -> int:
    """How many of the two were at work together, at most."""
    working = most = 0
    lock = threading.Lock()

    def work(writer: Writer) -> None:
        nonlocal working, most
        with common.turn(writer):
            with lock:
                working += 1
                most = max(most, working)
            time.sleep(0.2)
            with lock:
                working -= 1

    threads = [threading.Thread(target=work, args=(writer,)) for writer in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return most


def test_one_waits_for_the_other_where_nothing_tells_them_apart(common: Commons) -> None:
    one, same, other = (Writer("c", "/data", name) for name in ("p", "p", "q"))
    assert at_once(common, one, same) == 1
    assert common.alone(one)
    assert at_once(common, one, other) == 2
    assert not common.alone(one)
    assert not common.alone(other)
