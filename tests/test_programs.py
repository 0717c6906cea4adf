from __future__ import annotations

from pathlib import Path

import pytest

from covlint.programs import find_program


def test_only_absolute_entries_of_path_outside_the_project_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "repository"
    for folder in (repository, repository / "bin", tmp_path / "own"):
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text("#!/bin/sh\n")
        (folder / "git").chmod(0o755)
    monkeypatch.chdir(repository)
    own = str(tmp_path / "own")
    monkeypatch.setenv("PATH", f":.:bin:{own}")
    assert find_program("git", str(repository)) == f"{own}/git"
    monkeypatch.setenv("PATH", f"{repository}/bin:{own}")  # somebody meant it, yet not for this
    assert find_program("git", str(repository)) is None
    (tmp_path / "link").symlink_to(repository / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path}/link")
    assert find_program("git", str(repository)) is None
