"""Runs for tests: summaries in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from covlint.covdata.profile import package_of
from covlint.covdata.summary import FailedClaim, Part, Share, Summary, Verified

APP = "example.com/app"
MAIN = f"{APP}/cmd/app"


def share(text: str) -> Share:
    """``3/4``."""
    covered, statements = text.split("/")
    return Share(int(covered), int(statements))


def run(files: Mapping[str, str | Share], **more: object) -> Summary:
    """A run of the program ``MAIN`` with these files, by their path below ``APP``."""
    parts = {
        path if path.startswith("example.") else f"{APP}/{path}": one
        if isinstance(one, Share)
        else share(one)
        for path, one in files.items()
    }
    packages: dict[str, list[Share]] = {}
    for path, one in parts.items():
        packages.setdefault(package_of(path), []).append(one)
    settings: dict[str, object] = {
        "mode": "set",
        "processes": 1,
        "programs": (MAIN,),
        "time": "2026-02-03T04:05:06Z",
    }
    return Summary(
        total(parts.values()),
        tuple(Part(path, total(shares)) for path, shares in sorted(packages.items())),
        tuple(Part(path, one) for path, one in sorted(parts.items())),
        **(settings | more),  # type: ignore[arg-type]
    )


def total(shares: object) -> Share:
    found = list(shares)  # type: ignore[call-overload]
    return Share(sum(one.covered for one in found), sum(one.statements for one in found))


def verified(*failed: FailedClaim, engine: str = "process", **more: object) -> Verified:
    verdict = "failed" if failed else "passed"
    return Verified("app", engine, verdict, failed, **more)  # type: ignore[arg-type]
