"""How a Go main package ends: what decides whether its counters are written.

Go writes counters when main returns or os.Exit is called; a SIGTERM that the
program does not handle ends it before that (Go 1.21 to 1.27, facts part A).
"""

from __future__ import annotations

from dataclasses import dataclass

from covlint.source import Span


@dataclass(frozen=True, slots=True)
class SignalHandling:
    """One call that subscribes to signals."""

    span: Span
    signals: tuple[str, ...]  # "SIGTERM", "SIGINT", …; empty: all signals
    argument: Span | None  # the span of the last signal argument, where another can be added


@dataclass(frozen=True, slots=True)
class MainPackage:
    """One ``package main`` of the repository.

    ``directory`` is relative to the project root, posix, "." for the root.
    ``handles_sigterm`` is None when the program calls code that is not seen
    and may handle it. ``runs_forever`` is True when main plainly serves or
    blocks (ListenAndServe, select{}, a receive that nothing closes), False when
    it plainly ends by itself, None when that cannot be told.
    ``shutdown_seconds`` is the longest literal time-out that the shutdown path
    gives itself (context.WithTimeout around Shutdown), None when none is seen.
    """

    directory: str
    import_path: str | None  # None without a go.mod
    main: Span  # the ``main`` of ``func main``
    handles_sigterm: bool | None
    interrupt_only: SignalHandling | None
    handlings: tuple[SignalHandling, ...]
    runs_forever: bool | None
    blocking_call: Span | None
    framework: str | None  # the known framework that handles SIGTERM, if any
    shutdown_seconds: float | None
    shutdown_span: Span | None
    serves_coverage: bool  # imports runtime/coverage: HTTP pull or snapshots, no GOCOVERDIR needed
    imports_signal_syscall: bool  # "syscall" is imported by the file of interrupt_only


@dataclass(frozen=True, slots=True)
class GoModule:
    """A go.mod: ``directory`` as in MainPackage; versions as written ("1.22.3")."""

    directory: str
    module_path: str
    go_version: str | None
    toolchain: str | None
    span: Span  # the module path
