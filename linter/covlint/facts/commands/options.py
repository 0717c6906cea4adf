"""Options and operands of the command-line tools that build, run and copy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from covlint.documents.scriptvalues import Argument
from covlint.documents.shell import Part
from covlint.frozen import dataclass

#: Options of ``docker|podman|nerdctl|buildah build`` that take a value.
BUILD_VALUES = frozenset(
    {
        "-t", "--tag", "-f", "--file", "--build-arg", "--target", "--platform", "--label",
        "--output", "-o", "--cache-from", "--cache-to", "--secret", "--ssh", "--progress",
        "--network", "--add-host", "--iidfile", "--metadata-file", "--builder",
        "--build-context", "--annotation", "--manifest", "--format", "--isolation",
        "--ulimit", "-m", "--memory", "--shm-size", "--cgroup-parent", "--allow",
        "--attest", "-v", "--volume", "--authfile", "--jobs", "--security-opt", "--arch",
        "--os", "--variant", "--env", "--creds", "--device", "--cap-add", "--cap-drop",
        "--build-arg-file", "--ignorefile", "--logfile", "--timestamp", "--userns",
        "--no-cache-filter", "--cpuset-cpus", "--cpu-shares", "--dns", "--call", "--retry",
    }
)  # fmt: skip
#: Options of ``run`` and ``exec`` that take none; there are far fewer than of the others.
RUN_FLAGS = frozenset(
    {
        "-d", "--detach", "-i", "--interactive", "-t", "--tty", "--rm", "--privileged",
        "--init", "--read-only", "-P", "--publish-all", "--no-healthcheck",
        "--oom-kill-disable", "-q", "--quiet", "--replace", "--sig-proxy", "--http-proxy",
        "--tls-verify", "--use-api-socket",
    }
)  # fmt: skip
_KUBECTL_FLAGS = frozenset(
    {
        "--all", "-A", "--all-namespaces", "--force", "--now", "--ignore-not-found",
        "--server-side", "--force-conflicts", "-R", "--recursive", "--prune", "-i", "-t",
        "-it", "-ti", "--stdin", "--tty", "-q", "--quiet", "--no-preserve", "--overwrite",
        "--validate", "--dry-run", "--wait", "--record", "--save-config",
        "--insecure-skip-tls-verify", "--cascade",
    }
)  # fmt: skip
#: Options of docker itself that take a value.
GLOBAL_VALUES = frozenset(
    {"--context", "-c", "-H", "--host", "--log-level", "-l", "--config", "--root", "--runroot",
     "--storage-driver", "--storage-opt", "--connection", "--url", "--namespace", "-n", "--address"}
)  # fmt: skip


#: Options of docker compose that take a value.
COMPOSE_VALUES = frozenset(
    {"-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory",
     "--parallel", "--progress", "--ansi"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """``name`` has its dashes; ``value`` is None for a flag; ``inline``: after ``=``."""

    name: str
    value: Argument | None
    text: str | None  # of the value, as far as it is known
    inline: str  # what is known of an inline value that is not wholly known


@dataclass(frozen=True, slots=True)
class Arguments:
    """A command line taken apart. ``opaque``: something in it may become options."""

    options: tuple[Option, ...]
    operands: tuple[Argument, ...]
    rest: tuple[Argument, ...]  # after ``--``
    opaque: bool

    def text(self, *names: str) -> str | None:
        """The value of the last of the options, None when absent or not known."""
        found = None
        for option in self.options:
            if option.name in names:
                found = option.text
        return found

    def has(self, *names: str) -> bool:
        return any(option.name in names for option in self.options)


def takes_nothing(_name: str) -> bool:
    return False


def takes_build_value(name: str) -> bool:
    return name in BUILD_VALUES


def takes_run_value(name: str) -> bool:
    if name in RUN_FLAGS:
        return False
    # -it, -dt: bundles of flags.
    return not re.fullmatch(r"-[ditPq]+", name)


def takes_kubectl_value(name: str) -> bool:
    return name not in _KUBECTL_FLAGS


def takes_permission_value(name: str) -> bool:
    return name in ("--reference", "--mode", "--owner", "--group", "-o", "-g") or (
        re.fullmatch(r"-[a-zA-Z]*m", name) is not None
    )


def permission_operands(
    tool: str | None, arguments: Sequence[Argument]
) -> tuple[Argument, ...] | None:
    """The operands of chmod and chown, and of mkdir and install where they set a mode or owner."""
    if tool not in ("chmod", "chown", "mkdir", "install"):
        return None
    parsed = take_apart(arguments, takes_permission_value)
    if tool in ("chmod", "chown"):
        return parsed.operands
    sets = any(re.match(r"-[a-zA-Z]*m|--mode|-o|--owner", one.name) for one in parsed.options)
    return parsed.operands if sets and parsed.operands else None


def take_apart(
    arguments: Sequence[Argument], takes_value: Callable[[str], bool], *, stop: bool = False
) -> Arguments:
    """Split into options and operands; ``stop``: the first operand ends the options."""
    options: list[Option] = []
    operands: list[Argument] = []
    rest: tuple[Argument, ...] = ()
    opaque = False
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        index += 1
        text = argument.text if argument.text is not None else argument.word.prefix
        if argument.text == "--":
            rest = tuple(arguments[index:])
            break
        if text.startswith("-") and text != "-":
            name, equals, inline = text.partition("=")
            if equals:
                known = inline if argument.text is not None else None
                options.append(Option(name, argument, known, inline))
            elif argument.text is None:
                opaque = True
            elif re.fullmatch(r"-[tfvoe][^-].*", text) and takes_value(text[:2]):
                options.append(Option(text[:2], argument, text[2:], text[2:]))
            elif takes_value(name) and index < len(arguments):
                value = arguments[index]
                index += 1
                prefix = value.word.prefix if value.text is None else value.text
                options.append(Option(name, value, value.text, prefix))
            else:
                options.append(Option(name, None, None, ""))
            continue
        opaque = opaque or argument.several
        operands.append(argument)
        if stop and not argument.several:
            rest = tuple(arguments[index:])
            break
    return Arguments(tuple(options), tuple(operands), rest, opaque)


def after_unknown(parts: Sequence[Part]) -> str:
    """The literal text behind the last thing that is not known."""
    text = ""
    for part in parts:
        text = text + part.text if part.kind == "text" else ""
    return text


def inside_container(argument: Argument) -> tuple[str | None, bool]:
    """The path of ``CONTAINER:PATH`` (the container need not be known), and whether it is one."""
    text = argument.text
    if text is None:
        _, colon, path = after_unknown(argument.word.parts).partition(":")
        if colon:
            return path, True
        before, colon, _ = argument.word.prefix.partition(":")
        return None, bool(colon) and "/" not in before
    name, colon, path = text.partition(":")
    if colon and not name.startswith((".", "/")):
        return path, True
    return text, False


def container_of(argument: Argument) -> str | None:
    """The container of ``CONTAINER:PATH``, what is not known of it as ``${name}``."""
    if argument.text is not None:
        name, colon, _ = argument.text.partition(":")
        return name if colon and name and "\0" not in name else None
    found = ""
    for part in argument.word.parts:
        if part.kind == "text" and ":" in part.text:
            return (found + part.text.partition(":")[0]) or None
        found += part.text if part.kind == "text" else f"${{{part.text.strip()}}}"
    return None


def mounted_path(option: Option) -> str | None:
    """The path in the container of a ``-v`` or ``--mount`` value."""
    known = option.text
    if known is None and option.value is not None:
        known = after_unknown(option.value.word.parts)
        if ":" not in known and "=" not in known:
            return None
    if known is None:
        return None
    if option.name == "--mount":
        match = re.search(r"(?:^|,)(?:target|dst|destination)=([^,]+)", known)
        return match[1] if match else None
    pieces = known.split(":")
    return pieces[1] if len(pieces) > 1 else pieces[0]


_WRAPPERS = frozenset({"sudo", "time", "exec", "command", "nohup", "env", "nice", "timeout"})


def unwrapped(
    arguments: list[Argument], given: dict[str, str | None] | None = None
) -> list[Argument]:
    """The command line without ``sudo -E``, ``env A=b``, ``timeout 60`` before it; what
    those put into the environment goes into ``given``."""
    while arguments and arguments[0].text in _WRAPPERS:
        wrapper = arguments.pop(0).text
        while arguments and (arguments[0].text or arguments[0].word.prefix).startswith("-"):
            takes = arguments.pop(0).text in ("-u", "-g", "-n", "-s", "-k", "--signal", "--user")
            if takes and arguments:
                arguments.pop(0)
        if wrapper == "timeout" and arguments:
            arguments.pop(0)
        while arguments:
            written = arguments[0].text or arguments[0].word.prefix
            if not re.match(r"\w+=", written):
                break
            argument = arguments.pop(0)
            if given is not None:
                name, _, value = written.partition("=")
                given[name] = None if argument.text is None else value
    return arguments
