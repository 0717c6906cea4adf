"""A project: files → documents → facts → chains, each made once and only when asked for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from covlint.deployments import (
    claims_of,
    is_kustomization,
    join_files,
    may_run,
    read_templated,
    resolve,
)
from covlint.diagnostics import Unread
from covlint.documents.dockerfile import Dockerfile
from covlint.facts.dockerfile.base_images import short_name
from covlint.facts.dockerfile.build import Instrumentation, mentions_cover
from covlint.files import Files
from covlint.readers import (
    read_go_package,
    read_makefile_with,
    reader_by_content,
    reader_of,
)
from covlint.reading import Reader, Reading, reading_order
from covlint.source import SourceFile, Span, UnreadableSource
from covlint.wiring.inputs import Facts, Repository

if TYPE_CHECKING:
    from covlint.chain import Chain
    from covlint.golayout import GoLayout
    from covlint.wiring.chains import Wired

#: Folders whose files are somebody else's, or examples for tools: never wired into chains.
_FOREIGN = re.compile(r"(?:^|/)(?:vendor|node_modules|third_party|testdata|\.git)/")

#: A Dockerfile without any of these has no sign of coverage of its own.
_SIGN = re.compile(rb"(?i)cover|GOFLAGS|covlint:")


class Project:
    """The facts of a tree of files.

    ``explicit`` names the files that the user named one by one: they are read
    whatever they are called. ``targets`` are the Dockerfiles that the configuration
    wants verified; ``render`` lets kustomize and helm be run. Nothing is read before
    something asks for it.
    """

    def __init__(
        self,
        files: Files,
        explicit: Sequence[str] = (),
        targets: Iterable[str] = (),
        *,
        render: bool = False,
    ) -> None:
        self._render = render
        self.files = files
        self.explicit = tuple(explicit)
        self.unread: list[Unread] = []
        self.files_read = 0
        self.facts = Facts(targets=frozenset(targets))
        self._sources: dict[str, SourceFile | UnreadableSource] = {}
        self._parsed: set[str] = set()
        self._dockerfiles: dict[str, Dockerfile] = {}
        self._waiting: list[tuple[Reader, SourceFile]] = []
        self._layout: GoLayout | None = None
        self._go_packages: set[str] = set()  # directories whose Go files speak of coverage
        self._speaking_yaml = False  # whether some YAML names GOCOVERDIR: a patch may

    # -- what the engine asks -----------------------------------------------

    def subjects(self, reported: Sequence[str] | None) -> Iterator[tuple[str, object]]:
        """Facts of the reported files and the chains that touch them, by type name.

        None reports on every file. When the reported files hold nothing that
        coverage depends on, no other file is read.
        """
        if reported is not None:
            for path in reported:
                self._parse(path, named=path in self.explicit)
            if not self._context_matters():
                yield from (("GoBuild", build) for build in self.facts.builds)
                yield from (("Image", image) for image in self.facts.images)
                return
        wanted = None if reported is None else frozenset(reported)
        wired = self._wired

        def asked(span: Span) -> bool:
            return wanted is None or span.path in wanted

        yield from (("GoBuild", build) for build in wired.builds if asked(build.span))
        if self.facts.image_builds:
            from covlint.wiring.passed import passed_builds  # only where images are built

            passed = passed_builds(wired.builds, self.facts.image_builds)
            yield from (("GoBuild", build) for build in passed)
        yield from (("Image", image) for image in wired.images if asked(image.origin))
        yield from (("Container", c) for c in self.facts.containers if asked(c.span))
        yield from (("KindCluster", c) for c in self.facts.clusters if asked(c.span))
        yield from (("Chain", chain) for chain in wired.chains)
        from covlint.wiring.groups import groups_of  # only where facts are joined

        yield from groups_of(self.facts, wired, self._repository, asked)

    def chains(self) -> tuple[Chain, ...]:
        """Every chain of the project, the whole of it read."""
        return self._wired.chains

    def source(self, path: str) -> SourceFile:
        """The file at ``path``, read once. Raises UnreadableSource."""
        if path not in self._sources:
            try:
                self._sources[path] = self.files.read(path)
                self.files_read += 1
            except UnreadableSource as error:
                self._sources[path] = error
                raise
        source = self._sources[path]
        if isinstance(source, UnreadableSource):
            raise UnreadableSource(path, source.reason)
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
        from covlint.reparse import parse_error  # only where something is fixed

        return parse_error(source, dockerfile=source.path in self._dockerfiles)

    # -- reading --------------------------------------------------------------

    def _context_matters(self) -> bool:
        """Whether other files can change what is said of those read so far.

        A Dockerfile without any word of coverage takes no part in it: it costs one parse.
        """
        return self._holds_facts() and not all(
            path in self._dockerfiles
            and path not in self.facts.targets
            and not _SIGN.search(self.source(path).data)
            for path in self._parsed
        )

    def _holds_facts(self) -> bool:
        facts = self.facts
        return bool(
            facts.builds
            or facts.images
            or facts.containers
            or facts.clusters
            or facts.image_builds
            or (facts.steps or facts.data_commands or facts.release_builds or facts.helm_releases)
            or self._waiting
            or self._speaking_yaml
            or any(map(is_kustomization, self._parsed))
            or any(p.endswith(".go") for p in self._parsed)
        )

    @cached_property
    def _paths(self) -> list[str]:
        return [path for path in self.files.paths() if not _FOREIGN.search(path)]

    @cached_property
    def _wired(self) -> Wired:
        for path in reading_order(self._paths, self._neighbour):
            self._parse(path, named=False)
        self._read_entrypoints()
        self._read_go_packages()
        join_files(self.facts, frozenset(self._paths), self._neighbour)
        instrumented = self._may_run_instrumented()
        explained: frozenset[str] = frozenset()
        if instrumented or self._speaking_yaml:
            explained, unread = resolve(
                self.facts, self._paths, self.source, self.files, render=self._render
            )
            self.unread.extend(unread)
        claims = claims_of(self.facts.containers)
        if instrumented or claims:
            names = self._image_names() if instrumented else frozenset()
            for reader, source in self._waiting:
                runs = instrumented and may_run(source.data, names)
                if source.path in explained or not (runs or any(c in source.data for c in claims)):
                    continue
                try:
                    self._take(self._reading(reader, source))
                except UnreadableSource as error:
                    self.unread.append(Unread(source.path, error.reason))
        from covlint.wiring.chains import wire  # only where facts are joined

        return wire(self.facts, self._repository())

    def _image_names(self) -> frozenset[bytes] | None:
        """The names under which images are built here; None where a workload of any other
        image may be joined as the only one."""
        if sum(image.final and bool(image.builds) for image in self.facts.images) <= 1:
            return None
        tags = (tag for command in self.facts.image_builds for tag in command.tags)
        return frozenset(short_name(tag).encode() for tag in tags)

    def _may_run_instrumented(self) -> bool:
        """Whether some image may be instrumented, so that every workload has to be seen."""
        return any(
            build.instrumentation is Instrumentation.YES for build in self.facts.builds
        ) or any(
            mentions_cover(one.value) or "COVER" in one.name.upper()
            for command in self.facts.image_builds
            for one in command.arguments
        )

    def _parse(self, path: str, *, named: bool) -> None:
        """Read the facts of one file; a file that cannot be read is recorded as unread.

        A file that the user named is read whatever it is called and says.
        """
        if path in self._parsed:
            return
        reader = reader_of(path)
        if reader is None and not named:
            return
        self._parsed.add(path)
        if reader is not None and reader.kind == "go":
            self._look_at_go(reader, path, named=named)
            return
        try:
            source = self.source(path)
            if path.endswith((".yaml", ".yml")) and b"GOCOVERDIR" in source.data:
                self._speaking_yaml = True
            if reader is None:
                reader = reader_by_content(source)
            if reader is None:
                source.text  # noqa: B018  (binary or not UTF-8: said, not skipped)
            elif named or reader.may_matter(source.data):
                if not named and reader.may_wait is not None and reader.may_wait(source.data):
                    self._waiting.append((reader, source))
                else:
                    self._take(self._reading(reader, source))
        except UnreadableSource as error:
            self.unread.append(Unread(path, error.reason))

    def _reading(self, reader: Reader, source: SourceFile) -> Reading:
        if reader.kind == "makefile":
            return read_makefile_with(source, self._neighbour, self._parsed - {source.path})
        if reader.read_with is not None:
            return reader.read_with(source, self._neighbour)
        if reader.kind == "yaml" and b"{{" in source.data:
            return read_templated(reader, source, self._neighbour, self.facts.helm_releases)
        return reader.read(source)

    def _neighbour(self, path: str) -> SourceFile | None:
        """A file that another one names, if it is there and can be read."""
        try:
            source = self.source(path)
            source.text  # noqa: B018
        except UnreadableSource:
            return None
        return source

    def _read_entrypoints(self) -> None:
        """The scripts that images start, which may have any name."""
        named = {
            image.process.script.file
            for image in self.facts.images
            if image.process is not None and image.process.script is not None
        }
        for path in sorted(named.intersection(self._paths)):
            source = self._neighbour(path) if reader_of(path) is None else None
            if source is not None and source.data.startswith(b"#!"):
                self._parse(path, named=True)

    def _take(self, reading: Reading) -> None:
        self.unread.extend(reading.unread)
        self._parsed.update(reading.also)
        if reading.dockerfile is not None:
            self._dockerfiles[reading.dockerfile.source.path] = reading.dockerfile
        for fact in reading.facts:
            self.facts.add(fact)

    # -- Go packages ------------------------------------------------------------

    def _look_at_go(self, reader: Reader, path: str, *, named: bool) -> None:
        """Note the package of a Go file for reading. Thousands of files say nothing of
        coverage: they are not kept, and one that cannot be read is no news."""
        try:
            if named:
                self.source(path).text  # noqa: B018  (binary or not UTF-8: said)
            source = self.source(path) if path in self._sources else self.files.read(path)
        except UnreadableSource as error:
            if named:
                self.unread.append(Unread(path, error.reason))
            return
        if reader.may_matter(source.data):
            self._go_packages.add(posixpath.dirname(path))

    def _read_go_packages(self) -> None:
        if not self._go_packages:
            return
        files: dict[str, list[SourceFile]] = {folder: [] for folder in sorted(self._go_packages)}
        for path in self._paths:
            if path.endswith(".go") and posixpath.dirname(path) in files:
                try:
                    source = self.source(path)
                    source.text  # noqa: B018
                except UnreadableSource as error:
                    self.unread.append(Unread(path, error.reason))
                else:
                    files[posixpath.dirname(path)].append(source)
        for sources in files.values():
            self._take(read_go_package(sources))

    @property
    def _go(self) -> GoLayout:
        if self._layout is None:
            from covlint.golayout import GoLayout  # the Go reader is only for those who ask

            self._layout = GoLayout(self._paths, self.source, self.files.paths)
        return self._layout

    def _repository(self) -> Repository:
        if not any(path.endswith((".go", "go.mod")) for path in self._paths):
            return Repository(lambda _: None, lambda _: (), lambda _: None, self._neighbour)
        go = self._go
        return Repository(go.module_of, go.files, go.main_package, self._neighbour, go.workspace_of)
