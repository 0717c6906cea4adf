"""An executor that builds with another Go than the one that reads the data."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from covlint.runner.command import Command, Completed, Processes
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
