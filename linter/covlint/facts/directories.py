"""Which directories an image's instructions create, and who may write there."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace

from covlint.documents.dockerfile import Instruction
from covlint.documents.shell import Command
from covlint.facts.base_images import BaseImage
from covlint.facts.scope import Scope, running
from covlint.source import Span

#: Directories that every user may write (mode 1777) in the images of base_images.
WORLD_WRITABLE = ("/tmp", "/var/tmp", "/dev/shm")


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory (or a path that may be one) that the image creates.

    ``owner`` is "" for root, a name or uid without the group, None when not
    seen; ``group`` likewise; ``mode`` is None when nothing sets it (then 0755).
    """

    path: str
    owner: str | None
    group: str | None
    mode: int | None
    span: Span
    copied: bool = False  # by a COPY without --chown, at ``span``


class DirectoryReader:
    """Collects directories over the instructions of one image."""

    def __init__(self, data: bytes, base: BaseImage) -> None:
        self.data = data
        self.base = base
        self.directories: dict[str, Directory] = {}
        self.copied: dict[str, str] = {}  # path in the image → path in the build context
        self.uids: dict[str, str] = {"root": "0", "nobody": "65534", "nonroot": "65532"}
        self.opaque = False

    def read(self, instruction: Instruction, scope: Scope) -> None:
        keyword = instruction.keyword
        if keyword in {"COPY", "ADD"}:
            self.copy(instruction, scope)
        elif keyword == "WORKDIR":
            path = " ".join(w.resolve(scope.defaults) or "\0" for w in instruction.words())
            target = posixpath.normpath(posixpath.join(scope.workdir, path))
            # whether WORKDIR gives the directory to USER depends on the builder
            self.add(target, None if scope.user is not None else "", None, instruction.span)
        elif keyword == "RUN":
            script = running(instruction, self.data)
            if script.interpreter is not None or script.broken:
                self.opaque = True
            user = self.owner_name(scope.user.text if scope.user is not None else self.base.user)
            directory = scope.workdir
            for command in script.commands:
                if command.name == "cd" and len(command.words) > 1:
                    entered = command.words[1].resolve(scope.defaults)
                    directory = posixpath.normpath(posixpath.join(directory, entered or "\0"))
                else:
                    self.command(command, scope, user, directory)

    def owner_name(self, user: str | None) -> str | None:
        """The user part of ``user:group``; "" for root."""
        if user is None or "$" in user or "\0" in user:
            return None
        name = user.split(":", 1)[0]
        return "" if name in {"root", "0", ""} else name

    def add(
        self, path: str, owner: str | None, group: str | None, span: Span, mode: int | None = None
    ) -> None:
        if path not in self.directories:
            self.directories[path] = Directory(path, owner, group, mode, span)

    def copy(self, instruction: Instruction, scope: Scope) -> None:
        words = instruction.exec_form
        texts = (
            [word.text for word in words]
            if words is not None
            else [word.resolve(scope.defaults) for word in instruction.words()]
        )
        if len(texts) < 2 or texts[-1] is None:
            return
        target = posixpath.normpath(posixpath.join(scope.workdir, texts[-1]))
        chown = instruction.flag("chown")
        owner: str | None = ""
        group: str | None = None
        if chown is not None:
            name, _, given = chown.partition(":")
            group = given
            owner = self.owner_name(name) if "$" not in chown else None
        mode = _octal(instruction.flag("chmod"))
        path = self.directories.get(target)
        if path is None or chown is not None:
            self.directories[target] = Directory(
                target,
                owner,
                group,
                mode,
                instruction.span,
                copied=chown is None and instruction.keyword == "COPY",
            )
        if instruction.flag("from") is None:
            for source in texts[:-1]:
                if source:
                    name = posixpath.basename(source.rstrip("/"))
                    into = texts[-1].endswith("/") or texts[-1] in {".", "./"} or len(texts) > 2
                    self.copied[posixpath.join(target, name) if into else target] = source

    def command(self, command: Command, scope: Scope, user: str | None, directory: str) -> None:
        words = [word.resolve(scope.defaults) for word in command.words]
        if not words:
            return
        name = (words[0] or "").rsplit("/", 1)[-1]
        if words[0] is None or name.endswith(".sh") or words[0].startswith(("./", "$")):
            self.opaque = True
        options = [w for w in words[1:] if w is not None and w.startswith("-")]
        operands = [w for w in words[1:] if w is None or not w.startswith("-")]
        if name == "mkdir":
            mode = None
            for index, word in enumerate(words):
                if word == "-m" and index + 1 < len(words):
                    mode = _octal(words[index + 1])
                    operands = [o for o in operands if o != words[index + 1]]
                elif word is not None and word.startswith("--mode="):
                    mode = _octal(word[7:])
            for path in operands:
                if path is None:
                    self.opaque = True
                    continue
                for expanded in _braces(path):
                    self.add(_absolute(directory, expanded), user, None, command.span, mode)
        elif name == "install" and any(o.startswith("-d") or "d" in o[1:2] for o in options):
            self.install(words, command, user, directory)
        elif name in {"chown", "chmod", "chgrp"} and operands:
            self.permission(name, operands, options, command, directory)
        elif name in {"useradd", "adduser"}:
            self.user(words)

    def install(
        self, words: list[str | None], command: Command, user: str | None, directory: str
    ) -> None:
        owner, mode = user, None
        paths: list[str] = []
        skip = False
        for index, word in enumerate(words[1:], 1):
            following = words[index + 1] if index + 1 < len(words) else None
            if skip or word is None:
                skip = False
            elif word == "-o":
                owner, skip = self.owner_name(following), True
            elif word == "-m":
                mode, skip = _octal(following), True
            elif word == "-g":
                skip = True
            elif not word.startswith("-"):
                paths.append(word)
        for path in paths:
            self.add(_absolute(directory, path), owner, None, command.span, mode)

    def permission(
        self,
        name: str,
        operands: list[str | None],
        options: list[str],
        command: Command,
        directory: str,
    ) -> None:
        recursive = any("R" in option for option in options)
        subject = operands[0]
        for operand in operands[1:]:
            if operand is None:
                self.opaque = True
                continue
            for expanded in _braces(operand):
                path = _absolute(directory, expanded)
                affected = [
                    p for p in self.directories
                    if p == path or (recursive and (p.startswith(path.rstrip("/") + "/") or path == "/"))
                ]
                if path not in self.directories:
                    self.add(path, "", None, command.span)
                    affected.append(path)
                for one in affected:
                    self.directories[one] = _changed(self, self.directories[one], name, subject)

    def user(self, words: list[str | None]) -> None:
        uid, name = None, None
        for index, word in enumerate(words[1:], 1):
            if word in {"-u", "--uid"} and index + 1 < len(words):
                uid = words[index + 1]
            elif word is not None and word.startswith("--uid="):
                uid = word[6:]
        candidates = [w for w in words[1:] if w and not w.startswith("-") and not w.isdigit()]
        if candidates:
            name = candidates[-1]
        if uid and name:
            self.uids[name] = uid
        if name:
            self.add(f"/home/{name}", name, None, Span("", 0, 0))


def _changed(reader: DirectoryReader, directory: Directory, name: str, subject: str | None) -> Directory:
    if subject is None or "\0" in subject:
        return replace(directory, owner=None, group=None) if name != "chmod" else replace(directory, mode=0o777)
    if name == "chmod":
        return replace(directory, mode=_mode(subject, directory.mode))
    if name == "chgrp":
        return replace(directory, group=subject)
    owner, colon, group = subject.partition(":")
    uid = {v: k for k, v in reader.uids.items()}
    known = reader.owner_name(owner) if owner else directory.owner
    return replace(
        directory,
        owner=known if known in {"", None} else uid.get(known or "", known) if known in uid else known,
        group=group if colon else directory.group,
    )


def _octal(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text, 8)
    except ValueError:
        return None


def _mode(subject: str, before: int | None) -> int | None:
    """The mode after ``chmod subject``; symbolic forms as far as writing is concerned."""
    octal = _octal(subject)
    if octal is not None:
        return octal
    mode = 0o755 if before is None else before
    for clause in subject.split(","):
        who, sign, what = clause, "", ""
        for candidate in "+=-":
            if candidate in clause:
                who, sign, what = clause.partition(candidate)
                break
        if sign in {"+", "="} and "w" in what:
            if who in {"", "a"} or "a" in who:
                mode |= 0o222
            if "o" in who:
                mode |= 0o002
            if "g" in who:
                mode |= 0o020
    return mode


def _absolute(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path))


def _braces(path: str) -> list[str]:
    """``/a/{b,c}`` → both; one level is what Dockerfiles use."""
    start, end = path.find("{"), path.find("}")
    if 0 <= start < end and "," in path[start:end]:
        return [path[:start] + piece + path[end + 1 :] for piece in path[start + 1 : end].split(",")]
    return [path]


def is_writable(
    path: str,
    user: str,
    directories: tuple[Directory, ...],
    opaque: bool,
    base: BaseImage,
) -> bool | None:
    """Whether ``user`` (not root) can create files in ``path``; None when not seen."""
    path = posixpath.normpath(path)
    if path in WORLD_WRITABLE:
        return True if base.user is not None else None
    directory = next((d for d in directories if d.path == path), None)
    if directory is None:
        below = any(d.path.startswith(path + "/") for d in directories)
        if below and not opaque:
            return False
        return None
    mode = directory.mode
    if mode is not None and mode & 0o002:
        return True
    if mode is not None and mode & 0o020:
        # g+w with group 0 is how OpenShift images are opened; the user's groups are not seen
        return True if directory.group in {"0", "root", None} else None
    if directory.owner is None or opaque:
        return None
    if directory.owner == user:
        return True
    if directory.owner == "":
        return False
    if directory.owner.isdigit() and user.isdigit():
        return False
    return None
