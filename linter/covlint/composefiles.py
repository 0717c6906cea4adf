"""Compose files that are used together: ``-f A -f B``, and ``compose.override.yaml``.

Each file alone says only a part of a service. What the files say together takes the place
of that; a file that no command names with others stays as it is.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from covlint.source import SourceFile

if TYPE_CHECKING:  # names in annotations: a project without compose files needs none of these
    from covlint.facts.commands.steps import ImageBuild
    from covlint.facts.kubernetes.pod import Container
    from covlint.wiring.inputs import Facts

#: What compose takes without ``-f`` (compose reference, "-f"): a file, and one over it.
_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
#: So many different sets of files are put together.
_SETS = 32

Lookup = Callable[[str], "SourceFile | None"]


def put_together(facts: Facts, lookup: Lookup) -> None:
    """Puts services that several files describe in the place of what each file says."""
    from covlint.documents.yaml import open_yaml
    from covlint.facts.compose.services import read_together

    sets = dict.fromkeys((*_defaults(facts, lookup), *(c.files for c in facts.compose_calls)))
    replaced: set[tuple[str, str]] = set()
    added: list[Container | ImageBuild] = []
    for files in list(sets)[:_SETS]:
        sources = [source for path in dict.fromkeys(files) if (source := lookup(path)) is not None]
        if len(sources) < 2:
            continue
        for name, found in read_together([open_yaml(one) for one in sources], lookup).items():
            replaced.update((path, name) for path in files)
            added += found
    facts.containers[:] = [
        one
        for one in facts.containers
        if not (one.pod.is_compose and one.name and (one.span.path, one.name.text) in replaced)
    ]
    facts.image_builds[:] = [
        one
        for one in facts.image_builds
        if not (one.builder == "compose" and (one.span.path, one.recipe) in replaced)
    ]
    for fact in added:
        facts.add(fact)


def _defaults(facts: Facts, lookup: Lookup) -> Iterator[Sequence[str]]:
    """The files that compose takes in each folder where nobody names any."""
    paths = dict.fromkeys(one.span.path for one in facts.containers if one.pod.is_compose)
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name not in _NAMES:
            continue
        stem = posixpath.splitext(name)[0]
        for ending in (".override.yml", ".override.yaml"):
            over = posixpath.join(folder, stem + ending)
            if over in paths or lookup(over) is not None:
                yield (path, over)
                break
