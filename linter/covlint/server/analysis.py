"""One look at a project as it is in the editor: what is saved, and what is not yet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from covlint.config import load_config
from covlint.diagnostics import Diagnostic
from covlint.engine import Inspection, Options, inspect
from covlint.files import DiskFiles, Files, OverlayFiles, project_root
from covlint.fixer import fix
from covlint.frozen import dataclass
from covlint.registry import Registry


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found below ``root``, with all that is needed to look again.

    ``opened`` is what the editor held at that moment.
    """

    root: str
    opened: Mapping[str, str]
    files: Files
    registry: Registry
    options: Options
    inspection: Inspection

    def at(self, path: str) -> tuple[Diagnostic, ...]:
        """The findings in one file."""
        found = self.inspection.report.diagnostics
        return tuple(one for one in found if one.span.path == path)

    def fixed(self, path: str) -> bytes | None:
        """The file after all safe fixes that change nothing else; None where there is none."""
        options = replace(self.options, reported=frozenset({path}))
        outcome = fix(self.files, self.registry, options)
        return next((one.after for one in outcome.changes if one.path == path), None)


def root_of(location: str) -> str:
    """The project of a file; its folder, where nothing marks one."""
    return project_root(location) or os.path.dirname(os.path.abspath(location))


def relative(location: str, root: str) -> str:
    return os.path.relpath(location, root).replace(os.sep, "/")


def analyse(root: str, opened: Mapping[str, str]) -> Analysis:
    """Inspects a project; ``opened`` has the text of files that an editor holds, by location.

    Nothing is run, not even where the configuration says ``render: true``: a project is
    opened before it is trusted. Raises ConfigError and RegistryError.
    """
    config = load_config(root)
    registry = Registry.with_packs(config.packs)
    base = DiskFiles(root, exclude=config.exclude, size_limit=config.max_file_size)
    options = Options(
        selection=config.selection,
        settings=config.settings,
        targets=config.target_dockerfiles,
        require_reasons=config.require_reasons,
    )
    listed = set(base.paths())
    texts = {relative(location, root): text for location, text in opened.items()}
    replaced = {
        path: text.encode("utf-8", "replace")
        for path, text in texts.items()
        if path in listed or (_unsaved(root, path) and base.included([path]))
    }
    files = OverlayFiles(base, replaced)
    return Analysis(root, dict(opened), files, registry, options, inspect(files, registry, options))


def _unsaved(root: str, path: str) -> bool:
    return not path.startswith("../") and not os.path.lexists(os.path.join(root, path))
