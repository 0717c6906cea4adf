"""Manifests that program code puts together: one text with holes, and its facts.

What the code does not show is a hole, and a hole that may bring whole entries
makes its pod opaque.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import HOLE, AssembledSource, Piece, Text, relocated
from covlint.facts.kubernetes.cluster import KindCluster, read_clusters
from covlint.facts.kubernetes.pod import Container
from covlint.facts.kubernetes.workload import read_containers
from covlint.frozen import dataclass
from covlint.source import SourceFile

if TYPE_CHECKING:
    from covlint.documents.yaml import YamlDocument

SPEAKS_OF_COVERAGE = re.compile(r"GOCOVERDIR|(?i:gocov|cov(?:er|erage)?[-_]?data|coverdir)")
#: A value goes on behind these; after anything else a hole at the end of a line may
#: bring new lines.
_JOINERS = tuple("-_:/.@ =")
#: Nothing more of a value can follow these.
_CLOSERS = tuple("}]\"'")

Manifest = Container | KindCluster


@dataclass(frozen=True, slots=True)
class AssembledText:
    """A manifest put together from the strings of a program."""

    source: AssembledSource
    openings: tuple[int, ...]  # where code that is not seen may put entries in, in bytes


def assemble(path: str, text: Text, files: Mapping[str, SourceFile]) -> AssembledText:
    """One text of the pieces, with the holes made such that YAML can be read around them.

    ``path``: the file it is for; ``files``: those that it is written in.
    """
    pieces: list[Piece] = []
    openings: list[int] = []
    size = 0
    line = ""
    for index, one in enumerate(text):
        piece = one
        if piece.kind == "hole":
            rest = _rest_of_line(text[index + 1 :])
            alone = not line.strip(" -")
            ends = not rest.strip()
            opening = ends and (alone or line.endswith(":") or not line.endswith(_JOINERS))
            if opening:
                openings.append(size)
            written = "" if ends and (alone or line.endswith((":", *_CLOSERS))) else HOLE
            piece = replace(piece, text=written)
        pieces.append(piece)
        size += len(piece.text.encode())
        line = (line + piece.text).rpartition("\n")[2]
    name = f"{path}#{text[0].start if text else 0}"
    data = "".join(piece.text for piece in pieces).encode()
    kept = tuple(piece for piece in pieces if piece.text)
    return AssembledText(AssembledSource(name, data, kept, files), tuple(openings))


def _rest_of_line(text: Text) -> str:
    rest = ""
    for piece in text:
        written = HOLE if piece.kind == "hole" else piece.text
        before, newline, _ = written.partition("\n")
        rest += before
        if newline:
            break
    return rest


def manifest_facts(
    document: YamlDocument, source: AssembledSource, openings: tuple[int, ...]
) -> Iterator[Manifest]:
    """The facts of an assembled text, at the places where it is written."""
    mark_shared(document, source)
    breaks = [match.start() for match in re.finditer(rb"^---", source.data, re.MULTILINE)]
    ends = [*breaks, len(source.data) + 1]

    def bounds(offset: int) -> tuple[int, int]:
        end = next(end for end in ends if end > offset)
        return max((start for start in breaks if start <= offset), default=0), end

    for container in read_containers(document):
        start, end = bounds(container.node.start)
        if not SPEAKS_OF_COVERAGE.search(source.data[start:end].decode("utf-8", "replace")):
            continue
        hidden = any(start <= opening < end for opening in openings)
        yield relocated(opaque_container(container) if hidden else container, source.place)
    for cluster in read_clusters(document):
        start, end = bounds(cluster.node.start)
        opaque = cluster.nodes_opaque or any(start <= one < end for one in openings)
        yield relocated(replace(cluster, nodes_opaque=opaque), source.place)


def opaque_container(container: Container) -> Container:
    """The container of a pod to which code that is not seen may add anything."""
    return replace(
        container,
        pod=replace(container.pod, volumes_opaque=True),
        env_opaque=True,
        mounts_opaque=True,
        identity=replace(container.identity, opaque=True),
        process_opaque=True,
    )


def mark_shared(document: YamlDocument, source: AssembledSource) -> None:
    """Text of a snippet that other manifests use as well serves several places."""
    from covlint.documents.yaml import walk

    for root in document.documents:
        for node in walk(root):
            if node.start < len(source.data) and source.is_shared(node.start):
                node.shared = True
