"""Kubernetes objects that Go code writes as typed literals.

``corev1.Container{Name: …}`` is put down as the YAML that it becomes, each
value at the place of its literal, and read by the reader of manifests. What
code adds when coverage is on (``append`` under a condition, assignments to a
field) is taken in; what is not seen makes its list opaque.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import HOLE, AssembledSource, Piece, known_text
from covlint.documents.gosource import Scope, call_arguments, field_of, holds, literal_piece
from covlint.documents.gotext import GoPackage
from covlint.facts.kubernetes.made_manifests import Manifest, manifest_facts

if TYPE_CHECKING:
    from tree_sitter import Node

_OBJECT = re.compile(
    rb"\b\w+\.(Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|Pod|PodTemplateSpec|PodSpec)\{"
    rb"|\b\w*v1alpha4\.(Cluster)\{"
)
_API = {
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
    "Cluster": "kind.x-k8s.io/v1alpha4",
}
_COVERAGE = re.compile(rb"GOCOVERDIR|coverdata|covdata")
#: Fields that stand in line in the JSON of their struct.
_INLINE = frozenset({"VolumeSource", "ProbeHandler", "LifecycleHandler", "LocalObjectReference"})
_NAMES = {"ObjectMeta": "metadata", "FSGroup": "fsGroup", "Readonly": "readOnly"}
_SKIPPED = frozenset({"TypeMeta", "Status", "Resources", "Ports"})
_HOST_PATH_TYPE = re.compile(r"\.HostPath(\w+)$")
_POINTER = re.compile(r"(?i)ptr|pointer|^(?:to|ref|addr)\w*$")
_DEPTH = 40
_Value = tuple["Node", Scope]


def read_objects(package: GoPackage) -> list[Manifest]:
    """The containers and Kind clusters in typed literals that speak of coverage."""
    from covlint.documents.yaml import open_yaml  # loads a YAML parser

    found: list[Manifest] = []
    for file in package.files:
        if not _COVERAGE.search(file.data):
            continue
        last: Node | None = None
        for match in _OBJECT.finditer(file.data):
            group = 1 if match[1] else 2
            name = file.at(match.start(group), match.end(group))
            literal = name.parent.parent if name is not None and name.parent is not None else None
            if name is None or literal is None or literal.type != "composite_literal":
                continue
            if last is not None and holds(last, literal):
                continue
            last = literal
            writer = _Writer(package, literal, package.scope_at(file, literal))
            writer.object(match[group].decode(), name)
            written = writer.text.encode()
            if not _COVERAGE.search(written):
                continue
            virtual = f"{file.source.path}#{literal.start_byte}"
            source = AssembledSource(virtual, written, tuple(writer.pieces), package.sources)
            found.extend(manifest_facts(open_yaml(source), source, ()))
    return found


@dataclass
class _Writer:
    """Writes one object as YAML in flow style."""

    package: GoPackage
    root: Node
    scope: Scope
    pieces: list[Piece] = field(default_factory=list)
    _given: dict[str, list[_Value]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    def made(self, text: str, node: Node, scope: Scope) -> None:
        self.add(Piece(text, scope.file.source.path, node.start_byte, node.end_byte, "made"))

    def add(self, piece: Piece) -> None:
        shared = piece.path != self.scope.file.source.path
        self.pieces.append(replace(piece, origin=self.root.start_byte, shared=shared))

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
            self.value((self.root, self.scope), "")
        else:
            self.fields(body, self.scope, "", first=False)
        self.made("}", name, self.scope)

    def assigned(self) -> dict[str, list[_Value]]:
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
        found: dict[str, list[_Value]] = {}
        for node in self.scope.file.named(name, function) if re.fullmatch(r"\w+", name) else ():
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

    def fields(self, body: Node, scope: Scope, path: str, *, first: bool = True) -> None:
        """The entries of a struct, without the braces."""
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
            first = self.entry(name, key, (value, scope), path, first)
        for given, values in self._given.items():
            head, _, name = given.rpartition(".")
            if head == path and name not in written and name.isidentifier():
                first = self.entry(name, values[-1][0], values[-1], path, first)

    def entry(self, name: str, key: Node, value: _Value, path: str, first: bool) -> bool:
        """One field; returns whether the next one is the first of its mapping."""
        node, scope = value
        if name in _INLINE:
            body = _body(node)
            if body is not None:
                before = len(self.pieces)
                self.fields(body, scope, path, first=first)
                return first and len(self.pieces) == before
            return first
        shown = _NAMES.get(name) or name[:1].lower() + name[1:]
        self.made(f"{'' if first else ', '}", key, scope)
        self.made(shown, key, scope)
        self.made(": ", key, scope)
        self.value(value, f"{path}.{name}")
        return False

    def value(self, value: _Value, path: str, depth: int = 0) -> None:
        """A value: a struct, a list, or a scalar."""
        node, scope = _resolved(self.package, *value)
        if depth > _DEPTH:
            self.made(HOLE, node, scope)
            return
        body = _body(node)
        kind = node.child_by_field_name("type") if node.type == "composite_literal" else None
        extended = path in self._given and path.endswith(("Env", "VolumeMounts", "Volumes"))
        if extended or _is_slice(node) or self.is_list(node, scope):
            self.items([(node, scope)], path)
        elif kind is not None and kind.type == "map_type":
            self.made("{}", node, scope)
        elif body is not None:
            self.made("{", node, scope)
            self.fields(body, scope, path)
            self.made("}", node, scope)
        else:
            self.scalar(node, scope)

    def is_list(self, node: Node, scope: Scope) -> bool:
        if node.type == "call_expression":
            target = node.child_by_field_name("function")
            return target is not None and scope.file.text(target) == "append"
        if node.type != "identifier" or scope.function is None:
            return False
        bound = list(self.package.bindings_of(scope.file.text(node), node, scope))
        return any(
            _is_slice(one.statement)
            or (one.value is not None and (_is_slice(one.value) or self.is_list(one.value, scope)))
            for one in bound
        )

    def items(self, values: list[_Value], path: str) -> None:
        """A list, with what is appended to it later."""
        node, scope = values[0]
        self.made("[", node, scope)
        listed = list(self.members(node, scope))
        for later in self._given.get(path, ()):
            listed += list(self.members(*later, own=path))
        for index, member in enumerate(listed):
            if index:
                self.made(", ", node, scope)
            if member is None:
                self.made(HOLE, node, scope)
            else:
                self.value(member, f"{path}[{index}]", 1)
        self.made("]", node, scope)

    def members(
        self, node: Node, scope: Scope, own: str | None = None, depth: int = 0
    ) -> Iterator[_Value | None]:
        """The elements of a slice; None: some that are not seen. ``own``: the path of the
        list that an ``append`` to itself extends."""
        if depth > _DEPTH:
            yield None
        elif node.type == "composite_literal" or node.type == "literal_value":
            body = _body(node)
            for element in body.named_children if body is not None else ():
                inner = element
                while inner.type == "literal_element" and inner.named_children:
                    inner = inner.named_children[0]
                if inner.type != "comment":
                    yield inner, scope
        elif node.type == "call_expression" and self.is_list(node, scope):
            arguments = call_arguments(node)
            if own is None or not scope.file.text(arguments[0]).endswith(own):
                yield from self.members(arguments[0], scope, own, depth + 1)
            for argument in arguments[1:]:
                if argument.type == "variadic_argument":
                    yield from self.members(argument.named_children[0], scope, None, depth + 1)
                else:
                    yield argument, scope
        elif node.type == "identifier" and self.is_list(node, scope):
            yield from self.members_of_name(node, scope, depth)
        else:
            yield None

    def members_of_name(self, node: Node, scope: Scope, depth: int) -> list[_Value | None]:
        """The elements of the slice that a local name holds where it is used."""
        current: list[_Value | None] = []
        for bound in self.package.bindings_of(scope.file.text(node), node, scope):
            taken = self.package.taken(bound.statement, node, scope)
            if taken is None or bound.unknown:
                current = [*current, None]
            elif taken and bound.value is not None:
                current = list(self.members(bound.value, scope, None, depth + 1))
        return current

    def scalar(self, node: Node, scope: Scope) -> None:
        if node.type in ("int_literal", "true", "false"):
            self.add(literal_piece(node, scope))
            return
        if (
            node.type == "interpreted_string_literal"
            and b"\\" not in scope.file.data[node.start_byte : node.end_byte]
        ):
            self.add(literal_piece(node, scope))
            return
        text = self.package.text(node, scope)
        known = known_text(text)
        if known is None and len(text) == 1:
            match = _HOST_PATH_TYPE.search(text[0].text)
            known = match[1] if match else None
        if known is None:
            self.made(HOLE, node, scope)
            return
        number = node.type != "raw_string_literal" and re.fullmatch(r"\d+|true|false", known)
        written = known if number else json.dumps(known)
        if len(text) == 1 and text[0].kind != "hole":
            self.add(replace(text[0], text=written, kind="made"))
        else:
            self.made(written, node, scope)


def _resolved(package: GoPackage, node: Node, scope: Scope) -> _Value:
    """Through ``&``, helpers that make pointers, and local names of structs."""
    for _ in range(_DEPTH):
        if node.type in ("unary_expression", "parenthesized_expression"):
            operand = node.child_by_field_name("operand") or node.named_children[0]
            node = operand
            continue
        if node.type == "call_expression":
            target, arguments = node.child_by_field_name("function"), call_arguments(node)
            name = scope.file.text(target).rpartition(".")[2] if target is not None else ""
            if len(arguments) == 1 and (
                _POINTER.search(name.partition("[")[0]) or name in ("int64", "int32", "string")
            ):
                node = arguments[0]
                continue
            return node, scope
        if node.type == "identifier":
            struct = package.struct(node, scope)
            if struct is not None and struct[1].parent is not None:
                return struct[1].parent, struct[0]
        return node, scope
    return node, scope


def _body(node: Node) -> Node | None:
    if node.type == "literal_value":
        return node
    return node.child_by_field_name("body") if node.type == "composite_literal" else None


def _is_slice(node: Node) -> bool:
    """Whether a literal is of a slice type, or a ``var`` declared as one."""
    typed = node.type in ("composite_literal", "var_spec")
    kind = node.child_by_field_name("type") if typed else None
    return kind is not None and kind.type == "slice_type"
