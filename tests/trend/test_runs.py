"""Which runs belong together, and in what order."""

from __future__ import annotations

from covlint.covdata.summary import render
from covlint.trend.runs import base_of, read_runs, run_of
from trend.runs import run


def test_runs_of_one_second_stay_in_order() -> None:
    kept = [
        run_of(run({"a.go": f"{covered}/9"}, time=f"2026-02-03T04:05:06.{covered}00Z"))
        for covered in range(10)
    ]
    files = {one.file: render(one.summary).encode() for one in kept}
    assert len(files) == len(kept)
    read = read_runs(files)
    assert [one.summary.total.covered for one in read] == list(range(10))
    base = base_of(read)
    assert base is not None
    assert base.summary.total.covered == 8
