"""A pack that cannot be used ends the run with one clear message: never a traceback, never a skip."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from covlint.cli.main import run

RULE = """\
from covlint.diagnostics import Evidence, Severity
from covlint.facts.dockerfile.build import GoBuild
from covlint.rule import Rule


class Ours(Rule[GoBuild]):
    \"\"\"Ours.\"\"\"

    code = "OUR001"
    name = "ours"
    severity = Severity.NOTICE
    evidence = Evidence.REPORTED
    since = "1"

    def check(self, subject):
        return iter(())
"""
TABLE = (
    "from covlint.registry import Entry\n"
    "RULES = (Entry('OUR001', '{package}.ours', 'Ours', 'GoBuild'),)\n"
)

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages with their metadata on the path, as pip would."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(folder))

    def put(name: str, init: str = TABLE, ours: str | None = RULE) -> None:
        package = f"{name}_pack"
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(init.replace("{package}", package))
        if ours is not None:
            (folder / package / "ours.py").write_text(ours)
        metadata = folder / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(f"[covlint.rules]\n{name} = {package}\n")

    yield put
    for module in set(sys.modules) - before:
        if "_pack" in module:
            del sys.modules[module]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM golang:1.24\nRUN go build -cover -o /till .\n")
    monkeypatch.chdir(folder)
    return folder


COMMANDS = (["check"], ["rule"], ["rule", "COV101"], ["--fix"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("init", "ours", "said"),
    [
        ("import no_such_module_at_all\n", RULE, "No module named 'no_such_module_at_all'"),
        ("RULES = (\n", RULE, "was never closed"),
        ("raise ValueError('bad luck')\n", RULE, "ValueError: bad luck"),
        ("", RULE, "has no attribute 'RULES'"),
        ("RULES = ('OUR001',)\n", RULE, "RULES is not a table of entries"),
        ("RULES = 7\n", RULE, "RULES is not a table of entries"),
        (TABLE, None, "No module named 'ours_pack.ours'"),
        (TABLE, "x = 1 / 0\n", "ZeroDivisionError"),
        (TABLE, "Ours = 5\n", "ours_pack.ours.Ours is not a Rule"),
        (TABLE, RULE.replace("OUR001", "OUR002"), "the code of Ours is OUR002"),
        (TABLE, RULE.replace('    since = "1"\n', ""), "Ours lacks since"),
        (TABLE.replace("'GoBuild'", "'Goblin'"), RULE, "nothing is called Goblin"),
        (TABLE.replace("'GoBuild'", "'Image'"), RULE, "Ours judges GoBuild, and the table says"),
        (TABLE.replace("OUR001", "our-1"), RULE.replace("OUR001", "our-1"), "capital letters"),
        (TABLE.replace("OUR001", "COV101"), RULE, "COV101, a code that covlint itself has already"),
        (TABLE.replace("OUR001", "COV001"), RULE, "COV001, a code that covlint itself has already"),
    ],
)
def test_a_broken_pack_is_a_usage_error(
    install: Install,
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    init: str,
    ours: str | None,
    said: str,
) -> None:
    install("ours", init, ours)
    (repository / ".covlint.yaml").write_text("packs: [ours]\n")
    assert run(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: packs: the rule pack 'ours' ")
    assert said in err
    assert "Traceback" not in err


def test_two_packs_with_one_code(
    install: Install, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("ours")
    install("theirs")
    (repository / ".covlint.yaml").write_text("packs: [ours, theirs]\n")
    assert run([]) == 2
    assert "'theirs' has a rule OUR001, a code that the pack 'ours' has" in capsys.readouterr().err


def test_a_pack_that_is_not_installed(
    install: Install, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("ours")
    (repository / ".covlint.yaml").write_text("packs: [our]\n")
    assert run([]) == 2
    assert "'our' is not installed (did you mean ours?)" in capsys.readouterr().err


def test_a_whole_pack_is_used_and_a_pack_that_nobody_names_is_not_even_imported(
    install: Install, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("ours")
    install("broken", "raise SystemExit('imported')\n")
    (repository / ".covlint.yaml").write_text("packs: [ours, ours, builtin]\n")
    assert run(["rule", "OUR001"]) == 0
    assert capsys.readouterr().out.startswith("# OUR001 ours\n")
