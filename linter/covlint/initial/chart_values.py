"""The values of a chart: a toggle that is free, and a file that switches it on."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from covlint.documents.yaml import YamlMapping, open_yaml
from covlint.documents.yaml_text import Layout, Value, entry_lines
from covlint.source import SourceFile

_VALUES = re.compile(r"\.Values\.([\w.]+)")
_WHOLE = frozenset({"repository", "name", "image"})
_PARTS = {
    "registry": "localhost",
    "tag": "coverage",
    "version": "coverage",
    "pullPolicy": "Never",
    "imagePullPolicy": "Never",
    "digest": "",
    "sha": "",
}
_ALL = frozenset({*_PARTS, *_WHOLE})
_NAMES = ("coverage", "goCoverage", "e2eCoverage")


def closed(schema: SourceFile | None) -> bool:
    """Whether a schema of the values refuses an entry that it does not name."""
    if schema is None:
        return False
    try:
        root = json.loads(schema.text)
    except ValueError:
        return True
    return not isinstance(root, dict) or root.get("additionalProperties", True) is not True


def toggle_in(template: SourceFile) -> str | None:
    """The toggle that a template has already."""
    return next((n for n in _NAMES if f".Values.{n}.enabled ".encode() in template.data), None)


def free_key(values: SourceFile | None) -> str:
    taken = keys_of(values)
    if taken.get("coverage") == "enabled: false":  # a toggle that no template asks yet
        return "coverage"
    return next((one for one in _NAMES if one not in taken), _NAMES[-1])


def keys_of(values: SourceFile | None) -> dict[str, str]:
    """The entries of values.yaml, and how their values are written."""
    roots = open_yaml(values).documents if values is not None else ()
    maps = (root for root in roots if isinstance(root, YamlMapping))
    return {entry.key.text: entry.value.written for root in maps for entry in root.entries}


def image_paths(lines: str, values: SourceFile | None) -> tuple[str, ...]:
    """The values that a container's image is put together from: those in its own lines; where
    a helper of the chart does it, those of ``image:``, as `helm create` names them. Empty
    where no name of an image is among them."""
    found = [path for path in _VALUES.findall(lines) if path.rpartition(".")[2] in _ALL]
    if not any(path.rpartition(".")[2] in _WHOLE for path in found) and "include" in lines:
        roots = open_yaml(values).documents if values is not None else ()
        image = next((r.mapping("image") for r in roots if isinstance(r, YamlMapping)), None)
        if image is not None:
            found += [f"image.{key}" for key, _ in image.items() if key in _ALL]
    named = any(path.rpartition(".")[2] in _WHOLE for path in found)
    return tuple(dict.fromkeys(found)) if named else ()


def coverage_values(paths: Sequence[str], name: str, service: str) -> str:
    """Values for the e2e cluster: the toggle ``name``, and the instrumented image."""
    values: dict[str, Value] = {name: {"enabled": True}}
    lasts = {path.rpartition(".")[2] for path in paths}
    whole = f"{'' if 'registry' in lasts else 'localhost/'}{service}"
    if not lasts & {"tag", "version"}:
        whole += ":coverage"
    for path in paths:
        last = path.rpartition(".")[2]
        _set(values, path.split("."), whole if last in _WHOLE else _PARTS[last])
    head = [f"# {service} in the e2e cluster: helm upgrade --install … --values this file"]
    for key, value in values.items():
        head += entry_lines(key, value, Layout(2, 2))
    return "\n".join(head) + "\n"


def _set(values: dict[str, Value], path: Sequence[str], value: str) -> None:
    for key in path[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            return  # a value and what is below it are both read: the value is set
        values = inner
    values[path[-1]] = value
