"""Ways out of a Go program that leave its counters unwritten.

Go writes them when main returns or os.Exit is called. ``syscall.Exit`` ends the
process without, ``syscall.Exec`` makes it another program, and a signal that is
sent to oneself after signal.Reset ends it as if it had no handler (Go 1.21 to
1.27, facts part A).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from covlint.diagnostics import Edit
from covlint.documents.goimports import add_import, exchange_import
from covlint.documents.golang import GoCall, GoFile, GoFunction, read_go
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

#: The packages whose functions do so.
LEAVING = frozenset({"syscall", "golang.org/x/sys/unix"})
_MAY = tuple(
    re.compile(package + rb"\s*\.\s*(?:Exit|Exec|Kill)\s*\(") for package in (b"syscall", b"unix")
)
_ITSELF = frozenset({"syscall.Getpid()", "os.Getpid()", "unix.Getpid()"})


@dataclass(frozen=True, slots=True)
class Bypass:
    """``kind``: "exit", "exec" or "raise". ``plain``: func main does it in any case, not in
    a branch. ``edits`` call os.Exit instead."""

    kind: str
    call: str
    span: Span
    function: GoFunction | None
    plain: bool
    edits: tuple[Edit, ...] = ()


def read_bypasses(sources: Iterable[SourceFile]) -> Iterator[Bypass]:
    """Those in the files of a program."""
    for source in sources:
        if not any(may.search(source.data) for may in _MAY):
            continue
        file = read_go(source)
        for call in file.calls:
            kind = _kind(file, call)
            if kind is not None:
                edits = _exits(file, call) if kind == "exit" else ()
                yield Bypass(
                    kind, call.callee, call.span, call.function, _is_plain(file, call), edits
                )


def _kind(file: GoFile, call: GoCall) -> str | None:
    target = file.resolve(call.callee)
    if target is None or target[0] not in LEAVING:
        return None
    if target[1] == "Exit":
        return "exit"
    if target[1] == "Exec":
        return "exec"
    if target[1] != "Kill" or not call.arguments or call.arguments[0].text not in _ITSELF:
        return None
    reset = any(
        file.resolve(one.callee) in {("os/signal", "Reset"), ("os/signal", "Stop")}
        and one.function == call.function
        and one.span.start < call.span.start
        for one in file.calls
    )
    return "raise" if reset else None


def _is_plain(file: GoFile, call: GoCall) -> bool:
    function = call.function
    in_main = function is not None and function.receiver is None and function.name.text == "main"
    return in_main and file.package == "main" and not call.conditional and not call.concurrent


def _exits(file: GoFile, call: GoCall) -> tuple[Edit, ...]:
    """``os.Exit`` for ``syscall.Exit``, with the imports that it takes."""
    start, data = call.span.start, file.source.data
    name = call.callee.encode()
    if data[start : start + len(name)] != name:
        return ()
    package = name.partition(b".")[0]
    exits = Edit(file.source.span(start, start + len(name)), b"os.Exit")
    uses = re.compile(rb"^(?!\s*//).*?\b" + re.escape(package) + rb"\.", re.MULTILINE)
    if len(uses.findall(data)) > 1:
        imported = add_import(file, "os", "syscall")
        return (imported, exits) if imported is not None else (exits,)
    exchanged = exchange_import(file, "syscall", "os")
    return (*exchanged, exits) if exchanged else ()
