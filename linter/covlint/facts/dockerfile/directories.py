"""Which directories an image's instructions create, and who may write there."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from covlint.documents.dockerfile import Instruction
from covlint.documents.shell import Command
from covlint.facts.dockerfile.base_images import BaseImage
from covlint.facts.dockerfile.scope import Scope, running
from covlint.frozen import dataclass
from covlint.source import Span

_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxXstugo]*)")
#: Directories that every user may write (mode 1777) in the images of base_images.
WORLD_WRITABLE = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  (paths in an image)


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
    owner_also: tuple[str, ...] = ()  # the owner's uid, or the names of that uid
    copied: bool = False  # by a COPY without --chown, at ``span``
    changed_at: int = 0  # byte of the last command that gave it to somebody


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

    def finished(self) -> tuple[Directory, ...]:
        """The directories after all instructions."""
        names: dict[str, set[str]] = {}
        for name, uid in self.uids.items():
            names.setdefault(name, set()).add(uid)
            names.setdefault(uid, set()).add(name)
        return tuple(
            replace(directory, owner_also=tuple(sorted(names.get(directory.owner or "", ()))))
            for directory in self.directories.values()
        )

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
        if name in _VALUED:
            options, operands = _options(words[1:], _VALUED[name])
            if name == "mkdir":
                mode = _mode(options["m"], None) if options.get("m") else None
                self.make(operands, user, None, mode, command, directory)
            elif name == "install":
                self.install(options, operands, user, command, directory)
            else:
                self.add_user(options, operands)
        elif name in {"chown", "chmod", "chgrp"}:
            self.permission(name, words[1:], command, directory)

    def make(
        self,
        operands: list[str | None],
        owner: str | None,
        group: str | None,
        mode: int | None,
        command: Command,
        directory: str,
    ) -> None:
        for path in operands:
            if path is None:
                self.opaque = True
                continue
            for expanded in _braces(path):
                self.add(_absolute(directory, expanded), owner, group, command.span, mode)

    def install(
        self,
        options: dict[str, str | None],
        operands: list[str | None],
        user: str | None,
        command: Command,
        directory: str,
    ) -> None:
        if "d" not in options:
            return
        owner = self.owner_name(options["o"]) if "o" in options else user
        mode = _mode(options["m"], None) if options.get("m") else None
        self.make(operands, owner, options.get("g"), mode, command, directory)

    def permission(
        self, name: str, words: list[str | None], command: Command, directory: str
    ) -> None:
        options = [w for w in words if w is not None and w.startswith("-") and w[1:2].isalpha()]
        options += [w for w in words if w is not None and w.startswith("--")]
        operands = [w for w in words if w not in options]
        if not operands:
            return
        recursive = any(o == "--recursive" or (o[:2] != "--" and "R" in o) for o in options)
        subject = operands[0]
        for operand in operands[1:]:
            if operand is None:
                self.opaque = True
                continue
            for expanded in _braces(operand):
                path = _absolute(directory, expanded)
                affected = [
                    p
                    for p in self.directories
                    if p == path or (recursive and p.startswith(path.rstrip("/") + "/"))
                ]
                if path not in self.directories:
                    self.add(path, "", None, command.span)
                    affected.append(path)
                for one in affected:
                    changed = self.changed(self.directories[one], name, subject)
                    self.directories[one] = replace(changed, changed_at=command.span.start)

    def changed(self, directory: Directory, name: str, subject: str | None) -> Directory:
        """The directory after ``chmod``, ``chown`` or ``chgrp`` with that first operand."""
        if subject is None or "\0" in subject:
            if name == "chmod":
                return replace(directory, mode=0o777)  # not seen: nothing is said about it
            return replace(directory, owner=None, group=None)
        if name == "chmod":
            return replace(directory, mode=_mode(subject, directory.mode))
        if name == "chgrp":
            return replace(directory, group=subject)
        owner, colon, group = subject.replace(".", ":", 1).partition(":")
        return replace(
            directory,
            owner=self.owner_name(owner) if owner else directory.owner,
            group=group if colon else directory.group,
        )

    def add_user(self, options: dict[str, str | None], operands: list[str | None]) -> None:
        """``useradd`` and ``adduser``: the name and its uid are one user."""
        name = operands[0] if operands else None
        if name is None:
            return
        if (uid := options.get("u")) is not None and uid.isdigit():
            self.uids[name] = uid
        self.add(f"/home/{name}", name, None, Span("", 0, 0))


#: Options that take a value, by command; long options that mean the same as a letter.
_VALUED = {
    "mkdir": "mZ",
    "install": "mogtSZ",
    "useradd": "bcdefgGkKpsuZ",
    "adduser": "hgsGuk",
}
_LONG = {"mode": "m", "owner": "o", "group": "g", "directory": "d", "uid": "u"}
_LONG_FLAGS = frozenset(
    ("directory", "system", "disabled-password", "disabled-login", "no-create-home", "create-home",
     "parents", "verbose", "no-user-group", "user-group", "quiet", "allow-bad-names")
)  # fmt: skip


def _options(
    words: list[str | None], valued: str
) -> tuple[dict[str, str | None], list[str | None]]:
    """Options by letter, and operands, as getopt(3) of the GNU C library tells them apart."""
    options: dict[str, str | None] = {}
    operands: list[str | None] = []
    pending: str | None = None
    for index, word in enumerate(words):
        if pending is not None:
            options[pending], pending = word, None
        elif word is None or not word.startswith("-") or word == "-":
            operands.append(word)
        elif word == "--":
            operands.extend(words[index + 1 :])
            break
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            letter = _LONG.get(name, name)
            options[letter] = value
            if not equals and name not in _LONG_FLAGS:
                pending = letter
        else:
            for position, letter in enumerate(word[1:], 2):
                options[letter] = word[position:]
                if letter in valued:
                    pending = None if word[position:] else letter
                    break
    return options, operands


def _octal(text: str | None) -> int | None:
    try:
        return int(text or "", 8)
    except ValueError:
        return None


def _mode(subject: str | None, before: int | None) -> int | None:
    """The mode after ``chmod subject``; symbolic forms as far as writing is concerned."""
    if (octal := _octal(subject)) is not None or subject is None:
        return octal
    mode = 0o755 if before is None else before
    for clause in subject.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None or match[2] == "-":
            continue
        who, what = match[1] or "a", match[3]
        # g=u gives the group what the owner has, which is how images for OpenShift are opened
        if "w" in what or ("u" in what and mode & 0o200):
            mode |= 0o200 * ("u" in who or "a" in who)
            mode |= 0o020 * ("g" in who or "a" in who)
            mode |= 0o002 * ("o" in who or "a" in who)
    return mode


def _absolute(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path))


def _braces(path: str) -> list[str]:
    """``/a/{b,c}`` → both; one level is what Dockerfiles use."""
    start, end = path.find("{"), path.find("}")
    if 0 <= start < end and "," in path[start:end]:
        return [
            path[:start] + piece + path[end + 1 :] for piece in path[start + 1 : end].split(",")
        ]
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
    owners = (directory.owner, *directory.owner_also)
    if user in owners:
        return True
    if directory.owner == "":
        return False
    if user.isdigit() and any(owner.isdigit() for owner in owners):
        return False
    return None
