"""The packages of a module that a main package is made of."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence

from covlint.documents.goconstraint import takes_part
from covlint.documents.goheader import scan_header
from covlint.facts.golang.quiet_modules import never_subscribes
from covlint.frozen import dataclass
from covlint.source import SourceFile

#: How far imports are followed inside the module; beyond it is "not seen".
_DEPTH = 8
_PACKAGES = 400


@dataclass(frozen=True, slots=True)
class Header:
    """What a quick look at a Go file tells; worth keeping between main packages."""

    built: bool | None
    package: str | None
    imports: frozenset[str]


Headers = MutableMapping[str, Header]
LoadPackage = Callable[[str], Sequence[SourceFile]]


@dataclass(frozen=True, slots=True)
class GoPackage:
    """The files of one package that a build takes; ``optional`` are the paths of
    those that only a custom tag brings in."""

    path: str
    sources: tuple[SourceFile, ...]
    optional: frozenset[str]
    imports: frozenset[str]

    @property
    def shuts_down(self) -> bool:
        """Whether some file plainly shuts an HTTP server down, so that its time-outs count."""
        return any(b"http.Server" in s.data and b".Shutdown(" in s.data for s in self.sources)


def _header(source: SourceFile, headers: Headers) -> Header:
    header = headers.get(source.path)
    if header is None:
        header = Header(takes_part(source), *scan_header(source.data))
        headers[source.path] = header
    return header


def take_package(
    path: str, sources: Sequence[SourceFile], headers: Headers, name: str | None = None
) -> GoPackage:
    taken: list[SourceFile] = []
    optional: set[str] = set()
    imports: set[str] = set()
    for source in sources:
        header = _header(source, headers)
        if header.built is False or (name is not None and header.package != name):
            continue
        taken.append(source)
        imports |= header.imports
        if header.built is None:
            optional.add(source.path)
    return GoPackage(path, tuple(taken), frozenset(optional), frozenset(imports))


@dataclass(frozen=True, slots=True)
class Imported:
    """What a main package brings in: packages of the project, those whose code is not seen,
    and vendored ones that are known to leave signals alone."""

    packages: list[GoPackage]
    unseen: set[str]
    quiet: set[str]


def follow_imports(
    main: GoPackage,
    load_package: LoadPackage,
    module_path: str | None,
    headers: Headers,
    is_quiet: Callable[[str], bool],
) -> Imported:
    """Follow the imports of main, directly or not. ``is_quiet``: whether a package that is not
    of the project leaves signals alone."""
    found: list[GoPackage] = []
    unseen: set[str] = set()
    quiet: set[str] = set()
    seen: set[str] = set()
    level = sorted(main.imports)
    for depth in range(_DEPTH + 1):
        following: set[str] = set()
        for path in level:
            if path in seen:
                continue
            seen.add(path)
            own = module_path is not None and (path + "/").startswith(module_path + "/")
            if not own and never_subscribes(path):
                continue
            sources = load_package(path) if depth < _DEPTH and len(found) < _PACKAGES else ()
            package = take_package(path, sources, headers)
            if not package.sources:
                (quiet if not own and is_quiet(path) else unseen).add(path)
                continue
            found.append(package)
            following |= package.imports
        level = sorted(following)
    return Imported(found, unseen, quiet)
