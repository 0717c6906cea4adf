"""The build of a service, as its Dockerfile (or target) writes it, on this host.

The line is run as written: only where its binary goes is changed, and the
production side of a conditional build stays in, so that its test decides.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from covlint.documents.dockerfile import Instruction, open_dockerfile
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.dockerfile.build_reading import read_builds
from covlint.facts.dockerfile.scope import Scope, ScopedStage, running, scoped_stages
from covlint.frozen import dataclass
from covlint.runner.command import Command
from covlint.runner.process.settings import settings_before
from covlint.runner.target import Target, TargetError
from covlint.source import SourceFile, UnreadableSource
from covlint.wiring import Chain

#: Variables of an image that would point this host's Go at places it does not have.
_IMAGE_ONLY = frozenset(
    {"PATH", "HOME", "USER", "SHELL", "PWD", "TMPDIR", "LD_LIBRARY_PATH"}
    | {"GOPATH", "GOROOT", "GOCACHE", "GOMODCACHE", "GOTMPDIR", "GOBIN", "GOENV", "GOTOOLCHAIN"}
    | {"GOLANG_VERSION", "CC", "CXX", "AR", "PKG_CONFIG_PATH"}
)
_PACKAGE_MAIN = re.compile(rb"^package main\b", re.MULTILINE)
_COVERPKG = re.compile(r"-coverpkg[= ]([^\s\"']+)")
_GO_BUILD = re.compile(r"\bgo\s+(?:build|install)\b")
Read = Callable[[str], SourceFile]


@dataclass(frozen=True, slots=True)
class Build:
    """How the binary comes to be. ``main`` is its import path, None when not known;
    ``module`` the module path and ``sources`` the folder of its go.mod."""

    command: Command
    binary: Path
    main: str | None
    module: str | None
    sources: Path
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """The build is seen, and no ``-coverpkg`` narrows what it instruments in its module."""
        text = " ".join((*self.command.argv, self.command.env.get("GOFLAGS", "")))
        narrowed = [value for value in _COVERPKG.findall(text) if value not in ("./...", "all")]
        return bool(_GO_BUILD.search(text)) and not narrowed


def plan_build(
    target: Target,
    chain: Chain | None,
    root: Path,
    read: Read,
    folder: Path,
    env: Mapping[str, str],
) -> Build:
    """The build that puts the service's binary into ``folder``; ``env`` is the
    environment of ``go``. Raises TargetError."""
    if target.build is not None and target.binary is not None:
        return _own_command(target, chain, root, env)
    if target.main is not None and (chain is None or not chain.builds):
        return _of_main(target, target.main, root, folder, env)
    if chain is None or not chain.builds:
        raise TargetError(
            f"targets.{target.name}: no `go build` line is seen for it; name its main package "
            "(`main: ./cmd/x`), or its build (`build: make x`, `binary: bin/x`)"
        )
    build = _chosen(target, chain)
    return _as_written(target, chain, build, root, read, folder, env)


def _own_command(target: Target, chain: Chain | None, root: Path, env: Mapping[str, str]) -> Build:
    assert target.build is not None
    assert target.binary is not None
    environment = {**env, **dict(target.build_args)}
    command = Command(
        ("sh", "-c", target.build), root, environment, "build", timeout=target.timeout
    )
    module = chain.module if chain is not None else None
    main = chain.main.import_path if chain is not None and chain.main is not None else None
    sources = root / module.directory if module is not None else root
    if target.main is not None:
        sources, path, main = _main_package(target, target.main, root)
        return Build(command, root / target.binary, main, path, sources)
    module_path = module.module_path if module is not None else _module_path(sources)
    return Build(command, root / target.binary, main, module_path, sources)


def _of_main(target: Target, main: str, root: Path, folder: Path, env: Mapping[str, str]) -> Build:
    sources, module, import_path = _main_package(target, main, root)
    relative = os.path.relpath(root / main, sources)
    package = "." if relative == "." else f"./{Path(relative).as_posix()}"
    binary = folder / target.name
    command = Command(
        ("go", "build", "-cover", "-o", str(binary), package),
        sources,
        {**env, **dict(target.build_args)},
        "build",
        timeout=target.timeout,
    )
    return Build(command, binary, import_path, module, sources)


def _main_package(target: Target, main: str, root: Path) -> tuple[Path, str, str]:
    """The module's folder and path, and the import path of the main package."""
    directory = (root / main).resolve()
    if not directory.is_dir():
        raise TargetError(f"targets.{target.name}.main: {main} is not a folder of {root}")
    if not any(_PACKAGE_MAIN.search(_head(file)) for file in sorted(directory.glob("*.go"))):
        raise TargetError(f"targets.{target.name}.main: {main} holds no `package main`")
    sources = next(
        (up for up in (directory, *directory.parents) if (up / "go.mod").is_file()), None
    )
    module = _module_path(sources) if sources is not None else None
    if sources is None or module is None:
        raise TargetError(f"targets.{target.name}.main: {main} belongs to no Go module (no go.mod)")
    relative = directory.relative_to(sources).as_posix()
    return sources, module, module if relative == "." else f"{module}/{relative}"


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(1 << 16)
    except OSError:
        return b""


def _module_path(folder: Path) -> str | None:
    try:
        text = (folder / "go.mod").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    match = re.search(r'^module\s+"?([^\s"]+)', text, re.MULTILINE)
    return match[1] if match else None


def _chosen(target: Target, chain: Chain) -> GoBuild:
    if target.main is not None:
        wanted = os.path.normpath(target.main)
        for build in chain.builds:
            if build.site is not None and build.site.package == wanted:
                return build
    return chain.builds[0]


def _as_written(
    target: Target,
    chain: Chain,
    build: GoBuild,
    root: Path,
    read: Read,
    folder: Path,
    env: Mapping[str, str],
) -> Build:
    try:
        source = read(build.span.path)
    except UnreadableSource as error:
        raise TargetError(f"{error.path}: {error.reason}") from error
    site = build.site
    if site is None or site.directory is None:
        raise TargetError(
            f"targets.{target.name}: it cannot be told in which folder the build in "
            f"{build.span.path} runs; name the main package (`main: ./cmd/x`)"
        )
    environment, text, below = _line(target, build, source, folder, env)
    program = (_program(chain, build) if _several(build) else None) or target.name
    directory = root / site.directory
    start = directory.parents[below - 1] if below else directory
    command = Command(("sh", "-c", text), start, environment, "build", timeout=target.timeout)
    return Build(
        command,
        folder / program,
        site.import_path,
        site.module.module_path if site.module is not None else _module_path(directory),
        root / site.module.directory if site.module is not None else directory,
    )


def _line(
    target: Target, build: GoBuild, source: SourceFile, folder: Path, env: Mapping[str, str]
) -> tuple[dict[str, str], str, int]:
    """The environment and the shell text of the build, and how many folders it goes down by
    itself before it builds (``cd`` in a branch of a conditional)."""
    dockerfile = open_dockerfile(source)
    stages = scoped_stages(dockerfile)
    instruction, scope = _scope(stages, build)
    inside = 0 <= build.span.start - instruction.body_start < len(instruction.body)
    # The body has the comments between continued lines blanked; a heredoc is taken as it is.
    data = instruction.body if inside else source.data
    shift = instruction.body_start if inside else 0
    values = _stage_environment(scope, dict(target.build_args))
    text = _text(target, build, read_builds(dockerfile, stages), data, shift, folder)
    whole = build.conditional or build.command
    before = settings_before(running(instruction, source.data).commands, whole, _IMAGE_ONLY)
    lines = (data[one.start - shift : one.end - shift].decode("utf-8", "replace") for one in before)
    text = "\n".join((*lines, text))
    below = 0
    if build.conditional is not None:
        inner = data[build.conditional.start - shift : build.span.start - shift]
        deeper = os.path.relpath(build.directory, scope.workdir)
        if re.search(rb"\bcd\s", inner) and not deeper.startswith(".."):
            below = 0 if deeper == "." else len(Path(deeper).parts)
    return {**env, **values}, text, below


def _scope(stages: tuple[ScopedStage, ...], build: GoBuild) -> tuple[Instruction, Scope]:
    for stage in stages:
        for instruction, scope in stage.steps:
            span = instruction.span
            if span.start <= build.span.start < span.end:
                return instruction, scope
    raise TargetError(f"{build.span.path}: the build is in no stage")


def _stage_environment(scope: Scope, arguments: Mapping[str, str]) -> dict[str, str]:
    """ARG and ENV in force, with the build arguments that the stage declares."""
    values = dict(scope.defaults)
    for name, variable in scope.variables.items():
        if variable.kind == "arg" and name in arguments:
            values[name] = arguments[name]
    for name, variable in scope.variables.items():
        if variable.kind == "env" and variable.settable in arguments and variable.word is not None:
            resolved = variable.word.resolve({**values, **_declared(scope, arguments)})
            if resolved is not None:
                values[name] = resolved
    return {name: value for name, value in values.items() if name not in _IMAGE_ONLY}


def _declared(scope: Scope, arguments: Mapping[str, str]) -> dict[str, str]:
    """Build arguments that this stage has declared, also where an ENV hides them."""
    return {
        name: arguments[name]
        for name, history in scope.history.items()
        if name in arguments and any(variable.kind == "arg" for variable in history)
    }


def _text(
    target: Target,
    build: GoBuild,
    builds: tuple[GoBuild, ...],
    data: bytes,
    shift: int,
    folder: Path,
) -> str:
    """The build (or the whole conditional around it) with its output put into ``folder``."""
    whole = build.conditional or build.command
    edits = [
        edit
        for each in builds
        if whole.start <= each.span.start < whole.end
        for edit in _output_edits(target, each, folder)
    ]
    text = data[whole.start - shift : whole.end - shift]
    for begin, stop, new in sorted(edits, reverse=True):
        text = text[: begin - whole.start] + new + text[stop - whole.start :]
    return text.decode("utf-8", "replace").strip()


def _output_edits(target: Target, build: GoBuild, folder: Path) -> list[tuple[int, int, bytes]]:
    place = f"{folder}/" if _several(build) else str(folder / target.name)
    quoted = shlex.quote(place).encode()
    edits: list[tuple[int, int, bytes]] = []
    flag = build.flag("o")
    after = build.after_subcommand
    if build.subcommand == "install":
        edits.append((after - len("install"), after, b"build"))
    if flag is not None:
        edits.append((flag.span.start, flag.span.end, b"-o " + quoted))
    else:
        edits.append((after, after, b" -o " + quoted))
    return edits


def _several(build: GoBuild) -> bool:
    """Several packages: ``-o`` then names a folder."""
    return (
        len(build.packages) > 1
        and not all((word.literal or "").endswith(".go") for word in build.packages)
    ) or any("..." in word.prefix for word in build.packages)


def _program(chain: Chain, build: GoBuild) -> str | None:
    """The name that ``go build -o dir/`` gives the service's binary."""
    if chain.image is not None and chain.image.process is not None and chain.image.process.argv:
        return chain.image.process.argv[0].text.rsplit("/", 1)[-1]
    if build.site is not None and build.site.package not in (None, "."):
        return str(build.site.package).rsplit("/", 1)[-1]
    return None
