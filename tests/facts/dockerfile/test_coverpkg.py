"""Which packages a pattern matches; ``go list`` is the judge."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from covlint.facts.dockerfile.coverpkg import PackageTarget, matches_main
from covlint.runner.toolchain import Toolchain

MAIN = "package main\n\nfunc main() {}\n"
FILES = {
    "go.work": "go 1.21\n\nuse (\n\t./shop\n\t./lib\n)\n",
    "lib/go.mod": "module example.com/lib\n\ngo 1.21\n",
    "lib/money/money.go": "package money\n",
    "shop/go.mod": "module example.com/shop\n\ngo 1.21\n",
    "shop/main.go": MAIN,
    "shop/cmd/till/main.go": MAIN,
    "shop/cmd/till/till/till.go": "package till\n",
    "shop/cmd/tiller/main.go": MAIN,
    "shop/internal/cart/cart.go": "package cart\n",
    "shop/testdata/main.go": MAIN,
    "shop/nested/go.mod": "module example.com/shop/nested\n\ngo 1.21\n",
    "shop/nested/main.go": MAIN,
}
PATTERNS = [
    "./...",
    "./cmd/...",
    "./cmd/till...",
    "./cmd/till/...",
    "./internal/...",
    ".",
    "...",
    "example.com/...",
    "example.com/shop",
    "example.com/shop/...",
    "example.com/shop/cmd/till",
    "example.com/shop/cmd/...",
    "example.com/shop/internal/...",
    "example.com/lib/...",
    "../lib/...",
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    for path, text in FILES.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


@pytest.mark.parametrize("directory", [".", "cmd/till"])
def test_patterns_match_what_go_lists(
    workspace: Path, toolchain: Toolchain, directory: str
) -> None:
    mains = {"example.com/shop": ".", "example.com/shop/cmd/till": "cmd/till"}
    for pattern in PATTERNS:
        listed = subprocess.run(
            [str(toolchain.go), "list", "-e", pattern],
            cwd=workspace / "shop" / directory,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        for import_path, package in mains.items():
            relative = "." if package == directory else package
            if directory != "." and package == ".":
                relative = "../.."
            target = PackageTarget(relative, import_path, False, directory)
            assert matches_main(pattern, target) is (import_path in listed), (pattern, import_path)
