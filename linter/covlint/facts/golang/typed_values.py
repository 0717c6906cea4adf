"""Values of Kubernetes objects written as typed Go, in the way of the file that gets them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from covlint.documents.golang import GoImport, read_go
from covlint.documents.goliterals import aligned_fields
from covlint.documents.gosource import GoSource
from covlint.documents.gotext import GoPackage
from covlint.frozen import dataclass

#: A value of a manifest: scalars as they are written.
Plain: TypeAlias = "str | Mapping[str, Plain] | Sequence[Plain]"

_CORE, _KIND = "k8s.io/api/core/v1", "sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
_CONTEXT = {
    "runAsUser": ("RunAsUser", "*int64"),
    "runAsGroup": ("RunAsGroup", "*int64"),
    "runAsNonRoot": ("RunAsNonRoot", "*bool"),
}
#: Name and type of the fields that fixes write, by type and by their name in YAML
#: (k8s.io/api v0.34 core/v1/types.go, sigs.k8s.io/kind v0.30 v1alpha4/types.go).
FIELDS: dict[str, dict[str, tuple[str, str]]] = {
    "PodSpec": {
        "volumes": ("Volumes", "[]Volume"),
        "containers": ("Containers", "[]Container"),
        "initContainers": ("InitContainers", "[]Container"),
        "securityContext": ("SecurityContext", "*PodSecurityContext"),
        "terminationGracePeriodSeconds": ("TerminationGracePeriodSeconds", "*int64"),
    },
    "Container": {
        "name": ("Name", "string"),
        "image": ("Image", "string"),
        "imagePullPolicy": ("ImagePullPolicy", "PullPolicy"),
        "command": ("Command", "[]string"),
        "args": ("Args", "[]string"),
        "env": ("Env", "[]EnvVar"),
        "volumeMounts": ("VolumeMounts", "[]VolumeMount"),
        "securityContext": ("SecurityContext", "*SecurityContext"),
    },
    "PodSecurityContext": _CONTEXT,
    "SecurityContext": _CONTEXT
    | {
        "readOnlyRootFilesystem": ("ReadOnlyRootFilesystem", "*bool"),
        "capabilities": ("Capabilities", "*Capabilities"),
    },
    "Capabilities": {"add": ("Add", "[]Capability"), "drop": ("Drop", "[]Capability")},
    "EnvVar": {"name": ("Name", "string"), "value": ("Value", "string")},
    "VolumeMount": {
        "name": ("Name", "string"),
        "mountPath": ("MountPath", "string"),
        "readOnly": ("ReadOnly", "bool"),
    },
    "Volume": {"name": ("Name", "string")},
    "VolumeSource": {
        "hostPath": ("HostPath", "*HostPathVolumeSource"),
        "emptyDir": ("EmptyDir", "*EmptyDirVolumeSource"),
    },
    "HostPathVolumeSource": {"path": ("Path", "string"), "type": ("Type", "*HostPathType")},
    "EmptyDirVolumeSource": {},
    "Cluster": {"nodes": ("Nodes", "[]Node")},
    "Node": {"role": ("Role", "NodeRole"), "extraMounts": ("ExtraMounts", "[]Mount")},
    "Mount": {
        "hostPath": ("HostPath", "string"),
        "containerPath": ("ContainerPath", "string"),
        "readOnly": ("Readonly", "bool"),
    },
}
#: Structs that stand in line in the YAML of another one.
INLINE = {"Volume": "VolumeSource"}
_KINDS = frozenset({"Cluster", "Node", "NodeRole", "Mount"})
_CONSTANTS = {
    "PullPolicy": ("Pull", frozenset({"Always", "IfNotPresent", "Never"})),
    "HostPathType": ("HostPath", frozenset({"DirectoryOrCreate", "Directory"})),
}
_ROLES = {"control-plane": "ControlPlaneRole", "worker": "WorkerRole"}
#: Functions of other packages that give the address of a value, the name of the scalar put in.
_POINTERS = {
    "k8s.io/utils/ptr": "{name}.To[{type}]({value})",
    "k8s.io/utils/pointer": "{name}.{Type}({value})",
    "github.com/samber/lo": "{name}.ToPtr[{type}]({value})",
}
_HELPER = re.compile(rb"^func (\w+)(?:\[(\w+) any\])?\((\w+) (\w+)\) \*(\w+) \{", re.MULTILINE)
_ONE_LINE = 80


@dataclass(frozen=True)
class TypedWriter:
    """Writes values for one file of a package."""

    package: GoPackage
    file: GoSource

    def written(self, value: Plain, kind: str, indent: str | None, elided: bool = False) -> str:
        """Go for a value of the type ``kind``; lines but the first begin with ``indent``.

        ``elided``: the element of a list, whose type stands there. Raises LookupError
        for what cannot be written here.
        """
        if kind.startswith("[]"):
            return self._list(value, kind[2:], indent)
        if kind.startswith("*"):
            inner = kind[1:]
            if inner in FIELDS:
                return "&" + self.written(value, inner, indent)
            return self._pointer(inner, self.written(value, inner, indent))
        if kind in FIELDS:
            if not isinstance(value, Mapping):
                raise LookupError(kind)
            return self._struct(value, kind, indent, elided)
        if not isinstance(value, str):
            raise LookupError(kind)
        return self._scalar(value, kind)

    def field(self, owner: str, key: str, value: Plain, indent: str | None) -> str:
        """``Name: value`` of a field of the struct ``owner``."""
        return ": ".join(self._field(owner, key, value, indent))

    def name_of(self, kind: str) -> str:
        """``corev1.Pod`` for "Pod", as the file imports it."""
        if kind in ("string", "bool", "int64"):
            return kind
        if kind[:1] in "[*":
            mark = "[]" if kind.startswith("[]") else "*"
            return mark + self.name_of(kind[len(mark) :])
        names = [
            one.name
            for one in self._imports
            if one.path.text == (_KIND if kind in _KINDS else _CORE)
        ]
        if not names or names[0] in ("_", "."):
            raise LookupError(kind)
        return f"{names[0]}.{kind}"

    @property
    def _imports(self) -> Sequence[GoImport]:
        return read_go(self.file.source).imports

    def _field(self, owner: str, key: str, value: Plain, indent: str | None) -> tuple[str, str]:
        found = FIELDS[owner].get(key)
        if found is not None:
            return found[0], self.written(value, found[1], indent)
        inner = INLINE.get(owner, "")
        if key not in FIELDS.get(inner, {}):
            raise LookupError(key)
        return inner, self._struct({key: value}, inner, indent, False)

    def _struct(
        self, value: Mapping[str, Plain], kind: str, indent: str | None, elided: bool
    ) -> str:
        name = "" if elided else self.name_of(kind)
        flat = [self._field(kind, key, one, None) for key, one in value.items()]
        line = name + "{" + ", ".join(f"{key}: {text}" for key, text in flat) + "}"
        simple = all(isinstance(one, str) for one in value.values())
        if indent is None or (simple and len(line) <= _ONE_LINE) or not value:
            return line
        deeper = indent + "\t"
        fields = [self._field(kind, key, one, deeper) for key, one in value.items()]
        return "\n".join([name + "{", *aligned_fields(fields, deeper), indent + "}"])

    def _list(self, value: Plain, item: str, indent: str | None) -> str:
        if isinstance(value, (str, Mapping)):
            raise LookupError(item)
        name = self.name_of("[]" + item)
        if item not in FIELDS or indent is None:
            items = [self.written(one, item, None, elided=True) for one in value]
            return name + "{" + ", ".join(items) + "}"
        deeper = indent + "\t"
        lines = [deeper + self.written(one, item, deeper, elided=True) + "," for one in value]
        return "\n".join([name + "{", *lines, indent + "}"])

    def _scalar(self, value: str, kind: str) -> str:
        if kind == "int64":
            return str(int(value))
        if kind == "bool":
            if value not in ("true", "false"):
                raise LookupError(value)
            return value
        if kind in _CONSTANTS:
            prefix, known = _CONSTANTS[kind]
            if value not in known:
                raise LookupError(value)
            return self.name_of(prefix + value)
        if kind == "NodeRole":
            return f"{self.name_of(kind).rpartition('.')[0]}.{_ROLES[value]}"
        return json.dumps(value, ensure_ascii=False)

    def _pointer(self, kind: str, value: str) -> str:
        """The address of a scalar, by the helper that the file has."""
        typed = kind if kind in ("int64", "bool", "string") else self.name_of(kind)
        plain = typed == kind
        for one in self._imports:
            form = _POINTERS.get(one.path.text)
            if form is None or one.name in ("_", ".") or ("{Type}" in form and not plain):
                continue
            short = form.replace("[{type}]", "") if kind != "int64" else form
            return short.format(
                name=one.name, type=typed, Type=typed[:1].upper() + typed[1:], value=value
            )
        for file in self.package.files:
            for match in _HELPER.finditer(file.data):
                helper, generic, _, given, gives = (
                    part and part.decode() for part in match.groups()
                )
                if generic and given == gives == generic:
                    return f"{helper}({f'int64({value})' if kind == 'int64' else value})"
                if given == gives == typed:
                    return f"{helper}({value})"
        return f"func() *{typed} {{ v := {typed}({value}); return &v }}()"


def other_constant(written: str, value: str) -> str | None:
    """``corev1.PullNever`` for ``corev1.PullAlways`` and the value "Never"."""
    match = re.fullmatch(r"(\w+\.)(HostPath|Pull)(\w+)", written)
    if match is None:
        return None
    known = next((k for prefix, k in _CONSTANTS.values() if prefix == match[2]), frozenset())
    return f"{match[1]}{match[2]}{value}" if value in known else None
