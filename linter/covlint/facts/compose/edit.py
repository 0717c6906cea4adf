"""Edits that repair a service of a docker-compose file."""

from __future__ import annotations

from covlint.documents.assembled import AssembledSource
from covlint.documents.yaml import YamlMapping, YamlScalar, YamlSequence
from covlint.documents.yaml_edit import Edits, append_to, insert_entry, replace_scalar, set_scalar


def add_variable(service: YamlMapping, name: str, value: str) -> Edits:
    """In the form that ``environment`` has: a list of ``NAME=value``, else a mapping."""
    if _is_code(service):
        return ()
    written = service.get("environment")
    if isinstance(written, YamlSequence):
        return append_to(service, "environment", f"{name}={value}")
    if isinstance(written, YamlMapping) and written.entries:
        return set_scalar(written, name, value)
    if written is None:
        return insert_entry(service, "environment", {name: value})
    return ()


def add_mount(service: YamlMapping, source: str, path: str) -> Edits:
    """``source`` is a named volume, or a directory of the host."""
    if _is_code(service):
        return ()
    return append_to(service, "volumes", f"{source}:{path}")


def set_user(service: YamlMapping, uid: int) -> Edits:
    return () if _is_code(service) else set_scalar(service, "user", str(uid))


def set_grace_period(service: YamlMapping, seconds: int) -> Edits:
    written = f"{seconds}s"
    return () if _is_code(service) else set_scalar(service, "stop_grace_period", written)


def make_root_writable(service: YamlMapping) -> Edits:
    scalar = service.get("read_only")
    if _is_code(service):
        return ()
    return replace_scalar(scalar, False) if isinstance(scalar, YamlScalar) else ()


def _is_code(service: YamlMapping) -> bool:
    """Whether a program runs the container: what a compose file would say is written
    otherwise there."""
    return isinstance(service.source, AssembledSource)
