"""The ferry as three teams deploy it, without any coverage."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

PROJECTS = Path(__file__).parents[2] / "fixtures" / "projects"
FLAVOURS = ("plain", "kustomize", "chart")


def ferry(flavour: str) -> dict[str, bytes]:
    """The files of a repository by their paths."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for root in (PROJECTS / "ferry", PROJECTS / f"ferry-{flavour}")
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def written(contents: Mapping[str, bytes], root: Path) -> Path:
    """The repository on disk."""
    for name, data in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    return root
