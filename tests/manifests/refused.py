"""The documents that are refused rightly, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """``origin`` is how the origins begin, ``words`` what the validators say."""

    origin: str
    words: str
    reason: str


REFUSED = (
    Refused(
        "rules: COV302 0 ",
        "Not found",
        "the case is about a volume that another file declares",
    ),
    Refused(
        "rules: COV501 2 ",
        "Not found",
        "the case is about a mount whose volume a template names",
    ),
    Refused(
        "sabotages: the overlay leaves the patch out: test/e2e/deploy/coverage.yaml",
        "selector",
        "a patch that no overlay names: that is the fault which is looked for",
    ),
)
#: Why a case has a template, which is no YAML: nothing is there that could fill it in.
TEMPLATES = "the case is about a value that a template fills in; no chart is around it"


def reason(origin: str, error: str) -> str | None:
    """Why an error is right; None when it is not."""
    for one in REFUSED:
        if origin.startswith(one.origin) and one.words in error:
            return one.reason
    return None
