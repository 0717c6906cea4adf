"""How a Go main package ends: what decides whether its counters are written.

Go writes counters when main returns or os.Exit is called; a SIGTERM that the
program does not handle ends it before that (Go 1.21 to 1.27, facts part A).

Reading is by names, not types: a function counts as called when reachable code
names it. That errs towards "handled", where rules are silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from covlint.diagnostics import Edit
from covlint.documents.goimports import add_import
from covlint.documents.golang import GoFile, GoFunction, read_go
from covlint.facts.golang.blocking import Blocking, ends_by_itself, read_blocking, shutdown_timeout
from covlint.facts.golang.bypasses import LEAVING, Bypass, read_bypasses
from covlint.facts.golang.modules import GoModule, import_path_of, read_module
from covlint.facts.golang.packages import (
    GoPackage,
    Headers,
    LoadPackage,
    follow_imports,
    take_package,
)
from covlint.facts.golang.signals import (
    SignalHandling,
    concerns_signals,
    framework_of,
    read_handlings,
)
from covlint.facts.golang.snapshots import COVERAGE, Snapshot, directory_change, read_snapshots
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span

__all__ = [
    "GoModule",
    "MainPackage",
    "SignalHandling",
    "may_be_main",
    "read_main_package",
    "read_module",
    "signal_fix",
]


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
    ``interrupt_only`` is also set where ``handles_sigterm`` is None only because
    of third-party packages: a program that subscribes to signals itself does
    not leave SIGTERM to a library. ``unseen`` are the imports that could not be
    followed, and the files of the build that are not in the repository.
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
    #: Imports runtime/coverage, or may: HTTP pull or snapshots, no GOCOVERDIR needed.
    serves_coverage: bool
    imports_signal_syscall: bool  # "syscall" is imported by the file of interrupt_only
    #: What adds SIGTERM to ``interrupt_only``; empty when the place is not seen.
    sigterm_edits: tuple[Edit, ...] = ()
    unseen: tuple[str, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    changes_directory: Span | None = None
    bypasses: tuple[Bypass, ...] = ()
    directories: tuple[str, ...] = ()  # of the project's packages that it is made of


_MAIN = re.compile(rb"^(?:\xef\xbb\xbf)?package main\b", re.MULTILINE)


def may_be_main(data: bytes) -> bool:
    """Whether a Go file is worth asking for its directory's main package."""
    return b"func main(" in data and _MAIN.search(data) is not None


def read_main_package(
    directory: str,
    files: Sequence[SourceFile],
    load_package: LoadPackage,
    module: GoModule | None,
    headers: Headers | None = None,
    is_quiet: Callable[[str], bool] = lambda _: False,
) -> MainPackage | None:
    """The facts of the main package in ``directory``; None when there is none.

    ``load_package`` gives the files of a package by import path, none when it is
    not in the module. ``headers`` keeps what was learnt about files (by path)
    for the next call. ``is_quiet``: whether a vendored package leaves signals alone.
    """
    known: Headers = headers if headers is not None else {}
    here = take_package("main", [one for one in files if one.path.endswith(".go")], known, "main")
    parsed = [read_go(source) for source in here.sources]
    main = next(
        (
            function
            for file in parsed
            for function in file.functions
            if function.name.text == "main" and function.receiver is None
        ),
        None,
    )
    if main is None:
        return None
    imported = follow_imports(
        here, load_package, module.module_path if module else None, known, is_quiet
    )
    packages, unseen = imported.packages, imported.unseen
    trees = {here.path: parsed}
    sources = [source for package in (here, *packages) for source in package.sources]
    optional = here.optional.union(*(package.optional for package in packages))
    decision = _decide(trees, sources, optional, unseen)
    if decision.handles is not True:
        for package in packages:
            if concerns_signals(package.imports, package.sources):
                trees[package.path] = [read_go(source) for source in package.sources]
        decision = _decide(trees, sources, optional, unseen)
    blocking = _blocking(parsed, packages, trees, decision)
    runs: bool | None = True if blocking is not None else None
    if blocking is None and not (unseen or imported.quiet) and ends_by_itself(sources):
        runs = False
    ending = [one for p in packages if p.path not in trees and p.shuts_down for one in p.sources]
    timeout = shutdown_timeout([*(f for t in trees.values() for f in t), *map(read_go, ending)])
    imports = here.imports.union(*(package.imports for package in packages))
    taking = [one for p in (here, *packages) if COVERAGE in p.imports for one in p.sources]
    return MainPackage(
        directory=directory,
        import_path=import_path_of(directory, module),
        main=main.name.span,
        handles_sigterm=decision.handles,
        interrupt_only=decision.interrupt_only,
        handlings=decision.handlings,
        runs_forever=runs,
        blocking_call=blocking.span if blocking is not None else None,
        framework=decision.framework,
        shutdown_seconds=timeout[0] if timeout else None,
        shutdown_span=timeout[1] if timeout else None,
        serves_coverage=COVERAGE in imports,
        imports_signal_syscall=_imports_syscall(decision.interrupt_only, trees),
        sigterm_edits=_sigterm_edits(decision.interrupt_only, trees),
        unseen=tuple(sorted(unseen)),
        snapshots=tuple(read_snapshots(taking, optional)),
        changes_directory=directory_change(s for s in sources if s.path not in optional),
        bypasses=_bypasses((here, *packages), sources),
        directories=tuple(sorted({one.path.rpartition("/")[0] or "." for one in sources})),
    )


def _bypasses(packages: Sequence[GoPackage], sources: Sequence[SourceFile]) -> tuple[Bypass, ...]:
    return tuple(
        found
        for package in packages
        if package.imports & LEAVING  # few do, and their files need no look
        for found in read_bypasses(s for s in package.sources if s.path not in package.optional)
        if _named(found.function, package.path, sources, methods=True)
    )


@dataclass(frozen=True, slots=True)
class _Decision:
    handles: bool | None
    handlings: tuple[SignalHandling, ...]
    interrupt_only: SignalHandling | None
    framework: str | None


def _decide(
    trees: dict[str, list[GoFile]],
    sources: Sequence[SourceFile],
    optional: frozenset[str],
    unseen: set[str],
) -> _Decision:
    handlings: list[SignalHandling] = []
    framework: str | None = None
    certain, unclear = False, False
    for path, tree in trees.items():
        for file in tree:
            if framework is None:
                known = framework_of(file, tree)
                if known and _named(known[1].function, path, sources):
                    framework = known[0]
            for handling, call in read_handlings(file, tree):
                if not _named(call.function, path, sources):
                    continue
                handlings.append(handling)
                takes = handling.takes_sigterm
                if file.source.path in optional:
                    unclear = unclear or takes is not False
                else:
                    certain = certain or takes is True
                    unclear = unclear or takes is None
    handles: bool | None = False
    if certain or framework is not None:
        handles = True
    elif unclear or unseen:
        handles = None
    third_party = not any(path in ("C", "plugin") for path in unseen)
    only = None
    if handles is not True and not unclear and third_party:
        only = next((one for one in handlings if "SIGINT" in one.signals), None)
    return _Decision(handles, tuple(handlings), only, framework)


def _named(
    function: GoFunction | None,
    path: str,
    sources: Iterable[SourceFile],
    *,
    methods: bool = False,
) -> bool:
    """Whether code of the program names the function outside its own declaration. Without
    ``methods`` each method counts: a library may call it by an interface of its own."""
    if function is None or (function.receiver is not None and not methods):
        return True
    name = function.name.text
    if name == "init" or (name == "main" and path == "main"):
        return True
    text = re.escape(name.encode())
    word = re.compile(rb"%b(?<!\w%b)\b" % (text, text))  # begins with a fixed text: fast
    for source in sources:
        for match in word.finditer(source.data):
            inside = (
                source.path == function.span.path
                and function.span.start <= match.start() < function.span.end
            )
            if not inside and not _commented(source, match.start()):
                return True
    return False


def _commented(source: SourceFile, offset: int) -> bool:
    start = source.data.rfind(b"\n", 0, offset) + 1
    return source.data[start:offset].lstrip().startswith(b"//")


def _blocking(
    parsed: Sequence[GoFile],
    packages: Sequence[GoPackage],
    trees: dict[str, list[GoFile]],
    decision: _Decision,
) -> Blocking | None:
    found = read_blocking(parsed, decision.framework)
    if found is not None:
        return found
    sources = [source for package in packages for source in package.sources]
    sources += [file.source for file in parsed]
    for package in packages:
        tree = trees.get(package.path)
        if tree is None:
            tree = [read_go(source) for source in package.sources if b"Serve" in source.data]
        found = read_blocking(tree, None)
        if found is not None and _named(found.function, package.path, sources):
            return found
    return None


def _imports_syscall(handling: SignalHandling | None, trees: dict[str, list[GoFile]]) -> bool:
    if handling is None:
        return False
    path = (handling.argument or handling.span).path
    return any(
        file.source.path == path and any(entry.path.text == "syscall" for entry in file.imports)
        for tree in trees.values()
        for file in tree
    )


def _sigterm_edits(
    handling: SignalHandling | None, trees: dict[str, list[GoFile]]
) -> tuple[Edit, ...]:
    if handling is None or handling.argument is None:
        return ()
    for tree in trees.values():
        for file in tree:
            if file.source.path == handling.argument.path:
                return signal_fix(handling, file.source)
    return ()


def signal_fix(handling: SignalHandling, source: SourceFile) -> tuple[Edit, ...]:
    """Edits that add ``syscall.SIGTERM`` to a subscription, and its import if missing.

    ``source`` is the file of ``handling.argument``. Empty when the place of the
    arguments is not seen.
    """
    at = handling.argument
    if at is None or at.path != source.path:
        return ()
    file = read_go(source)
    name = next((one.name for one in file.imports if one.path.text == "syscall"), "syscall")
    if name in ("_", "."):
        name = "syscall"
    addition = Edit(source.span(at.end, at.end), f", {name}.SIGTERM".encode())
    beside = "os/signal" if any(one.path.text == "os/signal" for one in file.imports) else "os"
    imported = add_import(file, "syscall", beside)
    return (imported, addition) if imported is not None else (addition,)
