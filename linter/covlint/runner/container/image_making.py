"""Building an image as a step that can be cleaned up when it is interrupted."""

from __future__ import annotations

from dataclasses import replace

from covlint.runner.command import Command, Completed
from covlint.runner.container.runtime import Runtime, without_debug
from covlint.runner.diagnosis.diagnose import IMAGE_BUILD
from covlint.runner.ledger import Ledger
from covlint.runner.steps import Recorder, failure


def build_image(
    build: Command, tag: str, runtime: Runtime, steps: Recorder, ledger: Ledger
) -> tuple[str | None, str]:
    """Build an image; why it failed, None when it did not, and what the build said."""
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
