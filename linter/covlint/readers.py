"""Which reader takes which file: one table, one parse per file.

A reader looks at the bytes first (``may_matter``): most files of a repository
say nothing about coverage, and telling so by a regular expression costs a
hundredth of a parse. Parsers are imported by the reader that needs them, so
that a run on one Dockerfile does not pay for a YAML parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from covlint.diagnostics import Unread
from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.dockerfile.build_reading import read_builds
from covlint.facts.dockerfile.image import read_images
from covlint.facts.dockerfile.scope import scoped_stages
from covlint.reading import Lookup, Reader, Reading
from covlint.source import SourceFile

if TYPE_CHECKING:  # names in annotations: a run on one Dockerfile needs few of these
    from covlint.documents.yaml import YamlDocument
    from covlint.reading import Fact

__all__ = ["READERS", "Reader", "Reading", "reader_by_content", "reader_of"]


def _searching(pattern: bytes) -> Callable[[bytes], bool]:
    expression = re.compile(pattern)
    return lambda data: expression.search(data) is not None


def _read_dockerfile(source: SourceFile) -> Reading:
    dockerfile = open_dockerfile(source)
    unread: tuple[Unread, ...] = ()
    if dockerfile.error is not None:
        where = f"line {dockerfile.error_line}: " if dockerfile.error_line else ""
        unread = (Unread(source.path, f"invalid Dockerfile: {where}{dockerfile.error}"),)
    stages = scoped_stages(dockerfile)
    builds = read_builds(dockerfile, stages)
    return Reading((*builds, *read_images(dockerfile, stages, builds)), unread, dockerfile)


def _read_yaml(source: SourceFile) -> Reading:
    from covlint.facts.kubernetes.cluster import read_clusters
    from covlint.facts.kubernetes.namespace import read_namespaces
    from covlint.facts.kubernetes.workload import read_containers

    def read(document: YamlDocument) -> Sequence[Fact]:
        containers, clusters = read_containers(document), read_clusters(document)
        return (*containers, *clusters, *read_namespaces(document))

    return _of_yaml(source, read)


def _read_workflow(source: SourceFile, lookup: Lookup) -> Reading:
    from covlint.facts.ci.workflow import read_workflow

    return _with_others(source, lambda one: read_workflow(one, lookup))


def _read_gitlab(source: SourceFile, lookup: Lookup) -> Reading:
    from covlint.facts.ci.gitlab import read_gitlab

    return _with_others(source, lambda one: read_gitlab(one, lookup))


def _with_others(
    source: SourceFile, read: Callable[[YamlDocument], tuple[Sequence[Fact], tuple[str, ...]]]
) -> Reading:
    """What a file and those say that it names."""
    also: list[str] = []

    def facts(document: YamlDocument) -> Sequence[Fact]:
        found, paths = read(document)
        also.extend(paths)
        return found

    return replace(_of_yaml(source, facts), also=tuple(also))


def _read_compose(source: SourceFile, lookup: Lookup) -> Reading:
    from covlint.facts.compose.services import read_compose

    if _is_manifest(source.data):
        return _read_yaml(source)
    return _of_yaml(source, lambda one: read_compose(one, lookup))


def _read_skaffold(source: SourceFile) -> Reading:
    from covlint.facts.builds.skaffold_releases import read_skaffold_file

    return _of_yaml(source, read_skaffold_file)


def _read_goreleaser(source: SourceFile) -> Reading:
    from covlint.facts.builds.image_tools import read_goreleaser
    from covlint.facts.ci.release import read_release_builds

    return _of_yaml(source, lambda one: (*read_goreleaser(one), *read_release_builds(one)))


def _read_ko(source: SourceFile) -> Reading:
    from covlint.facts.builds.image_tools import read_ko

    return _of_yaml(source, read_ko)


def _read_bake(source: SourceFile) -> Reading:
    from covlint.facts.builds.bake import read_bake

    return Reading(read_bake(source))


def _of_yaml(source: SourceFile, read: Callable[[YamlDocument], Sequence[Fact]]) -> Reading:
    from covlint.documents.yaml import open_yaml

    document = open_yaml(source)
    unread: tuple[Unread, ...] = ()
    if document.error is not None:
        unread = (Unread(source.path, f"{document.error.reason}: {document.error}"),)
    return Reading(tuple(read(document)), unread)


def _is_manifest(data: bytes) -> bool:
    return (
        b"apiVersion" in data
        and b"kind" in data
        and any(word in data for word in (b"ontainers", b"kind.x-k8s.io", _ENFORCED))
    )


def _says_nothing_of_coverage(data: bytes) -> bool:
    """A Kind config always matters: what it does not mount is lost with its nodes."""
    words = (b"GOCOVERDIR", b"kind.x-k8s.io", b"covlint:", _ENFORCED)
    return not any(word in data for word in words)


#: The label of a namespace that forbids what its pods may need.
_ENFORCED = b"pod-security.kubernetes.io/enforce"


def _read_makefile(source: SourceFile) -> Reading:
    return read_makefile_with(source, None, ())


def read_makefile_with(
    source: SourceFile, lookup: Lookup | None, elsewhere: Collection[str]
) -> Reading:
    """What a Makefile and the files say that it includes; ``lookup`` finds those.

    ``elsewhere`` are the files whose own recipes have been read already.
    """
    from covlint.documents.makereader import read_makefile
    from covlint.facts.commands.makefiles import read_makefile_steps

    makefile = read_makefile(source, lookup)
    included = tuple(path for path in makefile.sources if path != source.path)
    return Reading(read_makefile_steps(makefile, elsewhere), also=included)


def _read_script(source: SourceFile) -> Reading:
    from covlint.facts.commands.extraction import read_script_steps

    return Reading(read_script_steps(source))


def _steps_may_matter(data: bytes) -> bool:
    from covlint.facts.commands.extraction import may_matter

    return may_matter(data)


def _ci_may_matter(data: bytes) -> bool:
    if b"upload-artifact" in data and re.search(rb"(?i)\bcov", data):
        return True
    return _steps_may_matter(data) or _ACTIONS.search(data) is not None or _calls(data)


def _calls(data: bytes) -> bool:
    """Whether a workflow makes use of another, or of an action of the project."""
    return re.search(rb"uses[\"']?[ \t]*:[ \t]*[\"']?\./", data) is not None


def _nothing(_path: str) -> None:
    """A lookup that finds no file."""


_INCLUDED = re.compile(rb"(?m)^(?:\xef\xbb\xbf)?[\"']?include[\"']?[ \t]*:")
_INCLUDE = re.compile(rb"(?m)^(?:\xef\xbb\xbf)? *[-s]?include[ \t]")
_ACTIONS = re.compile(rb"build-push-action|bake-action|kind-action|setup-kind")
_SERVICES = re.compile(rb"(?m)^(?:\xef\xbb\xbf)?(?:[^#\n]*[{,\s])?[\"']?services[\"']?[ \t]*:")


def _read_go(source: SourceFile) -> Reading:
    return read_go_package([source])


def read_go_package(sources: Sequence[SourceFile]) -> Reading:
    """What the Go files of one directory say; they share constants and helpers."""
    from covlint.facts.golang.reading import read_package

    facts, unread = read_package(sources)
    return Reading(facts, unread)


def _go_may_matter(data: bytes) -> bool:
    from covlint.facts.golang.reading import may_matter

    return may_matter(data)


GO = Reader("go", re.compile(r"\.go$"), _go_may_matter, _read_go)
DOCKERFILE = Reader(
    "dockerfile",
    re.compile(
        r"(?:^|/)(?![^/]*\.(?:dockerignore|md|go|py|json|tmpl)$)"
        r"(?:(?:Dockerfile|Containerfile)(?:[.\-_][^/]*)?"
        r"|[^/]*[.\-_](?:[Dd]ockerfile|[Cc]ontainerfile))$"
    ),
    _searching(rb"\bbuild\b|\binstall\b|GOCOVERDIR|\btest\b[^\n]*[ ]-c\b|/[\w.-]+\.test\b"),
    _read_dockerfile,
)
YAML = Reader("yaml", re.compile(r"\.ya?ml$"), _is_manifest, _read_yaml, _says_nothing_of_coverage)
WORKFLOW = Reader(
    "yaml",
    re.compile(r"(?:^|/)\.github/workflows/[^/]+\.ya?ml$|(?:^|/)action\.ya?ml$"),
    _ci_may_matter,
    lambda source: _read_workflow(source, _nothing),
    read_with=_read_workflow,
)
GITLAB = Reader(
    "yaml",
    re.compile(r"(?:^|/)[^/]*\.?gitlab-ci\.ya?ml$|(?:^|/)\.gitlab/.*\.ya?ml$"),
    lambda data: _ci_may_matter(data) or _INCLUDED.search(data) is not None,
    lambda source: _read_gitlab(source, _nothing),
    read_with=_read_gitlab,
)
COMPOSE = Reader(
    "yaml",
    re.compile(r"(?:^|/)[^/]*compose(?:[._-][^/]*)?\.ya?ml$"),
    lambda data: _SERVICES.search(data) is not None or _is_manifest(data),
    lambda source: _read_compose(source, _nothing),
    read_with=_read_compose,
)
SKAFFOLD = Reader(
    "yaml",
    re.compile(r"(?:^|/)skaffold[^/]*\.ya?ml$"),
    _searching(rb"skaffold/v[^\n]*[\s\S]*\b(?:artifacts|chartPath)\b"),
    _read_skaffold,
)
GORELEASER = Reader(
    "yaml",
    re.compile(r"(?:^|/)\.?goreleaser[^/]*\.ya?ml$"),
    _searching(rb"(?m)^(?:\xef\xbb\xbf)?(?:dockers|kos)|-cover"),
    _read_goreleaser,
)
KO = Reader("yaml", re.compile(r"(?:^|/)\.ko\.ya?ml$"), _searching(rb"\S"), _read_ko)
BAKE = Reader(
    "bake",
    re.compile(r"(?:^|/)[^/]*bake[^/]*\.(?:hcl|json)$"),
    _searching(rb"\btarget\b"),
    _read_bake,
)
MAKEFILE = Reader(
    "makefile",
    re.compile(r"(?:^|/)(?:GNUmakefile|[Mm]akefile(?:\.[^/]*)?|[^/]*\.mk)$"),
    lambda data: _INCLUDE.search(data) is not None or _steps_may_matter(data),
    _read_makefile,
)
SCRIPT = Reader("script", re.compile(r"\.(?:ba)?sh$"), _steps_may_matter, _read_script)


def _python_may_matter(data: bytes) -> bool:
    from covlint.facts.python.reading import may_matter

    return may_matter(data)


def _tiltfile_may_matter(data: bytes) -> bool:
    from covlint.facts.python.reading import tiltfile_may_matter

    return tiltfile_may_matter(data)


def _python_may_wait(data: bytes) -> bool:
    from covlint.facts.python.reading import says_nothing_of_coverage

    return says_nothing_of_coverage(data)


def _read_python(source: SourceFile) -> Reading:
    from covlint.facts.python.reading import read_python

    return Reading(*read_python(source))


def _read_tiltfile(source: SourceFile) -> Reading:
    from covlint.facts.python.reading import read_tiltfile

    return Reading(*read_tiltfile(source))


PYTHON = Reader("python", re.compile(r"\.py$"), _python_may_matter, _read_python, _python_may_wait)
TILTFILE = Reader(
    "tiltfile",
    re.compile(r"(?:^|/)(?:Tiltfile(?:\.[^/]*)?|[^/]*\.(?:tiltfile|Tiltfile|star))$"),
    _tiltfile_may_matter,
    _read_tiltfile,
)

#: The first reader whose name pattern matches takes the file.
READERS: tuple[Reader, ...] = (
    GO,
    *(WORKFLOW, GITLAB, COMPOSE, SKAFFOLD, GORELEASER, KO, YAML),
    *(SCRIPT, DOCKERFILE, MAKEFILE, BAKE),
    *(PYTHON, TILTFILE),
)


#: The readers that ask for an ending, by it, and words without which no other one takes a path.
#: Thousands of paths are looked at, and an expression for each reader takes a tenth of a run.
_BY_ENDING: dict[str, Reader] = {"go": GO, "sh": SCRIPT, "bash": SCRIPT, "yaml": YAML, "yml": YAML}
_OF_TOOLS = ("action", ".github", "gitlab", "compose", "skaffold", "goreleaser", ".ko.")
_OF_OTHERS = ("ockerfile", "ontainerfile", "ake", ".mk", ".py", "iltfile", ".star")


def reader_of(path: str) -> Reader | None:
    """The reader for a file, by its name; whether a YAML file is a manifest, its content says."""
    known = _BY_ENDING.get(path.rpartition(".")[2])
    if known is not None and not (known is YAML and any(word in path for word in _OF_TOOLS)):
        return known if known.name.search(path) else None
    if known is None and not any(word in path for word in _OF_OTHERS):
        return None
    return next((reader for reader in READERS if reader.name.search(path)), None)


def reader_by_content(source: SourceFile) -> Reader | None:
    """The reader for a file that the user named and whose name says nothing."""
    data = source.data
    if source.path.endswith(".go"):
        return None
    if re.search(rb"(?im)^(?:\xef\xbb\xbf)?[ \t]*FROM[ \t]", data):
        return DOCKERFILE
    if data.startswith(b"#!") and b"sh" in data.split(b"\n", 1)[0]:
        return SCRIPT
    return YAML if b"apiVersion" in data else None
