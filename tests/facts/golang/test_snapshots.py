"""What a program does to its own coverage while it runs."""

from __future__ import annotations

from covlint.facts.golang.snapshots import directory_change, read_snapshots
from covlint.source import SourceFile

_HEAD = 'package main\n\nimport cov "runtime/coverage"\n\n'


def test_calls_that_need_atomic_counters() -> None:
    text = (
        _HEAD
        + "func f() {\n\tcov.WriteMetaDir(d)\n\tcov.WriteCounters(w)\n\tcov.ClearCounters()\n}\n"
    )
    found = list(read_snapshots([SourceFile.of_text("main.go", text)], frozenset()))
    assert [one.function for one in found] == ["WriteCounters", "ClearCounters"]
    assert text[found[0].span.start : found[0].span.end] == "cov.WriteCounters(w)"
    assert found[0].tags == frozenset()


def test_a_file_that_a_tag_brings_in_names_the_tag() -> None:
    text = "//go:build e2e && !windows\n\n" + _HEAD + "func f() { cov.ClearCounters() }\n"
    (found,) = read_snapshots([SourceFile.of_text("e2e.go", text)], frozenset({"e2e.go"}))
    assert "e2e" in found.tags


def test_changes_of_the_directory() -> None:
    commented = SourceFile.of_text("a.go", "package main\n// os.Chdir(x)\n")
    changing = SourceFile.of_text("b.go", "package main\nfunc f() { os.Chdir(x) }\n")
    assert directory_change([commented]) is None
    found = directory_change([commented, changing])
    assert found is not None
    assert (found.path, found.start) == ("b.go", 24)
