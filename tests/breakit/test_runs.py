"""Real runs: a sabotage loses data as it is said to, and its repair brings the data back."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakit.bench import Trial, try_sabotage
from breakit.change import Engine, Sabotage, healthy
from breakit.runs import Run, put, run
from breakit.sabotages import SABOTAGES
from breakit.seen import bench, see
from covlint.runner.toolchain import Toolchain
from engines.base_images import CannotMake, Maker, find_runtime

#: The scripts that the quick tests run as well.
SAMPLE = ("the directory above the data", "kill -9")
BASES = ("golang:1.24-bookworm", "debian:bookworm-slim")


def of(engine: Engine) -> list[Sabotage]:
    return [one for one in SABOTAGES if one.engine is engine]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> Path:
    """One folder for all runs, so that Go finds in its cache what it has built before."""
    base = tmp_path_factory.mktemp("breakit")
    base.chmod(0o755)
    return base / "parcels"


@pytest.fixture(scope="module")
def bases() -> None:
    try:
        Maker(find_runtime()).ensure(*BASES)
    except CannotMake as error:
        pytest.fail(str(error))


def prove(sabotage: Sabotage, place: Path) -> None:
    trial: Trial = try_sabotage(sabotage)
    before: Run = run(sabotage.engine, put(trial.broken, place), sabotage.target)
    if sabotage.symptom is None:
        assert before.arrived, before.told
    else:
        assert not before.arrived, before.told
        assert sabotage.symptom in before.symptoms, before.told
    if trial.restored:
        after = run(sabotage.engine, put(trial.repaired, place), sabotage.target)
        assert after.arrived, after.told


def named(sabotage: Sabotage) -> str:
    return f"{sabotage.code}-{sabotage.name}"


@pytest.mark.real
@pytest.mark.parametrize("service", ["tracker", "pricer"])
def test_healthy_as_a_process(service: str, place: Path) -> None:
    found = run(Engine.PROCESS, put(healthy(), place), service)
    assert found.arrived, found.told


@pytest.mark.real
def test_healthy_by_its_script(place: Path) -> None:
    found = run(Engine.SMOKE, put(healthy(), place), "tracker")
    assert found.arrived, found.told


@pytest.mark.real
@pytest.mark.parametrize(
    "sabotage", [*of(Engine.PROCESS), *(one for one in SABOTAGES if one.name in SAMPLE)], ids=named
)
def test_a_sabotage_on_this_host(sabotage: Sabotage, place: Path) -> None:
    prove(sabotage, place)


@pytest.mark.engines
@pytest.mark.parametrize("sabotage", of(Engine.SMOKE), ids=named)
def test_a_sabotage_of_the_script(sabotage: Sabotage, place: Path) -> None:
    prove(sabotage, place)


@pytest.mark.engines
def test_the_healthy_image(place: Path, bases: None) -> None:
    found = run(Engine.IMAGE, put(healthy(), place), "tracker")
    assert found.arrived, found.told


@pytest.mark.engines
@pytest.mark.parametrize("sabotage", of(Engine.IMAGE), ids=named)
def test_a_sabotage_in_a_container(sabotage: Sabotage, place: Path, bases: None) -> None:
    prove(sabotage, place)


@pytest.mark.engines
def test_a_sabotage_in_a_cluster_and_its_repair(
    tmp_path: Path, bases: None, toolchain: Toolchain
) -> None:
    """One for all: ``python -m breakit --run kind`` runs the others, too long for each time."""
    sabotage = next(one for one in of(Engine.KIND) if one.code == "COV309")
    tmp_path.chmod(0o755)
    with bench(Engine.KIND, tmp_path / "parcels") as run_one:
        seen, told = see(sabotage, run_one)
    assert seen.as_said, told
    assert (seen.lost, seen.repaired) == ("nested", "arrived")
