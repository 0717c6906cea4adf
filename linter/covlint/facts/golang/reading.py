"""What the Go code around a service says: test suites and harnesses.

A package is read as one: its files share constants and helpers. Product code
is full of words about coverage as well; only what deploys, builds, runs or
collects gives facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from covlint.diagnostics import Unread
from covlint.documents.gotext import GoPackage
from covlint.documents.grammars import TANGLED
from covlint.facts.golang.commands import read_commands
from covlint.facts.golang.manifests import read_manifests
from covlint.facts.golang.objects import read_objects
from covlint.facts.golang.untyped_objects import read_untyped_objects
from covlint.facts.kubernetes.made_manifests import Manifest
from covlint.source import SourceFile

if TYPE_CHECKING:
    from covlint.facts.commands.steps import ScriptFact

_WORDS = (b"coverdata", b"covdata", b"GOFLAGS=-cover", b"covcounters")
#: A build with coverage, and the service's own coverage that is pulled; each with words without
#: which it cannot be there, since to look for words takes a tenth of a search.
_CALLS = (
    ((b'"-cover', b"`-cover"), re.compile(rb"[\"`]-cover(?:pkg|mode)?[\"`=]")),
    (
        (b".Get(", b".Post(", b".NewRequest"),
        re.compile(rb"\.(?:Get|Post|NewRequest\w*)\([^\n]*/[\w/%-]*(?<!dis)(?<!re)cover"),
    ),
)


def may_matter(data: bytes) -> bool:
    """Whether a Go file makes its package worth reading: it speaks of coverage data."""
    # Thousands of files are asked, and each word takes as long as to read the file: two looks
    # have to do for most of them.
    if b"GOCOVERDIR" in data:
        return True
    if b"cov" not in data:  # as in all the other words
        return False
    if any(word in data for word in _WORDS):
        return True
    if b"cover" not in data or not (b"exec" in data or b"http" in data):
        return False
    return any(
        any(word in data for word in words) and call.search(data) is not None
        for words, call in _CALLS
    )


def read_package(
    sources: Iterable[SourceFile],
) -> tuple[tuple[Manifest | ScriptFact, ...], tuple[Unread, ...]]:
    """The facts of the files of one directory. Never raises on what the files say."""
    package = GoPackage(sources)
    manifests, unread = read_manifests(package)
    objects = (*manifests, *read_objects(package), *read_untyped_objects(package))
    facts = (*objects, *read_commands(package))
    if any(b"testcontainers." in file.data for file in package.files):
        from covlint.facts.golang.testcontainers import read_testcontainers  # few packages do

        facts = (*facts, *read_testcontainers(package))
    tangled = (Unread(file.source.path, TANGLED) for file in package.files if file.tangled)
    return facts, (*unread, *tangled)
