"""What moved between two runs, and whether their numbers may be compared at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.covdata.points import exactly
from covlint.covdata.summary import FailedClaim, Share, Summary
from covlint.trend.compare import Comparison, Fate, compare, exact, faults_of
from covlint.trend.judge import Limits, missed, sunk
from trend.runs import APP, MAIN, run, verified

HEALTHY = {"cmd/app/main.go": "8/10", "ledger/post.go": "5/10", "ledger/read.go": "10/10"}
LEDGER = f"{APP}/ledger"


def fates(comparison: Comparison) -> dict[str, Fate]:
    return {row.path: row.fate for row in comparison.packages}


def changed(files: Mapping[str, str | None], **more: object) -> Summary:
    """The healthy run with some files otherwise, or without them."""
    found = {path: one for path, one in {**HEALTHY, **files}.items() if one is not None}
    return run(found, **more)


def test_what_fell_is_told_by_package_and_file() -> None:
    found = compare(run(HEALTHY), changed({"ledger/post.go": "2/10", "web/web.go": "1/1"}))
    assert found.faults == ()
    assert [(row.path, row.fate) for row in found.packages] == [
        (LEDGER, Fate.FELL),
        (f"{APP}/web", Fate.NEW),
        (MAIN, Fate.SAME),
    ]
    ledger = found.packages[0]
    assert (ledger.before, ledger.after, ledger.change) == (Share(15, 20), Share(12, 20), -15)
    files = {row.path.rpartition("/")[2]: row.fate for row in ledger.files}
    assert files == {"post.go": Fate.FELL, "read.go": Fate.SAME}


def test_a_package_that_nothing_calls_any_more_is_a_fall() -> None:
    """A request that tests no longer make leaves counters at zero, of a process that wrote them."""
    after = changed({"ledger/post.go": "0/10", "ledger/read.go": "0/10"})
    found = compare(run(HEALTHY), after)
    assert found.faults == ()
    (row,) = found.of(Fate.FELL)
    assert (row.path, row.to_zero) == (LEDGER, True)


ZERO = {path: f"0/{one.partition('/')[2]}" for path, one in HEALTHY.items()}


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (run({}), "there is no coverage data"),
        (run(ZERO), "nothing was executed: 2 packages at 0 %"),
        (changed({"cmd/app/main.go": "0/10"}), f"{MAIN} left no counters: not even its func main"),
        (run(HEALTHY, programs=("other",)), None),
        (run(HEALTHY, programs=()), f"no data of {MAIN}, of which there was some before"),
        (
            changed({}, verified=verified(FailedClaim("one counter mode", "set and count", "x"))),
            "not true: one counter mode: set and count",
        ),
        (
            changed(
                {},
                verified=verified(
                    FailedClaim("every process that started has counters", "2 started", "killed"),
                    broken="shutdown",
                    codes=("COV601",),
                ),
            ),
            "2 started (broken at shutdown) [COV601]",
        ),
        (
            changed({}, verified=verified(FailedClaim("the exercise passed", "exit code 1"))),
            "not true: the exercise passed: exit code 1",
        ),
        (
            changed({}, remarks=("d/covcounters.0a1b2c3d4e5f is truncated",)),
            "d/covcounters.0a1b2c3d4e5f is truncated",
        ),
    ],
)
def test_the_collection_broke(after: Summary, said: str | None) -> None:
    faults = compare(run(HEALTHY), after).faults
    if said is None:
        assert faults == ()
    else:
        assert [fault for fault in faults if said in fault], faults


@pytest.mark.parametrize(
    "claim",
    [
        FailedClaim("total at least 80 %", "79.9 %"),
        FailedClaim("example.com/app/ledger at least 1e+01 %", "2.0 %"),
        FailedClaim("example.com/app/ledger has counters", "0.0 %"),
    ],
)
def test_a_threshold_that_is_missed_is_no_break(claim: FailedClaim) -> None:
    assert faults_of(changed({}, verified=verified(claim))) == ()
    assert faults_of(changed({}, verified=verified(replace(claim, symptom="main-missing"))))


def test_a_loss_of_every_run_moves_nothing() -> None:
    """A helper that is always killed, with another process id and build each time."""
    before, after = (
        changed({}, remarks=(f"data/covmeta.{digest} has no counters: process {pid} …",))
        for digest, pid in (("6aaa22b6f8fe4c66", 12), ("99e8c01b57777777", 3345))
    )
    assert compare(before, after).faults == ()


def test_doubts_are_no_faults() -> None:
    before = changed({}, processes=3, verified=verified(engine="kind"))
    remarks = ("covmeta.1 is another build of a than covmeta.2: the numbers are mixed",)
    after = changed({}, processes=2, mode="atomic", remarks=remarks, verified=verified())
    found = compare(before, after)
    assert found.faults == ()
    assert found.doubts == (
        *remarks,
        "counter mode atomic, before set",
        "2 processes left counters, 3 before",
        "process engine, before kind",
    )


def test_text_profiles_have_no_programs_to_miss() -> None:
    after = changed({"cmd/app/main.go": "0/10"}, processes=None, programs=())
    found = compare(run(HEALTHY), after)
    assert found.faults == ()
    assert fates(found)[MAIN] is Fate.FELL


@pytest.mark.parametrize(
    ("there", "fate"), [(True, Fate.UNBUILT), (False, Fate.DELETED), (None, Fate.VANISHED)]
)
def test_what_vanished_is_held_against_the_source(there: bool | None, fate: Fate) -> None:
    after = changed({"ledger/post.go": None, "ledger/read.go": None})
    found = compare(run(HEALTHY), after, lambda path: there)
    assert fates(found)[LEDGER] is fate
    limits = Limits(no_decrease=Fraction(100))
    assert bool(sunk(found, limits)) == (fate is Fate.UNBUILT)


def test_what_was_never_covered_may_vanish() -> None:
    before = changed({"ledger/post.go": "0/10", "ledger/read.go": "0/10"})
    after = changed({"ledger/post.go": None, "ledger/read.go": None})
    found = compare(before, after, lambda path: True)
    assert fates(found)[LEDGER] is Fate.UNBUILT
    assert sunk(found, Limits(no_decrease=Fraction(0))) == ()


def test_a_deleted_program_is_no_break() -> None:
    before = run({**HEALTHY, "cmd/old/main.go": "1/1"}, programs=(MAIN, f"{APP}/cmd/old"))
    after = run(HEALTHY)
    assert compare(before, after, lambda path: False).faults == ()
    for known in (True, None):
        assert compare(before, after, lambda path, known=known: known).faults


def test_a_renamed_file_is_compared_with_itself() -> None:
    after = changed({"ledger/post.go": None, "ledger/entry.go": "4/10"})
    moved = {f"{LEDGER}/post.go": f"{LEDGER}/entry.go"}
    found = compare(run(HEALTHY), after, lambda path: False, moved)
    (row,) = found.of(Fate.FELL)
    (file,) = [one for one in row.files if one.fate is not Fate.SAME]
    assert (file.path, file.was) == (f"{LEDGER}/entry.go", f"{LEDGER}/post.go")
    assert (file.before, file.after) == (Share(5, 10), Share(4, 10))


def test_a_renamed_package_is_compared_with_itself() -> None:
    after = run({"cmd/app/main.go": "8/10", "books/post.go": "4/10", "books/read.go": "10/10"})
    moved = {f"{LEDGER}/{name}": f"{APP}/books/{name}" for name in ("post.go", "read.go")}
    found = compare(run(HEALTHY), after, lambda path: False, moved)
    assert fates(found) == {f"{APP}/books": Fate.FELL, MAIN: Fate.SAME}
    assert found.packages[0].was == LEDGER


def test_flags_are_compared_apart() -> None:
    before = run(HEALTHY, flags={"unit": Share(1, 2), "e2e": Share(1, 2)})
    after = run(HEALTHY, flags={"unit": Share(2, 2), "e2e": Share(1, 2)})
    assert {row.path: row.fate for row in compare(before, after).flags} == {
        "unit": Fate.ROSE,
        "e2e": Fate.SAME,
    }


# -- limits ------------------------------------------------------------------------


def one(covered: int, statements: int) -> Summary:
    return run({"cmd/app/main.go": Share(covered, statements)})


@pytest.mark.parametrize(
    ("before", "after", "allowed", "sinks"),
    [
        ((800, 1000), (795, 1000), 0.5, False),  # exactly what is allowed
        ((800, 1000), (794, 1000), 0.5, True),
        ((80000, 100000), (79499, 100000), 0.5, True),  # 0.501
        ((1, 3), (33333, 100000), 0, True),  # 33.3333… and 33.333
        ((1, 3), (333, 999), 0, False),
        ((29, 100), (19, 100), 10, False),  # in floats, 29 - 19 is more than 10 of a kind
        ((1, 2), (1, 1), 0, False),
    ],
)
def test_the_ratchet_is_exact(
    before: tuple[int, int], after: tuple[int, int], allowed: float, sinks: bool
) -> None:
    limits = Limits(no_decrease=exactly(allowed), by_package=exactly(allowed))
    assert bool(sunk(compare(one(*before), one(*after)), limits)) == sinks


def test_a_fall_just_beyond_is_not_told_as_what_is_allowed() -> None:
    found = compare(one(80000, 100000), one(79499, 100000))
    (said,) = sunk(found, Limits(no_decrease=exactly(0.5)))
    assert said == "the total fell by 0.501 points; 0.5 are allowed"


def test_thresholds_are_exact() -> None:
    run_ = one(7996, 10000)
    limits = Limits(total=exactly(80), least={MAIN: exactly(79.97), "gone": None})
    assert missed(run_, limits) == (
        "the total is 79.96 %, below 80 %",
        f"{MAIN} is 79.96 %, below 79.97 %",
        "gone is not in the profile",
    )
    assert missed(one(8000, 10000), Limits(total=exactly(80), least={MAIN: None})) == ()
    assert missed(one(0, 1), Limits(least={MAIN: None})) == (f"{MAIN} is at 0.0 %",)


# -- of any two runs ---------------------------------------------------------------

counts = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: Share(*sorted(pair)))
names = st.sampled_from([f"{p}/{f}.go" for p in ("cmd/app", "a", "a/b", "c") for f in "xyz"])
runs = st.dictionaries(names, counts, max_size=5).map(run)


@given(runs, runs, st.sampled_from([True, False, None]))
def test_every_package_has_one_fate_that_its_numbers_bear_out(
    before: Summary, after: Summary, there: bool | None
) -> None:
    found = compare(before, after, lambda path: there)
    rows = {row.path: row for row in found.packages}
    old = {part.path: part.share for part in before.packages}
    new = {part.path: part.share for part in after.packages}
    assert len(rows) == len(found.packages)
    assert rows.keys() == old.keys() | new.keys()
    for path, row in rows.items():
        assert (row.before, row.after) == (old.get(path), new.get(path))
        if row.before is None or row.after is None:
            assert (row.fate is Fate.NEW) == (row.before is None)
            continue
        change = exact(row.after) - exact(row.before)
        assert row.fate is (Fate.FELL if change < 0 else Fate.ROSE if change else Fate.SAME)


@given(runs)
def test_a_run_against_itself(same: Summary) -> None:
    found = compare(same, same)
    assert found.change == 0
    assert {row.fate for row in found.packages} <= {Fate.SAME}
    assert found.faults == faults_of(same)
    assert sunk(found, Limits(Fraction(0), Fraction(0))) == ()


@given(runs, runs)
def test_there_and_back(one: Summary, two: Summary) -> None:
    assert compare(one, two).change == -compare(two, one).change


@given(runs, runs, st.fractions(0, 100))
def test_a_looser_ratchet_complains_no_more(
    before: Summary, after: Summary, allowed: Fraction
) -> None:
    found = compare(before, after)
    strict = sunk(found, Limits(no_decrease=Fraction(0), by_package=Fraction(0)))
    loose = sunk(found, Limits(no_decrease=allowed, by_package=allowed))
    assert len(loose) <= len(strict)


@given(runs, st.permutations([f"{APP}/r{n}/f.go" for n in range(12)]))
def test_renaming_every_file_changes_nothing(before: Summary, names: list[str]) -> None:
    moved = {part.path: name for part, name in zip(before.files, names, strict=False)}
    after = run({moved[part.path]: part.share for part in before.files})
    found = compare(before, after, lambda path: False, moved)
    assert found.change == 0
    files = [file for row in found.packages for file in row.files]
    assert {file.fate for file in files} <= {Fate.SAME}
    assert {file.was for file in files} == moved.keys()
