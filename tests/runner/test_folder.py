"""Data folders in every state, read without the Go tools; real files as the base."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from covlint.diagnostics import Symptom
from covlint.runner.diagnosis.symptoms import signs_in_folder
from covlint.runner.evidence.folder import State, read_folder
from runner.conftest import FIXTURES, go

pytestmark = pytest.mark.real


@pytest.fixture(scope="session")
def recorded(tmp_path_factory, toolchain) -> Path:
    """Data folders of real runs: set/ and atomic/ are two modes of one program."""
    base = tmp_path_factory.mktemp("recorded")
    module = base / "batch"
    shutil.copytree(FIXTURES / "services" / "batch", module)
    for mode in ("set", "atomic"):
        data = base / mode
        data.mkdir()
        go(
            toolchain,
            module,
            "build",
            "-cover",
            f"-covermode={mode}",
            "-o",
            f"b-{mode}",
            "./cmd/batch",
        )
        import subprocess

        subprocess.run([str(module / f"b-{mode}"), "x"], env={"GOCOVERDIR": str(data)}, check=True)
    return base


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    """A good folder to spoil."""
    shutil.copytree(recorded / "set", tmp_path / "data")
    return tmp_path / "data"


def seen(path: Path) -> list[Symptom]:
    return [sign.symptom for sign in signs_in_folder(read_folder(path))]


def only(folder: Path, pattern: str) -> Path:
    (file,) = folder.glob(pattern)
    return file


def test_a_good_folder(data):
    folder = read_folder(data)
    assert (len(folder.meta), len(folder.counters), folder.modes) == (1, 1, ("set",))
    assert folder.paired
    assert signs_in_folder(folder) == ()


def test_missing(tmp_path):
    assert read_folder(tmp_path / "none").state is State.MISSING
    assert seen(tmp_path / "none") == [Symptom.MISSING_DIRECTORY]


def test_a_file_instead(tmp_path):
    (tmp_path / "file").write_text("")
    assert read_folder(tmp_path / "file").state is State.NOT_A_FOLDER


def test_empty(tmp_path):
    assert seen(tmp_path) == [Symptom.NO_META]


def test_meta_only(data):
    only(data, "covcounters.*").unlink()
    assert seen(data) == [Symptom.META_ONLY]


def test_counters_only(data):
    only(data, "covmeta.*").unlink()
    assert seen(data) == [Symptom.COUNTERS_ONLY]


def test_counters_of_another_build(data, recorded):
    only(data, "covcounters.*").unlink()
    shutil.copy(only(recorded / "atomic", "covcounters.*"), data)
    assert seen(data) == [Symptom.HASH_MISMATCH]


def test_one_of_two_builds_without_counters(data, recorded):
    shutil.copy(only(recorded / "atomic", "covmeta.*"), data)
    assert seen(data) == [Symptom.MODE_CLASH, Symptom.META_ONLY]


@pytest.mark.parametrize("pattern", ["covmeta.*", "covcounters.*"])
@pytest.mark.parametrize("length", [0, 3, 20, 50, -1, -5])
def test_cut_off(data, pattern, length):
    file = only(data, pattern)
    whole = file.read_bytes()
    file.write_bytes(whole[:length] if length >= 0 else whole[: len(whole) + length])
    folder = read_folder(data)
    (damage,) = folder.damaged
    assert damage.name == file.name
    assert ("0 bytes" if length == 0 else "cut off" if length != 3 else "not a") in damage.reason


@pytest.mark.parametrize("pattern", ["covmeta.*", "covcounters.*"])
def test_garbage(data, pattern):
    only(data, pattern).write_bytes(os.urandom(200))
    assert seen(data)[0] is Symptom.UNREADABLE_FILE


def test_mode_clash(data, recorded):
    shutil.copytree(recorded / "atomic", data, dirs_exist_ok=True)
    assert seen(data) == [Symptom.MODE_CLASH]
    assert read_folder(data).modes == ("atomic", "set")


def test_nested(data, tmp_path):
    outer = tmp_path / "outer"
    shutil.move(data, outer / "pod-1")
    assert seen(outer) == [Symptom.NESTED]
    assert read_folder(outer).nested == ("pod-1",)


def test_unfinished_files(tmp_path):
    (tmp_path / "tmp.covmeta.0123").write_bytes(b"")
    assert seen(tmp_path) == [Symptom.NO_SPACE]


def test_other_files_do_not_matter(data):
    (data / "notes.txt").write_text("hello")
    (data / "tmp.covmeta.0123").write_bytes(b"")
    assert seen(data) == []
