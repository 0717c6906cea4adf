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


@pytest.mark.parametrize(
    ("package", "import_path", "pattern"),
    [
        ("testdata/x", "example.com/shop/testdata/x", "./..."),
        ("_under", "example.com/shop/_under", "example.com/shop/..."),
        (".dot", "example.com/shop/.dot", "./..."),
        ("nested", "example.com/shop/nested", "./..."),
        ("cmd/till", "example.com/shop/cmd/till", "./testdata/..."),
    ],
)
def test_coverpkg_takes_folders_that_go_list_skips(
    tmp_path: Path, toolchain: Toolchain, package: str, import_path: str, pattern: str
) -> None:
    """``go list ./...`` leaves out testdata, ``_x``, ``.x`` and nested modules; -coverpkg holds
    its patterns against what is built, wherever that lies (measured on Go 1.26)."""
    files = {"go.mod": "module example.com/shop\n\ngo 1.21\n", f"{package}/main.go": MAIN}
    if package == "nested":
        files["nested/go.mod"] = "module example.com/shop/nested\n\ngo 1.21\n"
        files["go.mod"] += f"\nrequire {import_path} v0.0.0\n\nreplace {import_path} => ./nested\n"
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    built = import_path if package == "nested" else f"./{package}"
    subprocess.run(
        [str(toolchain.go), "build", f"-coverpkg={pattern}", "-o", "out", built],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    instrumented = b"GOCOVERDIR not set" in (tmp_path / "out").read_bytes()  # facts, part E
    target = PackageTarget(package, import_path, False, ".")
    assert matches_main(pattern, target) is instrumented
