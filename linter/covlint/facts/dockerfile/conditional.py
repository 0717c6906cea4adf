"""One ``go build`` that serves coverage and production, written as two."""

from __future__ import annotations

from collections.abc import Sequence

from covlint.diagnostics import Applicability, Edit, Fix
from covlint.facts.dockerfile.build import Branch, GoBuild, Instrumentation
from covlint.source import Span


def simplified(build: GoBuild, title: str, removals: Sequence[Span]) -> Fix:
    """A fix that takes ``removals`` out of what the coverage build runs, and only there.

    In a build that only coverage uses, the bytes go (safe). A build that
    production uses too becomes a conditional whose production side is the old
    command byte for byte; that is unsafe, since the command is written twice.
    The GOFLAGS value is matched as a list of words: a test for equality with
    ``-cover`` fails for ``-cover -mod=mod``.
    """
    plain = tuple(Edit(span, b"") for span in removals)
    if build.branch is Branch.COVERAGE:
        return Fix(title, Applicability.SAFE, plain)
    if build.instrumentation is Instrumentation.YES and build.takes_part:
        return Fix(title, Applicability.SAFE, plain)
    inside = all(build.command.covers(span) for span in removals)
    if not build.takes_part or build.variable is None or not inside:
        return Fix(title, Applicability.UNSAFE, plain)
    coverage = bytearray(build.text)
    for span in sorted(removals, key=lambda span: -span.start):
        start = span.start - build.command.start
        coverage[start : start + span.end - span.start] = b""
    variable = build.variable.encode()
    if build.variable == "GOFLAGS" or "FLAG" in build.variable.upper():
        head = b'case " $' + variable + b' " in *" -cover"*) '
        text = head + bytes(coverage) + b" ;; *) " + build.text + b" ;; esac"
    else:
        head = b'if [ -n "$' + variable + b'" ]; then '
        text = head + bytes(coverage) + b"; else " + build.text + b"; fi"
    return Fix(
        f"{title}, in the coverage build only",
        Applicability.UNSAFE,
        (Edit(build.command, text),),
    )
