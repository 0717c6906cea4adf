"""A project: files → documents → facts → chains, each made once and only when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from covlint.diagnostics import Unread
from covlint.documents.dockerfile import Dockerfile, open_dockerfile
from covlint.facts.build import GoBuild, Instrumentation, mentions_cover, read_builds
from covlint.facts.extraction import ImageBuild, Step
from covlint.facts.image import Image, read_images
from covlint.facts.scope import scoped_stages
from covlint.files import Files
from covlint.golayout import GoLayout
from covlint.source import SourceFile, Span, UnreadableSource
from covlint.wiring import Chain, Facts, Repository, wire

_DOCKERFILE = re.compile(
    r"(?:^|/)(?:(?:Dockerfile|Containerfile)(?:[.\-_][^/]*)?|[^/]*[.\-_](?:[Dd]ockerfile|[Cc]ontainerfile))$"
)
_NOT_DOCKERFILE = (".dockerignore", ".md", ".go", ".py", ".sh", ".yaml", ".yml", ".json", ".tmpl")
_MAKEFILE = re.compile(r"(?:^|/)(?:GNUmakefile|[Mm]akefile(?:\.[^/]*)?|[^/]*\.mk)$")
_SCRIPT = (".sh", ".bash")
_YAML = (".yaml", ".yml")
#: Folders whose files are somebody else's, or examples for tools: never wired into chains.
_FOREIGN = re.compile(r"(?:^|/)(?:vendor|node_modules|third_party|testdata|\.git)/")
#: A workload whose own text says nothing of coverage matters only to an instrumented image.
_COVERAGE_WORDS = re.compile(rb"GOCOVERDIR|extraMounts|covlint:")


def kind_of(path: str) -> str | None:
    """What a file is by its name: dockerfile, yaml, makefile, script or None.

    Whether a YAML file is a manifest is decided by its content.
    """
    if path.endswith(_YAML):
        return "yaml"
    if path.endswith(_SCRIPT):
        return "script"
    if _DOCKERFILE.search(path) and not path.endswith(_NOT_DOCKERFILE):
        return "dockerfile"
    if _MAKEFILE.search(path):
        return "makefile"
    return None


@dataclass(frozen=True)
class _Wired:
    builds: tuple[GoBuild, ...]
    images: tuple[Image, ...]
    chains: tuple[Chain, ...]


class Project:
    """The facts of a tree of files.

    ``explicit`` names the files that the user named one by one: they are read
    whatever they are called. Nothing is read before something asks for it.
    """

    def __init__(self, files: Files, explicit: Sequence[str] = ()) -> None:
        self.files = files
        self.explicit = tuple(explicit)
        self.unread: list[Unread] = []
        self.files_read = 0
        self.facts = Facts()
        self._sources: dict[str, SourceFile | None] = {}
        self._parsed: set[str] = set()
        self._dockerfiles: dict[str, Dockerfile] = {}
        self._waiting: list[str] = []  # manifests that matter only to an instrumented image
        self._layout: GoLayout | None = None

    # -- what the engine asks -----------------------------------------------

    def subjects(self, reported: Sequence[str] | None) -> Iterator[tuple[str, object]]:
        """Facts of the reported files and the chains that touch them, by type name.

        None reports on every file. When the reported files hold nothing that
        coverage depends on, no other file is read.
        """
        if reported is not None:
            for path in reported:
                self._parse(path, named=path in self.explicit)
            if not self._holds_facts():
                return
        wanted = None if reported is None else frozenset(reported)
        wired = self._wired

        def asked(span: Span) -> bool:
            return wanted is None or span.path in wanted

        yield from (("GoBuild", build) for build in wired.builds if asked(build.span))
        yield from (("Image", image) for image in wired.images if asked(image.origin))
        yield from (("Container", c) for c in self.facts.containers if asked(c.span))
        yield from (("KindCluster", c) for c in self.facts.clusters if asked(c.span))
        yield from (("Chain", chain) for chain in wired.chains)

    def chains(self) -> tuple[Chain, ...]:
        """Every chain of the project, the whole of it read."""
        return self._wired.chains

    def source(self, path: str) -> SourceFile:
        """The file at ``path``, read once. Raises UnreadableSource."""
        if path not in self._sources:
            try:
                self._sources[path] = self.files.read(path)
                self.files_read += 1
            except UnreadableSource:
                self._sources[path] = None
                raise
        source = self._sources[path]
        if source is None:
            raise UnreadableSource(path, "cannot be read")
        return source

    def comment_lines(self, span: Span) -> tuple[int, ...]:
        """The 1-based lines on which a suppression for ``span`` may stand.

        The line above the span's own first line, and above the instruction
        that holds it; in YAML also the line itself.
        """
        try:
            source = self.source(span.path)
        except UnreadableSource:
            return ()
        line = source.line_of(span.start)
        lines = {line - 1}
        dockerfile = self._dockerfiles.get(span.path)
        if dockerfile is not None:
            instruction = dockerfile.instruction_at(span.start)
            if instruction is not None:
                lines.add(source.line_of(instruction.span.start) - 1)
        else:
            lines.add(line)
        return tuple(sorted(number for number in lines if number > 0))

    def parse_error(self, source: SourceFile) -> str | None:
        """Why a file no longer parses; None when it does (for the check after a fix)."""
        kind = kind_of(source.path)
        try:
            if kind == "yaml":
                from covlint.documents.yaml import open_yaml

                document = open_yaml(source)
                return document.error.message if document.error is not None else None
            if kind == "dockerfile" or source.path in self._dockerfiles:
                return open_dockerfile(source).error
            if source.path.endswith(".go"):
                from covlint.documents.golang import read_go

                return "syntax error" if read_go(source).broken else None
            source.text  # noqa: B018  (raises when it is no longer text)
        except UnreadableSource as error:
            return error.reason
        return None

    # -- reading --------------------------------------------------------------

    def _holds_facts(self) -> bool:
        facts = self.facts
        return bool(
            facts.builds or facts.images or facts.containers or facts.clusters or facts.image_builds
            or facts.steps or self._waiting or any(p.endswith(".go") for p in self._parsed)
        )

    @cached_property
    def _paths(self) -> list[str]:
        return [path for path in self.files.paths() if not _FOREIGN.search(path)]

    @cached_property
    def _wired(self) -> _Wired:
        for path in self._paths:
            self._parse(path, named=False)
        if self._may_run_instrumented():
            for path in self._waiting:
                self._read_manifests(path, named=False)
        return _Wired(*wire(self.facts, self._repository()))

    def _may_run_instrumented(self) -> bool:
        """Whether some image may be instrumented, so that every workload has to be seen."""
        return any(
            build.instrumentation is Instrumentation.YES for build in self.facts.builds
        ) or any(
            mentions_cover(argument.value) or "COVER" in argument.name.upper()
            for command in self.facts.image_builds
            for argument in command.arguments
        )

    def _parse(self, path: str, *, named: bool) -> None:
        """Read the facts of one file; a file that cannot be read is recorded as unread."""
        if path in self._parsed:
            return
        kind = kind_of(path)
        if kind is None:
            if not named:
                return
            kind = "named"
        self._parsed.add(path)
        try:
            if kind == "yaml":
                self._yaml(path, named=named)
            elif kind == "makefile":
                self._makefile(path)
            elif kind == "script":
                self._script(path)
            elif kind == "dockerfile":
                self._dockerfile(path, named=named)
            else:
                self._named(path)
        except UnreadableSource as error:
            self.unread.append(Unread(path, error.reason))

    def _named(self, path: str) -> None:
        """A file that the user named and whose name says nothing: its content decides."""
        data = self.source(path).data
        if path.endswith(".go"):
            return
        if re.search(rb"^[ \t]*FROM[ \t]", data, re.IGNORECASE | re.MULTILINE):
            self._dockerfile(path, named=False)
        elif data.startswith(b"#!") and b"sh" in data.split(b"\n", 1)[0]:
            self._script(path)
        elif b"apiVersion" in data:
            self._yaml(path, named=True)
        else:
            self.source(path).text  # noqa: B018  (binary or not UTF-8: said, not skipped)

    def _dockerfile(self, path: str, *, named: bool) -> None:
        source = self.source(path)
        if not named and not re.search(rb"\bbuild\b|\binstall\b|GOCOVERDIR", source.data):
            return
        dockerfile = open_dockerfile(source)
        self._dockerfiles[path] = dockerfile
        if dockerfile.error is not None:
            where = f"line {dockerfile.error_line}: " if dockerfile.error_line else ""
            self.unread.append(Unread(path, f"invalid Dockerfile: {where}{dockerfile.error}"))
        stages = scoped_stages(dockerfile)
        builds = read_builds(dockerfile, stages)
        self.facts.builds.extend(builds)
        self.facts.images.extend(read_images(dockerfile, stages, builds))

    def _yaml(self, path: str, *, named: bool) -> None:
        data = self.source(path).data
        if not named and (b"apiVersion" not in data or b"kind" not in data):
            return
        if not named and not _COVERAGE_WORDS.search(data):
            if b"containers" in data:
                self._waiting.append(path)
            return
        self._read_manifests(path, named=named)

    def _read_manifests(self, path: str, *, named: bool) -> None:
        # Imported here: a run on one Dockerfile must not pay for a YAML parser.
        from covlint.documents.yaml import may_be_manifest, open_yaml
        from covlint.facts.cluster import read_clusters
        from covlint.facts.workload import read_containers

        try:
            source = self.source(path)
            if not named and not may_be_manifest(source.data):
                return
            document = open_yaml(source)
        except UnreadableSource as error:
            self.unread.append(Unread(path, error.reason))
            return
        if document.error is not None:
            self.unread.append(Unread(path, f"{document.error.reason}: {document.error}"))
        self.facts.containers.extend(read_containers(document))
        self.facts.clusters.extend(read_clusters(document))

    def _makefile(self, path: str) -> None:
        from covlint.facts.extraction import may_matter, read_makefile_steps

        source = self.source(path)
        if may_matter(source.data):
            from covlint.documents.makefile import read_makefile

            self._steps(read_makefile_steps(read_makefile(source)))

    def _script(self, path: str) -> None:
        from covlint.facts.extraction import may_matter, read_script_steps

        source = self.source(path)
        if may_matter(source.data):
            self._steps(read_script_steps(source))

    def _steps(self, found: tuple[ImageBuild | Step, ...]) -> None:
        for fact in found:
            if isinstance(fact, ImageBuild):
                self.facts.image_builds.append(fact)
            else:
                self.facts.steps.append(fact)

    # -- Go packages ------------------------------------------------------------

    @property
    def _go(self) -> GoLayout:
        if self._layout is None:
            self._layout = GoLayout(self._paths, self.source)
        return self._layout

    def _repository(self) -> Repository:
        return Repository(
            module_of=lambda directory: self._go.module_of(directory),
            go_files=lambda directory: self._go.files(directory),
            main_of=lambda directory: self._go.main_package(directory),
        )
