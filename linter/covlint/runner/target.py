"""A verify target: what `.covlint.yaml` says about running one service."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import field, fields

from covlint.frozen import dataclass

ENGINES = ("process", "suite", "container", "play", "kind", "context")


class TargetError(Exception):
    """The configuration of a target cannot be used; the message names the key and what to do."""


@dataclass(frozen=True, slots=True)
class Ready:
    """When the service counts as ready: one of the four, or none of them.

    ``http`` is a URL that answers below 500; ``tcp`` is host:port that accepts;
    ``log`` is a regular expression for a line of its output; ``command`` a shell
    command that succeeds. ``timeout`` is in seconds.
    """

    http: str | None = None
    tcp: str | None = None
    log: str | None = None
    command: str | None = None
    timeout: float = 60.0

    @property
    def given(self) -> bool:
        """One of the four is set; otherwise covlint waits until the service listens."""
        return any((self.http, self.tcp, self.log, self.command))


@dataclass(frozen=True, slots=True)
class Expect:
    """What a passing profile must show: at least ``total`` per cent, and counters
    above zero in each of ``packages`` (import paths; ``./x`` is relative to the module).
    ``least`` are those of them that are given with a percentage: ``./x: 60``."""

    total: float | None = None
    packages: tuple[str, ...] = ()
    least: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of ``targets:``. Paths are relative to the project root; times in seconds.

    ``build`` (with ``binary``, its result) replaces the build line of the chain;
    ``build_args`` are the image's build arguments, or the environment of ``build``.
    ``apply`` are manifests, kustomizations and charts for a cluster; none: ``manifest`` alone.
    ``grace_period`` None: the manifest's own, else 10 seconds as ``docker stop``.
    ``port`` None: a free one. ``${PORT}`` in env, args and ready stands for it. It is the
    host's; ``container_port`` is the service's own, None: what manifest or EXPOSE says.
    ``namespaces`` False: the process engine starts the service as it is. ``results`` is
    where the exercise or the suite leaves JUnit files or the events of ``go test -json``: a path or
    a glob; None: what it prints is looked at.
    """

    name: str
    engine: str = "process"
    main: str | None = None
    dockerfile: str | None = None
    build: str | None = None
    binary: str | None = None
    build_args: tuple[tuple[str, str], ...] = ()
    manifest: str | None = None
    container: str | None = None
    apply: tuple[str, ...] = ()
    kind_config: str | None = None
    helper_image: str = "busybox:1.36"
    args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    port: int | None = None
    container_port: int | None = None
    ready: Ready = field(default_factory=Ready)
    exercise: str | None = None
    run: str | None = None
    data: str | None = None
    require_exercise: bool = True
    namespaces: bool = True
    results: str | None = None
    expect: Expect = field(default_factory=Expect)
    grace_period: float | None = None
    timeout: float = 1800.0


def parse_targets(section: Mapping[str, object]) -> tuple[Target, ...]:
    """The ``targets:`` section. Raises TargetError."""
    return tuple(parse_target(str(name), value) for name, value in section.items())


def parse_target(name: str, value: object) -> Target:
    """One target, from plain mappings, lists and scalars. Raises TargetError."""
    where = f"targets.{name}"
    entries = _mapping(value, where)
    _known(entries, [entry.name for entry in fields(Target) if entry.name != "name"], where)
    target = Target(
        name=name,
        engine=_text(entries, "engine", where) or ("suite" if entries.get("run") else "process"),
        main=_text(entries, "main", where),
        dockerfile=_text(entries, "dockerfile", where),
        build=_text(entries, "build", where),
        binary=_text(entries, "binary", where),
        build_args=_pairs(entries, "build_args", where),
        manifest=_text(entries, "manifest", where),
        container=_text(entries, "container", where),
        apply=_texts(entries["apply"], f"{where}.apply") if entries.get("apply") else (),
        helper_image=_text(entries, "helper_image", where) or "busybox:1.36",
        kind_config=_text(entries, "kind_config", where),
        args=_texts(entries["args"], f"{where}.args") if entries.get("args") is not None else None,
        env=_pairs(entries, "env", where),
        port=_port(entries, "port", where),
        container_port=_port(entries, "container_port", where),
        ready=_ready(entries.get("ready"), f"{where}.ready"),
        exercise=_text(entries, "exercise", where),
        run=_text(entries, "run", where),
        data=_text(entries, "data", where),
        require_exercise=_flag(entries, "require_exercise", where, True),
        namespaces=_flag(entries, "namespaces", where, True),
        results=_text(entries, "results", where),
        expect=_expect(entries.get("expect"), f"{where}.expect"),
        grace_period=_number(entries, "grace_period", where),
        timeout=_number(entries, "timeout", where) or 1800.0,
    )
    return _consistent(target, where)


def _consistent(target: Target, where: str) -> Target:
    if target.engine not in ENGINES:
        raise TargetError(f"{where}.engine: {target.engine!r} is none of {', '.join(ENGINES)}")
    if target.engine == "suite" and (target.run is None or target.data is None):
        raise TargetError(
            f"{where}: the suite engine needs `run:` (the command that runs the suite) "
            "and `data:` (the folder in which it leaves the coverage data)"
        )
    if target.build is not None and target.binary is None:
        raise TargetError(f"{where}: `build:` needs `binary:`, the file that it makes")
    return target


def _ready(value: object, where: str) -> Ready:
    if value is None:
        return Ready()
    entries = _mapping(value, where)
    _known(entries, [entry.name for entry in fields(Ready)], where)
    ways = {name: _text(entries, name, where) for name in ("http", "tcp", "log", "command")}
    if sum(way is not None for way in ways.values()) > 1:
        raise TargetError(f"{where}: give one of http, tcp, log and command")
    if ways["log"] is not None:
        import re

        try:
            re.compile(ways["log"])
        except re.error as error:
            raise TargetError(f"{where}.log: not a regular expression: {error}") from error
    return Ready(timeout=_number(entries, "timeout", where) or 60.0, **ways)


def _expect(value: object, where: str) -> Expect:
    if value is None:
        return Expect()
    entries = _mapping(value, where)
    _known(entries, ["total", "packages"], where)
    packages = entries.get("packages")
    total = _number(entries, "total", where)
    if isinstance(packages, Mapping):
        place = f"{where}.packages"
        least = {str(name): _number(packages, name, place) for name in packages}
        given = tuple((name, value) for name, value in least.items() if value is not None)
        return Expect(total, tuple(least), given)
    return Expect(total, () if packages is None else _texts(packages, f"{where}.packages"))


def _known(entries: Mapping[str, object], names: list[str], where: str) -> None:
    for name in entries:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, 1)
            hint = f"; did you mean `{near[0]}`?" if near else f" (known: {', '.join(names)})"
            raise TargetError(f"{where}: unknown key `{name}`{hint}")


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TargetError(f"{where}: expected a mapping, found {_kind(value)}")
    return value


def _text(entries: Mapping[str, object], name: str, where: str) -> str | None:
    value = entries.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise TargetError(f"{where}.{name}: expected text, found {_kind(value)}")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise TargetError(f"{where}: expected a list, found {_kind(value)}")
    return tuple(_scalar(item, where) for item in value)


def _pairs(entries: Mapping[str, object], name: str, where: str) -> tuple[tuple[str, str], ...]:
    value = entries.get(name)
    if value is None:
        return ()
    inner = _mapping(value, f"{where}.{name}")
    return tuple((str(key), _scalar(item, f"{where}.{name}.{key}")) for key, item in inner.items())


def _scalar(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise TargetError(f"{where}: expected text, found {_kind(value)}")


def _number(entries: Mapping[str, object], name: str, where: str) -> float | None:
    value = entries.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise TargetError(f"{where}.{name}: expected a number of 0 or more, found {_kind(value)}")
    return float(value)


def _port(entries: Mapping[str, object], name: str, where: str) -> int | None:
    number = _number(entries, name, where)
    if number is None:
        return None
    if number != int(number) or not 0 < number < 65536:
        raise TargetError(f"{where}.{name}: expected a port from 1 to 65535")
    return int(number)


def _flag(entries: Mapping[str, object], name: str, where: str, default: bool) -> bool:
    value = entries.get(name, default)
    if not isinstance(value, bool):
        raise TargetError(f"{where}.{name}: expected true or false, found {_kind(value)}")
    return value


def _kind(value: object) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
