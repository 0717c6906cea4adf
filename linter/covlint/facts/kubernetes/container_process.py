"""PID 1 as a manifest sets it: whether SIGTERM reaches a service that a shell starts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from covlint.diagnostics import Edit
from covlint.documents.assembled import AssembledSource, settled
from covlint.documents.shell import Command, parse_script
from covlint.documents.yaml import YamlScalar
from covlint.documents.yaml_edit import Edits
from covlint.documents.yaml_script import scalar_text
from covlint.facts.dockerfile.base_images import Shell
from covlint.facts.dockerfile.image import Image, output_name
from covlint.facts.dockerfile.signals_to_pid1 import Swallowed, swallowed
from covlint.facts.kubernetes.pod import Container
from covlint.frozen import dataclass
from covlint.source import Span

_SHELLS = {
    "sh": None,  # what it is, the image says
    "bash": Shell.BASH,
    "dash": Shell.DASH,
    "ash": Shell.BUSYBOX,
}


@dataclass(frozen=True, slots=True)
class Deaf:
    """The manifest's own script keeps SIGTERM from the service. ``exec_edits`` put ``exec``
    before it; empty where more has to change."""

    span: Span
    why: str
    exec_edits: Edits


def deaf_command(container: Container, image: Image | None) -> Deaf | None:
    """What the container's ``command`` (or compose's ``entrypoint``) does to SIGTERM; None
    where the service gets it, and where that is not seen."""
    command = container.command
    if container.process_opaque or not command:
        return None
    words = (*command, *(container.arguments or ()))
    name = posixpath.basename(words[0].text)
    options = [i for i, word in enumerate(words) if i and word.text.startswith("-")]
    at = next((i + 1 for i in options if words[i].text.endswith("c")), None)
    if name not in _SHELLS or at is None or at >= len(words) or at > len(options) + 1:
        return None
    script = words[at]
    commands = parse_script("", script.text.encode()).commands
    builds = image.builds if image is not None else ()
    binaries = frozenset(made for build in builds if (made := output_name(build)))
    found = _agreed(commands, _shell_of(words[0].text, image), binaries)
    if found is None:
        return None
    edits = _exec_edits(container, script.span, found.exec_at)
    return Deaf(script.span, found.why, edits)


def _shell_of(path: str, image: Image | None) -> tuple[Shell, ...]:
    if path.startswith("/busybox/"):
        return (Shell.BUSYBOX,)
    shell = _SHELLS[posixpath.basename(path)]
    if shell is None and image is not None and image.shell is not Shell.UNKNOWN:
        shell = image.shell
    return (shell,) if shell is not None else (Shell.BUSYBOX, Shell.DASH, Shell.BASH)


def _agreed(
    commands: tuple[Command, ...], shells: tuple[Shell, ...], binaries: frozenset[str]
) -> Swallowed | None:
    """What all shells that it may be do."""
    found = [swallowed(commands, shell, binaries) for shell in shells]
    return found[0] if all(found) else None


def _exec_edits(container: Container, span: Span, offset: int | None) -> Edits:
    if offset is None:
        return ()
    for scalar in _scalars(container):
        source = scalar.source
        place = source.place(scalar.span) if isinstance(source, AssembledSource) else scalar.span
        text = scalar_text(scalar)
        if place == span and text.literal(source.data, offset, offset + 1):
            at = text.origins[offset]
            return settled(source, (Edit(Span(source.path, at, at), b"exec "),))
    return ()


def _scalars(container: Container) -> Iterator[YamlScalar]:
    for key in ("command", "args", "entrypoint"):
        items = container.node.sequence(key)
        for item in items.items if items is not None else ():
            if isinstance(item, YamlScalar):
                yield item
