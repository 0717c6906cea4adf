"""Pieces of the scripts that ``--dry-run`` prints: words quoted, commands in their folders."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from covlint.runner.command import Command
from covlint.runner.target import Ready
from covlint.runner.toolchain import Toolchain


def look_for(ready: Ready, quote: Quoting) -> str | None:
    if ready.http is not None:
        return f"curl -sS -o /dev/null {quote(ready.http)} 2>/dev/null"
    if ready.tcp is not None:
        # No shell connects by itself; the kernel's table shows who listens (0A).
        port = int(ready.tcp.rpartition(":")[2])
        return f"grep -qs ':{port:04X} 0*:0000 0A' /proc/net/tcp /proc/net/tcp6"
    if ready.log is not None:
        return f'grep -qE {quote(ready.log)} "$run/service.log"'
    return f"sh -c {quote(ready.command)}" if ready.command is not None else None


def in_folder(command: Command, quote: Quoting, environ: Mapping[str, str]) -> str:
    """The command in a subshell, with what its environment adds to the caller's."""
    changes = [
        f"export {name}={_value(name, value, quote, environ)}; "
        for name, value in command.env.items()
        if environ.get(name) != value
    ]
    removed = [name for name in ("GOFLAGS", "GOCOVERDIR") if name not in command.env]
    unset = f"unset {' '.join(removed)}; " if removed else ""
    words = command.argv
    run = " ".join(quote(word) for word in words)
    if command.why == "build" and words[:2] == ("sh", "-c"):
        run = quote.inside(words[2])  # as it stands in the Dockerfile
    return f"( cd {quote(str(command.cwd))}; {unset}{''.join(changes)}{run} )"


def _value(name: str, value: str, quote: Quoting, environ: Mapping[str, str]) -> str:
    former = environ.get(name, "")
    if name == "PATH" and former and value.endswith(f":{former}"):
        return quote(value.removesuffix(f":{former}")) + ':"$PATH"'
    return quote(value)


def report(data: str, toolchain: Toolchain) -> list[str]:
    go = shlex.quote(str(toolchain.go))
    return [
        "",
        "# an empty folder and covmeta without covcounters are losses, whatever covdata says",
        f"ls -l {data}",
        f"GOTOOLCHAIN=local {go} tool covdata percent -i={data}",
    ]


class Quoting:
    """Quotes words; the folder of the run becomes ``"$run"``, a name of it ``"$name"``; ``more``
    are other words that stand for a variable."""

    def __init__(
        self, run: str, name: str | None = None, more: Mapping[str, str] | None = None
    ) -> None:
        named = {name: '"$name"'} if name is not None else {}
        self._tokens = {run: '"$run"', **named, **(more or {})}
        self._split = re.compile("(" + "|".join(map(re.escape, self._tokens)) + ")")

    def __call__(self, text: str) -> str:
        parts = self._split.split(text)
        return "".join(self._tokens.get(p) or (shlex.quote(p) if p else "") for p in parts) or "''"

    def inside(self, text: str) -> str:
        """A piece of shell: only the folder is replaced."""
        for token, variable in self._tokens.items():
            text = text.replace(f"'{token}", f"{variable}'").replace(token, variable)
        return text

    def file(self, path: str, text: str) -> list[str]:
        """Lines that write a file in which the tokens stand for what they are in this run."""
        held = [(token, new) for token, new in self._tokens.items() if token in text]
        edits = " ".join(f"-e 's#{token}#'{new}'#g'" for token, new in held) or "-n p"
        return [f"sed {edits} > {self(path)} <<'END_OF_FILE'", text.rstrip(), "END_OF_FILE"]
