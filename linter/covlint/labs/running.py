"""A lab, run: three projects, three real runs, and what is to be held against the rule."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from covlint.config import load_config
from covlint.labs.builders import LabProcesses
from covlint.labs.engines import Engines
from covlint.labs.evidence import Row, Seen
from covlint.labs.judgement import compared, disagreements, seen_of
from covlint.labs.lab import Lab, LabEngine, LabError
from covlint.labs.sandbox import SandboxProcesses
from covlint.labs.script import Judged, ScriptRun, join, judge, run_script
from covlint.labs.variants import Prepared, Remedy, Variant, prepare
from covlint.labs.versions import Installed, NoVersion, environment, install, wanted
from covlint.rule import Rule
from covlint.runner.candidates import chain_of, with_build_arguments
from covlint.runner.command import Command, Processes
from covlint.runner.target import Target, parse_targets
from covlint.runner.toolchain import Toolchain
from covlint.runner.verdict import Outcome, StepResult, Verdict
from covlint.runner.verification import Surrounding, verify
from covlint.source import Span, UnreadableSource

_TOOL_TIMEOUT = 600.0  # seconds: covdata is compiled at its first use (facts, part D)


class _Quiet:
    """Labs tell about whole runs, not about their steps."""

    def announce(self, commands: Sequence[tuple[str, str]]) -> None:
        """A run is about to begin."""

    def begin(self, step: str, detail: str) -> None:
        """A step begins."""

    def end(self, result: StepResult) -> None:
        """A step has ended."""


@dataclass(slots=True)
class Bench:
    """Where labs run: the fixtures, the executor, and the environment of the caller.

    It is closed by :meth:`end_all`, which ends and removes whatever the labs have made.
    """

    fixtures: Path
    processes: Processes
    environ: Mapping[str, str]
    keep: Path | None = None  # a folder in which the projects of the runs stay
    runs: list[LabProcesses] = field(default_factory=list)
    known: dict[object, Seen] = field(default_factory=dict)
    turns: dict[object, threading.Lock] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    engines: Engines = field(init=False)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.engines = Engines(self.environ)

    def starting(self, processes: LabProcesses) -> LabProcesses:
        """Remember an executor, so that an interrupt ends what it has started."""
        self.runs.append(processes)
        if self.stopped:
            processes.stop()
        return processes

    def stop(self) -> None:
        """End what runs, from another thread; each run cleans up after itself."""
        self.stopped = True
        for processes in (*self.runs, self.engines.processes):
            processes.stop()

    def end_all(self) -> None:
        """When no lab runs any more."""
        for processes in self.runs:
            processes.end_all()
        self.engines.close()

    def toolchain(self, number: str) -> Toolchain:
        """The toolchain of a version. Raises LabError."""
        try:
            (full,) = wanted((number,))
            return install(full, self.processes, self.environ).toolchain
        except NoVersion as error:
            raise LabError(str(error)) from error


def run_lab(lab: Lab, rule: type[Rule[object]], go: Installed, bench: Bench) -> Row:
    """Run a lab three ways on one Go version. Raises LabError."""
    folder = Path(tempfile.mkdtemp(prefix="covlint-lab-"))
    folder.chmod(0o755)  # a service may run as another user
    try:
        prepared = {
            way: prepare(lab, way, bench.fixtures, folder / way.value / "project", go.number)
            for way in Variant
        }
        healthy = _run(lab, prepared[Variant.HEALTHY], go, bench)
        before = compared(_run(lab, prepared[Variant.BEFORE], go, bench), healthy)
        after = healthy
        if prepared[Variant.AFTER].remedy is not Remedy.HAND or lab.by_hand is not None:
            after = compared(_run(lab, prepared[Variant.AFTER], go, bench), healthy)
        remedy = prepared[Variant.AFTER].remedy or Remedy.HAND
        row = Row(lab.code, go.number, before, after, healthy, remedy.value)
        return replace(row, disagreements=tuple(disagreements(lab, rule, row, prepared)))
    finally:
        if bench.keep is not None:
            shutil.copytree(folder, bench.keep / lab.code / go.number, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _run(lab: Lab, prepared: Prepared, go: Installed, bench: Bench) -> Seen:
    """One run; projects that are the same byte for byte, such as the twins of most labs, are
    run once."""
    builders = lab.builders if prepared.variant is Variant.BEFORE else ()
    key = (go.number, lab.engine, lab.script, builders, _digest(prepared.root))
    with bench.lock:
        turn = bench.turns.setdefault(key, threading.Lock())
    with turn:
        if key not in bench.known:
            bench.known[key] = _really_run(lab, prepared, go, bench)
    return replace(bench.known[key], found=prepared.found)


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for file in sorted(root.rglob("*")):
        if file.is_file():
            found.update(file.relative_to(root).as_posix().encode() + b"\0")
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def _really_run(lab: Lab, prepared: Prepared, go: Installed, bench: Bench) -> Seen:
    begin = time.monotonic()
    out = prepared.root.parent / "out"
    env = environment(go.toolchain, bench.environ)
    if lab.script is not None:
        run = ScriptRun(lab.script, prepared, env, out, _locator(prepared))
        processes = bench.starting(LabProcesses())
        if lab.heavy:
            with bench.engines.place(lab, prepared, go.number, env, out, processes) as place:
                verdict = run_script(replace(run, place=place), processes)
        else:
            verdict = run_script(run, processes)
    else:
        targets = _targets(lab, prepared.root)
        verdicts = [
            _verify(lab, target, prepared, out / target.name, env, bench) for target in targets
        ]
        verdict = (
            verdicts[0] if len(verdicts) == 1 else _together(verdicts, prepared, out, env, bench)
        )
    return seen_of(verdict, prepared, out, time.monotonic() - begin)


def _verify(
    lab: Lab, target: Target, prepared: Prepared, out: Path, env: Mapping[str, str], bench: Bench
) -> Verdict:
    root = prepared.root
    around = Surrounding(
        root=root,
        out=out,
        environ=env,
        read=prepared.inspection.project.source,
        locate=_locator(prepared),
        chain=chain_of(target, prepared.inspection.project.chains()),
        diagnostics=prepared.inspection.report.diagnostics,
    )
    processes = LabProcesses()
    if lab.engine is LabEngine.SANDBOX:
        processes = SandboxProcesses(chain=around.chain, project=root, read=around.read)
        target = replace(target, namespaces=False)  # the sandbox is more than they are
    bench.starting(processes)
    if prepared.variant is Variant.BEFORE:
        number = dict(lab.builders).get(target.name)
        processes.builder = bench.toolchain(number) if number is not None else None
    return verify(with_build_arguments(target, around.chain), around, processes, _Quiet())


def _together(
    verdicts: list[Verdict], prepared: Prepared, out: Path, env: Mapping[str, str], bench: Bench
) -> Verdict:
    """Services that write to one directory: the data of all of them is judged as one."""
    failed = next((one for one in verdicts if one.outcome is not Outcome.PASSED), None)
    if failed is not None:
        return failed
    joint = join([out / verdict.target / "data" for verdict in verdicts], out / "data")
    log = out / "tool.log"
    convert = ("go", "tool", "covdata", "textfmt", f"-i={joint}", f"-o={out / 'cover.out'}")
    command = Command(convert, prepared.root, env, "report", _TOOL_TIMEOUT, log)
    said = bench.starting(LabProcesses()).run(command).output
    return judge(Judged(prepared, out, joint, said, _locator(prepared)), None, ())


def _targets(lab: Lab, root: Path) -> tuple[Target, ...]:
    section = load_config(str(root)).targets
    if not section:
        raise LabError(f"{lab.code}: its .covlint.yaml names no target")
    return parse_targets(section)


def _locator(prepared: Prepared) -> Callable[[Span], tuple[str, int] | None]:
    def locate(span: Span) -> tuple[str, int] | None:
        try:
            source = prepared.inspection.project.source(span.path)
        except UnreadableSource:
            return None
        return span.path, source.line_of(span.start)

    return locate
