"""Where a Go program serves or waits, and how long its shutdown may take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from covlint.documents.golang import GoCall, GoFile, GoFunction, GoWait
from covlint.frozen import dataclass
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

#: Methods that end a server within the context that they are given.
_SHUTS_DOWN = re.compile(r"(?i:shutdown)[^.]*$|\.(?:Stop|GracefulStop|Drain)$")

#: Nanoseconds, which is what a time.Duration counts.
_UNITS = {
    "Nanosecond": 1.0,
    "Microsecond": 1e3,
    "Millisecond": 1e6,
    "Second": 1e9,
    "Minute": 60e9,
    "Hour": 3600e9,
}


@dataclass(frozen=True, slots=True)
class Blocking:
    """The call or statement that keeps a program running."""

    span: Span
    function: GoFunction | None


def read_blocking(package: Sequence[GoFile], framework: str | None) -> Blocking | None:
    """The first place in the package where it plainly serves or waits for good."""
    launched = {
        call.callee.rpartition(".")[2] for file in package for call in file.calls if call.concurrent
    }

    def aside(place: GoCall | GoWait) -> bool:
        """In a goroutine, or in a function that is started as one."""
        return place.concurrent or (
            place.function is not None and place.function.name.text in launched
        )

    served: list[Blocking] = []
    waiting: list[GoFunction | None] = []
    for file in package:
        for call in file.calls:
            if call.callee.endswith(".Wait") and not aside(call):
                waiting.append(call.function)
            if _serves(file, call, framework):
                found = Blocking(call.span, call.function)
                if not aside(call):
                    return found
                served.append(found)
        channels = _signal_channels(file)
        for wait in file.waits:
            if aside(wait):
                continue
            if wait.kind != "receive" or wait.operand in channels:
                return Blocking(wait.span, wait.function)
            waiting.append(wait.function)
    # A server in a goroutine, and something that the same function waits for.
    return next((found for found in served if found.function in waiting), None)


def _serves(file: GoFile, call: GoCall, framework: str | None) -> bool:
    target = file.resolve(call.callee)
    if target is not None:
        return target[1] in _SERVING_FUNCTIONS.get(target[0], ())
    value, dot, name = call.callee.rpartition(".")
    if not dot:
        return False
    if framework == "controller-runtime" and name == "Start":
        return value.lower() in ("mgr", "manager")
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
                    length = _nanoseconds(duration.text, file, files, value.function, 0)
                    if length is not None and (best is None or length / 1e9 > best[0]):
                        best = length / 1e9, duration.span
    return best


def _shuts_down(file: GoFile, context: str, function: GoFunction | None) -> bool:
    return any(
        call.function == function
        and _SHUTS_DOWN.search(call.callee)
        and any(argument.text == context for argument in call.arguments)
        for call in file.calls
    )


def _nanoseconds(
    text: str,
    file: GoFile,
    package: Sequence[GoFile],
    function: GoFunction | None,
    depth: int,
) -> float | None:
    """The value of ``30 * time.Second`` and the like; None for anything else."""
    if depth > 4:
        return None
    product = 1.0
    plain = re.sub(r"\btime\.Duration\(([\w.]+)\)", r"\1", "".join(text.split()))
    for factor in plain.split("*"):
        if re.fullmatch(r"[0-9][0-9_]*(\.[0-9]+)?", factor):
            product *= float(factor.replace("_", ""))
            continue
        target = file.resolve(factor)
        if target is not None and target[0] == "time" and target[1] in _UNITS:
            product *= _UNITS[target[1]]
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
        inner = _nanoseconds(value.expression.text, owner, package, value.function, depth + 1)
        if inner is None:
            return None
        product *= inner
    return product
