"""A typed literal of Go put down as the YAML that it becomes.

What code adds when coverage is on (``append`` under a condition, assignments to
a field) is taken in; what is not seen makes its list opaque. Where each struct
and list is written is kept, so that something can be added there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import HOLE, Piece, known_text
from covlint.documents.gosource import Scope, field_of, holds, literal_piece
from covlint.documents.gotext import GoPackage
from covlint.facts.golang.elements import Value, body_of, is_list, is_nil, list_of, resolved
from covlint.facts.golang.typed_source import Place, WrittenField
from covlint.facts.golang.typed_values import FIELDS

if TYPE_CHECKING:
    from tree_sitter import Node

_API = {
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
    "Cluster": "kind.x-k8s.io/v1alpha4",
}
#: Fields that stand in line in the JSON of their struct.
_INLINE = frozenset({"VolumeSource", "ProbeHandler", "LifecycleHandler", "LocalObjectReference"})
_NAMES = {"ObjectMeta": "metadata", "FSGroup": "fsGroup", "Readonly": "readOnly"}
_SKIPPED = frozenset({"TypeMeta", "Status", "Resources", "Ports"})
_CONSTANT = re.compile(r"\.(?:HostPath(\w+)|Pull(Always|IfNotPresent|Never))$")
_DEPTH = 40
_TYPES = {go: kind for fields in FIELDS.values() for go, kind in fields.values()}


@dataclass
class ObjectWriter:
    """Writes one object as YAML in flow style."""

    package: GoPackage
    root: Node
    scope: Scope
    pieces: list[Piece] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    written_fields: list[WrittenField] = field(default_factory=list)
    size: int = 0  # of the text, in bytes
    #: The local name that holds the object, and the statement that gives it.
    name: str = ""
    statement: Node | None = None
    _given: dict[str, list[Value]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    def made(self, text: str, node: Node, scope: Scope) -> None:
        self.add(Piece(text, scope.file.source.path, node.start_byte, node.end_byte, "made"), scope)

    def add(self, piece: Piece, scope: Scope) -> None:
        shared = piece.path != self.scope.file.source.path or scope.shared
        self.pieces.append(replace(piece, origin=self.root.start_byte, shared=shared))
        self.size += len(piece.text.encode())

    def object(self, kind: str, name: Node) -> None:
        """The whole object; a bare pod template or spec as the pod that it describes."""
        self._given = self.assigned()
        body = self.root.child_by_field_name("body")
        if body is None:
            return
        bare = kind in ("PodSpec", "PodTemplateSpec")
        self.made("{apiVersion: " + _API.get(kind, "v1" if bare else "apps/v1"), name, self.scope)
        self.made(", kind: ", name, self.scope)
        self.made("Pod" if bare else kind, name, self.scope)
        if kind == "PodSpec":
            self.made(", spec: ", name, self.scope)
            self.value((self.root, self.scope), "", kind)
        else:
            self.fields(body, self.scope, "", first=False)
        self.made("}", name, self.scope)
        if kind in FIELDS and kind != "PodSpec":
            self.places.append(Place(0, self.size, kind, self.scope, body))

    def assigned(self) -> dict[str, list[Value]]:
        """What is assigned to fields of the local name that holds the object, when coverage
        is on: by path, such as ``.Spec.Containers[0].Env``."""
        statement, value = self.root.parent, self.root
        while statement is not None and statement.type in ("unary_expression", "expression_list"):
            value, statement = statement, statement.parent
        function = self.scope.function
        left = statement.child_by_field_name("left") if statement is not None else None
        if function is None or left is None or left == value:
            return {}
        name = self.scope.file.text(left)
        if not re.fullmatch(r"\w+", name):
            return {}
        self.name, self.statement = name, statement
        found: dict[str, list[Value]] = {}
        for node in self.scope.file.named(name, function):
            target: Node | None = node
            while target is not None and target.type != "assignment_statement":
                target = target.parent
            side = target.child_by_field_name("left") if target is not None else None
            right = target.child_by_field_name("right") if target is not None else None
            if target is None or side is None or right is None or not holds(side, node):
                continue
            end = function.children[-1]
            if self.package.taken(target, end.children[-1], self.scope) is not False:
                path = self.scope.file.text(side)[len(name) :]
                found.setdefault(path, []).append((right.named_children[0], self.scope))
        return found

    def fields(self, body: Node, scope: Scope, path: str, *, first: bool = True) -> bool:
        """The entries of a struct, without the braces; whether there are none."""
        written: set[str] = set()
        for element in body.named_children:
            if element.type != "keyed_element" or len(element.named_children) != 2:
                continue
            key = element.named_children[0]
            name = scope.file.text(key)
            value = field_of(scope.file, body, name)
            written.add(name)
            if value is None or name in _SKIPPED:
                continue
            start = self.size + (0 if first else 2)
            first = self.entry(name, key, (value, scope), path, first)
            if name not in _INLINE:
                self.written_fields.append(WrittenField(start, self.size, scope, element))
        for given, values in self._given.items():
            head, _, name = given.rpartition(".")
            if head == path and name not in written and name.isidentifier():
                first = self.entry(name, values[-1][0], values[-1], path, first)
        return first

    def entry(self, name: str, key: Node, value: Value, path: str, first: bool) -> bool:
        """One field; returns whether the next one is the first of its mapping."""
        node, scope = resolved(self.package, *value)
        if name in _INLINE:
            body = body_of(node)
            return self.fields(body, scope, path, first=first) if body is not None else first
        if is_nil(node, scope):
            return first
        shown = _NAMES.get(name) or name[:1].lower() + name[1:]
        self.made(f"{'' if first else ', '}", key, value[1])
        self.made(shown, key, value[1])
        self.made(": ", key, value[1])
        self.value(value, f"{path}.{name}", _TYPES.get(name, ""))
        return False

    def value(self, value: Value, path: str, kind: str, depth: int = 0) -> None:
        """A value: a struct, a list, or a scalar. ``kind``: its type, if it is a known one."""
        node, scope = resolved(self.package, *value)
        if depth > _DEPTH:
            self.made(HOLE, node, scope)
            return
        body = body_of(node)
        typed = node.child_by_field_name("type") if node.type == "composite_literal" else None
        extended = path in self._given and path.endswith(("Env", "VolumeMounts", "Volumes"))
        if extended or is_list(self.package, node, scope) or _elided_list(node, kind):
            self.items((node, scope), path, kind)
        elif typed is not None and typed.type == "map_type":
            self.made("{}", node, scope)
        elif body is not None:
            if typed is not None:
                kind = scope.file.text(typed).rpartition(".")[2]
            start = self.size
            self.made("{", node, scope)
            self.fields(body, scope, path)
            self.made("}", node, scope)
            self.place(start, kind.lstrip("*"), scope, body, path)
        else:
            self.scalar(node, scope)

    def place(self, start: int, kind: str, scope: Scope, body: Node, path: str) -> None:
        """Keep where the struct or list that began at ``start`` is written."""
        access = ""
        if self.name and self.statement is not None and path is not None and "[?]" not in path:
            access = self.name + path
        self.places.append(
            Place(start, self.size, kind, scope, body, access, self.root, self.statement)
        )

    def items(self, value: Value, path: str, kind: str) -> None:
        """A list, with what is appended to it later."""
        node, scope = value
        start = self.size
        self.made("[", node, scope)
        listed = list_of(self.package, node, scope)
        for later in self._given.get(path, ()):
            listed.add(list_of(self.package, *later, own=path))
        counted = len(listed.homes) == 1 and None not in listed.members
        for index, member in enumerate(listed.members):
            if index:
                self.made(", ", node, scope)
            if member is None:
                self.made(HOLE, node, scope)
            else:
                at = f"{path}[{index if counted else '?'}]"
                self.value(member, at, kind.removeprefix("[]"), 1)
        self.made("]", node, scope)
        if listed.homes:
            home, where = listed.homes[-1]
            self.place(start, kind, where, home, path)

    def scalar(self, node: Node, scope: Scope) -> None:
        if node.type in ("int_literal", "true", "false"):
            self.add(literal_piece(node, scope), scope)
            return
        if (
            node.type == "interpreted_string_literal"
            and b"\\" not in scope.file.data[node.start_byte : node.end_byte]
        ):
            self.add(literal_piece(node, scope), scope)
            return
        text = self.package.text(node, scope)
        known = known_text(text)
        if known is None and len(text) == 1:
            match = _CONSTANT.search(text[0].text)
            known = match[1] or match[2] if match else None
        if known is None:
            self.made(HOLE, node, scope)
            return
        number = node.type != "raw_string_literal" and re.fullmatch(r"\d+|true|false", known)
        written = known if number else json.dumps(known)
        if len(text) == 1 and text[0].kind != "hole":
            self.add(replace(text[0], text=written, kind="made"), scope)
        else:
            self.made(written, node, scope)


def _elided_list(node: Node, kind: str) -> bool:
    return kind.startswith("[]") and node.type == "literal_value"
