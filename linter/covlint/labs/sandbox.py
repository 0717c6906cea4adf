"""The service as PID 1 of a small container: user, PID and mount namespaces of this host.

No image and no container engine is needed. The root is made of this host's ``/usr`` and of
the final stage's own COPY and RUN lines; volumes are folders of the run, mounted where the
manifest mounts them, with its user, its capabilities and its ``readOnly``. So the messages
are those of the kernel, and signals meet the PID 1 that the image or the manifest starts.
"""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from covlint.chain import Chain
from covlint.documents.dockerfile import Instruction, open_dockerfile
from covlint.facts.commands.data_steps import made_here
from covlint.facts.dockerfile.scope import Scope, ScopedStage, scoped_stages
from covlint.facts.kubernetes.pod_settings import dropped
from covlint.facts.kubernetes.workload import Container
from covlint.labs.builders import LabProcesses
from covlint.runner.command import Command, Running
from covlint.runner.process.build import Read
from covlint.runner.process.namespaces import InnerRunning, unshare_words
from covlint.runner.process.standin import HOST, StandIn, stand_in

#: What of this host stands for the base image.
_BASE = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc")
_ROOT = 0
#: Who runs the scripts of the project: what they make on the host is theirs.
_DEVELOPER = 1000


class SandboxError(Exception):
    """The sandbox cannot be made; the message says why."""


@dataclass
class BoxRunning(InnerRunning):
    """The service in its sandbox; what a script of the project copies out of it is copied."""

    stop_signal: signal.Signals = signal.SIGTERM
    layer: Path | None = None  # where the container's own data folder lies on this host
    copied_to: Path | None = None  # where a script of the project copies it to

    @property
    def inner(self) -> tuple[int, ...]:
        """The service as it numbers itself, which is the number in its files' names."""
        return (1,)

    def signal(self, number: signal.Signals) -> None:
        super().signal(self.stop_signal if number is signal.SIGTERM else number)

    def wait(self, seconds: float | None) -> int | None:
        code = super().wait(seconds)
        if code is not None and self.layer is not None and self.copied_to is not None:
            if self.layer.is_dir():
                shutil.copytree(self.layer, self.copied_to, dirs_exist_ok=True)
            self.layer = None
        return code


@dataclass
class SandboxProcesses(LabProcesses):
    """Starts the service of ``chain`` in a sandbox; everything else runs as it is."""

    chain: Chain | None = None
    project: Path = field(default_factory=Path)
    read: Read | None = None

    def start(self, command: Command) -> Running:
        if command.why != "service" or self.chain is None or self.read is None:
            return super().start(command)
        box = _Box(self.chain, self.project, self.read, command)
        running = super().start(box.command())
        inner = BoxRunning(running.command, running.process, running.started)
        inner.stop_signal = box.stop_signal
        inner.layer, inner.copied_to = box.copied
        self.live[self.live.index(running)] = inner
        return inner


@dataclass
class _Box:
    chain: Chain
    project: Path
    read: Read
    service: Command

    @property
    def run(self) -> Path:
        return Path(self.service.argv[0]).parent.parent

    @property
    def root(self) -> Path:
        return self.run / "root"

    @property
    def coverdir(self) -> str | None:
        return self.chain.coverdir.text if self.chain.coverdir is not None else None

    @property
    def user(self) -> int:
        return self.service.user if self.service.user is not None else _ROOT

    @property
    def workdir(self) -> str:
        image, container = self.chain.image, self.chain.container
        own = container.node.scalar("workingDir") if container is not None else None
        if own is not None:
            return own.text
        return (image.workdir if image is not None else None) or "/"

    @property
    def stop_signal(self) -> signal.Signals:
        image = self.chain.image
        name = image.stop_signal.text if image is not None and image.stop_signal else "SIGTERM"
        if name.isdigit():
            return signal.Signals(int(name))
        return signal.Signals["SIG" + name.removeprefix("SIG")]

    @property
    def place(self) -> StandIn:
        """Where GOCOVERDIR leads to; what init containers do is done, not guessed."""
        chain = self.chain
        if chain.container is not None:
            chain = replace(chain, container=replace(chain.container, init_containers=()))
        return stand_in(chain, self.coverdir, self.user)

    @property
    def copied(self) -> tuple[Path | None, Path | None]:
        """A folder of the container's own that the image's script copies out, and where to."""
        if self.chain.container is not None or self.coverdir is None or self._run_mounts():
            return None, None
        inner = posixpath.join(self.workdir, self.coverdir).lstrip("/")
        return self.root / inner, self.run / HOST

    def command(self) -> Command:
        for name in _BASE:
            self._base(name)
        for name in ("proc", "dev", "tmp"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "tmp").chmod(0o1777)
        script = "\n".join(self._script())
        env = dict(self.service.env)
        env.pop("GOCOVERDIR", None)
        if self.coverdir is not None:
            env["GOCOVERDIR"] = self.coverdir
        unprivileged = os.getuid() if os.getuid() != _ROOT else None
        words = unshare_words(unprivileged, _ROOT)
        argv = (*words, "sh", "-ec", script, "sandbox", *self._argv())
        return replace(self.service, argv=argv, env=env, cwd=Path("/"), user=None)

    def _base(self, name: str) -> None:
        source, target = Path("/") / name, self.root / name
        if source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.readlink(source))
        elif source.is_dir():
            target.mkdir(parents=True, exist_ok=True)

    def _script(self) -> Iterator[str]:
        root = shlex.quote(str(self.root))
        yield "path=$PATH; export PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        yield "mount --make-rprivate /"
        yield f"mount --bind {root} {root}"
        for name in _BASE:
            if (self.root / name).is_dir() and not (self.root / name).is_symlink():
                if name == "usr":  # what is installed goes to /usr/local, as in an image
                    yield f"mount -o ro --bind /usr {root}/usr"
                    yield f"mount -t tmpfs tmpfs {root}/usr/local"
                    yield f"mkdir -p {root}/usr/local/bin"
                else:
                    yield f"mount -o ro --bind /{name} {root}/{name}"
        yield f"mount -t proc proc {root}/proc"
        yield f"mount --rbind /dev {root}/dev"
        yield from self._image()
        yield from self._mounts()
        container = self.chain.container
        for init in container.init_containers if container is not None else ():
            words = [word.text for word in (*(init.command or ()), *(init.arguments or ()))]
            yield f"chroot {root} {shlex.join(words)}"
        if container is not None and container.read_only_root is not None:
            yield f"mount -o remount,bind,ro {root}"
        caps = ""
        if container is not None and dropped(container) is not None:
            caps = "setpriv --bounding-set=-all --inh-caps=-all "
        # without root there is one uid only, which stands for the service's
        become = f"--userspec={self.user}:{self.user} --groups= " if os.getuid() == _ROOT else ""
        inner = f'{caps}sh -c \'cd "$0" && PATH=$1 && shift && exec "$@"\''
        yield f'exec chroot {become}{root} {inner} {shlex.quote(self.workdir)} "$path" "$@"'

    def _image(self) -> Iterator[str]:
        """What the final stage does, after its base."""
        root = shlex.quote(str(self.root))
        for instruction, scope in self._steps():
            workdir = shlex.quote(scope.workdir)
            yield f"mkdir -p {root}{workdir}"
            if instruction.keyword == "RUN":
                text = instruction.body.decode().strip()
                yield f"chroot {root} sh -ec {shlex.quote(f'cd {workdir}; {text}')}"
            elif instruction.keyword == "WORKDIR":
                into = posixpath.join(scope.workdir, text_of(instruction.body))
                yield f"mkdir -p {root}{shlex.quote(into)}"
            elif instruction.keyword in ("COPY", "ADD"):
                words = [word.resolve(scope.defaults) or "" for word in instruction.words()]
                into = posixpath.join(scope.workdir, words[-1])
                owner = instruction.flag("chown")
                for word in words[:-1]:
                    source = self._source(word, instruction.flag("from"))
                    yield self._copy(source, into, owner, instruction.flag("chmod"))

    def _source(self, word: str, stage: str | None) -> Path:
        return Path(self.service.argv[0]) if stage is not None else self.project / word

    def _copy(self, source: Path, into: str, owner: str | None, mode: str | None) -> str:
        target = f"{self.root}{into}"
        if into.endswith("/") and source.is_file():
            target += source.name
        quoted, parent = shlex.quote(target), shlex.quote(posixpath.dirname(target.rstrip("/")))
        lines = [f"mkdir -p {parent}"]
        if source.is_dir():
            lines.append(f"mkdir -p {quoted}; cp -R {shlex.quote(str(source))}/. {quoted}")
        else:
            lines.append(f"cp {shlex.quote(str(source))} {quoted}")
        lines += [f"chown -R {owner} {quoted}"] if owner else []
        lines += [f"chmod -R {mode} {quoted}"] if mode else []
        return "; ".join(lines)

    def _steps(self) -> Iterator[tuple[Instruction, Scope]]:
        image = self.chain.image
        if image is None:
            return
        stages = scoped_stages(open_dockerfile(self.read(image.dockerfile)))
        lineage: list[ScopedStage] = []
        index: int | None = image.stage
        while index is not None:
            lineage.insert(0, stages[index])
            index = stages[index].parent
        for stage in lineage:
            yield from stage.steps

    def _mounts(self) -> Iterator[str]:
        container = self.chain.container
        place = self.place
        base = self.run / place.folder.split("/", 1)[0]
        if container is None:
            for path in self._run_mounts():
                yield self._bind(self.run / HOST, path, read_only=False)
            return
        for mount in container.mounts:
            holds = self.chain.mount is not None and mount == self.chain.mount
            source = base if holds else self.run / HOST
            yield f"mkdir -p {shlex.quote(str(source))}"
            if mount.sub_path is not None:  # the kubelet makes it
                source /= "bell-0" if "$(" in mount.sub_path.text else mount.sub_path.text
                yield f"mkdir -p {shlex.quote(str(source))}"
            locked = mount.read_only is not None or (holds and place.read_only is not None)
            if holds and place.lost is None and os.getuid() == _ROOT:
                owner = (
                    _DEVELOPER if place.owner == _ROOT and self._made_by_script() else place.owner
                )
                yield f"chown {owner}:{owner} {shlex.quote(str(source))}"
                yield f"chmod {place.mode:o} {shlex.quote(str(source))}"
            yield self._bind(source, mount.path.text, read_only=locked)

    def _bind(self, source: Path, path: str, *, read_only: bool) -> str:
        target = shlex.quote(f"{self.root}/{path.lstrip('/')}")
        line = f"mkdir -p {shlex.quote(str(source))} {target}; "
        line += f"mount --bind {shlex.quote(str(source))} {target}"
        return line + (f"; mount -o remount,bind,ro {target}" if read_only else "")

    def _made_by_script(self) -> bool:
        hosts = [one.host_path.text for one in self.chain.extra_mounts if one.host_path is not None]
        return any(made_here(self.chain.steps, host.removeprefix("./")) for host in hosts)

    def _run_mounts(self) -> list[str]:
        """The container paths that ``docker run -v`` mounts."""
        return [mount for step in self.chain.steps for mount in step.mounts]

    def _argv(self) -> tuple[str, ...]:
        container, image = self.chain.container, self.chain.image
        if container is not None and container.command:
            return _words(container)
        process = image.process if image is not None else None
        if process is None:
            raise SandboxError(f"{self.chain.service}: what PID 1 is cannot be seen")
        if process.shell_form:
            source = self.read(process.body.path)
            return ("/bin/sh", "-c", source.slice(process.body).decode())
        words = tuple(word.text for word in process.argv)
        extra = container.arguments if container is not None else None
        return (words[0], *(w.text for w in extra)) if extra else words


def text_of(body: bytes) -> str:
    """The text of an instruction of one word."""
    return body.decode().strip().strip("\"'")


def _words(container: Container) -> tuple[str, ...]:
    return tuple(word.text for word in (*(container.command or ()), *(container.arguments or ())))
