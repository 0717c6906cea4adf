"""What a run has to say about the ``covlint: ignore`` comments of a project."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from covlint.chain import Chain
from covlint.diagnostics import Diagnostic, Evidence
from covlint.project import Project
from covlint.registry import OWN_CODES, UNEXPLAINED_SUPPRESSION, UNUSED_SUPPRESSION, Registry
from covlint.selection import Selection
from covlint.source import SourceFile, UnreadableSource
from covlint.suppression import MARK, Suppression, unexplained, unused

#: Files in which a suppression can stand, besides Go files.
_COMMENTED = (".yaml", ".yml", ".mk", ".sh", "ockerfile", "ontainerfile", "akefile")


def about_comments(
    sources: Collection[SourceFile],
    used: frozenset[tuple[Suppression, str]],
    registry: Registry,
    selection: Selection,
    failed: Collection[str],
    *,
    require_reasons: bool,
) -> list[Diagnostic]:
    """Those that ignore nothing and, where reasons are required, those without one.

    Codes that could not speak are not judged: not asked for, left out by ``--proven``, or
    of a rule that crashed (``failed``).
    """

    def ran(code: str, path: str) -> bool:
        measured = not selection.proven or _measured(registry, code)
        return selection.wants_at(code, path) and code not in failed and measured

    found: list[Diagnostic] = []
    if selection.wants(UNUSED_SUPPRESSION):
        found += unused(sources, used, (*registry.codes, *OWN_CODES), ran)
    if require_reasons and selection.wants(UNEXPLAINED_SUPPRESSION):
        found += unexplained(sources)
    return [one for one in found if selection.admits(one)]


def commented(
    project: Project, paths: Iterable[str], chains: Iterable[Chain]
) -> Iterator[SourceFile]:
    """Those of the files that hold a suppression; of Go files those that were read anyway."""
    golang = {chain.main.main.path for chain in chains if chain.main is not None}
    candidates = {path for path in paths if path.endswith(_COMMENTED) or path in golang}
    for path in sorted(candidates):
        try:
            source = project.source(path)
        except UnreadableSource:
            continue
        if MARK in source.data:
            yield source


def _measured(registry: Registry, code: str) -> bool:
    return code in OWN_CODES or registry.rule(code).evidence is Evidence.REPRODUCED
