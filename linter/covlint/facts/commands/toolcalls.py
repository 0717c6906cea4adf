"""What the command lines of container tools, kubectl, kind and cp do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from covlint.documents.expansion import Placer
from covlint.documents.scriptvalues import Argument, ScriptValues, plain, relative_to_root
from covlint.documents.shell import Command, parse_script
from covlint.facts.commands.helm_calls import read_helm
from covlint.facts.commands.image_builds import read_image_build
from covlint.facts.commands.options import (
    COMPOSE_VALUES,
    GLOBAL_VALUES,
    after_unknown,
    container_of,
    inside_container,
    mounted_path,
    permission_operands,
    take_apart,
    takes_kubectl_value,
    takes_nothing,
    takes_run_value,
    unwrapped,
)
from covlint.facts.commands.steps import ComposeCall, Fact, ImageBuild, Step, StepKind
from covlint.facts.kubernetes.lifecycle import (
    Deed,
    compose_deed,
    container_deed,
    kubectl_deed,
    tool_deed,
)
from covlint.frozen import dataclass
from covlint.source import Span

_CONTAINER_NAME = re.compile(
    r"(?i)container|docker|podman|nerdctl|buildah|(?:^|_)(?:oci|engine|runtime|builder)(?:_|$)"
)
_CONTAINER_TOOLS = frozenset(
    {"docker", "podman", "nerdctl", "buildah", "docker-compose", "podman-compose"}
)
#: ``kind-v0.31.0``: how tools are named where each version is installed beside the others.
_VERSION = re.compile(r"-v?\d[\w.+-]*$")
_SHELLS = frozenset({"sh", "bash", "ash", "dash"})


def _tool(argument: Argument) -> str | None:
    """The tool that a command word names, also by a variable such as $(CONTAINER_TOOL)."""
    text = argument.text
    if text is None:
        tail = after_unknown(argument.word.parts)
        if "/" in tail:
            text = tail
    if text is not None:
        name = _VERSION.sub("", text.rpartition("/")[2])
        return "docker" if name in ("docker.exe", "finch") else "kubectl" if name == "oc" else name
    for name in argument.word.variables:
        if _CONTAINER_NAME.search(name):
            return "docker"
        for known in ("kubectl", "kind", "helm"):
            if name.lower() in (known, f"{known}_bin", f"{known}_cmd"):
                return known
    return None


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """Reads the facts of one command; ``place`` maps its spans to the file, as ``placer``
    does its words where they do not stand there as they are."""

    values: ScriptValues
    place: Callable[[Span], Span]
    span: Span
    recipe: str | None
    placer: Placer | None = None

    def read(self, command: Command) -> Iterator[Fact]:
        """The facts of a command of a script."""
        yield from self.facts(unwrapped(list(self.values.arguments(command.words))), None)

    def facts(self, arguments: Sequence[Argument], through: str | None) -> Iterator[Fact]:
        """Facts of one command line; ``through``: the tool that runs it elsewhere."""
        if not arguments:
            return
        tool = _tool(arguments[0])
        if tool in _CONTAINER_TOOLS:
            yield from self.container(tool, arguments)
        elif tool == "kubectl":
            yield from self.kubectl(arguments)
        elif tool == "kind":
            yield from self.kind(arguments)
        elif tool == "helm" and through is None:
            yield from read_helm(arguments, self.values, self.place, self.span)
        elif tool == "go":
            if [one.text for one in arguments[1:3]] == ["tool", "covdata"]:
                yield self.report(arguments)
        elif tool in ("cp", "rsync"):
            yield from self.copy_here(arguments, through)
        elif tool == "tar" and through is not None:
            yield from self.archive(arguments, through)
        elif (operands := permission_operands(tool, arguments[1:])) is not None:
            yield self.step(StepKind.PERMISSION, arguments, operands, None, -1, through)
        elif tool in _SHELLS and through is not None and len(arguments) > 2:
            script = arguments[-1].text
            if script is not None and (arguments[1].text or "").startswith("-"):
                for command in parse_script("", script.encode()).commands:
                    inner = list(self.values.arguments(command.words))
                    yield from self.facts(unwrapped(inner), through)
        else:
            yield from self.deed(tool_deed(tool, arguments[1:]), arguments, through)

    def deed(
        self, found: Deed | None, arguments: Sequence[Argument], through: str | None
    ) -> Iterator[Fact]:
        if found is not None:
            yield self.step(found.kind, arguments, found.operands, found.source, None, through)

    def step(
        self,
        kind: StepKind,
        arguments: Sequence[Argument],
        operands: Sequence[Argument],
        source: str | None,
        destination: int | str | None,
        through: str | None,
        mounts: tuple[str, ...] = (),
        *,
        inward: bool = False,
        origin: str | None = None,
    ) -> Step:
        """``destination`` may be the index of an operand."""
        if isinstance(destination, int):
            destination = operands[destination].text if operands else None
        return Step(
            kind=kind,
            words=tuple(_plain(one.text) for one in arguments),
            operands=tuple(_plain(one.text) for one in operands),
            source=_plain(source),
            destination=_plain(destination),
            through=through,
            mounts=mounts,
            span=self.span,
            recipe=self.recipe,
            inward=inward,
            origin=origin,
        )

    def project_path(self, path: str | None) -> str | None:
        """The path relative to the project root where it lies below it, else as it is."""
        if path is None or path == "-" or "://" in path:
            return path
        return relative_to_root(self.values.join(path)) or path

    # -- containers --------------------------------------------------------

    def container(self, tool: str, arguments: Sequence[Argument]) -> Iterator[Fact]:
        if tool.endswith("-compose"):
            yield from self.compose(tool.partition("-")[0], arguments, arguments[1:])
            return
        parsed = take_apart(arguments[1:], lambda name: name in GLOBAL_VALUES, stop=True)
        if not parsed.operands:
            return
        verb, rest = parsed.operands[-1].text, list(parsed.rest)
        while verb in ("image", "container", "buildx", "builder") and rest:
            verb = rest.pop(0).text
        if verb == "compose":
            yield from self.compose(tool, arguments, rest)
        elif verb in ("build", "bud", "build-using-dockerfile"):
            yield read_image_build(self, rest)
        elif verb == "bake":
            yield ImageBuild(None, None, (), None, (), True, self.span, self.recipe, "bake")
        elif verb == "cp":
            yield from self.copy_through(tool, arguments, rest)
        elif verb == "exec":
            inside = take_apart(rest, takes_run_value, stop=True)
            yield from self.facts(unwrapped(list(inside.rest)), tool)
        elif verb == "run":
            inside = take_apart(rest, takes_run_value, stop=True)
            mounts = tuple(
                path
                for option in inside.options
                if option.name in ("-v", "--volume", "--mount")
                for path in (mounted_path(option),)
                if path is not None
            )
            operands = (*inside.operands, *inside.rest)
            yield self.step(StepKind.RUN_CONTAINER, arguments, operands, None, None, tool, mounts)
        else:
            yield from self.deed(container_deed(verb, rest), arguments, tool)

    def compose(
        self, tool: str, arguments: Sequence[Argument], rest: Sequence[Argument]
    ) -> Iterator[Fact]:
        """``docker compose`` and ``docker-compose``: what moves the data."""
        parsed = take_apart(rest, lambda name: name in COMPOSE_VALUES, stop=True)
        files = [one.text for one in parsed.options if one.name in ("-f", "--file")]
        if not files:
            files = [*filter(None, self.values.variables.get("COMPOSE_FILE", "").split(":"))]
        paths = [relative_to_root(self.values.join(file)) if file else None for file in files]
        if len(paths) > 1 and None not in paths:
            yield ComposeCall(tuple(filter(None, paths)), self.span)
        verb = parsed.operands[-1].text if parsed.operands else None
        if verb == "cp":
            yield from self.copy_through(tool, arguments, list(parsed.rest))
        elif verb == "exec":
            inside = take_apart(parsed.rest, takes_run_value, stop=True)
            yield from self.facts(unwrapped(list(inside.rest)), tool)
        else:
            yield from self.deed(compose_deed(verb, parsed.rest), arguments, tool)

    def copy_through(
        self, tool: str, arguments: Sequence[Argument], rest: Sequence[Argument]
    ) -> Iterator[Fact]:
        takes = takes_kubectl_value if tool == "kubectl" else takes_nothing
        operands = take_apart(rest, takes).operands
        if len(operands) < 2:
            return
        source, inside = inside_container(operands[-2])
        destination, inward = inside_container(operands[-1])
        yield self.step(
            StepKind.COPY,
            arguments,
            operands,
            source,
            destination,
            tool,
            inward=inward and not inside,
            origin=container_of(operands[-2]) if inside else None,
        )

    # -- the others --------------------------------------------------------

    def kubectl(self, arguments: Sequence[Argument]) -> Iterator[Fact]:
        before = take_apart(arguments[1:], takes_kubectl_value, stop=True)
        if not before.operands:
            return
        verb, rest = before.operands[-1].text, before.rest
        if verb == "exec":
            inside = take_apart(rest, takes_kubectl_value)
            inner = inside.rest or inside.operands[1:]
            yield from self.facts(unwrapped(list(inner)), "kubectl")
            return
        if verb == "cp":
            yield from self.copy_through("kubectl", arguments, rest)
            return
        yield from self.deed(kubectl_deed(verb, rest), arguments, "kubectl")
        parsed = take_apart(rest, takes_kubectl_value)
        files = [
            option.value
            for option in parsed.options
            if option.name in ("-f", "--filename", "-k", "--kustomize") and option.value is not None
        ]
        kind = {"scale": StepKind.SCALE, "delete": StepKind.DELETE, "apply": StepKind.APPLY}.get(
            verb or ""
        )
        if verb in ("create", "replace") and files:
            kind = StepKind.APPLY
        if kind is not None:
            operands = (*parsed.operands, *files)
            file = self.project_path(files[0].text) if files else None
            yield self.step(kind, arguments, operands, file, None, "kubectl")

    def kind(self, arguments: Sequence[Argument]) -> Iterator[Fact]:
        parsed = take_apart(arguments[1:], lambda name: name not in ("--retain", "-q", "--quiet"))
        texts = [one.text for one in parsed.operands[:2]]
        operands = parsed.operands[2:]
        if texts[:1] == ["load"] and len(texts) == 2:
            yield self.step(StepKind.LOAD, arguments, operands, None, None, "kind")
        elif texts == ["create", "cluster"]:
            config = self.project_path(parsed.text("--config"))
            yield self.step(StepKind.CREATE_CLUSTER, arguments, operands, config, None, "kind")
        elif texts[:1] == ["delete"] and texts[1:] in (["cluster"], ["clusters"]):
            yield self.step(StepKind.DELETE_CLUSTER, arguments, operands, None, None, "kind")

    def report(self, arguments: Sequence[Argument]) -> Step:
        parsed = take_apart(
            arguments[3:], lambda name: name.lstrip("-") in ("i", "o", "pkg", "cpuprofile")
        )
        return self.step(
            StepKind.REPORT,
            arguments,
            parsed.operands,
            parsed.text("-i", "--i"),
            parsed.text("-o", "--o"),
            None,
        )

    def copy_here(self, arguments: Sequence[Argument], through: str | None) -> Iterator[Fact]:
        parsed = take_apart(
            arguments[1:], lambda name: name in ("-t", "--target-directory", "-e", "--exclude")
        )
        if parsed.has("-t", "--target-directory") and parsed.operands:
            target = parsed.text("-t", "--target-directory")
            source = parsed.operands[0].text
        elif len(parsed.operands) >= 2:
            target, source = parsed.operands[-1].text, parsed.operands[0].text
        else:
            return
        tool = through or "cp"
        yield self.step(StepKind.COPY, arguments, parsed.operands, source, target, tool)

    def archive(self, arguments: Sequence[Argument], through: str) -> Iterator[Fact]:
        """``kubectl exec POD -- tar cf - -C /dir .``: a copy out of the container."""
        parsed = take_apart(arguments[1:], lambda name: name in ("-C", "--directory", "-f", "-cf"))
        directory = parsed.text("-C", "--directory")
        paths = [one.text for one in parsed.operands if one.text and one.text.startswith("/")]
        source = paths[-1] if paths else directory
        if source is not None:
            yield self.step(StepKind.COPY, arguments, parsed.operands, source, None, through)


def _plain(text: str | None) -> str | None:
    return None if text is None else plain(text)
