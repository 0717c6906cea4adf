"""Frozen classes that are made fast behave as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from covlint import frozen

MAKERS = {"standard": dataclasses.dataclass, "fast": frozen.dataclass}


def kinds(make: Callable[..., Any]) -> dict[str, Any]:
    """The shapes of classes that covlint has."""

    @make(frozen=True, slots=True)
    class Plain:
        """Documented."""

        path: str
        line: int = 1
        tags: tuple[str, ...] = ()

    @make(frozen=True, slots=True)
    class Made:
        names: dict[str, int] = dataclasses.field(default_factory=dict)
        hidden: object = dataclasses.field(default=0, repr=False, compare=False)
        fixed: int = dataclasses.field(default=7, init=False)

    @make(frozen=True, slots=True, order=True)
    class Ordered:
        major: int
        minor: int

    @make(frozen=True)
    class Open:
        value: int

    @make(frozen=True, slots=True)
    class Checked:
        value: int

        def __post_init__(self) -> None:
            if self.value < 0:
                raise ValueError("below zero")
            object.__setattr__(self, "value", self.value * 2)

        def __repr__(self) -> str:
            return "own"

    @make(frozen=True, slots=True)
    class Below(Plain):  # type: ignore[misc, valid-type]
        more: int = 3

    @make(frozen=True, slots=True)
    class Nothing:
        pass

    every = (Plain, Made, Ordered, Open, Checked, Below, Nothing)
    return {kind.__name__: kind for kind in every}


SAMPLES: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = (
    ("Plain", ("a",), {}),
    ("Plain", ("a", 2), {"tags": ("b",)}),
    ("Plain", (), {"path": "a", "line": 2, "tags": ("b",)}),
    ("Made", (), {}),
    ("Made", ({"a": 1}, 4), {}),
    ("Ordered", (1, 2), {}),
    ("Ordered", (1, 10), {}),
    ("Open", (1,), {}),
    ("Checked", (4,), {}),
    ("Below", ("a",), {"more": 4}),
    ("Nothing", (), {}),
)


def said(action: Callable[[], Any]) -> object:
    """What comes out, an exception by its type."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001 - whatever it is, both have to give it
        return type(error)


def wrong_calls(every: dict[str, Any]) -> list[object]:
    return [
        said(lambda: every["Plain"]()),
        said(lambda: every["Plain"]("a", 1, (), 4)),
        said(lambda: every["Plain"]("a", path="b")),
        said(lambda: every["Plain"]("a", more=1)),
        said(lambda: every["Checked"](-1)),
        said(lambda: every["Made"](fixed=1)),
    ]


def behaviour(make: Callable[..., Any]) -> list[object]:
    every = kinds(make)
    samples = SAMPLES * 50  # the first objects of a class are made in another way
    made = [every[name](*values, **named) for name, values, named in samples]
    made = made[: len(SAMPLES)] + made[-len(SAMPLES) :]
    out: list[object] = []
    for one in made:
        kind = type(one)
        fields = [field.name for field in dataclasses.fields(one)]
        out += [repr(one).rpartition(".")[2], dataclasses.asdict(one), kind.__match_args__]
        out += [hasattr(one, "__dict__"), dataclasses.replace(one) == one, kind.__qualname__]
        out += [one in made, [one == other for other in made], one == "another"]
        out.append(said(lambda one=one: hash(one) == hash(copy.copy(one))))
        out.append(dataclasses.asdict(copy.deepcopy(one)))
        for name in fields:
            out.append(said(lambda one=one, name=name: setattr(one, name, 1)))
            out.append(said(lambda one=one, name=name: delattr(one, name)))
        out += [said(lambda one=one, other=other: one < other) for other in made]
        out += [said(lambda one=one, other=other: one >= other) for other in made]
    out += [
        *map(repr, wrong_calls(every)),
        *map(repr, wrong_calls(kinds(make))),
        every["Made"]().names is every["Made"]().names,
    ]
    return out


def test_they_behave_alike() -> None:
    standard, fast = (behaviour(make) for make in MAKERS.values())
    assert fast == standard


@frozen.dataclass(frozen=True, slots=True)
class Kept:
    path: str
    line: int = 1


def test_they_are_pickled() -> None:
    kept = Kept("a", 2)
    assert pickle.loads(pickle.dumps(kept)) == kept


def test_a_class_that_can_change_is_the_standard_library_s() -> None:
    @frozen.dataclass(slots=True)
    class Changing:
        value: int

    one = Changing(1)
    one.value = 2
    assert one == Changing(2)
    with pytest.raises(TypeError):
        hash(one)


def test_methods_of_the_class_itself_stay() -> None:
    @frozen.dataclass(frozen=True, slots=True)
    class Own:
        value: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    assert Own(1) == Own(2)
    assert hash(Own(3)) == 1
