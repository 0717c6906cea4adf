"""What covlint makes of the broken, the repaired and the harmlessly changed project, by its files."""

from __future__ import annotations

import pytest

from breakit.__main__ import COUNT, SEED
from breakit.bench import Pair, false_alarms, pairs, said, try_sabotage
from breakit.change import Edit, Engine, Harmless, MisplacedEdit, Sabotage, changed, healthy
from breakit.harmless import HARMLESS
from breakit.sabotages import SABOTAGES
from breakit.seen import kept
from covlint_rules import RULES

PAIRS = list(pairs(SABOTAGES, COUNT, SEED))


def test_the_healthy_project_has_no_finding() -> None:
    assert said(healthy()) == frozenset()


def test_every_rule_has_a_sabotage() -> None:
    assert {one.code for one in SABOTAGES} == {entry.code for entry in RULES}


def test_there_are_as_many_as_promised() -> None:
    assert len(SABOTAGES) >= 60
    assert len(HARMLESS) >= 40
    assert len(PAIRS) == COUNT


def test_names_are_used_once() -> None:
    for listed in (SABOTAGES, HARMLESS):
        names = [one.name for one in listed]
        assert sorted(names) == sorted(set(names))


def test_what_cannot_be_run_says_why() -> None:
    for one in SABOTAGES:
        if one.engine is Engine.NONE:
            assert one.note, one.name


@pytest.mark.parametrize("engine", [one for one in Engine if one is not Engine.NONE])
def test_what_was_seen_is_what_is_said(engine: Engine) -> None:
    """``python -m breakit --run ENGINE --record`` brings it up to date."""
    seen = {(one.code, one.name): one for one in kept(engine)}
    listed = {(one.code, one.name): one for one in SABOTAGES if one.engine is engine}
    assert seen.keys() == listed.keys()
    for key, one in seen.items():
        sabotage = listed[key]
        assert one.as_said, key
        assert one.lost == (sabotage.symptom.value if sabotage.symptom is not None else None), key
        found = {code for code, _ in said(changed(healthy(), sabotage.edits))}
        assert set(one.said) == found, key


def test_an_edit_that_no_longer_fits_is_an_error() -> None:
    with pytest.raises(MisplacedEdit):
        changed(healthy(), (Edit("Makefile", "no such text", ""),))
    with pytest.raises(MisplacedEdit):
        changed(healthy(), (Edit("Makefile", "", "a new file"),))


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda one: f"{one.code}-{one.name}")
def test_a_sabotage_is_found_and_repaired(sabotage: Sabotage) -> None:
    trial = try_sabotage(sabotage)
    assert trial.detected, sorted(trial.found)
    assert not trial.unexpected
    if sabotage.repaired:
        assert trial.restored, sorted(trial.left)


@pytest.mark.parametrize("change", HARMLESS, ids=lambda one: one.name)
def test_a_harmless_change_raises_nothing(change: Harmless) -> None:
    assert false_alarms(change) == frozenset()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda one: one.name)
def test_of_a_pair_both_are_found(pair: Pair) -> None:
    assert [name for name, why in pair.silent if why == "missed"] == []
