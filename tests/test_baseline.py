"""What a team accepts for now, and what a change brought in."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.baseline import BaselineError, Fingerprint, dump, load
from covlint.cli.main import run

#: Each line with -a is a finding, COV107, with an unsafe or a safe fix.
DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -cover -a -o /till ./cmd/till
FROM gcr.io/distroless/static
COPY --from=build /till /till
ENTRYPOINT ["/till"]
"""
SECOND = "RUN go build -cover -a -o /other ./cmd/other\n"
WITH_SECOND = DOCKERFILE.replace("FROM gcr", SECOND + "FROM gcr")

Codes = Callable[..., list[tuple[str, int]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / ".covlint.yaml").write_text("select: [COV107]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def found(folder: Path, capfd: pytest.CaptureFixture[str]) -> Codes:
    """The places of what one run reports."""

    def calling(*arguments: str) -> list[tuple[str, int]]:
        capfd.readouterr()
        code = run([*arguments, "--format", "json"])
        captured = capfd.readouterr()
        assert code in (0, 1), captured.err
        diagnostics = json.loads(captured.out)["diagnostics"]
        left = [item for item in diagnostics if not item["fixed"]]
        assert code == (1 if left else 0)
        return [(item["path"], item["start"]["line"]) for item in left]

    return calling


# -- baseline ----------------------------------------------------------------------


def test_what_is_accepted_stays_so_where_lines_move(found: Codes, folder: Path) -> None:
    assert run(["--write-baseline", "b.json"]) == 0
    assert found("--baseline", "b.json") == []
    (folder / "Dockerfile").write_text("# one\n# two\n" + DOCKERFILE.replace("RUN", "  RUN"))
    assert found("--baseline", "b.json") == []
    (folder / "Dockerfile").write_text(WITH_SECOND)
    assert found("--baseline", "b.json") == [("Dockerfile", 5)]


def test_as_often_as_it_was_accepted(found: Codes, folder: Path) -> None:
    run(["--write-baseline", "b.json"])
    twice = DOCKERFILE.replace("RUN go", "RUN go build -cover -a -o /till ./cmd/till\nRUN go")
    (folder / "Dockerfile").write_text(twice)
    assert len(found("--baseline", "b.json")) == 1


def test_what_is_fixed_is_taken_out(
    found: Codes, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "Dockerfile").write_text(WITH_SECOND)
    run(["--write-baseline", "b.json"])
    (folder / "Dockerfile").write_text(DOCKERFILE)
    capfd.readouterr()
    assert run(["--baseline", "b.json"]) == 0
    assert "1 of the baseline are fixed" in capfd.readouterr().err
    before = (folder / "b.json").read_text()
    assert found("--baseline", "b.json", "--write-baseline", "b.json") == []
    after = (folder / "b.json").read_text()
    assert ("./cmd/other" in before, "./cmd/other" in after) == (True, False)
    (folder / "Dockerfile").write_text(WITH_SECOND)
    assert found("--baseline", "b.json", "--write-baseline", "b.json") == [("Dockerfile", 5)]
    assert (folder / "b.json").read_text() == after  # nothing is ever added


def test_what_was_not_looked_at_stays_in_it(folder: Path) -> None:
    run(["--write-baseline", "b.json"])
    before = (folder / "b.json").read_text()
    (folder / "Dockerfile").write_text(DOCKERFILE.replace(" -a", ""))
    (folder / "x.yaml").write_text("a: 1\n")
    run(["x.yaml", "--baseline", "b.json", "--write-baseline", "b.json"])
    run(["--select", "COV5", "--baseline", "b.json", "--write-baseline", "b.json"])
    assert (folder / "b.json").read_text() == before
    run(["--baseline", "b.json", "--write-baseline", "b.json"])
    assert load((folder / "b.json").read_text()) == Counter()


def test_fixes_leave_alone_what_is_accepted(found: Codes, folder: Path) -> None:
    run(["--write-baseline", "b.json"])
    (folder / "Dockerfile").write_text(WITH_SECOND)
    assert found("--baseline", "b.json", "--fix", "--unsafe-fixes") == []
    fixed = SECOND.replace(" -a", "")
    assert (folder / "Dockerfile").read_text() == WITH_SECOND.replace(SECOND, fixed)


keys = st.builds(Fingerprint, st.text(), st.binary().map(os.fsdecode), st.text())


@given(accepted=st.dictionaries(keys, st.integers(1, 9)))
def test_a_baseline_is_read_as_it_was_written(accepted: dict[Fingerprint, int]) -> None:
    text = dump(accepted)
    assert text.isascii()
    assert load(text) == Counter(accepted)
    assert dump(dict(reversed(accepted.items()))) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "accepted": []}',
        '{"version": 1, "accepted": ["COV107 Dockerfile"]}',
        '{"version": 1, "accepted": [{"code": "C", "path": "p", "text": "t", "count": true}]}',
        '{"version": 1, "accepted": [{"code": "C", "path": "p", "text": 1, "count": 1}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline_is_refused(text: str, folder: Path) -> None:
    with pytest.raises(BaselineError):
        load(text)
    (folder / "b.json").write_text(text)
    assert run(["--baseline", "b.json"]) == 2


# -- since -------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(folder: Path) -> Path:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_since_reports_what_the_change_brought_in(found: Codes, repository: Path) -> None:
    assert found("--since", "HEAD") == []
    (repository / "Dockerfile").write_text("# changed\n" + DOCKERFILE)
    assert found("--since", "HEAD") == []  # the file changed, its finding was there
    (repository / "Dockerfile").write_text(WITH_SECOND)
    assert found("--since", "HEAD") == [("Dockerfile", 5)]
    git(repository, "commit", "-qam", "second")
    assert found("--since", "HEAD") == []
    assert found("--since", "HEAD~1") == [("Dockerfile", 5)]
    (repository / "New.Dockerfile").write_text(DOCKERFILE)  # not even tracked
    assert found("--since", "HEAD") == [("New.Dockerfile", 4)]


def test_a_change_breaks_what_it_does_not_touch(
    found: Codes, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Kind config moves its path, and the finding is in the manifest."""
    from report.sheets import FILES

    kind = (
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n  - role: control-plane\n"
        "    extraMounts: [{hostPath: ./coverdata, containerPath: /coverdata}]\n"
    )
    for path, text in {**FILES, "kind.yaml": kind}.items():
        target = repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("/tmp/coverage", "/coverdata"))
    (repository / ".covlint.yaml").write_text("select: [COV502]\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "healthy")
    assert found() == []
    (repository / "kind.yaml").write_text(kind.replace(": /coverdata", ": /elsewhere"))
    assert [path for path, _ in found("--since", "HEAD")] == ["deploy/e2e/till.yaml"]


def test_a_renamed_file_brings_nothing_in(found: Codes, repository: Path) -> None:
    git(repository, "mv", "Dockerfile", "till.Dockerfile")
    assert found() == [("till.Dockerfile", 4)]
    assert found("--since", "HEAD") == []


def test_what_others_merged_is_no_change(found: Codes, repository: Path) -> None:
    git(repository, "checkout", "-qb", "mine")
    git(repository, "checkout", "-q", "main")
    (repository / "Dockerfile").write_text(DOCKERFILE.replace(" -a", ""))
    git(repository, "commit", "-qam", "fixed by others")
    git(repository, "checkout", "-q", "mine")
    assert found("--since", "main") == []


def test_in_a_sub_folder_with_a_configuration_of_its_own(
    found: Codes, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sub = repository / "services" / "a"
    sub.mkdir(parents=True)
    (sub / ".covlint.yaml").write_text("select: [COV107]\n")
    (sub / "Dockerfile").write_text(DOCKERFILE)
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "service")
    monkeypatch.chdir(sub)
    (sub / "Dockerfile").write_text(WITH_SECOND)
    assert found("--since", "HEAD") == [("Dockerfile", 5)]


def test_links_removed_files_and_odd_names(found: Codes, repository: Path) -> None:
    odd = os.fsdecode(b"a\nb \xff.Dockerfile")
    (repository / odd).write_text(DOCKERFILE)
    (repository / "gone.Dockerfile").write_text(DOCKERFILE)
    (repository / "link.Dockerfile").symlink_to("Dockerfile")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "more")
    (repository / odd).write_text("# x\n" + DOCKERFILE)
    (repository / "gone.Dockerfile").unlink()
    (repository / "link.Dockerfile").unlink()
    (repository / "link.Dockerfile").write_text(DOCKERFILE)
    assert found("--since", "HEAD") == [("link.Dockerfile", 4)]


@pytest.mark.parametrize("revision", ["nope", "--output=x", "HEAD:Dockerfile", ""])
def test_an_unknown_revision_is_exit_2(
    revision: str, repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["--since", revision]) == 2
    assert "git does not know the revision" in capfd.readouterr().err
    assert not (repository / "x").exists()


def test_git_runs_nothing_of_the_repository(repository: Path, found: Codes) -> None:
    script = repository / ".git" / "evil.sh"
    script.write_text("#!/bin/sh\ntouch ran\ncat\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "filter.f.clean", "diff.d.textconv"):
        git(repository, "config", key, str(script))
    (repository / ".gitattributes").write_text("* filter=f diff=d\n")
    (repository / "ran").unlink(missing_ok=True)
    (repository / "Dockerfile").write_text(WITH_SECOND)
    assert found("--since", "HEAD") == [("Dockerfile", 5)]
    assert not (repository / "ran").exists()
