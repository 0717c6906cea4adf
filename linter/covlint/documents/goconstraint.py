"""Which Go files a build for Linux takes: file names and build constraints.

Rules of `go help buildconstraint`: ``name_GOOS.go``, ``name_GOARCH.go``,
``//go:build`` before the package clause, and the older ``// +build``.
"""

from __future__ import annotations

import re

from covlint.source import SourceFile

# fmt: off
_SYSTEMS = frozenset({
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js",
    "linux", "nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos",
})
# fmt: on
# fmt: off
_MACHINES = frozenset({
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle",
    "ppc64", "ppc64le", "riscv64", "s390x", "wasm", "sparc64",
})
# fmt: on
_TRUE = frozenset({"linux", "unix", "amd64", "gc", "cgo"})
#: Tags that no build sets: the file is kept out, or is for another compiler.
_FALSE = frozenset({"ignore", "never", "gccgo", "tinygo", "appengine", "tools"})
_TOKEN = re.compile(r"\s*(&&|\|\||[!()]|[\w.]+)")


def takes_part(source: SourceFile) -> bool | None:
    """Whether a plain build for linux/amd64 compiles the file (tests excluded).

    None: only a custom build tag (``-tags``) brings the file in.
    """
    name = source.path.rsplit("/", 1)[-1]
    if not name.endswith(".go") or name.endswith("_test.go") or name.startswith(("_", ".")):
        return False
    parts = name[:-3].split("_")[1:]
    if parts and parts[-1] in _MACHINES and parts.pop() != "amd64":
        return False
    if parts and parts[-1] in _SYSTEMS and parts[-1] != "linux":
        return False
    return _constraint(source.data)


def _constraint(data: bytes) -> bool | None:
    if b"build" not in data:
        return True
    expression = ""
    legacy: list[str] = []
    for raw in data[:8192].removeprefix(b"\xef\xbb\xbf").splitlines():
        line = raw.strip()
        if line.startswith(b"package "):
            break
        if line.startswith(b"//go:build "):
            expression = line[len(b"//go:build ") :].decode("utf-8", "replace")
            break
        old = re.match(rb"//\s*\+build\s+(.*)", line)
        if old:
            text = old[1].decode("utf-8", "replace")
            options = [option.replace(",", " && ") for option in text.split()]
            legacy.append("(" + " || ".join(f"({option})" for option in options) + ")")
    expression = expression or " && ".join(legacy)
    if not expression:
        return True
    tokens = _TOKEN.findall(expression)
    if _evaluate(tokens, custom=False):
        return True
    return None if _evaluate(tokens, custom=True) else False


def _evaluate(tokens: list[str], custom: bool) -> bool:
    """The expression with every custom tag set to ``custom``; malformed parts count as true."""
    position = 0

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ""

    def disjunction(depth: int) -> bool:
        nonlocal position
        value = conjunction(depth)
        while peek() == "||":
            position += 1
            value = conjunction(depth) or value
        return value

    def conjunction(depth: int) -> bool:
        nonlocal position
        value = negation(depth)
        while peek() == "&&":
            position += 1
            value = negation(depth) and value
        return value

    def negation(depth: int) -> bool:
        nonlocal position
        inverted = False
        while peek() == "!":
            position += 1
            inverted = not inverted
        word = peek()
        position += 1
        if word == "(" and depth < 50:
            value = disjunction(depth + 1)
            if peek() == ")":
                position += 1
        else:
            value = _tag(word, custom)
        return value != inverted

    return disjunction(0)


def _tag(tag: str, custom: bool) -> bool:
    if tag in _TRUE or re.fullmatch(r"go1(\.\d+)?", tag):
        return True
    if tag in _FALSE or tag in _SYSTEMS or tag in _MACHINES:
        return False
    return custom
