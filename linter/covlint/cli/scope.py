"""From the paths of a command line to a project, its configuration and what is reported."""

from __future__ import annotations

import os
from collections.abc import Sequence

from covlint.cli.exits import Failure, Misuse
from covlint.config import Config, ConfigError, load_config, read_config
from covlint.files import CONFIG_NAME, DiskFiles, Files, OverlayFiles, project_root
from covlint.frozen import dataclass
from covlint.registry import PackError, Registry, RegistryError


@dataclass(frozen=True, slots=True)
class Scope:
    """``reported``: the paths that findings are shown for; None: the whole project."""

    root: str
    config: Config
    files: Files
    reported: frozenset[str] | None
    explicit: tuple[str, ...]


def scope_of(
    paths: Sequence[str],
    *,
    config_file: str | None = None,
    stdin_filename: str | None = None,
    stdin: bytes = b"",
) -> Scope:
    """The project that holds all of ``paths``.

    Raises Failure for a path that does not exist, Misuse for paths of several
    projects and for a configuration that cannot be used.
    """
    named = [stdin_filename] if stdin_filename is not None else list(paths)
    if stdin_filename is None:
        missing = [path for path in named if not os.path.lexists(path)]
        if missing:
            raise Failure("no such file or directory: " + ", ".join(missing))
    root = _common_root(named)
    try:
        config = read_config(config_file) if config_file else load_config(root)
    except ConfigError as error:
        raise Misuse(str(error)) from error
    if config.targets:
        _check_targets(config, config_file or os.path.join(root, CONFIG_NAME))
    files: Files = DiskFiles(root, exclude=config.exclude, size_limit=config.max_file_size)
    if stdin_filename is not None:
        path = _relative(stdin_filename, root)
        overlay = OverlayFiles(files, {path: stdin})
        return Scope(root, config, overlay, frozenset({path}), (path,))
    explicit = [_relative(path, root) for path in named if not os.path.isdir(path)]
    folders = [_relative(path, root) for path in named if os.path.isdir(path)]
    if "." in folders:
        return Scope(root, config, files, None, tuple(explicit))
    reported = set(explicit)
    if folders:
        prefixes = tuple(folder + "/" for folder in folders)
        reported.update(path for path in files.paths() if path.startswith(prefixes))
    return Scope(root, config, files, frozenset(reported), tuple(explicit))


def registry_of(config: Config) -> Registry:
    """The rules of the built-in pack and of those that the configuration names.

    Raises Misuse for a pack that cannot be used; Failure where covlint's own rules
    cannot: without rules it would call everything clean.
    """
    try:
        return Registry.with_packs(config.packs)
    except PackError as error:
        raise Misuse(f"packs: {error}") from error
    except RegistryError as error:
        raise Failure(f"internal error: {error}") from error


def _check_targets(config: Config, location: str) -> None:
    """A mistake in a target is told by every command, not by the first ``verify`` alone."""
    from covlint.runner.target import TargetError, parse_targets  # only where there are targets

    try:
        parse_targets(config.targets)
    except TargetError as error:
        raise Misuse(f"{location}: {error}") from error


def _common_root(paths: Sequence[str]) -> str:
    """The one root of all paths; without any mark of a project, the folder that holds them."""
    marked = {path: project_root(path) for path in paths}
    roots = {root for root in marked.values() if root is not None}
    if len(roots) > 1:
        raise Misuse(
            "the paths belong to several projects, call covlint for each of them: "
            + ", ".join(sorted(roots))
        )
    if roots and None not in marked.values():
        return roots.pop()
    folders = [
        os.path.abspath(path if os.path.isdir(path) else os.path.dirname(path) or ".")
        for path in paths
    ]
    return os.path.commonpath([*folders, *roots])


def _relative(path: str, root: str) -> str:
    return os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")
