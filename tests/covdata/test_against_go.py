"""The numbers of ``go tool covdata`` and ``go tool cover``, of every Go version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from covdata.conftest import Go, execute, only, strings
from covlint.covdata import func, percent, textfmt
from covlint.covdata.dataset import read_dataset
from covlint.covdata.profile import Profile, merged, profile_of

pytestmark = pytest.mark.real


def profile(*folders: Path) -> Profile:
    dataset = read_dataset(strings(folders))
    assert not [p for p in dataset.problems if "mode" not in p.trouble.value]
    return profile_of(dataset)


def agrees(go: Go, *folders: Path) -> None:
    ours = profile(*folders)
    assert percent.render(ours) == go.covdata("percent", *folders)
    assert textfmt.render(ours) == go.covdata("textfmt", *folders)
    assert func.render(ours).replace("\ntotal:", "\ntotal") == go.covdata("func", *folders)


@pytest.mark.parametrize("mode", ["set", "count", "atomic"])
def test_processes_of_one_program(go: Go, tmp_path: Path, mode: str):
    binary = go.build("./cmd/app", mode)
    for arguments in ((), ("300",), ("300",), ("40000",)):
        execute(binary, tmp_path / "data", *arguments)
    agrees(go, tmp_path / "data")
    counts = [
        count
        for package in profile(tmp_path / "data").packages
        for function in package.functions
        for count in function.counts.values()
    ]
    assert 0 in counts
    assert (max(counts) > 40000) is (mode != "set")


def test_several_programs_in_several_folders(go: Go, tmp_path: Path):
    execute(go.build("./cmd/app", "count"), tmp_path / "a", "7")
    execute(go.build("./cmd/other", "count"), tmp_path / "b")
    execute(go.build("./cmd/app", "count"), tmp_path / "b", "9")
    agrees(go, tmp_path / "a", tmp_path / "b")


def test_a_build_of_files(go: Go, tmp_path: Path):
    execute(go.build("./cmd/other/main.go", "set"), tmp_path / "data")
    agrees(go, tmp_path / "data")
    assert profile(tmp_path / "data").packages[0].path == "command-line-arguments"


def test_meta_data_without_counters(go: Go, tmp_path: Path):
    data = tmp_path / "data"
    execute(go.build("./cmd/app", "set"), data)
    only(data, "covcounters.*").unlink()
    ours = profile_of(read_dataset([str(data)]))
    assert ours.covered == 0 < ours.statements
    assert percent.render(ours) == go.covdata("percent", data)


def test_what_covdata_merged(go: Go, tmp_path: Path):
    data, out = tmp_path / "data", tmp_path / "out"
    for arguments in ((), ("300",)):
        execute(go.build("./cmd/app", "atomic"), data, *arguments)
    out.mkdir()
    go.run("tool", "covdata", "merge", f"-i={data}", f"-o={out}")
    assert len(list(out.glob("covcounters.*"))) == 1
    agrees(go, out)
    assert profile(out) == profile(data)


def test_modes_are_mixed_as_pcombine_does(go: Go, tmp_path: Path):
    data, out = tmp_path / "data", tmp_path / "out"
    execute(go.build("./cmd/app", "atomic"), data, "5")
    execute(go.build("./cmd/app", "set"), data, "5")
    out.mkdir()
    go.covdata("textfmt", data, fails=True)
    go.run("tool", "covdata", "merge", "-pcombine", f"-i={data}", f"-o={out}")
    assert textfmt.render(profile(data)) == go.covdata("textfmt", out)
    assert percent.render(profile(data)) == go.covdata("percent", data)


def test_cover_reads_it_and_agrees(go: Go, tmp_path: Path):
    execute(go.build("./cmd/app", "count"), tmp_path / "data", "5")
    ours = profile(tmp_path / "data")
    text = tmp_path / "profile.txt"
    text.write_text(textfmt.render(ours), encoding="utf-8")
    *lines, total = go.run("tool", "cover", f"-func={text}").splitlines()
    named = list(func.rows(ours))
    covered, statements = sum(row.covered for row in named), sum(row.statements for row in named)
    # Its total leaves out function literals that no function contains; covdata's does not.
    assert total.split()[-1] == f"{100 * covered / statements:.1f}%"
    assert statements == ours.statements - 1
    theirs = [line.split() for line in lines]
    told = sorted((place.rsplit(":", 2)[0], name, share) for place, name, share in theirs)
    rows = [
        (
            row.file,
            row.name.rpartition(".")[2],
            f"{100 * row.covered / max(row.statements, 1):.1f}%",
        )
        for row in named
    ]
    # cover knows functions from the sources, so it also lists those without a block.
    empty = [line for line in told if line not in rows]
    assert sorted(rows) == [line for line in told if line in rows]
    assert {name for _, name, _ in empty} <= {"nothing"}


def test_unit_tests_and_data_are_laid_over_one_another(go: Go, tmp_path: Path):
    module = go.module
    (module / "internal/shapes/shapes_test.go").write_text(
        'package shapes\n\nimport "testing"\n\nfunc TestUnused(t *testing.T) { Unused() }\n'
    )
    text = tmp_path / "unit.txt"
    go.run("test", "-covermode=atomic", f"-coverprofile={text}", "./internal/shapes")
    execute(go.build("./cmd/app", "atomic"), tmp_path / "data", "5")
    unit, e2e = textfmt.parse(text.read_text()), profile(tmp_path / "data")
    both = merged([unit, e2e])
    assert both.statements == e2e.statements
    assert both.covered == e2e.covered + 1
    assert merged([e2e, unit]) == both
    assert {function.id.name for p in both.packages for function in p.functions} >= {"Unused"}
    assert "" not in {function.id.name for p in both.packages for function in p.functions}


def test_a_program_with_much_of_the_standard_library(here: Go, tmp_path: Path):
    main = here.module / "cmd" / "big" / "main.go"
    main.parent.mkdir(exist_ok=True)
    main.write_text(
        'package main\n\nimport (\n\t"encoding/json"\n\t"go/format"\n\t"net/http"\n'
        '\t"net/http/httptest"\n\t"os"\n)\n\nfunc main() {\n'
        '\tserver := httptest.NewServer(http.FileServer(http.Dir(".")))\n'
        "\tdefer server.Close()\n\thttp.Get(server.URL)\n"
        '\tformat.Source([]byte("package a"))\n\tjson.NewEncoder(os.Stdout).Encode(os.Args)\n}\n'
    )
    binary = here.build("./cmd/big", "atomic", "-coverpkg=all")
    data = tmp_path / "data"
    for _ in range(3):
        execute(binary, data)
    agrees(here, data)
    assert len(profile(data).packages) > 150
    assert profile(data).statements > 40_000
    shutil.rmtree(main.parent)
