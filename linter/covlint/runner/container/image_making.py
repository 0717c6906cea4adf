"""Building an image as a step that can be cleaned up when it is interrupted."""

from __future__ import annotations

from dataclasses import replace

from covlint.runner.command import Command, Completed
from covlint.runner.commons import Commons
from covlint.runner.container.runtime import Runtime, unlabelled, without_debug
from covlint.runner.diagnosis.diagnose import IMAGE_BUILD
from covlint.runner.ledger import Ledger
from covlint.runner.steps import Recorder, failure


def build_image(
    build: Command,
    tag: str,
    runtime: Runtime,
    steps: Recorder,
    ledger: Ledger,
    common: Commons | None = None,
) -> tuple[str | None, str]:
    """Build an image; why it failed, None when it did not, and what the build said.

    Of targets that have ``common`` ground the first one builds it, the others name it anew.
    """
    if common is None:
        return _build(build, tag, runtime, steps, ledger)
    words = tuple(word for word in unlabelled(build.argv) if word != tag)
    shared = f"localhost/covlint/shared:{common.ledger.run}-{abs(hash(words))}"

    def make() -> tuple[str | None, str]:
        problem, output = _build(build, tag, runtime, steps, ledger)
        if problem is None:
            common.ledger.note("image", shared, runtime.program)
            problem = _name(tag, shared, build, runtime, steps)
        return problem, output

    (problem, output), first = common.once(("image", build.cwd, words), make)
    if not first and problem is None:
        begin = steps.begin("build", f"{tag}: built for another target")
        ledger.note("image", tag, runtime.program)
        problem = _name(shared, tag, build, runtime, steps)
        steps.end("build", f"{tag} is built for another target", begin, None)
    return problem, output


def _name(old: str, new: str, build: Command, runtime: Runtime, steps: Recorder) -> str | None:
    words = (runtime.program, "tag", old, new)
    return failure("naming the image", steps.processes.run(replace(build, argv=words)))


def _build(
    build: Command, tag: str, runtime: Runtime, steps: Recorder, ledger: Ledger
) -> tuple[str | None, str]:
    ledger.note("image", tag, runtime.program)
    log = steps.run / f"{build.why}.log"
    building = ledger.note("build", str(log), runtime.program)
    outcome = steps.command(build)
    output = outcome.output if isinstance(outcome, Completed) else ""
    if isinstance(outcome, Completed) and not outcome.timed_out:
        ledger.done(building)
        output = without_debug(output)
        log.write_text(output, encoding="utf-8")
        outcome = replace(outcome, stdout=output, stderr="")
    return failure(IMAGE_BUILD, outcome), output
