"""What became of the source, asked of real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from covlint.trend.sources import Sources, history
from trend.test_stores import git

MODULE = "example.com/app"
BODY = "package a\n\nfunc A() int {\n\treturn 1\n}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A module in a sub-folder of its repository."""
    module = tmp_path / "repo" / "svc"
    for name in ("main.go", "a/a.go", "a/gone.go", "b/b.go"):
        (module / name).parent.mkdir(parents=True, exist_ok=True)
        (module / name).write_text(BODY + f"// {name}\n")
    (module / "go.mod").write_text(f"module {MODULE}\n\ngo 1.21\n")
    git(tmp_path, "init", "-q", "-b", "main", "repo")
    git(module, "add", ".")
    git(module, "commit", "-qm", "one")
    git(module, "mv", "b", "books")
    git(module, "rm", "-q", "a/gone.go")
    git(module, "commit", "-qm", "two")
    return module


def test_renamed_deleted_and_there(checkout: Path) -> None:
    one, two = git(checkout, "rev-parse", "HEAD~1"), git(checkout, "rev-parse", "HEAD")
    sources = Sources(str(checkout), one, two)
    assert sources.renamed() == {f"{MODULE}/b/b.go": f"{MODULE}/books/b.go"}
    answers = {
        name: sources.there(f"{MODULE}{name}")
        for name in ("", "/a", "/a/a.go", "/a/gone.go", "/b", "/books", "/books/b.go")
    }
    gone = {"/a/gone.go", "/b"}
    assert {name for name, there in answers.items() if there is False} == gone
    assert all(there for name, there in answers.items() if name not in gone)
    assert sources.there("golang.org/x/net/http2") is None
    assert sources.there("/etc/passwd") is None


def test_the_revision_of_the_run_counts_and_not_the_disk(checkout: Path) -> None:
    one, two = git(checkout, "rev-parse", "HEAD~1"), git(checkout, "rev-parse", "HEAD")
    (checkout / "a" / "a.go").unlink()
    assert Sources(str(checkout), one, two).there(f"{MODULE}/a/a.go") is True
    assert Sources(str(checkout), two, one).there(f"{MODULE}/b") is True
    unknown = Sources(str(checkout), "f" * 40, "e" * 40)
    assert unknown.there(f"{MODULE}/a/a.go") is False
    assert unknown.there(f"{MODULE}/a") is False
    assert unknown.there(f"{MODULE}/books") is True
    assert unknown.renamed() == {}


def test_without_git_and_without_a_module(checkout: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    sources = Sources(str(nowhere), None, "--help")
    assert (sources.there(f"{MODULE}/a"), sources.renamed()) == (None, {})
    assert history(str(nowhere), "HEAD") == []


def test_history_begins_where_a_branch_left(checkout: Path) -> None:
    one, two = git(checkout, "rev-parse", "HEAD~1"), git(checkout, "rev-parse", "HEAD")
    git(checkout, "switch", "-qc", "feature")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "mine")
    git(checkout, "branch", "-f", "main", "HEAD~1")
    git(checkout, "switch", "-q", "main")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "theirs")
    git(checkout, "switch", "-q", "feature")
    assert history(str(checkout), "main") == [two, one]
    assert history(str(checkout), "--all") == []
    assert history(str(checkout), "nowhere") == []
