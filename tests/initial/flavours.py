"""The ferry as three teams deploy it, without any coverage."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"
FLAVOURS = ("plain", "kustomize", "chart")


def ferry(flavour: str, root: Path) -> Path:
    """A repository at ``root``."""
    shutil.copytree(PROJECTS / "ferry", root)
    shutil.copytree(PROJECTS / f"ferry-{flavour}", root, dirs_exist_ok=True)
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    return root


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a repository but for git's own."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }
