"""The other programs: where they are, their versions, and how each is asked.

Each is asked for as little as it can be: nothing is fetched or sent, reports are short, and only
the frameworks or rules that have to do with the files are on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.measuring import ROOT, Program

NAMED = ROOT / "benchmarks" / "peers.txt"

#: One rule: what semgrep's own start takes is most of its time.
SEMGREP_RULE = """\
rules:
  - id: latest
    languages: [dockerfile]
    severity: WARNING
    message: the tag says nothing
    pattern: "FROM $IMAGE:latest"
"""


class Peers:
    """The virtual environment that peers.txt is installed in; ``home`` is what they see as theirs,
    for what they keep."""

    def __init__(self, place: Path, home: Path) -> None:
        self.place = place
        self.home = home

    def versions(self) -> dict[str, str]:
        """Of those that are installed."""
        wanted = [row.partition("==")[0] for row in NAMED.read_text().splitlines()]
        folders = [str(path) for path in self.place.glob("lib/python3*/site-packages")]
        there = {one.metadata["Name"]: one.version for one in distributions(path=folders)}
        return {name: there[name] for name in wanted if name in there}

    def program(
        self, folder: Path, words: Sequence[str], fine: tuple[int, ...] = (0, 1)
    ) -> Program:
        """A command of a peer; without the peer, what PATH has, and else it fails to start."""
        path = os.pathsep.join([str(self.place / "bin"), os.environ.get("PATH", "")])
        environment = {
            "PATH": path,
            "HOME": str(self.home),
            "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
            "SEMGREP_SEND_METRICS": "off",
            "SEMGREP_ENABLE_VERSION_CHECK": "0",
            "PYTHONPATH": "",
        }
        own = self.place / "bin" / words[0]
        return Program(
            [str(own) if own.exists() else words[0], *words[1:]], folder, fine, environment
        )

    def yamllint(self, folder: Path, files: Iterable[str]) -> Program:
        return self.program(folder, ["yamllint", "-d", "relaxed", *files])

    def hadolint(self, folder: Path, files: Iterable[str]) -> Program:
        return self.program(folder, ["hadolint", *files])

    def fixit(self, folder: Path, file: str) -> Program:
        return self.program(folder, ["fixit", "lint", file])

    def semgrep(self, folder: Path, file: str, rule: str) -> Program:
        return self.program(folder, ["semgrep", "scan", "--metrics", "off", "--config", rule, file])

    def checkov(self, folder: Path, *what: str) -> Program:
        """``what``: `-d FOLDER` or `-f FILE`."""
        return self.program(
            folder,
            [
                *("checkov", *what, "--framework", "dockerfile", "kubernetes"),
                *("--skip-download", "--compact", "--quiet", "--soft-fail"),
            ],
        )
