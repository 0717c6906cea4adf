"""Maps and builders of Go code put down as the YAML that they become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlint.documents.assembled import HOLE, known_text
from covlint.documents.gosource import GoSource, Scope, call_arguments, field_of
from covlint.facts.golang.elements import Value, body_of, is_list, is_nil, list_of, resolved
from covlint.facts.golang.object_writer import ObjectWriter
from covlint.facts.golang.typed_source import Place, WrittenField
from covlint.facts.golang.typed_values import FIELDS
from covlint.facts.golang.untyped_source import BUILT, inner_type, is_known
from covlint.frozen import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

_API = {"Job": "batch/v1", "CronJob": "batch/v1", "Pod": "v1"}
_WHOLE = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", *_API})
_METADATA = frozenset({"Name", "Namespace", "Labels", "Annotations", "GenerateName"})
_NAMES = {"FSGroup": "fsGroup"}
#: What is given one by one, or several at once.
_LISTS = frozenset(
    {"Containers", "InitContainers", "Volumes", "VolumeMounts", "Env", "EnvFrom", "Args",
     "Command", "Add", "Drop", "Tolerations", "Ports", "Items", "SupplementalGroups"}
)  # fmt: skip
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Builder:
    """``pkg.Kind(…).WithName(…)…``: the first call, and the methods in order."""

    kind: str
    call: Node
    methods: tuple[tuple[str, Node], ...]


def builder_of(node: Node, file: GoSource) -> Builder | None:
    """The chain of calls that ends in ``node``; None where it is something else."""
    methods: list[tuple[str, Node]] = []
    while node.type == "call_expression":
        target = node.child_by_field_name("function")
        if target is None or target.type != "selector_expression":
            return None
        field, operand = target.child_by_field_name("field"), target.child_by_field_name("operand")
        if field is None or operand is None:
            return None
        name = file.text(field)
        if operand.type == "identifier":
            built = name[:1].isupper() and not name.startswith("With")
            return Builder(name, node, tuple(reversed(methods))) if built else None
        if not name.startswith("With"):
            return None
        methods.append((name.removeprefix("With"), node))
        node = operand
    return None


class UntypedWriter(ObjectWriter):
    """Writes one object as YAML in flow style."""

    def value(self, value: Value, path: str = "", kind: str = "", depth: int = 0) -> None:
        """A map, a builder, a list, or a scalar."""
        node, scope = resolved(self.package, *value)
        builder = builder_of(node, scope.file)
        body = body_of(node)
        if depth > _DEPTH:
            self.made(HOLE, node, scope)
        elif builder is not None and (builder.methods or builder.kind in _WHOLE):
            self.built(builder, (node, scope), depth)
        elif is_list(self.package, node, scope):
            self.listed((node, scope), kind, depth)
        elif body is not None:
            inner = field_of(scope.file, body, "Object")
            if inner is not None:  # unstructured.Unstructured
                self.value((inner, scope), depth=depth + 1)
            else:
                self.mapping(body, (node, scope), kind, depth)
        else:
            self.scalar(node, scope)

    def mapping(self, body: Node, value: Value, kind: str, depth: int) -> None:
        node, scope = value
        kind = _type_of(node, scope) or kind
        opened = self.size
        self.made("{", node, scope)
        first = True
        for element in body.named_children:
            if element.type != "keyed_element" or len(element.named_children) != 2:
                continue
            key, given = (
                one.named_children[0] if one.type == "literal_element" else one
                for one in element.named_children
            )
            name = known_text(self.package.text(key, scope))
            if name is None or is_nil(given, scope):
                continue
            start = self.size + (0 if first else 2)
            self.made(("" if first else ", ") + name + ": ", key, scope)
            self.value((given, scope), kind=inner_type(kind), depth=depth + 1)
            self.written_fields.append(WrittenField(start, self.size, scope, element))
            first = False
        self.made("}", node, scope)
        if is_known(kind):
            self.places.append(Place(opened, self.size, kind, scope, body))

    def listed(self, value: Value, kind: str, depth: int) -> None:
        """The elements of a slice."""
        node, scope = value
        opened = self.size
        self.made("[", node, scope)
        found = list_of(self.package, node, scope)
        literal = [home.parent for home, _ in found.homes if home.type == "literal_value"]
        types = [one for one in (_type_of(node, scope) for node in literal if node) if one]
        kind = types[0] if types else kind
        self.members(found.members, value, inner_type(kind), depth)
        self.made("]", node, scope)
        if found.homes and is_known(kind):
            home, where = found.homes[-1]
            self.places.append(Place(opened, self.size, kind, where, home))

    def members(self, members: list[Value | None], value: Value, kind: str, depth: int) -> None:
        for index, member in enumerate(members):
            if index:
                self.made(", ", *value)
            if member is None:
                self.made(HOLE, *value)
            else:
                self.value(member, kind=kind, depth=depth + 1)

    def built(self, builder: Builder, value: Value, depth: int) -> None:
        node, scope = value
        whole = builder.kind in _WHOLE
        bare = depth == 0 and builder.kind in ("PodSpec", "PodTemplateSpec")
        opened = self.size
        self.made("{", node, scope)
        first = True
        metadata: list[tuple[str, Value]] = []
        if whole or bare:
            kind = builder.kind if whole else "Pod"
            api = _API.get(kind, "apps/v1")
            self.made(f"apiVersion: {api}, kind: {kind}", builder.call, scope)
            first = False
        if whole:
            names = zip(("Name", "Namespace"), call_arguments(builder.call), strict=False)
            metadata += [(name, (one, scope)) for name, one in names]
        fields: dict[str, list[Value | None]] = {}
        for name, call in builder.methods:
            given = call_arguments(call)
            if name in _METADATA and (whole or builder.kind == "PodTemplateSpec"):
                metadata += [(name, (one, scope)) for one in given[:1]]
            elif name in _LISTS:
                fields.setdefault(name, []).extend(self.given(given, value))
            elif given:
                fields[name] = [(given[0], scope)]
        if metadata:
            self.made(("" if first else ", ") + "metadata: ", node, scope)
            self.entries(metadata, value, depth)
            first = False
        inside = builder.kind == "PodSpec" and bare
        if inside:
            self.made(("" if first else ", ") + "spec: ", node, scope)
            opened = self.size
            self.made("{", node, scope)
            first = True
        for name, members in fields.items():
            start = self.size + (0 if first else 2)
            self.made(("" if first else ", ") + _shown(name) + ": ", node, scope)
            first = False
            if name in _LISTS:
                self.made("[", node, scope)
                self.members(members, value, "", depth)
                self.made("]", node, scope)
                self.given_list(builder, name, start + len(_shown(name)) + 2, scope)
            elif members[-1] is not None:
                self.value(members[-1], depth=depth + 1)
                self.written_fields.append(
                    WrittenField(start, self.size, scope, _last(builder, name))
                )
        self.made("}", node, scope)
        if builder.kind in FIELDS:
            self.places.append(Place(opened, self.size, BUILT + builder.kind, scope, node))
        if inside:
            self.made("}", node, scope)

    def entries(self, entries: list[tuple[str, Value]], value: Value, depth: int) -> None:
        self.made("{", *value)
        for index, (name, one) in enumerate(entries):
            self.made(("" if index == 0 else ", ") + _shown(name) + ": ", *one)
            self.value(one, depth=depth + 1)
        self.made("}", *value)

    def given_list(self, builder: Builder, name: str, start: int, scope: Scope) -> None:
        """Keep the call that gives the last of a list."""
        typed = next((t for go, t in FIELDS.get(builder.kind, {}).values() if go == name), "")
        given = call_arguments(_last(builder, name))
        arguments = given[-1].parent if given else None
        if arguments is not None and given[-1].type != "variadic_argument" and typed:
            kind = f"[]{BUILT}{typed.removeprefix('[]')}"
            self.places.append(Place(start, self.size, kind, scope, arguments))

    def given(self, arguments: list[Node], value: Value) -> list[Value | None]:
        """The elements that a method is given, ``items...`` included."""
        found: list[Value | None] = []
        for argument in arguments:
            if argument.type == "variadic_argument":
                inner = argument.named_children[0]
                found += list_of(self.package, inner, value[1]).members
            else:
                found.append((argument, value[1]))
        return found


def _last(builder: Builder, name: str) -> Node:
    """The last call of a method."""
    return next(call for one, call in reversed(builder.methods) if one == name)


def _type_of(node: Node | None, scope: Scope) -> str:
    """The type that a literal names; "" where it is left out."""
    typed = node.child_by_field_name("type") if node is not None else None
    return scope.file.text(typed).replace("interface {}", "interface{}") if typed else ""


def _shown(name: str) -> str:
    return _NAMES.get(name) or name[:1].lower() + name[1:]
