"""covlint over a checkout, recorded: on a small project of our own."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ecosystem import __main__, commands, compare, judgements, records, run
from ecosystem.judgements import Judgement
from ecosystem.records import Finding, Record

POD = """apiVersion: v1
kind: Pod
metadata:
  name: till
spec:
  containers:
    - name: till
      image: till:e2e
      env:
        - name: GOCOVERDIR
          value: /coverdata
"""
DOCKERFILE = 'FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till . && mkdir /coverdata\nENTRYPOINT ["/till"]\n'


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "e2e").mkdir()
    (folder / "e2e/pod.yaml").write_text(POD)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "Makefile").write_text("e2e:\n\tdocker build -t till:e2e .\n")
    (folder / "broken.yaml").write_text("apiVersion: v1\nkind: Pod\nspec: {containers: [}\n")
    for arguments in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "till"),
        ("remote", "add", "origin", "https://example.com/shop/till.git"),
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def recorded(checkout: Path) -> Record:
    return run.record(checkout)


def test_a_record_names_the_repository_and_its_commit(checkout: Path, recorded: Record) -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True
    )
    assert (recorded.repository, recorded.commit) == ("shop/till", head.stdout.strip())
    assert recorded.error is None


def test_a_record_says_what_was_read_and_found(recorded: Record) -> None:
    assert recorded.files == {"dockerfile": 1, "makefile": 1, "yaml": 2}
    assert recorded.facts["containers"] == 1
    assert recorded.facts["image_builds"] == 1
    found = [(finding.code, finding.path, finding.line) for finding in recorded.findings]
    assert ("COV302", "e2e/pod.yaml", 11) in found
    assert [path for path, _ in recorded.unread] == ["broken.yaml"]
    assert recorded.crashes == ()


def test_a_chain_is_recorded_with_the_certainty_of_its_hops(recorded: Record) -> None:
    (chain,) = recorded.chains
    assert chain.service == "till"
    assert chain.hops["build"] == chain.hops["GOCOVERDIR"] == "exact"
    assert chain.missing == "mount"


def test_time_and_memory_are_measured(recorded: Record) -> None:
    assert 0 < recorded.seconds < 60
    assert 5 < recorded.peak_mib < 1000


def test_the_same_checkout_gives_the_same_record(checkout: Path, recorded: Record) -> None:
    again = run.record(checkout)
    same = replace(again, seconds=recorded.seconds, peak_mib=recorded.peak_mib)
    assert records.dump([same]) == records.dump([recorded])


def test_a_covlint_that_fails_is_recorded(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "linter/covlint").mkdir(parents=True)
    (tmp_path / "linter/covlint/__init__.py").write_text("raise RuntimeError('no luck')\n")
    record = run.record(checkout, tmp_path)
    assert record.error == "exit code 1: RuntimeError: no luck"
    assert record.repository == "shop/till"


def test_a_folder_without_git_has_its_name() -> None:
    assert run.repository_of(Path(__file__).parent / "nowhere") == "nowhere"


def test_records_are_kept_whole(recorded: Record, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(records.dump([recorded]))
    assert records.load(file) == {"shop/till": recorded}


def test_commits_of_one_repository_are_kept_apart(recorded: Record, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    other = replace(recorded, commit="0" * 40)
    file.write_text(records.dump([recorded, other]))
    loaded = records.load(file)
    assert loaded == {f"shop/till@{record.commit}": record for record in (recorded, other)}


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text('{"version": 0, "repositories": []}')
    with pytest.raises(ValueError, match="version 1 is expected"):
        records.load(file)


FINDING = Finding("e2e/pod.yaml", 11, "COV302", "warning", "no volume")
ERROR = Finding("e2e/pod.yaml", 7, "COV301", "error", "not set")


def one(*findings: Finding, commit: str = "abc", **fields: object) -> dict[str, Record]:
    return {"shop/till": Record("shop/till", commit, findings=findings, **fields)}  # type: ignore[arg-type]


def test_a_comparison_shows_what_came_and_what_went() -> None:
    changes = compare.compare(one(FINDING), one(ERROR))
    assert list(compare.text(changes)) == [
        "shop/till: +1 -1",
        "  + COV301 error e2e/pod.yaml:7 not set",
        "  - COV302 warning e2e/pod.yaml:11 no volume",
        "0 of 1 repositories are unchanged; +1 -1 findings",
    ]


def test_a_finding_that_is_there_twice_is_counted_twice() -> None:
    (change,) = compare.compare(one(FINDING), one(FINDING, FINDING))
    assert change.added == (FINDING,)


def test_unchanged_repositories_are_not_listed() -> None:
    changes = compare.compare(one(FINDING), one(FINDING, seconds=3.0))
    assert list(compare.text(changes)) == ["1 of 1 repositories are unchanged; +0 -0 findings"]


@pytest.mark.parametrize(
    ("new", "note"),
    [
        (one(FINDING, commit="def"), "not compared: commit abc, then def"),
        ({}, "only in the old run"),
        (one(error="exit code 1: KeyError"), "exit code 1: KeyError"),
        (one(FINDING, crashes=("COV101 Dockerfile: KeyError",)), "1 rule crashes, 0 before"),
    ],
)
def test_what_cannot_be_compared_is_said(new: dict[str, Record], note: str) -> None:
    (change,) = compare.compare(one(FINDING), new)
    assert change.note == note


def judged(finding: Finding, *, true: bool, commit: str = "abc") -> Judgement:
    return Judgement(
        "shop/till", commit, finding.path, finding.line, finding.code, true, "read and judged"
    )


def test_findings_are_told_apart_by_their_judgements() -> None:
    other = replace(FINDING, line=20)
    standing = judgements.standing(
        one(FINDING, ERROR, other), [judged(FINDING, true=True), judged(ERROR, true=False)]
    )
    assert [finding for _, finding in standing.true] == [FINDING]
    assert [finding for _, finding in standing.false] == [ERROR]
    assert [finding for _, finding in standing.unjudged] == [other]
    assert (standing.precision("warning"), standing.precision("error")) == (1.0, 0.0)


def test_a_judgement_without_its_finding_is_gone_unless_the_commit_differs() -> None:
    gone = judged(ERROR, true=False)
    standing = judgements.standing(one(FINDING), [gone, judged(ERROR, true=True, commit="old")])
    assert standing.gone == (gone,)
    assert standing.precision("error") is None
    assert "errors: none judged" in list(judgements.text(standing))


def test_notices_need_no_judgement() -> None:
    standing = judgements.standing(one(replace(FINDING, severity="notice")), [])
    assert standing.unjudged == ()


def test_the_commands_work_together(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "run.json")
    assert __main__.main(["record", str(checkout), "--output", file]) == 0
    assert __main__.main(["compare", file, file]) == 0
    assert "1 of 1 repositories are unchanged" in capsys.readouterr().out
    assert __main__.main(["judge", file]) == 1  # nobody has judged ours
    assert "not judged: warning COV302 shop/till e2e/pod.yaml:11" in capsys.readouterr().out
    assert __main__.main(["table", file]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("| shop/till | ")


def test_the_judgements_that_are_kept_are_whole() -> None:
    kept = judgements.load()
    assert len({judgement.key for judgement in kept}) == len(kept)
    assert kept == sorted(kept)
    for judgement in kept:
        assert judgement.repository.count("/") == 1
        assert len(judgement.commit) == 40
        assert judgement.line > 0
        assert judgement.code.startswith("COV")
        assert isinstance(judgement.true, bool)
        assert 20 <= len(judgement.why) <= 300, judgement


def test_the_help_names_every_command() -> None:
    documentation = __main__.__doc__ or ""
    for name in ("record", "compare", "judge", "table", "fixes"):
        assert f"tests.ecosystem {name} " in documentation
    assert commands.__doc__
