"""Folders in every state: the bad file is named, the good ones are kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from covdata.conftest import Go, execute, only, strings
from covdata.writing import Func, Pkg, counter_file, meta_file
from covlint.covdata.dataset import Dataset, Trouble, data_folders, read_dataset
from covlint.covdata.profile import profile_of

pytestmark = pytest.mark.real


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    """Two processes of one program, to be spoilt."""
    return Path(shutil.copytree(recorded / "set", tmp_path / "data"))


def read(*folders: Path) -> Dataset:
    return read_dataset(strings(folders))


def troubles(dataset: Dataset) -> list[tuple[Trouble, str]]:
    return [(problem.trouble, os.path.basename(problem.path)) for problem in dataset.problems]


def test_a_good_folder(data: Path):
    dataset = read(data)
    assert dataset.problems == ()
    (build,) = dataset.builds
    assert build.program == "example.com/many/cmd/app"
    assert build.meta.hash in build.path
    assert sorted(run.arguments.argv[1:] for run in build.runs) == [(), ("300",)]
    assert {(run.arguments.goos, run.arguments.goarch) for run in build.runs} == {
        ("linux", os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64"))
    }
    for run in build.runs:
        _, _, process, written = os.path.basename(run.path).split(".")
        assert (run.process, run.written) == (int(process), int(written))


@pytest.mark.parametrize("length", [0, 3, 20, 60, -1])
def test_one_bad_counter_file_among_good_ones(here: Go, data: Path, length: int):
    bad, good = sorted(data.glob("covcounters.*"))
    alone = data.with_name("alone")
    shutil.copytree(data, alone)
    (alone / bad.name).unlink()
    bad.write_bytes(bad.read_bytes()[:length])
    dataset = read(data)
    assert troubles(dataset) == [(Trouble.DAMAGED, bad.name)]
    assert [os.path.basename(run.path) for run in dataset.builds[0].runs] == [good.name]
    assert dataset.builds[0].lost == 1
    assert profile_of(dataset) == profile_of(read(alone))
    here.covdata("percent", data, fails=True)  # Go's own tool refuses all of it


def test_one_bad_meta_file_among_good_ones(here: Go, data: Path, recorded: Path):
    shutil.copytree(recorded / "other", data, dirs_exist_ok=True)
    bad = only(data, only(recorded / "set", "covmeta.*").name)
    bad.write_bytes(bad.read_bytes()[:-7])
    dataset = read(data)
    counters = sorted(file.name for file in (recorded / "set").glob("covcounters.*"))
    assert troubles(dataset) == [
        (Trouble.DAMAGED, bad.name),
        *((Trouble.WITHOUT_META, name) for name in counters),
    ]
    assert [build.program for build in dataset.builds] == ["example.com/many/cmd/other"]
    here.covdata("percent", data, fails=True)


def test_counters_of_another_build(data: Path, recorded: Path):
    orphan = next((recorded / "atomic").glob("covcounters.*"))
    shutil.copy(orphan, data)
    dataset = read(data)
    assert troubles(dataset) == [(Trouble.WITHOUT_META, orphan.name)]
    assert (
        dataset.problems[0].reason
        == f"has no meta-data: covmeta.{orphan.name.split('.')[1]} explains it"
    )
    assert dataset.runs == 2


def test_a_file_under_another_name(data: Path):
    meta = only(data, "covmeta.*")
    counters = min(data.glob("covcounters.*"))
    renamed = data / ("covmeta." + "0" * 32)
    shutil.copy(meta, renamed)
    shutil.copy(counters, data / ("covcounters." + "0" * 32 + ".1.2"))
    found = read(data)
    assert (Trouble.DAMAGED, renamed.name) in troubles(found)
    assert found.runs == 2


def test_counters_of_another_build_under_the_name_of_this_one(data: Path, recorded: Path):
    """Both builds have the same functions: only the hash tells."""
    digest = only(data, "covmeta.*").name.split(".")[1]
    renamed = data / f"covcounters.{digest}.1.2"
    shutil.copy(min((recorded / "atomic").glob("covcounters.*")), renamed)
    found = read(data)
    assert troubles(found) == [(Trouble.DAMAGED, renamed.name)]
    assert found.problems[0].reason == "belongs to another build than its name says"


def test_meta_data_without_counters(data: Path, recorded: Path):
    shutil.copy(only(recorded / "other", "covmeta.*"), data)
    dataset = read(data)
    assert troubles(dataset) == [
        (Trouble.WITHOUT_COUNTERS, only(recorded / "other", "covmeta.*").name)
    ]
    assert len(dataset.builds) == 2


def test_another_build_of_the_same_program(here: Go, data: Path, tmp_path: Path):
    source = here.module / "internal/shapes/shapes.go"
    text = source.read_text()
    try:
        source.write_text(text.replace("return -1", "println()\n\treturn -1"))
        execute(here.build("./cmd/app", "set"), data)
    finally:
        source.write_text(text)
    dataset = read(data)
    ((trouble, _),) = troubles(dataset)
    assert trouble is Trouble.SEVERAL_BUILDS
    assert "another build of example.com/many/cmd/app" in dataset.problems[0].reason


def test_several_programs_are_no_problem(data: Path, recorded: Path):
    dataset = read(data, recorded / "other")
    assert dataset.problems == ()
    assert sorted(build.program for build in dataset.builds) == [
        "example.com/many/cmd/app",
        "example.com/many/cmd/other",
    ]


def test_programs_built_of_files_are_told_apart(here: Go, tmp_path: Path):
    for name in ("app", "other"):
        execute(here.build(f"./cmd/{name}/main.go", "set"), tmp_path / "data")
    dataset = read(tmp_path / "data")
    assert dataset.problems == ()
    assert sorted(build.program for build in dataset.builds) == [
        f"command-line-arguments ({here.module}/cmd/{name})" for name in ("app", "other")
    ]


def test_mixed_modes(recorded: Path):
    dataset = read(recorded / "set", recorded / "atomic")
    ((trouble, _),) = troubles(dataset)
    assert trouble is Trouble.MIXED_MODES
    assert "mode set" in dataset.problems[0].reason
    assert "mode atomic" in dataset.problems[0].reason


def test_mixed_granularities(tmp_path: Path):
    package = [Pkg("p", "main", "m", (Func("main", "p/a.go", ((1, 1, 2, 2, 1),)),))]
    for number, granularity in ((1, 2), (2, 1), (3, 2)):
        digest = bytes([number] * 16)
        (tmp_path / f"covmeta.{digest.hex()}").write_bytes(
            meta_file(package, digest, granularity=granularity)
        )
        (tmp_path / f"covcounters.{digest.hex()}.1.2").write_bytes(
            counter_file([[(0, 0, [1])]], digest)
        )
    dataset = read(tmp_path)
    assert [p.trouble for p in dataset.problems] == [Trouble.MIXED_GRANULARITIES] * 2
    assert (
        dataset.problems[0].reason
        == "has one counter a function, the others have one counter a block"
    )
    assert [build.meta.hash[:2] for build in dataset.builds] == ["02"]


def test_the_meta_data_may_lie_elsewhere(data: Path, tmp_path: Path):
    metas = tmp_path / "metas"
    metas.mkdir()
    shutil.move(only(data, "covmeta.*"), metas)
    assert read(data, metas).problems == ()
    assert profile_of(read(data, metas)).covered


def test_a_good_copy_of_the_meta_data_counts(data: Path, recorded: Path):
    bad = only(data, "covmeta.*")
    bad.write_bytes(b"")
    dataset = read(data, recorded / "set")
    assert troubles(dataset) == [(Trouble.DAMAGED, bad.name)]
    assert dataset.runs == 4


def test_what_is_no_folder_and_what_is_no_file(data: Path, tmp_path: Path):
    os.mkfifo(data / ("covcounters." + "0" * 32 + ".1.2"))
    (data / ("covmeta." + "1" * 32)).mkdir()
    (data / ("covmeta." + "2" * 32)).symlink_to("covmeta." + "2" * 32)
    found = troubles(read(data, tmp_path / "none"))
    assert [trouble for trouble, _ in found] == [Trouble.UNREADABLE] * 3 + [Trouble.NO_FOLDER]


def test_other_files_do_not_matter(data: Path):
    for name in ("notes.txt", "tmp.covmeta.0123", "covmeta.short", "covcounters.x.1.2"):
        (data / name).write_text("hello")
    assert read(data).problems == ()


def test_a_folder_for_each_pod(recorded: Path, tmp_path: Path):
    for pod in ("a", "b", "c/d"):
        shutil.copytree(recorded / "set", tmp_path / pod)
    folders = data_folders(str(tmp_path))
    assert [os.path.relpath(folder, tmp_path) for folder in folders] == ["a", "b", "c/d"]
    dataset = read_dataset(folders)
    assert (len(dataset.builds), dataset.runs, dataset.problems) == (1, 6, ())
    assert data_folders(str(tmp_path / "none")) == (str(tmp_path / "none"),)
