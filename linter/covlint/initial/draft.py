"""A change in the making: files as they would be, and why each of them changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from covlint.diagnostics import Edit
from covlint.files import Files, OverlayFiles
from covlint.fixer import Change, apply_edits
from covlint.frozen import dataclass
from covlint.source import SourceFile, UnreadableSource


@dataclass(frozen=True, slots=True)
class Piece:
    """One changed or new file, and what the change is for."""

    change: Change
    why: tuple[str, ...]


@dataclass
class Draft:
    """The files of a project with what is proposed so far put in."""

    base: Files
    notes: list[str] = field(default_factory=list)  # what is not proposed, or to be known
    _contents: dict[str, bytes] = field(default_factory=dict)
    _why: dict[str, list[str]] = field(default_factory=dict)

    @property
    def files(self) -> Files:
        return OverlayFiles(self.base, self._contents)

    def read(self, path: str) -> SourceFile | None:
        """A file as it is in the draft; None where there is none, or it is no text."""
        try:
            source = self.files.read(path)
            source.text  # noqa: B018
        except UnreadableSource:
            return None
        return source

    def has(self, path: str) -> bool:
        """Whether something is there, also what git ignores or what cannot be read."""
        if path in self._contents or path in self.base.paths():
            return True
        try:
            self.base.read(path)
        except UnreadableSource as error:
            return not error.reason.startswith("no such file")
        return True

    def edit(self, path: str, edits: Iterable[Edit], why: str) -> None:
        """Change a file in some places; every other byte stays."""
        source = self.files.read(path)
        self._put(path, apply_edits(source.data, edits), why)

    def add_lines(self, path: str, lines: Iterable[str], why: str) -> None:
        """Put lines below the last one of a file, in its own line endings, or make the file."""
        text = "".join(f"{line}\n" for line in lines)
        source = self.read(path)
        if source is None or not source.data:
            self._put(path, text.encode(), why)
            return
        newline = source.newline
        before = source.data if source.data.endswith(b"\n") else source.data + newline
        self._put(path, before + text.encode().replace(b"\n", newline), why)

    def create(self, path: str, text: str, why: str) -> None:
        """A new file."""
        assert not self.has(path), path
        self._put(path, text.encode(), why)

    def pieces(self) -> tuple[Piece, ...]:
        """All that is changed, in the order in which it was proposed."""
        found = []
        for path, after in self._contents.items():
            try:
                before, created = self.base.read(path).data, False
            except UnreadableSource:
                before, created = b"", True
            if created or before != after:
                found.append(Piece(Change(path, before, after, created), tuple(self._why[path])))
        return tuple(found)

    def _put(self, path: str, data: bytes, why: str) -> None:
        self._contents[path] = data
        self._why.setdefault(path, []).append(why)
