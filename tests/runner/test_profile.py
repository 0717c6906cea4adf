"""From a data folder to the profile of a run and its reports."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from covdata.conftest import Go, execute, only, write_module
from covlint.diagnostics import Symptom
from covlint.runner.evidence.checkout import checkout_at, module_root, unresolved
from covlint.runner.evidence.profile import Profile, read_profile
from covlint.runner.evidence.validate import Expectations, validate
from covlint.runner.toolchain import Toolchain
from covlint.runner.verdict import Outcome, Validation, decide

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def here(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Go:
    return Go(toolchain, write_module(tmp_path_factory.mktemp("module")))


@pytest.fixture(scope="module")
def whole(here: Go, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    binary = here.build("./cmd/app", "count")
    execute(binary, data, "3")
    execute(binary, data, "3")
    return data


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "data"))


def claims(profile: Profile) -> dict[str, Validation]:
    return {claim.claim: claim for claim in validate(profile, Expectations())}


def test_the_reports(here: Go, data: Path, tmp_path: Path):
    profile = read_profile(data, here.module, tmp_path / "out")
    assert (profile.mode, profile.error, profile.unresolved) == ("count", None, ())
    assert {kind: path.name for kind, path in profile.artifacts} == {
        "profile": "profile.txt",
        "func": "func.txt",
    }
    # Go's own tool takes the profile for its own.
    here.run("tool", "cover", f"-func={tmp_path / 'out' / 'profile.txt'}")
    assert decide(tuple(validate(profile, Expectations()))) is Outcome.PASSED


def test_programs_in_one_folder_are_told_apart(here: Go, data: Path):
    execute(here.build("./cmd/other", "count"), data)
    profile = read_profile(data, here.module)
    assert profile.programs == ("example.com/many/cmd/app", "example.com/many/cmd/other")
    assert profile.coverage is not None
    assert [flag.name for flag in profile.coverage.flags] == ["app", "other"]
    assert profile.coverage.total.packages == profile.packages


def test_a_bad_file_fails_the_claim_and_the_rest_is_read(here: Go, data: Path):
    """Broken in the middle: neither end of the file shows it."""
    bad = min(data.glob("covcounters.*"))
    spoilt = bytearray(bad.read_bytes())
    spoilt[-20] ^= 0x80
    bad.write_bytes(spoilt)
    profile = read_profile(data, here.module)
    assert [damage.name for damage in profile.folder.damaged] == [bad.name]
    assert profile.packages
    claim = claims(profile)["every file is whole"]
    assert (claim.outcome, claim.symptom) == (Outcome.FAILED, Symptom.UNREADABLE_FILE)
    assert claim.evidence.startswith(f"{bad.name} ends ")
    assert claims(profile)["something was executed"].outcome is Outcome.PASSED


def test_nothing_can_be_read(here: Go, data: Path):
    only(data, "covmeta.*").write_bytes(b"\0cvm")
    profile = read_profile(data, here.module)
    assert profile.packages == ()
    assert profile.error is not None
    assert "is cut off after 4 bytes" in profile.error
    assert claims(profile)["the profile converts"].outcome is Outcome.FAILED


def test_files_that_the_checkout_has_not(here: Go, data: Path, tmp_path: Path):
    checkout = shutil.copytree(here.module, tmp_path / "checkout")
    (checkout / "internal/shapes/shapes.go").unlink()
    profile = read_profile(data, checkout, tmp_path / "out")
    assert profile.unresolved == ("example.com/many/internal/shapes/shapes.go",)
    claim = claims(profile)["the sources resolve"]
    assert (claim.outcome, claim.symptom) == (Outcome.FAILED, Symptom.WRONG_NAMES)


def test_two_builds_of_one_program_are_told(here: Go, data: Path):
    source = here.module / "cmd/app/main.go"
    text = source.read_text()
    try:
        source.write_text(text.replace("sum := 0", "sum := 0\n\tprintln()"))
        execute(here.build("./cmd/app", "count"), data)
    finally:
        source.write_text(text)
    profile = read_profile(data, here.module)
    claim = claims(profile)["one build of each program"]
    assert (claim.outcome, claim.symptom, claim.required) == (Outcome.FAILED, Symptom.STALE, False)
    assert "one build of each program" not in claims(replace(profile, stale=()))


def test_where_files_lie(tmp_path: Path):
    for name, text in {
        "go.mod": "module example.com/a // the root\n",
        "x.go": "",
        "tools/go.mod": "module example.com/a/tools\n",
        "tools/t.go": "",
        "vendor/example.com/v/go.mod": "module example.com/v\n",
        "secret.txt": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    checkout = checkout_at(str(tmp_path))
    assert [module for module, _ in checkout.modules] == ["example.com/a/tools", "example.com/a"]
    assert checkout.find("example.com/a/x.go") == str(tmp_path / "x.go")
    assert checkout.find("example.com/a/tools/t.go") == str(tmp_path / "tools/t.go")
    assert checkout.find("example.com/a/../secret.go") is None
    assert checkout.find(str(tmp_path / "secret.txt")) is None
    assert checkout.find("fmt/print.go") is None
    files = ["example.com/a/gone.go", "example.com/a/x.go", "fmt/print.go", "/build/main.go"]
    assert unresolved(checkout, files) == ("example.com/a/gone.go", "/build/main.go")
    assert checkout.import_path(str(tmp_path / "tools" / "in")) == "example.com/a/tools/in"
    assert checkout.import_path(str(tmp_path.parent)) is None
    assert module_root(str(tmp_path / "tools")) == str(tmp_path / "tools")
    (tmp_path / "go.work").write_text("go 1.21\n")
    assert module_root(str(tmp_path / "tools")) == str(tmp_path)
