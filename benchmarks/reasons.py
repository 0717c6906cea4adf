"""Why goals are missed: for the page, by pattern of the figure's key."""

from __future__ import annotations

from fnmatch import fnmatchcase

REASONS = {
    "one file: *": "Beyond Python and click there is the import of covlint's own modules.",
    "repositories: *: grep": (
        "What takes part in coverage is parsed once it is found, in scripts, Makefiles, Go and"
        " Python as in YAML, and this repository has much of it."
    ),
    "repositories: *: yamllint": (
        "covlint looks into every file of the repository and parses what takes part in coverage;"
        " yamllint reads the YAML only, which is the smaller part of this one."
    ),
    "repositories: *: checkov": (
        "covlint looks into every file of the repository and parses what takes part in coverage;"
        " checkov reads Dockerfiles and YAML only, which are the smaller part of this one."
    ),
    "repositories: *: hadolint*": (
        "Dockerfiles that have to do with coverage are judged with the rest of the repository,"
        " which covlint reads then; hadolint takes each file for itself."
    ),
    "coverage data: *": "Python beside Go.",
    "verify: *": (
        "A budget in seconds: verify also starts Python, checks the repository and judges the"
        " data, which takes longer on a slow or busy machine."
    ),
}


def reason(key: str) -> str:
    """Empty when none is known."""
    return next((text for pattern, text in REASONS.items() if fnmatchcase(key, pattern)), "")
