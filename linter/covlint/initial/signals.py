"""The few lines that a program lacks which does not handle SIGTERM: shown, never written."""

from __future__ import annotations

from covlint.diagnostics import Edit
from covlint.documents.goimports import add_import
from covlint.documents.golang import read_go
from covlint.fixer import apply_edits
from covlint.source import SourceFile, Span

#: os.Exit writes the counters, also from a goroutine (facts, part B).
_LINES = (
    "signals := make(chan os.Signal, 1)",
    "signal.Notify(signals, syscall.SIGTERM)",
    "go func() { <-signals; os.Exit(0) }() // or shut down, and return from main",
)
_IMPORTS = ("os", "os/signal", "syscall")


def with_handler(source: SourceFile, main: Span) -> bytes | None:
    """The file with a handler at the start of main, whose name stands at ``main``; None where
    it is written in a way that is not edited here."""
    opening = source.data.find(b"{", main.end)
    if opening < 0 or b"\n" in source.data[main.end : opening] or b"signals" in source.data:
        return None
    newline = source.newline
    body = b"".join(newline + b"\t" + line.encode() for line in _LINES)
    data = apply_edits(source.data, [Edit(source.span(opening + 1, opening + 1), body)])
    for path in _IMPORTS:  # one by one: each stands beside what is there by then
        file = read_go(SourceFile(source.path, data))
        beside = next((one.path.text for one in file.imports if "." not in one.path.text), "")
        edit = add_import(file, path, beside)
        if edit is not None:
            data = apply_edits(data, [edit])
    return data
