"""Test binaries that a Dockerfile builds: ``go test -c`` with coverage."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from covlint.documents.dockerfile import Dockerfile
from covlint.documents.shellwords import ShellWord
from covlint.facts.dockerfile.build import COVER_FLAGS
from covlint.facts.dockerfile.build_reading import is_go, without_wrappers
from covlint.facts.dockerfile.flags import Arguments, read_arguments
from covlint.facts.dockerfile.scope import ScopedStage, running
from covlint.frozen import dataclass
from covlint.source import Span


@dataclass(frozen=True, slots=True)
class TestBinary:
    """``go test -c -cover``: such a binary writes to ``-test.gocoverdir``, not to GOCOVERDIR."""

    __test__ = False  # pytest takes a name that begins with Test for a test

    span: Span  # the command
    output: str  # the file name of the binary


def read_test_binaries(
    dockerfile: Dockerfile, stages: tuple[ScopedStage, ...]
) -> tuple[TestBinary, ...]:
    """The instrumented test binaries of a Dockerfile whose file name is seen."""
    return tuple(one for stage in stages for one in _of_stage(dockerfile, stage))


def read_test_arguments(
    words: Sequence[ShellWord], fixed: Mapping[str, str], data: bytes
) -> Arguments:
    """The arguments of ``go test``, which takes flags behind the package as well."""
    found = read_arguments(words[2:], fixed, words[1].span.end, data)
    package, rest = found.packages[:1], found.packages[1:]
    if not rest or not rest[0].shape.startswith("-"):
        return found
    more = read_arguments(rest, fixed, package[0].span.end, data)
    return Arguments(
        (*found.flags, *more.flags), (*package, *more.packages), (*found.unseen, *more.unseen)
    )


def _of_stage(dockerfile: Dockerfile, stage: ScopedStage) -> Iterator[TestBinary]:
    data = dockerfile.source.data
    for instruction, scope in stage.steps:
        raw = data[instruction.span.start : instruction.span.end]
        if instruction.keyword != "RUN" or b"test" not in raw or b"-c" not in raw:
            continue
        for command in running(instruction, data).commands:
            words = without_wrappers(command.words)
            if len(words) < 3 or not is_go(words[0]) or words[1].literal != "test":
                continue
            arguments = read_test_arguments(words, scope.fixed, data)
            flags = {flag.name: flag for flag in arguments.flags}
            output = flags["o"].value if "o" in flags else None
            covered = any(name in flags and flags[name].enabled for name in COVER_FLAGS)
            if "c" in flags and covered and output and not flags["o"].opaque:
                yield TestBinary(command.span, posixpath.basename(output))
