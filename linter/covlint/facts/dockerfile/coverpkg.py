"""Which packages a ``-coverpkg`` pattern matches, as far as the main package goes.

Patterns are Go's (``go help packages``), held against the packages that are built, also those
that ``go list`` skips (testdata, ``_x``): relative ones start at the directory
of the build, ``...`` matches any string, ``/...`` also nothing at all.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from covlint.facts.dockerfile.build import GoBuild, names_files
from covlint.frozen import dataclass

if TYPE_CHECKING:  # the Go reader is not needed to read a Dockerfile
    from covlint.facts.golang.shutdown import GoModule


@dataclass(frozen=True, slots=True)
class PackageTarget:
    """The main package of one build.

    ``relative`` is its directory from where the build runs ("." for the same);
    ``import_path`` None without a go.mod; ``pattern`` how a list can name it.
    A build of files has the import path ``command-line-arguments``: patterns by
    import path miss it, patterns by directory match it (facts, field notes).
    """

    relative: str
    import_path: str | None
    file_argument: bool
    directory: str | None  # where the build runs, from the module root; None: unknown

    @property
    def pattern(self) -> str:
        return "." if self.relative == "." else f"./{self.relative}"

    @property
    def shown(self) -> str:
        if self.file_argument:
            return "command-line-arguments, since files are built"
        return self.import_path or self.pattern


def target_of(build: GoBuild) -> PackageTarget | None:
    """The main package that a build makes; None when there are several or it is not seen."""
    literals = [word.literal for word in build.packages]
    if not literals:
        literals = ["."]
    first = literals[0]
    if first is None or "..." in first or "@" in first:
        return None
    files = names_files(first)
    if not files and len(literals) != 1:
        return None
    if files:
        first = posixpath.dirname(first) or "."
    site = build.site
    import_path = site.import_path if site is not None else None
    if not files and not first.startswith((".", "/")):
        # an import path: relative patterns can only be judged with the module
        if site is None or site.package is None or site.directory is None:
            return None
        relative = posixpath.relpath(site.package, site.directory)
        return PackageTarget(relative, first, False, _within_module(build))
    if first.startswith("/"):
        return None
    return PackageTarget(posixpath.normpath(first), import_path, files, _within_module(build))


def _within_module(build: GoBuild) -> str | None:
    site = build.site
    if site is None or site.module is None or site.directory is None:
        return None
    return posixpath.relpath(site.directory, site.module.directory)


def matches_main(pattern: str, target: PackageTarget) -> bool | None:
    """Whether a pattern matches the main package; None when that cannot be told."""
    if pattern in {"all", "main"}:
        return True if pattern == "all" else None
    if pattern in {".", ".."} or pattern.startswith(("./", "../")):
        return _below(pattern, target)
    if target.file_argument:
        return False
    if target.import_path is None:
        return None
    return _glob(pattern, target.import_path)


def _below(pattern: str, target: PackageTarget) -> bool | None:
    """The same for a pattern that counts from where the build runs."""
    wanted = posixpath.normpath(pattern.replace("...", "\0"))
    climbs = _climbs(wanted) - _climbs(target.relative)
    if climbs < 0:
        return False  # "./..." and a main package that lies above
    name = target.relative
    if climbs > 0:
        if target.directory is None:
            return None
        base = posixpath.join("/\1" * (_climbs(wanted) + 1), target.directory)
        wanted = posixpath.normpath(posixpath.join(base, wanted))
        name = posixpath.normpath(posixpath.join(base, name))
    return _glob(wanted.replace("\0", "..."), name)


def _climbs(path: str) -> int:
    return path.split("/").count("..")


def renamed(patterns: Sequence[str], module: GoModule) -> tuple[str, ...] | None:
    """The patterns with those of a module that is no longer there replaced by the whole module.

    None when every pattern can match something: it is relative, of the module, of a
    module that it requires, or of the standard library (no dot in the first part).
    """
    known = (module.module_path, *module.requires)
    gone = [
        pattern
        for pattern in patterns
        if "." in pattern.partition("/")[0]
        and not pattern.startswith(("./", "../", "..."))
        and pattern not in {".", ".."}
        and not any(f"{pattern}/".startswith(f"{path}/") for path in known)
    ]
    if not gone:
        return None
    kept = [pattern for pattern in patterns if pattern not in gone]
    return (*kept, f"{module.module_path}/...")


def _glob(pattern: str, name: str) -> bool:
    if pattern in {name, "..."}:
        return True
    expression = re.escape(pattern).replace(re.escape("..."), ".*")
    if expression.endswith("/.*"):
        expression = expression[: -len("/.*")] + "(/.*)?"
    return re.fullmatch(expression, name) is not None
