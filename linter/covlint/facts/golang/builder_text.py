"""Calls of client-go's builders (applyconfigurations) for values of a manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping

from covlint.documents.golang import read_go
from covlint.documents.gosource import GoSource
from covlint.facts.golang.typed_values import FIELDS, INLINE, Plain

_CORE = "k8s.io/client-go/applyconfigurations/core/v1"
_NUMBERS = frozenset({"int64", "bool"})


def chained(file: GoSource, kind: str, values: Mapping[str, Plain]) -> str:
    """``.WithName("x").WithValue("y")`` for fields of ``kind``. Raises LookupError for what
    cannot be written in the file."""
    return "".join(f".{method(file, kind, key, value)}" for key, value in values.items())


def method(file: GoSource, kind: str, key: str, value: Plain) -> str:
    """One call: ``WithName("x")``."""
    found = FIELDS[kind].get(key) or FIELDS[INLINE[kind]][key]
    name, typed = found[0], found[1].lstrip("*")
    if not typed.startswith("[]"):
        return f"With{name}({element(file, typed, value)})"
    if isinstance(value, (str, Mapping)):
        raise LookupError(key)
    return f"With{name}({', '.join(element(file, typed[2:], one) for one in value)})"


def element(file: GoSource, kind: str, value: Plain) -> str:
    """A value: a builder of its own, or a scalar; constants of the API are strings."""
    if kind in FIELDS:
        if not isinstance(value, Mapping):
            raise LookupError(kind)
        return f"{_package(file)}.{kind}(){chained(file, kind, value)}"
    if not isinstance(value, str):
        raise LookupError(kind)
    if kind in _NUMBERS:
        if kind == "bool" and value not in ("true", "false"):
            raise LookupError(value)
        return value if kind == "bool" else str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _package(file: GoSource) -> str:
    """The name by which the file imports the builders of core/v1."""
    names = [one.name for one in read_go(file.source).imports if one.path.text == _CORE]
    if not names or names[0] in ("_", "."):
        raise LookupError(_CORE)
    return names[0]
