"""``.covlint.yaml``: read, checked, and every mistake named.

The parsers are slow to import, so they are loaded only where there is a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, Literal, get_args, get_type_hints

from covlint.files import CONFIG_NAME
from covlint.frozen import dataclass
from covlint.selection import POLICIES, Selection, nearest, split_codes
from covlint.source import SIZE_LIMIT


class ConfigError(Exception):
    """The configuration cannot be used; the message names the file, the key and the way out."""


@dataclass(frozen=True, slots=True)
class FixSettings:
    """``permissions``: how a hostPath is made writable for a user that is not root; "auto" is
    root behind the condition in Go code that has one for coverage, else an init container.
    ``paths``: which wins where paths differ: what is nearer to the host (the Kind config's
    containerPath, then the mountPath), or what the workload says (GOCOVERDIR, then hostPath)."""

    permissions: Literal["auto", "init-container", "root", "host-mode"] = "auto"
    paths: Literal["kind-config", "workload"] = "kind-config"


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one project; what is absent has the value shown here.

    ``targets`` is left as it was written: the runner knows what it means.
    ``max_file_size`` is in bytes. ``render`` lets covlint run kustomize and helm
    where they are installed. ``per_file_ignores``: codes or prefixes by a pattern as in
    .gitignore. ``require_reasons``: a ``covlint: ignore`` comment says why.
    """

    select: list[str] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)
    fail_on: Literal["error", "warning", "notice"] = "warning"
    policy: Literal["dd-test-007"] | None = None
    fixes: FixSettings = field(default_factory=FixSettings)
    targets: dict[str, Any] = field(default_factory=dict)
    packs: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    max_file_size: int = SIZE_LIMIT
    render: bool = False
    per_file_ignores: dict[str, list[str]] = field(default_factory=dict)
    require_reasons: bool = False

    @property
    def target_dockerfiles(self) -> frozenset[str]:
        """The Dockerfiles of the verify targets: their services are meant for coverage."""
        named = (t.get("dockerfile") for t in self.targets.values() if isinstance(t, dict))
        return frozenset(os.path.normpath(path) for path in named if isinstance(path, str))

    @property
    def selection(self) -> Selection:
        """The rules that the configuration asks for."""
        per_file = tuple(
            (name, split_codes(codes)) for name, codes in self.per_file_ignores.items()
        )
        return Selection(
            select=split_codes(self.select),
            ignore=split_codes(self.ignore),
            policy=self.policy,
            per_file=per_file,
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """The ``fixes:`` section as rules see it."""
        return {"permissions": self.fixes.permissions, "paths": self.fixes.paths}


def fix_choices(key: str) -> tuple[str, ...]:
    """The values that a key of ``fixes:`` can have, the default first."""
    return get_args(get_type_hints(FixSettings)[key])


def load_config(root: str) -> Config:
    """The configuration of the project at ``root``; the defaults where there is none.

    Raises ConfigError.
    """
    location = os.path.join(root, CONFIG_NAME)
    if not os.path.lexists(location):
        return Config()
    inside = os.path.join(os.path.realpath(root), "")
    if not os.path.realpath(location).startswith(inside):
        raise ConfigError(
            f"{location}: a symbolic link that leaves the project (--config can name its target)"
        )
    return read_config(location)


def read_config(location: str) -> Config:
    """The configuration in the file at ``location``. Raises ConfigError."""
    try:
        # Not blocking, and no pipe: its writer may never come.
        with open(os.open(location, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise ConfigError(f"{location}: not a regular file")
            data = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigError(f"{location}: cannot be read: {error.strerror}") from error
    if len(data) > SIZE_LIMIT:
        raise ConfigError(f"{location}: too large for a configuration")
    return parse_config(data, location)


def parse_config(data: bytes, location: str) -> Config:
    """The configuration that ``data`` spells; ``location`` is only named in messages.

    Raises ConfigError for YAML that does not parse, for unknown keys and for
    values of a wrong type or outside of the choices.
    """
    content = _yaml(data, location)
    if content is None:
        return Config()
    if not isinstance(content, dict):
        raise ConfigError(f"{location}: a mapping is expected, as in `select: [COV101]`")
    _check_keys(content, Config, location, "")
    if isinstance(content.get("fixes"), dict):
        _check_keys(content["fixes"], FixSettings, location, "fixes.")
    policy = content.get("policy")
    if isinstance(policy, str) and policy not in POLICIES:
        raise ConfigError(
            f"{location}: policy: {policy!r} is unknown; did you mean "
            f"{nearest(policy, POLICIES) or ', '.join(POLICIES)}?"
        )
    import msgspec

    try:
        config = msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{location}: {_plain(str(error))}") from error
    if config.max_file_size <= 0:
        raise ConfigError(f"{location}: max_file_size: a number of bytes above 0 is expected")
    return config


def _yaml(data: bytes, location: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe").load(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{location}: not UTF-8 (byte {error.start})") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ConfigError(f"{location}{place}: invalid YAML: {error.problem}") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{location}: invalid YAML: {str(error).splitlines()[0]}") from error


def _check_keys(content: dict[Any, Any], kind: type, location: str, prefix: str) -> None:
    known = [entry.name for entry in fields(kind)]
    for key in content:
        if key in known:
            continue
        hint = nearest(str(key), known)
        advice = f"did you mean {prefix}{hint}?" if hint else f"the keys are {', '.join(known)}"
        raise ConfigError(f"{location}: {prefix}{key} is not a setting; {advice}")


def _plain(message: str) -> str:
    """``Expected `int`, got `str` - at `$.x``` as ``x: Expected int, got str``."""
    what, _, where = message.replace("`", "").replace("array", "list").partition(" - at $")
    key = where.lstrip(".")
    choices: dict[str, tuple[type, str]] = {"fail_on": (Config, "fail_on")}
    choices |= {f"fixes.{entry.name}": (FixSettings, entry.name) for entry in fields(FixSettings)}
    if key in choices:
        kind, name = choices[key]
        what += f"; the choices are {', '.join(get_args(get_type_hints(kind)[name]))}"
    return f"{key}: {what}" if key else what
