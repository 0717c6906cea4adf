from __future__ import annotations

import pytest

from covlint.diagnostics import Severity
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.precedence import SILENCES, hop_of, speaking, winners_over
from covlint.registry import Entry, Registry, RegistryError, installed_packs
from covlint.selection import Selection, SelectionError, split_codes
from toys import AddTags, DropA, Failing, Growing, dockerfile, registry

FILES = MemoryFiles(dockerfile("go build -a -o /x ./cmd/x", "go build -a -o /y ./cmd/y"))


def codes(*rules: type, **selection: object) -> list[str]:
    options = Options(selection=Selection(**selection))  # type: ignore[arg-type]
    return [item.code for item in inspect(FILES, registry(*rules), options).report.diagnostics]


def test_diagnostics_come_by_path_then_position_then_code() -> None:
    files = MemoryFiles(
        {
            f"{name}/Dockerfile": dockerfile("go build -a ./cmd/x")["Dockerfile"]
            for name in ("b", "a")
        }
    )
    found = inspect(files, registry(AddTags, DropA), Options()).report.diagnostics
    assert [(item.span.path, item.code) for item in found] == [
        ("a/Dockerfile", "COV902"),
        ("a/Dockerfile", "COV901"),
        ("b/Dockerfile", "COV902"),
        ("b/Dockerfile", "COV901"),
    ]


def test_only_reported_files_are_reported() -> None:
    files = MemoryFiles(
        {
            f"{name}/Dockerfile": dockerfile("go build -a ./cmd/x")["Dockerfile"]
            for name in ("b", "a")
        }
    )
    options = Options(reported=frozenset({"b/Dockerfile"}))
    found = inspect(files, registry(DropA), options).report.diagnostics
    assert [item.span.path for item in found] == ["b/Dockerfile"]


def test_a_rule_that_fails_is_a_crash_and_the_others_go_on() -> None:
    report = inspect(FILES, registry(DropA, Failing), Options()).report
    assert len(report.diagnostics) == 2
    assert [(crash.code, crash.path) for crash in report.crashes] == [("COV905", "Dockerfile")]
    assert "ZeroDivisionError: a bug" in report.crashes[0].error


def test_a_rule_that_cannot_be_loaded_is_a_crash() -> None:
    broken = Registry([Entry("COV909", "no.such.module", "Rule", "GoBuild")])
    report = inspect(FILES, broken, Options()).report
    assert [crash.code for crash in report.crashes] == ["COV909"]


def test_a_rule_of_a_subject_that_does_not_turn_up_is_not_imported() -> None:
    table = Registry([Entry("COV909", "no.such.module", "Rule", "KindCluster")])
    assert not inspect(FILES, table, Options()).report.crashes


def test_a_file_that_cannot_be_read_is_unread() -> None:
    files = MemoryFiles({"Dockerfile": b"FROM golang\nRUN go build .\n\xff"})
    report = inspect(files, registry(DropA), Options()).report
    assert [(item.path, item.reason) for item in report.unread] == [
        ("Dockerfile", "not UTF-8 (byte 27 is 0xff)")
    ]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, {"COV901", "COV902", "COV903"}),
        ({"select": ("COV901",)}, {"COV901"}),
        ({"select": ("COV9",), "ignore": ("COV901",)}, {"COV902", "COV903"}),
        ({"ignore": ("COV9",)}, set()),
        ({"select": ("COV901",), "ignore": ("COV9",)}, {"COV901"}),
        ({"proven": True}, {"COV901"}),
    ],
)
def test_selection(selection: dict[str, object], expected: set[str]) -> None:
    assert set(codes(DropA, AddTags, Growing, **selection)) == expected


def test_an_unknown_code_gets_the_nearest() -> None:
    with pytest.raises(SelectionError, match="no rule is called 'COV91'; did you mean COV9"):
        Selection(select=("COV91",)).check(["COV901", "COV902"])
    with pytest.raises(SelectionError, match="no policy is called"):
        Selection(policy="x").check([])


def test_codes_are_split_at_commas() -> None:
    assert split_codes(["cov1, COV203", "", "COV5,"]) == ("COV1", "COV203", "COV5")


def test_the_policy_raises_warnings_but_not_notices() -> None:
    from dataclasses import replace

    policy = Selection(policy="dd-test-007")
    (found, *_) = inspect(FILES, registry(AddTags), Options()).report.diagnostics
    warning = replace(found, code="COV107")
    assert policy.adjusted(warning).severity is Severity.ERROR
    notice = replace(warning, severity=Severity.NOTICE)
    assert policy.adjusted(notice) == notice
    assert policy.adjusted(found) == found


def test_no_rules_at_all_is_an_error() -> None:
    with pytest.raises(RegistryError, match="there are no rules"):
        Registry([])


def test_two_rules_of_one_code_are_an_error() -> None:
    entry = Entry("COV901", "toys", "DropA", "GoBuild")
    with pytest.raises(RegistryError, match="two rules are called COV901"):
        Registry([entry, entry])


def test_a_pack_that_is_not_installed_is_named() -> None:
    with pytest.raises(RegistryError, match="'ours' is not installed"):
        Registry.with_packs(["ours"])
    assert isinstance(installed_packs(), dict)


# -- one break, one voice -------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "heard"),
    [
        ({"COV103", "COV101"}, {"COV103"}),
        ({"COV501", "COV302"}, {"COV501"}),
        ({"COV502", "COV401", "COV304"}, {"COV502"}),
        ({"COV501", "COV302", "COV201"}, {"COV501"}),
        ({"COV501", "COV502"}, {"COV501", "COV502"}),
        ({"COV302", "COV201"}, {"COV302"}),
        ({"COV303", "COV302", "COV202"}, {"COV303"}),
        ({"COV304", "COV401"}, {"COV304", "COV401"}),
        ({"COV101", "COV203"}, {"COV101", "COV203"}),
    ],
)
def test_winners_silence_losers(found: set[str], heard: set[str]) -> None:
    assert speaking(found) == heard


def test_no_two_codes_silence_each_other() -> None:
    for winner, losers in SILENCES.items():
        assert winner not in losers
        for loser in losers:
            assert winner not in SILENCES.get(loser, ())


def test_something_always_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    """However many see a gap, one of them is heard. Prints the table."""
    for winner, losers in sorted(SILENCES.items()):
        print(f"{winner} before {', '.join(sorted(losers))}")
    everything = {*SILENCES, *(loser for losers in SILENCES.values() for loser in losers)}
    assert speaking(everything)
    assert winners_over(["COV105"]) == {"COV114"}
    assert "COV103" in winners_over(["COV101"])


def test_each_family_has_a_hop() -> None:
    assert all(hop_of(code) for code in SILENCES)
    assert hop_of("COV001") is None
