"""YAML that stands for a typed literal of Go: what is written into it is written as Go.

A rule repairs a manifest by edits of its YAML. Here an inserted entry becomes a
field of the struct, or an element of the slice, that the YAML stands for. Where
the function switches coverage on by a condition, a new field is put behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from covlint.diagnostics import Edit
from covlint.documents.assembled import AssembledSource, Edits
from covlint.documents.goliterals import (
    insert_elements,
    keeps_comments,
    remove_element,
    replace_element,
)
from covlint.documents.gosource import GoSource, Scope
from covlint.documents.gotext import GoPackage
from covlint.facts.golang.gates import Gate, find_gate
from covlint.facts.golang.typed_values import FIELDS, INLINE, Plain, TypedWriter, other_constant
from covlint.frozen import dataclass
from covlint.source import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

    from covlint.documents.yaml_nodes import AnyNode


@dataclass(frozen=True, slots=True)
class Place:
    """Where a struct or list of the text is written.

    Bytes ``[start, end)`` of the text, brackets included. ``node`` is the body of the
    literal, or the arguments of a call of ``append``; ``access`` the Go expression for it
    after ``statement``, "" where there is none.
    """

    start: int
    end: int
    kind: str  # the type: "Container", "[]EnvVar"; "" for one that is not known
    scope: Scope
    node: Node
    access: str = ""
    root: Node | None = None  # the literal of the whole object
    statement: Node | None = None


@dataclass(frozen=True, slots=True)
class WrittenField:
    """Where a field of the text, without the comma before it, is written."""

    start: int
    end: int
    scope: Scope
    node: Node


@dataclass(frozen=True)
class TypedSource(AssembledSource):
    """The text of one object. ``places`` and ``fields`` in any order."""

    places: tuple[Place, ...] = ()
    fields: tuple[WrittenField, ...] = ()
    package: GoPackage | None = None

    def settle(self, edits: Sequence[Edit]) -> Edits:
        """Edits of the YAML as edits of the Go files; none where one cannot be made."""
        added = [edit for edit in edits if edit.span.start == edit.span.end]
        removed = [edit for edit in edits if edit not in added and not edit.replacement]
        if len(added) == len(removed) == 1 and len(edits) == 2:
            return self._exchanged(removed[0], added[0])
        settled: list[Edit] = []
        for edit in edits:
            if edit in added:
                found = self._added(edit)
            elif edit in removed:
                field = self._field_at(edit)
                found = remove_element(field.scope.file, field.node) if field is not None else ()
            else:
                found = self._replaced(edit)
            if not found:
                return ()
            settled += found
        return tuple(settled)

    def adds_for_coverage_only(self, offset: int) -> bool:
        place = self._place_at(offset)
        return place is not None and self._gate(place) is not None

    def _gate(self, place: Place) -> Gate | None:
        """The condition that new fields of a struct are put behind."""
        if self.package is None:
            return None
        return find_gate(self.package, place.node, place.scope, place.statement, place.access)

    def _place_at(self, offset: int) -> Place | None:
        """The innermost struct or list around a place of the text."""
        around = [one for one in self.places if one.start < offset < one.end]
        return min(around, key=lambda one: one.end - one.start, default=None)

    def _field_at(self, edit: Edit) -> WrittenField | None:
        inside = [
            one for one in self.fields if edit.span.start <= one.start and one.end <= edit.span.end
        ]
        return max(inside, key=lambda one: one.end - one.start, default=None)

    def _replaced(self, edit: Edit) -> Edits:
        found = self._settle(edit) or self._constant(edit)
        source = (self.files or {}).get(found.span.path) if found is not None else None
        if found is None or source is None:
            return ()
        return (found,) if keeps_comments(GoSource(source), found.span.start) else ()

    def _constant(self, edit: Edit) -> Edit | None:
        """Another constant of the API in the place of one."""
        piece = self.pieces[self.piece_at(edit.span.start)]
        source = (self.files or {}).get(piece.path)
        if source is None:
            return None
        place = source.span(piece.start, piece.end)
        written = other_constant(
            source.slice(place).decode(), edit.replacement.decode().strip("\"'")
        )
        return Edit(place, written.encode()) if written is not None else None

    def _added(self, edit: Edit) -> Edits:
        place = self._place_at(edit.span.start)
        plain = _read(edit, place)
        if place is None or plain is None or self.package is None:
            return ()
        writer = TypedWriter(self.package, place.scope.file)
        if place.kind.startswith("[]"):
            elided = place.node.type == "literal_value"
            items = [] if isinstance(plain, (str, Mapping)) else plain
            return insert_elements(
                place.scope.file,
                place.node,
                attempt(
                    lambda indent: [
                        writer.written(one, place.kind[2:], indent, elided) for one in items
                    ]
                ),
            )
        if place.kind not in FIELDS or not isinstance(plain, Mapping):
            return ()
        return self._added_fields(place, plain, writer)

    def _added_fields(self, place: Place, plain: Mapping[str, Plain], writer: TypedWriter) -> Edits:
        file, gate = place.scope.file, self._gate(place)
        kinds = [FIELDS[place.kind].get(key, ("", ""))[1] for key in plain]
        if gate is not None and all(kind[:1] in ("*", "[") for kind in kinds):
            return gate.written(file, place.access, place.kind, plain, writer, place.node)
        return insert_elements(
            file,
            place.node,
            attempt(
                lambda indent: [
                    writer.field(place.kind, key, value, indent) for key, value in plain.items()
                ]
            ),
        )

    def _exchanged(self, removed: Edit, added: Edit) -> Edits:
        """Another field in the place of one, such as a hostPath for an emptyDir."""
        field, place = self._field_at(removed), self._place_at(added.span.start)
        plain = _read(added, place)
        if field is None or place is None or self.package is None:
            return ()
        if not isinstance(plain, Mapping) or len(plain) != 1:
            return ()
        ((key, value),) = plain.items()
        owner = place.kind if key in FIELDS.get(place.kind, {}) else INLINE.get(place.kind, "")
        if key not in FIELDS.get(owner, {}):
            return ()
        writer = TypedWriter(self.package, field.scope.file)
        return replace_element(
            field.scope.file,
            field.node,
            attempt(lambda indent: [writer.field(owner, key, value, indent)]),
        )


def attempt(write: Callable[[str | None], list[str]]) -> Callable[[str | None], list[str] | None]:
    """None for what cannot be written as Go."""

    def attempted(indent: str | None) -> list[str] | None:
        try:
            return write(indent)
        except (LookupError, ValueError):
            return None

    return attempted


def _read(edit: Edit, place: Place | None) -> Plain | None:
    """What is inserted, as plain data."""
    node = read_inserted(edit, place)
    return plain_data(node) if node is not None else None


def read_inserted(edit: Edit, place: Place | None) -> AnyNode | None:
    """What is inserted, as YAML."""
    from covlint.documents.yaml import open_yaml  # loads a YAML parser

    if place is None:
        return None
    text = edit.replacement.decode().lstrip(", \r\n")
    written = f"[{text}]" if place.kind.startswith("[]") else "{" + text + "}"
    document = open_yaml(SourceFile("", written.encode()))
    if document.error is not None or len(document.documents) != 1:
        return None
    return document.documents[0]


def plain_data(node: AnyNode) -> Plain:
    from covlint.documents.yaml_nodes import YamlMapping, YamlSequence

    if isinstance(node, YamlMapping):
        return {key: plain_data(value) for key, value in node.items()}
    if isinstance(node, YamlSequence):
        return [plain_data(item) for item in node.items]
    return node.text
