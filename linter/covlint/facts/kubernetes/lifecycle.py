"""Command lines that end a workload, or change what its data and images are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from covlint.documents.scriptvalues import Argument
from covlint.facts.commands.options import Arguments, take_apart
from covlint.facts.commands.steps import StepKind
from covlint.frozen import dataclass

_KILLS = frozenset({"KILL", "SIGKILL", "9"})
_ENDS = frozenset({"TERM", "SIGTERM", "15", "INT", "SIGINT", "2"})
#: Those that programs use for purposes of their own, as ``kill`` takes them.
_OWN_SIGNAL = re.compile(r"-?(?:SIG)?(USR[12]|HUP|WINCH|PROF|URG|IO|RTMIN)\Z")
#: The path of a URL of a service that is reached here: on this host, by a variable, or by a
#: name of the cluster; what the internet has is no service under test.
_OWN_COVERAGE = re.compile(
    r"(?i)(?:https?://)?(?:localhost|127\.0\.0\.1|\[::1\]|[^/.\s]*\x00[^/\s]*|[\w-]+(?=[:/])"
    r"|[\w.-]+\.svc[\w.]*)(?::[^/]*)?"
    r"(/[^\s?.]*?(?<!dis)(?<!re)cov[^\s?.]*)(?:\?\S*)?\Z"
)
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Deed:
    """What a command line does, and to what. ``source`` as in Step."""

    kind: StepKind
    operands: tuple[Argument, ...]
    source: str | None = None


def container_deed(verb: str | None, arguments: Sequence[Argument]) -> Deed | None:
    """``docker|podman stop|kill|rm|tag|save …``; ``arguments`` follow the verb."""
    if verb == "kill":
        parsed = take_apart(arguments, lambda name: name in ("-s", "--signal", "--cidfile"))
        kind = _kind_of_kill(parsed, "-s", "--signal")
        if kind is not None:
            return Deed(kind, parsed.operands)
        own = own_signal(parsed.text("-s", "--signal"))
        return Deed(StepKind.SIGNAL, parsed.operands, own) if own is not None else None
    if verb == "stop":
        parsed = take_apart(arguments, lambda n: n in ("-t", "--time", "--timeout", "--cidfile"))
        hurried = parsed.text("-t", "--time", "--timeout") == "0"
        return Deed(StepKind.REMOVE if hurried else StepKind.STOP, parsed.operands)
    if verb in ("rm", "remove"):
        parsed = take_apart(arguments, lambda name: name in ("-t", "--time"))
        return Deed(StepKind.REMOVE, parsed.operands) if _forced(parsed) else None
    if verb == "push":
        return Deed(StepKind.PUSH, take_apart(arguments, lambda _: False).operands)
    if verb == "save":
        parsed = take_apart(arguments, lambda n: n in ("-o", "--output", "--format", "--platform"))
        return Deed(StepKind.SAVE, parsed.operands)
    if verb == "tag":
        return Deed(StepKind.EDIT, take_apart(arguments, lambda _: False).operands)
    return None


def compose_deed(verb: str | None, arguments: Sequence[Argument]) -> Deed | None:
    """``docker compose down|stop|kill|restart``; ``arguments`` follow the verb."""
    parsed = take_apart(arguments, lambda name: name in ("-t", "--timeout", "-s", "--signal"))
    if verb in ("down", "stop"):
        hurried = parsed.text("-t", "--timeout") == "0"
        kind: StepKind | None = StepKind.REMOVE if hurried else StepKind.STOP
    elif verb == "kill":
        kind = _kind_of_kill(parsed, "-s", "--signal")
    else:
        kind = StepKind.RESTART if verb == "restart" else None
    return Deed(kind, parsed.operands, "compose") if kind is not None else None


def _kind_of_kill(parsed: Arguments, *names: str) -> StepKind | None:
    if not parsed.has(*names):
        return StepKind.KILL
    signal = (parsed.text(*names) or "").upper()
    return StepKind.KILL if signal in _KILLS else StepKind.STOP if signal in _ENDS else None


def own_signal(word: str | None) -> str | None:
    """``-USR1``, ``SIGUSR1`` → ``SIGUSR1``: a signal that does not end the program."""
    match = _OWN_SIGNAL.match((word or "").upper())
    return f"SIG{match[1]}" if match is not None else None


def _forced(parsed: Arguments) -> bool:
    return any(
        one.name == "--force" or re.fullmatch(r"-[a-z]*f[a-z]*", one.name) for one in parsed.options
    )


def tool_deed(tool: str | None, arguments: Sequence[Argument]) -> Deed | None:
    """``rm``, ``find``, ``mkdir``, ``kill``, ``curl``, ``sed``; ``arguments`` follow the tool."""
    if tool in ("curl", "wget"):
        for one in arguments:
            url = _OWN_COVERAGE.match(one.text if one.text is not None else one.word.shape)
            if url is not None:
                return Deed(StepKind.FETCH, (one,), url[1])
        return None
    if tool in ("kill", "pkill", "killall"):
        signals = (own_signal(one.text) for one in arguments)
        own = next((one for one in signals if one is not None), None)
        return Deed(StepKind.SIGNAL, tuple(arguments[-1:]), own) if own is not None else None
    if tool in ("rm", "mkdir"):
        parsed = take_apart(arguments, lambda name: tool == "mkdir" and _is_mode(name))
        if tool == "mkdir":
            return Deed(StepKind.CREATE, parsed.operands)
        recursive = any(re.fullmatch(r"-\w*[rR]\w*|--recursive", o.name) for o in parsed.options)
        pattern = any(_GLOB.search(o.text or o.word.prefix) for o in parsed.operands)
        return Deed(StepKind.WIPE, parsed.operands) if recursive or pattern else None
    if tool == "find":
        texts = [one.text for one in arguments]
        until = next((i for i, t in enumerate(texts) if t is None or t.startswith("-")), len(texts))
        if "-delete" in texts or ("-exec" in texts and "rm" in texts):
            return Deed(StepKind.WIPE, tuple(arguments[:until]))
        moved = {"mv", "cp"} & {posixpath.basename(text) for text in texts if text}
        return Deed(StepKind.EDIT, tuple(arguments[:until])) if moved else None
    if tool in ("sed", "yq", "perl", "envsubst", "mv"):
        return Deed(StepKind.EDIT, take_apart(arguments, lambda _: False).operands)
    return None


def _is_mode(name: str) -> bool:
    return name == "--mode" or re.fullmatch(r"-[a-zA-Z]*m", name) is not None


def kubectl_deed(verb: str | None, arguments: Sequence[Argument]) -> Deed | None:
    """``kubectl rollout restart`` and ``kubectl set image``; ``arguments`` follow the verb."""
    if verb not in ("rollout", "set"):
        return None
    parsed = take_apart(arguments, lambda name: name in ("-n", "--namespace", "-l", "--selector"))
    first = parsed.operands[0].text if parsed.operands else None
    if (verb, first) == ("rollout", "restart"):
        return Deed(StepKind.RESTART, parsed.operands[1:])
    return Deed(StepKind.EDIT, parsed.operands[1:]) if (verb, first) == ("set", "image") else None
