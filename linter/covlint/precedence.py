"""One break, one voice: which diagnostic speaks where several see the same gap."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from covlint.chain import Hop

#: Winner → the codes that it silences within the same chain (or the same fact, where a
#: fact is in no chain). What the winner says explains what the losers see.
SILENCES: Mapping[str, frozenset[str]] = {
    # The build is not instrumented because the flags never reach it, or cannot work there.
    "COV102": frozenset({"COV101", "COV116"}),
    "COV103": frozenset({"COV101", "COV104"}),
    "COV104": frozenset({"COV101"}),
    "COV106": frozenset({"COV101", "COV104"}),
    "COV117": frozenset({"COV101"}),
    # What is installed by version is never instrumented, whatever the flags say.
    "COV111": frozenset({"COV101", "COV102", "COV103", "COV104", "COV116", "COV117"}),
    "COV116": frozenset({"COV101"}),
    # The image takes the plain binary of the two that are built.
    "COV206": frozenset({"COV101", "COV103", "COV104", "COV117"}),
    "COV114": frozenset({"COV101", "COV105"}),
    # A value that is no path of a directory says nothing of mounts.
    "COV207": frozenset(
        {"COV201", "COV202", "COV205", "COV302", "COV303", "COV304", "COV401", "COV501", "COV502"}
    ),
    "COV205": frozenset({"COV201", "COV202", "COV302", "COV303", "COV501"}),
    # Another signal than SIGTERM stops the program.
    "COV204": frozenset({"COV306", "COV601", "COV602"}),
    # The data goes to another place than the one that is mounted.
    "COV501": frozenset({"COV201", "COV202", "COV302", "COV303", "COV304", "COV401"}),
    "COV502": frozenset({"COV201", "COV302", "COV303", "COV304", "COV311", "COV312", "COV401"}),
    # It is copied, but from another place.
    "COV503": frozenset({"COV302", "COV305", "COV401"}),
    # What is not on the node at all is not pulled in the place of what is.
    "COV504": frozenset({"COV308"}),
    # The mount that is missing makes the directory that the pod wants.
    "COV401": frozenset({"COV311"}),
    # A directory that is not there, or on no volume, has no owner that matters.
    "COV302": frozenset({"COV201", "COV202", "COV304"}),
    "COV202": frozenset({"COV201"}),
    # Where nothing can be written, a volume is missing in any case: the fix is the same.
    "COV303": frozenset({"COV201", "COV202", "COV302", "COV304"}),
    # A program that handles only SIGINT has been told what to add.
    "COV602": frozenset({"COV601"}),
    # Without a handler a longer grace period helps nobody.
    "COV601": frozenset({"COV306"}),
}

_FAMILIES: Mapping[str, Hop] = {
    "1": Hop.BUILD,
    "2": Hop.IMAGE,
    "3": Hop.CONTAINER,
    "4": Hop.EXTRA_MOUNT,
    "5": Hop.NODE_PATH,
    "6": Hop.CONTAINER,
    "7": Hop.EXTRACTION,
}
_HOPS: Mapping[str, Hop] = {
    "COV112": Hop.SNAPSHOT,
    "COV202": Hop.COVERDIR,
    "COV205": Hop.COVERDIR,
    "COV207": Hop.COVERDIR,
    "COV301": Hop.COVERDIR,
    "COV302": Hop.MOUNT,
    "COV303": Hop.MOUNT,
    "COV304": Hop.VOLUME,
    "COV305": Hop.VOLUME,
    "COV308": Hop.IMAGE,
    "COV309": Hop.VOLUME,
    "COV311": Hop.NODE_PATH,
    "COV312": Hop.VOLUME,
    "COV404": Hop.HOST_PATH,
    "COV501": Hop.MOUNT,
    "COV502": Hop.NODE_PATH,
    "COV503": Hop.EXTRACTION,
    "COV504": Hop.IMAGE,
    "COV604": Hop.HOST_PATH,
    "COV606": Hop.EXTRACTION,
}


def speaking(codes: Iterable[str]) -> frozenset[str]:
    """Those of the codes found at one chain that no other of them silences.

    A code that is itself silenced still silences: COV501 silences COV302, and
    what COV302 would have silenced is about the wrong path just as well.
    """
    found = frozenset(codes)
    return found - silenced_by(found)


def silenced_by(codes: Collection[str]) -> frozenset[str]:
    return frozenset().union(*(SILENCES.get(code, frozenset()) for code in codes))


def winners_over(codes: Iterable[str]) -> frozenset[str]:
    """The codes that may silence one of ``codes``: these have to be looked for as well."""
    wanted = frozenset(codes)
    return frozenset(winner for winner, losers in SILENCES.items() if losers & wanted)


def hop_of(code: str) -> Hop | None:
    """The hop of the chain that a code speaks of; None for a code of another pack."""
    if not code.startswith("COV"):
        return None
    return _HOPS.get(code) or _FAMILIES.get(code[3:4])
