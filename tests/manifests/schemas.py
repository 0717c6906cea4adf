"""The published schemas of Kubernetes, as the package kubernetes-validate carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator
from kubernetes_validate.utils import all_versions, schema_contents
from referencing import Registry, Resource

#: The newest Kubernetes that the package knows, and its schemas that refuse unknown fields.
VERSION = all_versions()[-1]
_FOLDER = f"kubernetes-json-schema/v{VERSION}-local-strict"


def error(text: str) -> str | None:
    """All of it in one line; None for nothing."""
    return " | ".join(errors(text)) or None


def errors(text: str) -> Iterator[str]:
    """Everything that is wrong with a manifest: where, and why."""
    content = yaml.load(text, Loader=yaml.CSafeLoader)
    name = f"{content['kind'].lower()}-{_group(content['apiVersion'])}"
    for error in _validator(name).iter_errors(content):
        yield f"{error.json_path}: {error.message}"
    if not (content.get("metadata") or {}).keys() & {"name", "generateName"}:
        yield "$.metadata: a name is required"


def _group(version: str) -> str:
    """``rbac.authorization.k8s.io/v1`` is ``rbac-v1`` in the names of the files."""
    return re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", version)


@cache
def _validator(name: str) -> Validator:
    """Raises FileNotFoundError."""
    schema = schema_contents(f"{_FOLDER}/{name}.json", VERSION)
    return Draft202012Validator(schema, registry=_definitions())


# the package reads them anew for each document, which takes most of its time
@cache
def _definitions() -> Registry[Any]:
    return (
        Resource.from_contents(schema_contents(f"{_FOLDER}/_definitions.json", VERSION))
        @ Registry()
    )
