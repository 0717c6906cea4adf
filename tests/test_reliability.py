"""docs/reliability.md says what the tools that measure have recorded, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tools import reliability
from tools.reliability import PAGE, RECORDS, filled, record, tables


def test_the_page_is_up_to_date() -> None:
    """`make docs` fills it."""
    assert PAGE.read_text() == filled(PAGE.read_text())


def test_what_was_recorded_is_shown_once() -> None:
    assert sorted(tables(PAGE.read_text())) == sorted(path.stem for path in RECORDS.iterdir())


def test_a_record_becomes_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reliability, "RECORDS", tmp_path)
    path = record("shell", ["script", "runs"], [["a|b", 12345], ["é", 0.5]], "dash 0.5.12")
    assert json.loads(path.read_text())["when"] == "dash 0.5.12"
    page = "before\n<!-- shell -->\nold\n<!-- /shell -->\nafter\n"
    expected = (
        "before\n<!-- shell -->\n| script | runs |\n| --- | --- |\n| a\\|b | 12,345 |\n| é | 0.5 |\n"
        "\nMeasured with dash 0.5.12.\n<!-- /shell -->\nafter\n"
    )
    assert filled(page) == filled(expected) == expected


def test_a_row_with_a_cell_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        record("shell", ["script", "runs"], [["a"]])
