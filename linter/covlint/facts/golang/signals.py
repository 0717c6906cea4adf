"""Which calls subscribe a Go program to signals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from covlint.documents.golang import GoCall, GoExpression, GoFile, GoFunction, GoValue
from covlint.facts.golang.libraries import LIBRARIES, Library
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

#: A signal argument whose value is not seen.
UNSEEN = "?"


@dataclass(frozen=True, slots=True)
class SignalHandling:
    """One call that subscribes to signals.

    ``signals`` holds UNSEEN for an argument whose value is not seen.
    """

    span: Span
    signals: tuple[str, ...]  # "SIGTERM", "SIGINT", …; empty: all signals
    argument: Span | None  # the span of the last signal argument, where another can be added

    @property
    def takes_sigterm(self) -> bool | None:
        if not self.signals or "SIGTERM" in self.signals:
            return True
        return None if UNSEEN in self.signals else False


#: Functions that subscribe to the signals they are given, and the index of the first one.
_SUBSCRIBERS = {
    ("os/signal", "Notify"): 1,
    ("os/signal", "NotifyContext"): 1,
    # signal.NotifyContext on its arguments, inside a run.Group actor.
    ("github.com/oklog/run", "SignalHandler"): 1,
}


def concerns_signals(imports: frozenset[str], sources: Sequence[SourceFile]) -> bool:
    """Whether a package can subscribe to signals by a call known here."""
    if "os/signal" in imports or "github.com/oklog/run" in imports:
        return True
    return calls_library(imports, sources)


def calls_library(imports: frozenset[str], sources: Sequence[SourceFile]) -> bool:
    """Whether a package names a function of a library that subscribes."""
    names = [
        name.encode() for path in imports.intersection(LIBRARIES) for name in LIBRARIES[path].names
    ]
    return any(name in source.data for name in names for source in sources)


def framework_of(file: GoFile, package: Sequence[GoFile]) -> tuple[str, GoCall] | None:
    """The library that handles SIGTERM, and the call that makes it do so."""
    for call in file.calls:
        for named in (call.callee, *(argument.text for argument in call.arguments)):
            path, function = _named(file, named)
            library = LIBRARIES.get(path)
            if library is None:
                continue
            if function in library.calls:
                return library.name, call
            if function in library.makes and named is call.callee and _is_run(library, package):
                return library.name, call
    return None


def _named(file: GoFile, text: str) -> tuple[str, str]:
    """The import path and the function that an expression begins with; of
    ``fx.New().Run`` it is ``New``."""
    path, rest = file.resolve(text) or ("", "")
    return path, rest.partition("().")[0]


def _is_run(library: Library, package: Sequence[GoFile]) -> bool:
    """Whether the package runs it, and leaves the signals to it."""
    methods = {call.callee.rpartition(".")[2] for file in package for call in file.calls}
    named = methods.union(
        argument.text.rpartition(".")[2]
        for file in package
        for call in file.calls
        for argument in call.arguments
    )
    return bool(methods & library.then) and not named & library.unless


def read_handlings(
    file: GoFile, package: Sequence[GoFile]
) -> Iterator[tuple[SignalHandling, GoCall]]:
    """The subscriptions in ``file``; values are looked up in the files of its package."""
    for call in file.calls:
        first = _first_signal(file, call.callee)
        if first is None:
            continue
        names: list[str] = []
        last: Span | None = None
        for argument in call.arguments[first:]:
            for name, span in _signals(file, package, argument, call.function, 0):
                names.append(name)
                last = span
        if len(call.arguments) > first and not names:
            names.append(UNSEEN)
        yield SignalHandling(call.span, tuple(dict.fromkeys(names)), last), call


def _first_signal(file: GoFile, callee: str) -> int | None:
    target = file.resolve(callee)
    if target is not None:
        return _SUBSCRIBERS.get(target)
    for entry in file.imports:
        if entry.alias == "." and (entry.path.text, callee) in _SUBSCRIBERS:
            return _SUBSCRIBERS[entry.path.text, callee]
    return None


def _signals(
    file: GoFile,
    package: Sequence[GoFile],
    expression: GoExpression,
    function: GoFunction | None,
    depth: int,
) -> Iterator[tuple[str, Span | None]]:
    """The signal names an expression stands for, each with the place it is written at."""
    if expression.elements is not None:
        for element in expression.elements:
            yield from _signals(file, package, element, function, depth)
        return
    text = "".join(expression.text.split())
    target = file.resolve(text)
    if target is not None:
        yield _signal_name(*target), expression.span
        return
    found = False
    if depth < 4 and re.fullmatch(r"\w+", text):
        for owner, value in _values(text, file, package, function):
            found = True
            yield from _signals(owner, package, value.expression, value.function, depth + 1)
    if found:
        return
    # append(sigs, syscall.SIGTERM) and the like: what is named in it is among them.
    names = re.findall(r"\bSIG[A-Z0-9]+\b|\bos\.Interrupt\b", expression.text)
    for name in names:
        yield ("SIGINT" if name == "os.Interrupt" else name), None
    if not names or "SIGTERM" not in names:
        yield UNSEEN, None


def _signal_name(path: str, name: str) -> str:
    if path == "os":
        return {"Interrupt": "SIGINT", "Kill": "SIGKILL"}.get(name, UNSEEN)
    if path in ("syscall", "golang.org/x/sys/unix") and name.startswith("SIG"):
        return name
    if path in ("syscall", "golang.org/x/sys/unix") and re.fullmatch(r"Signal\((15|0xf)\)", name):
        return "SIGTERM"
    return UNSEEN


def _values(
    name: str, file: GoFile, package: Sequence[GoFile], function: GoFunction | None
) -> list[tuple[GoFile, GoValue]]:
    """What a name is given: in its function if it is bound there, else at package level."""
    local = [v for v in file.values if v.name == name and function and v.function == function]
    if local:
        return [(file, value) for value in local]
    return [
        (one, value)
        for one in package
        for value in one.values
        if value.name == name and value.function is None
    ]
