"""In a folder of a cluster that others use too: what is of this run, and what is not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from covlint.runner.cluster.own_data import keep_own, written_at
from covlint.runner.toolchain import Toolchain
from runner.conftest import MODULE, go

MAIN = "package main\n\nfunc main() {{ println({}) }}\n"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> Path:
    """Two programs, and the data of both in one folder."""
    root = tmp_path_factory.mktemp("own")
    (root / "go.mod").write_text(MODULE)
    (root / "data").mkdir()
    for number, name in enumerate(("one", "two")):
        (root / name).mkdir()
        (root / name / "main.go").write_text(MAIN.format(number))
        go(toolchain, root, "build", "-cover", "-o", f"bin/{name}", f"./{name}")
        env = {"GOCOVERDIR": str(root / "data")}
        subprocess.run([root / "bin" / name], env=env, check=True, capture_output=True)
    return root


def kept(programs: Path, folder: Path, program: str | None, since: float | None, alone: bool):
    shutil.copytree(programs / "data", folder)
    own = programs / "bin" / program if program is not None else None
    left = keep_own(folder, since, own, alone=alone)
    files = sorted(file.name.partition(".")[0] for file in folder.iterdir())
    return files, left


def moments(programs: Path) -> list[float]:
    found = [written_at(file.name) for file in (programs / "data").glob("covcounters.*")]
    return sorted(moment for moment in found if moment is not None)


def test_what_ran_before_is_left_out(programs, tmp_path):
    first, second = moments(programs)
    both = ["covcounters", "covcounters", "covmeta", "covmeta"]
    assert kept(programs, tmp_path / "all", "one", first, True) == (both, 0)
    # the meta-data of the first program is its own, and as new as what is kept
    assert kept(programs, tmp_path / "late", "one", second, True) == (both[1:], 1)
    none = kept(programs, tmp_path / "none", "one", second + 60, True)
    assert none == (["covmeta"], 3)  # Go writes the meta-data of a program only once
    assert kept(programs, tmp_path / "never", None, None, True) == ([], 4)


def test_another_target_of_the_same_cluster_is_left_out(programs, tmp_path):
    first, _ = moments(programs)
    found = kept(programs, tmp_path / "one", "one", first, False)
    assert found == (["covcounters", "covmeta"], 2)
    plain = shutil.copy(programs / "go.mod", tmp_path / "no program")
    shutil.copytree(programs / "data", tmp_path / "two")
    # of a program that is not instrumented there is nothing, whatever the others write
    assert keep_own(tmp_path / "two", first, Path(plain), alone=False) == 4
