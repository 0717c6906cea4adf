"""kind's own opinion of its configs, without a cluster.

`kind create cluster` (0.27) reads the config strictly, checks it, looks for the node images, makes
the network and plans each node, in this order; what it asks of podman meanwhile, a script answers
that refuses to run anything. A config that comes so far is one that kind takes.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_REFUSED = "nothing is run here"
_PODMAN = f"""#!/bin/sh
case "$1 $2" in
  "--version "*|"-v "*) echo podman version 4.3.1;;
  "info "*) echo '{{"host": {{"cgroupVersion": "v2", "cgroupControllers": ["cpu", "memory", "pids"]}}}}';;
  "volume create") echo covlint-test;;
  "run "*) echo "$@" >> "$0.run"; echo {_REFUSED} >&2; exit 125;;
esac
"""
_LINE = re.compile(r"\bline \d+: ")  # it is another one after a fix
_VOLUME = re.compile(r"--volume=[^:\s]+:([^:\s]+)")


@dataclass(frozen=True, slots=True)
class Kind:
    """``folder`` holds the script in podman's place."""

    program: str
    folder: Path

    @classmethod
    def beside(cls, program: str, folder: Path) -> Kind:
        """Writes the script to ``folder``."""
        podman = folder / "podman"
        podman.write_text(_PODMAN, encoding="utf-8")
        podman.chmod(0o755)
        return cls(program, folder)

    def refusal(self, text: str) -> str | None:
        """What kind says against a config, or podman would say against its mounts; None for
        nothing."""
        planned = self.folder / "podman.run"
        planned.unlink(missing_ok=True)
        variables = {"PATH": str(self.folder), "KIND_EXPERIMENTAL_PROVIDER": "podman"}
        done = subprocess.run(
            [self.program, "create", "cluster", "--config=-", "--name=covlint-config"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={**variables, "HOME": str(self.folder), "KUBECONFIG": os.devnull},
        )
        assert done.returncode, "nothing was to be created"
        if _REFUSED not in done.stderr:
            said = done.stderr.rpartition("ERROR: failed to create cluster: ")[2]
            return _LINE.sub("", said).strip()
        for node in planned.read_text().splitlines():
            places = [path.rstrip("/") for path in _VOLUME.findall(node)]
            twice = {path for path in places if places.count(path) > 1}
            if twice:
                return f"two mounts at {', '.join(sorted(twice))}"
        return None
