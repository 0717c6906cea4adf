"""Runs in a process of its own: covlint over one folder, described as JSON on standard output."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from typing import Any

from covlint.config import load_config
from covlint.engine import Inspection, Options, inspect
from covlint.files import DiskFiles
from covlint.readers import reader_by_content, reader_of
from covlint.registry import Registry
from covlint.source import SourceFile


class SeenFiles(DiskFiles):
    """Files on disk that notes which of them were opened, by the kind of their reader."""

    seen: dict[str, str]

    def read(self, path: str) -> SourceFile:
        source = super().read(path)
        reader = reader_of(path) or reader_by_content(source)
        self.seen[path] = reader.kind if reader is not None else "other"
        return source


def main() -> int:
    start = time.perf_counter()
    root = sys.argv[1]
    config = load_config(root)
    files = SeenFiles(root, exclude=config.exclude, size_limit=config.max_file_size)
    files.seen = {}
    options = Options(
        settings=config.settings,
        targets=config.target_dockerfiles,
    )
    inspection = inspect(files, Registry.builtin(), options)
    described = describe(inspection)
    described["files"] = dict(sorted(Counter(files.seen.values()).items()))
    described["seconds"] = round(time.perf_counter() - start, 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB; bytes on macOS
    described["peak_mib"] = round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
    json.dump(described, sys.stdout)
    return 0


def describe(inspection: Inspection) -> dict[str, Any]:
    project, report = inspection.project, inspection.report
    chains = project.chains()
    facts = {
        name: len(found)
        for name in type(project.facts).__dataclass_fields__
        if isinstance(found := getattr(project.facts, name), list) and found
    }
    return {
        "facts": dict(sorted(facts.items())),
        "chains": [
            {
                "service": chain.service,
                "path": next((link.span.path for link in chain.links if link.span), ""),
                "hops": {link.hop.value: link.certainty.value for link in chain.links},
                "missing": None if chain.gap is None else chain.gap.missing.value,
            }
            for chain in chains
            if chain.takes_part
        ],
        "other_chains": sum(not chain.takes_part for chain in chains),
        "findings": [
            {
                "path": diagnostic.span.path,
                "line": project.source(diagnostic.span.path).line_of(diagnostic.span.start),
                "code": diagnostic.code,
                "severity": diagnostic.severity.value,
                "message": diagnostic.message,
            }
            for diagnostic in report.diagnostics
        ],
        "unread": sorted((unread.path, unread.reason) for unread in report.unread),
        "crashes": [f"{crash.code} {crash.path}: {crash.error}" for crash in report.crashes],
    }


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main())
