"""Go modules of the project: what their go.mod says."""

from __future__ import annotations

from covlint.documents.gomod import read_go_mod
from covlint.frozen import dataclass
from covlint.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class GoModule:
    """A go.mod: ``directory`` is relative to the project root, posix, "." for the root;
    versions as written ("1.22.3"); ``requires`` are the paths of the modules it requires."""

    directory: str
    module_path: str
    go_version: str | None
    toolchain: str | None
    span: Span  # the module path
    requires: tuple[str, ...] = ()
    #: Module paths replaced by a folder, and the folder as written.
    replaces: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """A go.work in ``directory`` and the modules that it uses, as far as they are seen."""

    directory: str
    modules: tuple[GoModule, ...]


def read_module(source: SourceFile) -> GoModule | None:
    """The facts of a go.mod; None when it names no module."""
    file = read_go_mod(source)
    if file.module is None:
        return None
    directory = source.path.rpartition("/")[0] or "."
    return GoModule(
        directory,
        file.module.text,
        file.go.text if file.go else None,
        file.toolchain.text if file.toolchain else None,
        file.module.span,
        file.requires,
        file.replaces,
    )


def import_path_of(directory: str, module: GoModule | None) -> str | None:
    """The import path of a directory of the module; None where it is not below it."""
    if module is None:
        return None
    if directory == module.directory:
        return module.module_path
    prefix = "" if module.directory == "." else module.directory + "/"
    if not directory.startswith(prefix):
        return None
    return f"{module.module_path}/{directory[len(prefix) :]}"
