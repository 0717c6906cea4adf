"""Where a Go program serves or waits, and how long its shutdown may take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from covlint.documents.golang import GoCall, GoFile, GoFunction
from covlint.source import SourceFile, Span

#: Functions of packages that serve until an error, by import path.
_SERVING_FUNCTIONS = {
    "net/http": frozenset({"ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS"}),
    "net/http/fcgi": frozenset({"Serve"}),
    "k8s.io/apimachinery/pkg/util/wait": frozenset({"Forever"}),
}
#: Methods of any value that serve until an error (net/http, grpc, fasthttp, …).
_SERVING_METHODS = frozenset({"ListenAndServe", "ListenAndServeTLS", "ServeTLS", "Serve"})
#: Routers that start a server: method names on a value that a function of the package made.
_SERVING_ROUTERS = {
    "github.com/gin-gonic/gin": frozenset({"Run", "RunTLS", "RunListener"}),
    "github.com/labstack/echo": frozenset({"Start", "StartTLS", "StartAutoTLS"}),
    "github.com/labstack/echo/v4": frozenset({"Start", "StartTLS", "StartAutoTLS"}),
    "github.com/gofiber/fiber/v2": frozenset({"Listen", "ListenTLS"}),
}
#: Anything that may wait for something outside; a program without it ends by itself.
_MAY_WAIT = re.compile(
    rb"Serve|\bselect\b|<-|\bfor\s*\{|\.Accept\(|\.Wait\(|\.Listen|\.Run\(|\.Start\(|os\.Stdin"
    rb"|\btime\.(?:Tick|NewTicker|Sleep|After)|import\s+\"C\"|\bgoto\b|\bfor\s*;|\bfor\s+true\b"
)

_UNITS = {
    "Nanosecond": 1e-9,
    "Microsecond": 1e-6,
    "Millisecond": 1e-3,
    "Second": 1.0,
    "Minute": 60.0,
    "Hour": 3600.0,
}


@dataclass(frozen=True, slots=True)
class Blocking:
    """The call or statement that keeps a program running."""

    span: Span
    function: GoFunction | None


def read_blocking(package: Sequence[GoFile], framework: str | None) -> Blocking | None:
    """The first place in the package where it plainly serves or waits for good."""
    served: Blocking | None = None
    waits = False
    for file in package:
        for call in file.calls:
            name = call.callee.rpartition(".")[2]
            waits = waits or (name == "Wait" and not call.concurrent)
            if _serves(file, call, framework):
                if not call.concurrent:
                    return Blocking(call.span, call.function)
                served = served or Blocking(call.span, call.function)
        channels = _signal_channels(file)
        for wait in file.waits:
            if wait.concurrent:
                continue
            if wait.kind != "receive" or wait.operand in channels:
                return Blocking(wait.span, wait.function)
            waits = True
    # A server in a goroutine, and something that main waits for.
    return served if waits else None


def _serves(file: GoFile, call: GoCall, framework: str | None) -> bool:
    target = file.resolve(call.callee)
    if target is not None:
        return target[1] in _SERVING_FUNCTIONS.get(target[0], ())
    value, dot, name = call.callee.rpartition(".")
    if not dot:
        return False
    if framework == "controller-runtime" and name == "Start":
        return True
    if name in _SERVING_METHODS:
        return name != "Serve" or len(call.arguments) == 1
    for bound in file.values:
        if bound.name == value:
            made = file.resolve(bound.expression.text)
            if made is not None and name in _SERVING_ROUTERS.get(made[0], ()):
                return True
    return False


def _signal_channels(file: GoFile) -> frozenset[str]:
    """Expressions whose receive ends only with a signal."""
    found: set[str] = set()
    for call in file.calls:
        if file.resolve(call.callee) == ("os/signal", "Notify") and call.arguments:
            found.add(call.arguments[0].text)
    for value in file.values:
        if file.resolve(value.expression.text.partition("(")[0]) == ("os/signal", "NotifyContext"):
            found.add(f"{value.name}.Done()")
    return frozenset(found)


def ends_by_itself(sources: Iterable[SourceFile]) -> bool:
    """Whether nothing in any file waits for something outside the program."""
    return not any(_MAY_WAIT.search(source.data) for source in sources)


def shutdown_timeout(files: Sequence[GoFile]) -> tuple[float, Span] | None:
    """The longest literal time-out (seconds) of a context that a Shutdown call is given."""
    best: tuple[float, Span] | None = None
    for file in files:
        for value in file.values:
            if file.resolve(value.expression.text.partition("(")[0]) != ("context", "WithTimeout"):
                continue
            if not _shuts_down(file, value.name, value.function):
                continue
            for call in file.calls:
                if call.span == value.expression.span and len(call.arguments) == 2:
                    duration = call.arguments[1]
                    seconds = _seconds(duration.text, file, files, value.function, 0)
                    if seconds is not None and (best is None or seconds > best[0]):
                        best = seconds, duration.span
    return best


def _shuts_down(file: GoFile, context: str, function: GoFunction | None) -> bool:
    return any(
        call.function == function
        and "shutdown" in call.callee.rpartition(".")[2].lower()
        and any(argument.text == context for argument in call.arguments)
        for call in file.calls
    )


def _seconds(
    text: str,
    file: GoFile,
    package: Sequence[GoFile],
    function: GoFunction | None,
    depth: int,
) -> float | None:
    """The value of ``30 * time.Second`` and the like; None for anything else.

    A bare number counts nanoseconds, as in Go.
    """
    if depth > 4:
        return None
    seconds, unit = 1.0, False
    for factor in re.sub(r"\btime\.Duration\(([\w.]+)\)", r"\1", text).split("*"):
        factor = factor.strip()
        if re.fullmatch(r"[0-9][0-9_]*(\.[0-9]+)?", factor):
            seconds *= float(factor.replace("_", ""))
            continue
        target = file.resolve(factor)
        if target is not None and target[0] == "time" and target[1] in _UNITS:
            seconds *= _UNITS[target[1]]
            unit = True
            continue
        values = [
            (one, value)
            for one in package
            for value in one.values
            if value.name == factor and value.function in (None, function)
        ]
        if len(values) != 1:
            return None
        owner, value = values[0]
        inner = _seconds(value.expression.text, owner, package, value.function, depth + 1)
        if inner is None:
            return None
        bare = re.fullmatch(r"[0-9][0-9_]*(\.[0-9]+)?", value.expression.text.strip())
        seconds *= inner * 1e9 if bare else inner
        unit = unit or not bare
    return seconds if unit else seconds * 1e-9
