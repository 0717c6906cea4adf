"""Where packages are found: modules, folders that replace them, vendor directories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from covlint.facts.golang.shutdown import MainPackage
from covlint.files import MemoryFiles
from covlint.golayout import GoLayout
from covlint.runner.toolchain import Toolchain

SERVES = """\
package main

import (
	"net/http"

	"example.org/server"
)

func main() {
	server.Prepare()
	http.ListenAndServe(":80", nil)
}
"""
QUIET = 'package server\n\nimport "example.org/deep"\n\nfunc Prepare() { deep.Do() }\n'
DEEP = "package deep\n\nfunc Do() {}\n"
LISTING = "# example.org/server v1.2.3\n## explicit; go 1.22\nexample.org/server\n"
LISTED = LISTING + "# example.org/deep v0.1.0\nexample.org/deep\n"
VENDORED = {
    "go.mod": "module example.com/app\n\ngo 1.24\n",
    "main.go": SERVES,
    "vendor/modules.txt": LISTED,
    "vendor/example.org/server/server.go": QUIET,
    "vendor/example.org/deep/deep.go": DEEP,
}


def main_of(files: dict[str, str], directory: str = ".") -> MainPackage:
    kept = MemoryFiles(files)
    own = [path for path in kept.paths() if "vendor/" not in path]
    found = GoLayout(own, kept.read, kept.paths).main_package(directory)
    assert found is not None
    return found


def notifying(signals: str) -> str:
    return (
        'package deep\n\nimport (\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\nvar _ = syscall.SIGHUP\n\n'
        f"func Do() {{ c := make(chan os.Signal, 1); signal.Notify(c, {signals}) }}\n"
    )


def test_a_vendored_package_that_leaves_signals_alone() -> None:
    found = main_of(VENDORED)
    assert found.handles_sigterm is False
    assert found.unseen == ()
    assert found.runs_forever is True


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"vendor/modules.txt": LISTING}, "not listed"),
        ({"vendor/modules.txt": ""}, "an empty list"),
        ({"vendor/example.org/deep/deep.go": notifying("syscall.SIGTERM")}, "it subscribes"),
        ({"vendor/example.org/deep/deep.go": notifying("wanted...")}, "it may subscribe"),
        ({"vendor/example.org/deep/deep.go": DEEP + "var notify = signal.Notify\n"}, "no import"),
        ({"vendor/example.org/deep/deep.go": 'package deep\n\nimport "C"\n'}, "C"),
        ({"vendor/example.org/deep/deep.go": 'package deep\n\nimport "example.org/x"\n'}, "gone"),
    ],
)
def test_what_a_vendored_package_may_do_is_not_known(change: dict[str, str], why: str) -> None:
    expected = False if why == "no import" else None
    assert main_of(VENDORED | change).handles_sigterm is expected


def test_other_signals_of_a_vendored_package_do_not_matter() -> None:
    files = VENDORED | {"vendor/example.org/deep/deep.go": notifying("syscall.SIGWINCH")}
    assert main_of(files).handles_sigterm is False


def test_a_function_that_is_handed_over_may_be_called() -> None:
    text = 'package deep\n\nimport "os/signal"\n\nvar notify = signal.Notify\n'
    assert main_of(VENDORED | {"vendor/example.org/deep/deep.go": text}).handles_sigterm is None


def test_a_workspace_has_one_vendor_directory() -> None:
    files = {
        path if path.startswith("vendor/") else f"services/till/{path}": text
        for path, text in VENDORED.items()
    } | {"go.work": "go 1.24\n\nuse ./services/till\n"}
    assert main_of(files, "services/till").handles_sigterm is False


def test_a_folder_takes_the_place_of_a_module() -> None:
    handles = (
        'package server\n\nimport (\n\t"os/signal"\n\t"syscall"\n)\n\n'
        "func Prepare() { signal.Notify(nil, syscall.SIGTERM) }\n"
    )
    files = {
        "app/go.mod": "module example.com/app\n\nreplace example.org/server => ../fork\n",
        "app/main.go": SERVES,
        "fork/go.mod": "module example.com/forked\n",
        "fork/server.go": handles,
    }
    assert main_of(files, "app").handles_sigterm is True
    files["app/go.mod"] = "module example.com/app\n"
    assert main_of(files, "app").handles_sigterm is None
    files["fork/go.mod"] = "module example.org/server\n"
    assert main_of(files, "app").handles_sigterm is True  # as a workspace would have it


WORKSPACE = {
    "go.work": "go 1.21\n\nuse (\n\t./till\n\t./lib\n)\n",
    "till/go.mod": "module example.com/till\n\ngo 1.21\n",
    "till/main.go": 'package main\n\nimport "example.com/lib/money"\n\nfunc main() { money.Add() }\n',
    "lib/go.mod": "module example.com/lib\n\ngo 1.21\n",
    "lib/money/money.go": "package money\n\nfunc Add() {}\n",
    "apart/go.mod": "module example.com/apart\n",
}


def test_the_workspace_of_a_module() -> None:
    kept = MemoryFiles(WORKSPACE)
    layout = GoLayout(kept.paths(), kept.read)
    found = layout.workspace_of("till")
    assert found is not None
    assert found.directory == "."
    assert [one.module_path for one in found.modules] == ["example.com/till", "example.com/lib"]
    assert layout.workspace_of("apart") is None
    main = layout.main_package("till")
    assert main is not None
    assert main.directories == ("lib/money", "till")


NESTED = {
    "go.work": "go 1.21\n\nuse (\n\t.\n\t./cmd/till\n)\n",
    "go.mod": "module example.com/shop\n\ngo 1.21\n",
    "money/money.go": "package money\n\nfunc Add() {}\n",
    "cmd/till/go.mod": "module example.com/shop/cmd/till\n\ngo 1.21\n",
    "cmd/till/main.go": 'package main\n\nimport "example.com/shop/money"\n\n'
    "func main() { money.Add() }\n",
}


def instrumented(
    toolchain: Toolchain, folder: Path, files: dict[str, str], flag: str, directory: str, name: str
) -> set[str]:
    """The packages that a real build instruments."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    data, binary = folder / "data", folder / "till.bin"
    data.mkdir()
    go = str(toolchain.go)
    subprocess.run([go, "build", flag, "-o", binary, name], cwd=folder / directory, check=True)
    subprocess.run([binary], env={"GOCOVERDIR": str(data)}, check=True)
    shown = subprocess.run(
        [go, "tool", "covdata", "pkglist", f"-i={data}"], capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split())


def test_a_pattern_takes_in_the_modules_of_the_workspace_below(
    toolchain: Toolchain, tmp_path: Path
) -> None:
    found = instrumented(toolchain, tmp_path, NESTED, "-coverpkg=./...", ".", "./cmd/till")
    assert found == {"example.com/shop/cmd/till", "example.com/shop/money"}


@pytest.mark.parametrize(
    ("flag", "packages"),
    [
        ("-cover", {"example.com/till", "example.com/lib/money"}),
        ("-coverpkg=./...", {"example.com/till"}),
        (
            "-coverpkg=example.com/till/...,example.com/lib/...",
            {"example.com/till", "example.com/lib/money"},
        ),
    ],
)
def test_what_go_instruments_in_a_workspace(
    flag: str, packages: set[str], toolchain: Toolchain, tmp_path: Path
) -> None:
    """What COV115 says of workspaces, and that its repair brings the packages back."""
    assert instrumented(toolchain, tmp_path, WORKSPACE, flag, "till", ".") == packages
