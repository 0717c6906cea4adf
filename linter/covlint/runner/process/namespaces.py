"""A small container made of this host's namespaces: a PID 1, mounts and a user of its own.

No image and no container engine is needed. What is set up is a shell script, so that
``--dry-run`` can print it: in a mount namespace it puts a root together from the
directories of this host and the folders of the run, and becomes the service in it. Where
this host does not let it, it says why in the file ``refused`` of the run's folder.
"""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from covlint.frozen import dataclass
from covlint.runner.command import CannotStart, Command, Processes, Running

#: All of them are part of util-linux or of coreutils.
_PROGRAMS = ("unshare", "mount", "mountpoint", "chroot", "setpriv")
#: Where they are; on Debian the PATH of a user who is not root lacks the first.
_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
_ROOT = 0
#: Why the script could not set the namespaces up, in the folder of the run.
REFUSED = "refused"
#: Directories whose content nobody relies on: of this host's, only what is needed is shown.
_SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - paths inside of the container


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder, or a file, that is mounted; ``source`` is relative to the run's folder or
    absolute, ``target`` absolute."""

    source: str
    target: str
    read_only: bool = False
    file: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """What the service meets. ``run`` is the folder of the run.

    ``user`` is its uid and gid, None for covlint's own. ``hidden`` are paths that the
    container does not have, also where this host has them; ``needed`` are those of this
    host that must stay where they are. ``read_only`` speaks of the root. ``unprivileged``
    is the uid of this host that is mapped, None for root, who needs no user namespace.
    """

    run: Path
    binds: tuple[Bind, ...] = ()
    user: int | None = None
    workdir: str = "/"
    hidden: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    read_only: bool = False
    capabilities: bool = True
    unprivileged: int | None = None


@dataclass
class InnerRunning(Running):
    """The PID 1 of a namespace: it is signalled itself, and not the ``unshare`` around it."""

    @property
    def inner(self) -> tuple[int, ...]:
        """The processes of the namespace as this host counts them, its PID 1 first."""
        found: list[int] = []
        waiting = [self.process.pid]
        while waiting:
            children = _children(waiting.pop(0))
            found += children
            waiting += children
        return tuple(found)

    def signal(self, number: signal.Signals) -> None:
        for process in _children(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def kill_group(self) -> None:
        """With its PID 1 the kernel ends everything in the namespace."""
        self.signal(signal.SIGKILL)
        super().kill_group()


def _children(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def executable(process: int) -> str:
    """What a process runs, as it is called in its own root; "" when that cannot be seen."""
    try:
        return os.readlink(f"/proc/{process}/exe")
    except OSError:
        return ""


def processes_of(program: Path, among: Iterable[int]) -> tuple[int, ...]:
    """Those of the processes that run ``program``, by the ids that they have for themselves."""
    found: list[int] = []
    for process in among:
        try:
            same = os.path.samefile(f"/proc/{process}/exe", program)
            status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        except OSError:
            continue
        own = next((line for line in status.splitlines() if line.startswith("NSpid:")), None)
        if same and own is not None:
            found.append(int(own.split()[-1]))
    return tuple(found)


def unavailable(processes: Processes) -> str | None:
    """Why this host cannot make the namespaces; None when it can."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path=_SYSTEM) is None]
    if missing:
        return f"there is no {missing[0]}"
    words = (*unshare_words(_own(), os.getuid()), "true")
    probe = Command(words, Path("/"), dict(os.environ), "probe", 20)
    try:
        answer = processes.run(probe)
    except CannotStart as error:
        return str(error)
    if answer.code == 0:
        return None
    said = answer.stderr.strip().splitlines()
    return said[-1] if said else f"unshare: exit code {answer.code}"


def _own() -> int | None:
    return None if os.getuid() == _ROOT else os.getuid()


def unshare_words(unprivileged: int | None, user: int | None) -> tuple[str, ...]:
    """The command line before what becomes PID 1; ``user`` is the uid that it is to have."""
    own: tuple[str, ...] = ()
    if unprivileged is not None:
        uid = unprivileged if user is None else user
        own = ("--user", f"--map-user={uid}", f"--map-group={uid}", "--keep-caps")
    return ("unshare", *own, "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--")


def enclosed(service: Command, inside: Inside) -> Command:
    """``service`` as PID 1 in namespaces of its own."""
    argv = (
        *unshare_words(inside.unprivileged, inside.user),
        *("sh", "-euc", entrance(inside), "covlint", str(inside.run)),
        *service.argv,
    )
    return replace(service, argv=argv, cwd=Path("/"), user=None)


def start(service: Command, processes: Processes) -> InnerRunning:
    """Start what :func:`enclosed` has made. Raises CannotStart."""
    running = processes.start(service)
    inner = InnerRunning(running.command, running.process, running.started)
    processes.live[processes.live.index(running)] = inner
    return inner


def refusal(run: Path) -> str | None:
    """Why the namespaces were not set up; None when they were."""
    try:
        text = (run / REFUSED).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines = text.strip().splitlines()
    return lines[0] if lines else "the shell that sets it up failed"


def entrance(inside: Inside) -> str:
    """The shell text that sets the namespaces up and becomes the service; its operands are the
    folder of the run and the words of the service."""
    return "\n".join(_script(inside))


def _script(inside: Inside) -> Iterator[str]:
    yield "run=$1; shift; root=$run/root"
    yield f'exec 3>&2 2>"$run/{REFUSED}"'
    yield f"path=$PATH; export PATH={_SYSTEM}"
    yield "setpriv=$(command -v setpriv)"
    yield "mount --make-rprivate /"
    yield 'mkdir -p "$root"; mount --bind "$root" "$root"'
    yield from _host(inside)
    yield 'mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"'
    for bind in sorted(inside.binds, key=lambda bind: bind.target):
        quoted, target = shlex.quote(bind.source), _in_root(bind.target)
        source = quoted if bind.source.startswith("/") else f'"$run"/{quoted}'
        if bind.file:
            yield f"mkdir -p {_in_root(posixpath.dirname(bind.target))}; : >{target}"
        else:
            yield f"mkdir -p {target}"
        yield f"mount --bind {source} {target}"
    yield 'if [ ! -d "$root$run/bin" ]; then'
    yield '  mkdir -p "$root$run/bin"; mount --bind "$run/bin" "$root$run/bin"'
    yield "fi"
    for path in _uncovered(inside):
        yield f"mkdir -p {_in_root(path)}; mount --rbind {shlex.quote(path)} {_in_root(path)}"
    if inside.read_only:
        yield (
            'for place in "$root"/*; do if [ ! -L "$place" ] && mountpoint -q "$place"; '
            'then case $place in */proc|*/dev|*/sys) ;; *) mount -o remount,bind,ro "$place" ;; '
            "esac; fi; done"
        )
        yield 'mount -o remount,bind,ro "$root"'
        writable = [bind for bind in inside.binds if not bind.read_only]
        for bind in writable:
            yield f"mount -o remount,bind,rw {_in_root(bind.target)}"
    for bind in inside.binds:
        if bind.read_only:
            yield f"mount -o remount,bind,ro {_in_root(bind.target)}"
    yield f'rm "$run/{REFUSED}"; exec 2>&3 3>&-'
    yield entry(inside)


def entry(inside: Inside) -> str:
    """The line that becomes the service, in its root and as its user; ``$@`` are its words,
    ``$path`` is its PATH, and ``$setpriv`` where that program is."""
    words: list[str] = []
    uid = inside.user if inside.user is not None else inside.unprivileged or _ROOT
    if inside.unprivileged is None and uid != _ROOT:
        words += [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    if not inside.capabilities or uid != _ROOT:
        words += ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
    # The user may not be able to go where the project is: so the directory comes first.
    become = f'"$0" {" ".join(words)} ' if words else ""
    inner = f'\'cd "$2" || exit; PATH=$1; shift 2; exec {become}"$@"\''
    return (
        f'exec chroot "$root" sh -c {inner} "$setpriv" "$path" {shlex.quote(inside.workdir)} "$@"'
    )


def _host(inside: Inside) -> Iterator[str]:
    """Show the directories of this host; those above a mount are made anew and get their
    entries one by one, since this host is not to be written to for a mount point."""
    opened = sorted(_opened(inside))
    yield "show() {"
    yield '  for entry in "${1%/}"/*; do'
    yield "    case $entry in"
    if inside.hidden:
        yield f"      {_either(inside.hidden)}) continue ;;"
    files = [bind.target for bind in inside.binds if bind.file]
    if files:
        yield f"      {_either(files)}) continue ;;"
    skipped = ["/proc", *(bind.target for bind in inside.binds if not bind.file)]
    yield f'      {_either(skipped)}) mkdir -p "$root$entry"; continue ;;'
    for place in opened:
        if place in _SCRATCH:
            yield (
                f'      {shlex.quote(place)}) mkdir -p "$root$entry"; chmod 1777 "$root$entry"; '
                "continue ;;"
            )
        elif place != "/":
            yield f'      {shlex.quote(place)}) mkdir -p "$root$entry"; show "$entry"; continue ;;'
    yield "    esac"
    yield '    if [ -L "$entry" ]; then cp -P "$entry" "$root$entry"'
    yield '    elif [ -d "$entry" ]; then'
    yield '      mkdir -p "$root$entry"; mount --rbind "$entry" "$root$entry"'
    yield '    elif [ -f "$entry" ] && [ "$1" != / ]; then'
    yield '      : >"$root$entry"; mount --bind "$entry" "$root$entry"'
    yield "    fi"
    yield "  done"
    yield "}"
    yield "show /"


def _opened(inside: Inside) -> set[str]:
    """The directories above mount points and hidden paths."""
    found = {"/"}
    for path in (*(bind.target for bind in inside.binds), *inside.hidden):
        while (path := posixpath.dirname(path)) != "/":
            found.add(path)
    return found


def _uncovered(inside: Inside) -> Iterator[str]:
    """What is needed and would be out of sight: below a mount, or in a scratch directory."""
    covering = [bind.target for bind in inside.binds]
    covering += [place for place in _SCRATCH if place in _opened(inside)]
    for path in inside.needed:
        if any(path.startswith(cover.rstrip("/") + "/") for cover in covering):
            yield path


def _in_root(path: str) -> str:
    return f'"$root"{shlex.quote(path)}'


def _either(paths: tuple[str, ...] | list[str]) -> str:
    return "|".join(shlex.quote(path) for path in paths)
