"""What the figures depend on: versions and processor. No names of hosts, no paths."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import covlint
from benchmarks.measuring import ROOT, environment
from benchmarks.peers import Peers


def setting(peers: Peers) -> dict[str, Any]:
    """As it is kept with the figures."""
    return {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "covlint": covlint.__version__,
        "commit": _said(["git", "rev-parse", "--short=10", "HEAD"], r"(\w+)"),
        "versions": versions(peers),
        "system": f"{platform.system()}, {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def versions(peers: Peers) -> dict[str, str]:
    """Those that could be found out, by name."""
    found = {
        "Python": platform.python_version(),
        "Go": _said(["go", "version"], r"go(\d\S*)"),
        "grep": _said(["grep", "--version"], r"(\d[\d.]*)"),
        "git": _said(["git", "--version"], r"(\d[\d.]*)"),
        **peers.versions(),
    }
    return {name: version for name, version in found.items() if version}


def processor() -> str:
    """The model, as Linux calls it; else what Python knows."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.processor()


def _said(command: list[str], version: str) -> str:
    """The group of ``version`` in what the command prints; empty where it is not there."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    match = re.search(version, done.stdout)
    return match[1] if match and not done.returncode else ""
