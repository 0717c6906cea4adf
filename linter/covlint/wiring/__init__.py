"""Facts joined into coverage chains.

Joins are made by what the files say: image names and tags of build commands and
manifests, stage names, paths. Where nothing says so, one Go image and one
workload that nothing else explains are joined as *assumed*; anything less
certain stays apart, and rules are silent about it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from covlint.chain import Certainty, Chain, Gap, Hop, Link, TestRun
    from covlint.wiring.chains import Wired, wire
    from covlint.wiring.collections import Collection
    from covlint.wiring.inputs import Facts, Repository
    from covlint.wiring.questions import (
        may_serve_coverage,
        plainly_for_e2e,
        runs_as_root,
        seen_mounted,
    )
    from covlint.wiring.releases import Release
    from covlint.wiring.shared_directories import SharedDirectory

__all__ = [
    "Certainty",
    "Chain",
    "Collection",
    "Facts",
    "Gap",
    "Hop",
    "Link",
    "Release",
    "Repository",
    "SharedDirectory",
    "TestRun",
    "Wired",
    "may_serve_coverage",
    "plainly_for_e2e",
    "runs_as_root",
    "seen_mounted",
    "wire",
]

#: Where each name is: loaded when it is asked for, since most rules want a few only.
_HOMES = {
    "Certainty": "covlint.chain",
    "Chain": "covlint.chain",
    "Collection": "covlint.wiring.collections",
    "Facts": "covlint.wiring.inputs",
    "Gap": "covlint.chain",
    "Hop": "covlint.chain",
    "Link": "covlint.chain",
    "Release": "covlint.wiring.releases",
    "Repository": "covlint.wiring.inputs",
    "SharedDirectory": "covlint.wiring.shared_directories",
    "TestRun": "covlint.chain",
    "Wired": "covlint.wiring.chains",
    "may_serve_coverage": "covlint.wiring.questions",
    "plainly_for_e2e": "covlint.wiring.questions",
    "runs_as_root": "covlint.wiring.questions",
    "seen_mounted": "covlint.wiring.questions",
    "wire": "covlint.wiring.chains",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
