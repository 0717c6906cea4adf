"""The documents that are refused rightly, and why."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Refused:
    """``origin`` is a pattern of origins, ``words`` what the validators say; ``where`` and
    ``why`` are for readers."""

    origin: str
    words: str
    where: str
    why: str


REFUSED = (
    Refused(
        "rules: COV302 * valid-the-volume-is-declared-elsewhere: *",
        "Not found",
        "a case of COV302",
        "it is about a volume that another file declares",
    ),
    Refused(
        "rules: COV501 * valid-a-mount-that-is-not-seen: *",
        "Not found",
        "a case of COV501",
        "it is about a mount whose volume a template names",
    ),
    Refused(
        "sabotages: the overlay leaves the patch out: test/e2e/deploy/coverage.yaml*",
        "selector",
        "a project broken by `make breakit`",
        "its patch is named by no overlay: that is the fault, and a patch is no whole manifest",
    ),
)
#: Documents that are no YAML: nobody asks a validator about them.
TEMPLATES = (
    "cases of rules with templates",
    "they are about values that a template fills in, and no chart is around them",
)


def rightly(origin: str, error: str) -> Refused | None:
    """The entry that says why an error is right; None when there is none."""
    for one in REFUSED:
        if fnmatchcase(origin, one.origin) and one.words in error:
            return one
    return None
