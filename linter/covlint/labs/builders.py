"""An executor that builds with another Go than the one that reads the data."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from covlint.runner.command import KILL_AFTER, Command, Completed, Processes
from covlint.runner.toolchain import Toolchain


@dataclass
class LabProcesses(Processes):
    """Runs what a lab runs; ``builder`` is the toolchain of its ``FROM golang:…`` line,
    None for the one of the run."""

    builder: Toolchain | None = None

    def run(self, command: Command) -> Completed:
        if self.builder is not None and command.why == "build":
            path = os.pathsep.join([str(self.builder.go.parent), command.env.get("PATH", "")])
            command = replace(command, env={**command.env, "PATH": path})
        return super().run(command)

    def stop(self) -> None:
        """A container engine that is killed while it writes an image leaves half of one in its
        storage, which then cannot be listed: it is asked to end first."""
        self._stopped = True
        running = tuple(self.live)
        for one in running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(one.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + KILL_AFTER
        for one in running:
            one.wait(max(0.0, deadline - time.monotonic()))
        super().stop()
