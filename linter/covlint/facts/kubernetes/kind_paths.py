"""Host paths of Kind's extra mounts, as Kind takes them: nothing in them is expanded."""

from __future__ import annotations

import re

from covlint.documents.assembled import AssembledSource
from covlint.documents.yaml import YamlScalar
from covlint.documents.yaml_edit import Edits, insert_entry
from covlint.facts.kubernetes.cluster import ExtraMount
from covlint.source import Word

_VARIABLE = re.compile(r"\$(?:\{\w+\}|\w+|\(\w+\))")
_HERE = re.compile(r"\$(?:\{PWD\}|PWD\b|\(pwd\))/?")


def unexpanded(mount: ExtraMount) -> Word | None:
    """A host path that only a shell would expand. None for one in program code, which may
    expand it, and in a template."""
    node = mount.node.get("hostPath")
    if not isinstance(node, YamlScalar) or node.templated:
        return None
    if isinstance(node.source, AssembledSource):
        return None
    if node.text == "~" or node.text.startswith("~/") or _VARIABLE.search(node.text):
        return node.word
    return None


def needs_shell(path: str) -> bool:
    """Whether the path holds a variable, which something may put in before Kind reads it."""
    return _VARIABLE.search(path) is not None


def from_here(path: str) -> str | None:
    """``${PWD}/x`` as Kind understands it, ``./x``; None for other variables."""
    rest = _HERE.sub("", path, count=1) if _HERE.match(path) else None
    return None if rest is None or needs_shell(rest) else f"./{rest}"


def is_relabelled(mount: ExtraMount) -> bool:
    return mount.node.get("selinuxRelabel") is not None


def relabel(mount: ExtraMount) -> Edits:
    """``selinuxRelabel: true``."""
    if isinstance(mount.node.source, AssembledSource):
        return ()
    return insert_entry(mount.node, "selinuxRelabel", True)
