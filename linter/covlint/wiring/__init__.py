"""Facts joined into coverage chains.

Joins are made by what the files say: image names and tags of build commands and
manifests, stage names, paths. Where nothing says so, one Go image and one
workload that nothing else explains are joined as *assumed*; anything less
certain stays apart, and rules are silent about it.
"""

from __future__ import annotations

from covlint.chain import Certainty, Chain, Gap, Hop, Link
from covlint.wiring.chains import Wired, wire
from covlint.wiring.collections import Collection
from covlint.wiring.inputs import Facts, Repository
from covlint.wiring.questions import plainly_for_e2e, runs_as_root, seen_mounted
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
    "Wired",
    "plainly_for_e2e",
    "runs_as_root",
    "seen_mounted",
    "wire",
]
