"""Three packages at 0 % that look alike in a report, on the data of real runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from covdata.conftest import Go, execute, only, strings
from covdata.writing import Pkg, meta_file
from covlint.covdata.dataset import read_dataset
from covlint.covdata.why import Answer, Fate, why

pytestmark = pytest.mark.real

SHAPES = "example.com/many/internal/shapes"
APP = "example.com/many/cmd/app"


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded / "set", tmp_path / "data"))


def ask(package: str, *folders: Path) -> Answer:
    return why(package, read_dataset(strings(folders)))


@pytest.fixture(scope="session")
def idle(here: Go, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that is told to do nothing, and so never comes to its package ``work``."""
    module = here.module / "idle"
    (module / "work").mkdir(parents=True)
    (module / "go.mod").write_text("module example.com/idle\n\ngo 1.21\n")
    (module / "work/work.go").write_text("package work\n\nfunc Do() { println() }\n")
    (module / "main.go").write_text(
        'package main\n\nimport (\n\t"os"\n\n\t"example.com/idle/work"\n)\n\n'
        "func main() {\n\tif len(os.Args) > 1 {\n\t\twork.Do()\n\t}\n}\n"
    )
    binary = Go(here.toolchain, module).build(".", "set")
    data = tmp_path_factory.mktemp("idle")
    execute(binary, data)
    return data


def test_covered(data: Path):
    answer = ask(SHAPES, data)
    assert answer.fate is Fate.COVERED
    assert answer.reasons == (f"{APP}: 2 processes executed 7 of 13 statements (53.8 %)",)


def test_not_reached(idle: Path):
    answer = ask("example.com/idle/work", idle)
    assert answer.fate is Fate.NOT_REACHED
    assert answer.reasons == (
        "example.com/idle: 1 process wrote counters, and none executed its 1 statement",
    )


def test_lost_with_the_process(idle: Path, tmp_path: Path):
    data = Path(shutil.copytree(idle, tmp_path / "data"))
    only(data, "covcounters.*").unlink()
    answer = ask("example.com/idle/work", data)
    assert answer.fate is Fate.LOST
    assert "has meta-data and no counters" in answer.reasons[0]


def test_lost_in_a_bad_file(idle: Path, tmp_path: Path):
    """A good file of another process does not show that the bad one held nothing."""
    data = Path(shutil.copytree(idle, tmp_path / "data"))
    good = only(data, "covcounters.*")
    good.with_name(f"{good.name[:-3]}000").write_bytes(good.read_bytes()[:-3])
    answer = ask("example.com/idle/work", data)
    assert answer.fate is Fate.LOST
    assert "1 counter file of it cannot be used; 1 process" in answer.reasons[0]


def test_not_built_in_for_it_is_not_imported(idle: Path):
    answer = ask("example.com/idle/other", idle)
    assert answer.fate is Fate.NOT_BUILT_IN
    assert answer.reasons[0] == (
        "example.com/idle: 2 packages instrumented, at or below example.com/idle"
    )
    assert "its neighbours are built in" in answer.reasons[1]


def test_not_built_in_for_coverpkg(here: Go, tmp_path: Path):
    binary = here.build("./cmd/app", "set", "-coverpkg=example.com/many/cmd/...")
    execute(binary, tmp_path / "data")
    answer = ask(SHAPES, tmp_path / "data")
    assert answer.fate is Fate.NOT_BUILT_IN
    assert answer.scopes[0].roots == (APP,)
    assert answer.reasons == (
        f"{APP}: 1 package instrumented, at or below {APP}",
        "nothing near it is built in: it is not in the scope of -coverpkg, or not imported",
    )


def test_the_standard_library_is_summed_up(tmp_path: Path):
    """Written here: instrumenting it for real takes a build of a quarter of a minute."""
    paths = ["fmt", "internal/abi", "example.com/many/a", "example.com/many/b", "github.com/x/y"]
    packages = [Pkg(path, "p", "example.com/many" if "many" in path else "", ()) for path in paths]
    digest = bytes(16)
    (tmp_path / f"covmeta.{digest.hex()}").write_bytes(meta_file(packages, digest))
    (scope,) = ask("example.com/elsewhere", tmp_path).scopes
    assert scope.packages == 5
    assert scope.roots == ("example.com/many", "github.com/x/y", "the standard library")


def test_one_build_that_covers_it_is_enough(data: Path, idle: Path, recorded: Path):
    shutil.copy(only(recorded / "other", "covmeta.*"), data)  # other also contains it
    answer = ask(SHAPES, data, idle)
    assert answer.fate is Fate.COVERED
    assert {build.fate for build in answer.builds} == {Fate.COVERED, Fate.LOST}


@pytest.mark.parametrize("left", ["covmeta.*", "covcounters.*"])
def test_unknown_while_meta_data_is_missing(recorded: Path, idle: Path, tmp_path: Path, left: str):
    """A package that no meta-data at hand names may be in the one that is gone, or bad."""
    data = Path(shutil.copytree(recorded / "other", tmp_path / "data"))
    if left == "covmeta.*":
        only(data, "covmeta.*").write_bytes(b"")
    else:
        only(data, "covmeta.*").unlink()
    assert ask(SHAPES, data, idle).fate is Fate.UNKNOWN
    assert ask("example.com/idle/work", data, idle).fate is Fate.NOT_REACHED


def test_unknown_without_any_data(tmp_path: Path):
    assert ask(SHAPES, tmp_path).reasons == ("there is no meta-data that can be read",)
    answer = ask(SHAPES, tmp_path / "none")
    assert answer.fate is Fate.UNKNOWN
    assert "none cannot be read" in answer.reasons[1]
