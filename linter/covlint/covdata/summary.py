"""What one run covered, in numbers only: what reports print, and what trends keep and compare.

It is the JSON report (``covlint report --format json``, ``coverage.json`` of ``covlint verify``)
without its functions, and is read back from either. Counts are numbers of statements.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from covlint.covdata.flags import Coverage
from covlint.covdata.profile import Profile, package_of, percent
from covlint.frozen import dataclass

VERSION = 1
#: How a verification ended, as ``covlint verify`` words it.
VERDICTS = ("passed", "failed", "unknown")


class BadSummary(Exception):
    """The text is no JSON report of this version; the message says why."""


@dataclass(frozen=True, slots=True)
class Share:
    """``covered`` of ``statements``."""

    covered: int
    statements: int

    @property
    def percent(self) -> float:
        """0 to 100; 0 where there are no statements."""
        return percent(self.covered, self.statements)


@dataclass(frozen=True, slots=True)
class Part:
    """A package or a file. ``flags`` has the flags only whose data speaks of it; their
    statements are those that the flag's own build has there."""

    path: str
    share: Share
    flags: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailedClaim:
    """A required claim that did not hold. ``symptom`` is a word of ``covlint.diagnostics``."""

    claim: str
    evidence: str
    symptom: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """How the run's verification ended: whether the numbers can be believed at all.

    ``broken`` is the hop of the chain that failed, ``codes`` the rules that explain it.
    """

    target: str
    engine: str
    verdict: str
    failed: tuple[FailedClaim, ...] = ()
    broken: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """One run. ``time`` is RFC 3339 in UTC; ``processes`` is the number of counter files that
    were used and ``programs`` what wrote them, None and () where the data is text only;
    ``remarks`` are sentences about data that was left out or is doubtful."""

    total: Share
    packages: tuple[Part, ...] = ()
    files: tuple[Part, ...] = ()
    flags: Mapping[str, Share] = field(default_factory=dict)
    mode: str | None = None
    time: str | None = None
    revision: str | None = None
    processes: int | None = None
    programs: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    verified: Verified | None = None


def summary_of(coverage: Coverage) -> Summary:
    """The numbers of everything together, and of each flag. What is known of the run besides
    (its time, revision, verification, …) is for the caller to add."""
    flags = {flag.name: _Numbers(flag.profile) for flag in coverage.flags}
    whole = _Numbers(coverage.total)

    def part(path: str, share: Share, which: str) -> Part:
        own = {name: getattr(numbers, which).get(path) for name, numbers in flags.items()}
        return Part(path, share, {name: seen for name, seen in own.items() if seen is not None})

    return Summary(
        whole.total,
        tuple(part(path, share, "packages") for path, share in whole.packages.items()),
        tuple(part(path, share, "files") for path, share in whole.files.items()),
        {name: numbers.total for name, numbers in flags.items()},
        None if coverage.total.mode is None else str(coverage.total.mode),
        remarks=tuple(map(str, coverage.clashes)),
    )


class _Numbers:
    """The shares of a profile by package and by file."""

    def __init__(self, profile: Profile) -> None:
        self.packages = {p.path: Share(p.covered, p.statements) for p in profile.packages}
        self.files = {
            file: Share(sum(f.covered for f in functions), sum(f.statements for f in functions))
            for file, functions in profile.files().items()
        }
        self.total = Share(profile.covered, profile.statements)


def document(summary: Summary) -> dict[str, Any]:
    """The JSON document, without functions. Within a version fields are only added."""
    files: dict[str, list[Part]] = {}
    for file in summary.files:
        files.setdefault(package_of(file.path), []).append(file)
    return {
        "version": VERSION,
        "time": summary.time,
        "revision": summary.revision,
        "mode": summary.mode,
        **_numbers(summary.total),
        "processes": summary.processes,
        "programs": list(summary.programs),
        "flags": [{"name": name, **_numbers(share)} for name, share in summary.flags.items()],
        "packages": [
            {**_part(package), "files": [_part(file) for file in files.get(package.path, ())]}
            for package in summary.packages
        ],
        "remarks": list(summary.remarks),
        "verification": None if summary.verified is None else _verification(summary.verified),
    }


def render(summary: Summary) -> str:
    """The document as a small file: one line a package, so that it can be kept in git."""
    whole = document(summary)
    packages = whole.pop("packages")
    head = json.dumps(whole, ensure_ascii=False, indent=1)[:-2]
    rows = ",\n".join("  " + json.dumps(package, ensure_ascii=False) for package in packages)
    return f'{head},\n "packages": [\n{rows}\n ]\n}}\n'


def parse(text: str) -> Summary:
    """Read a document of :func:`render`, or a whole JSON report. Raises BadSummary."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSummary(f"it is no JSON: {error}") from None
    if not isinstance(whole, dict) or "packages" not in whole or "statements" not in whole:
        raise BadSummary("it is no coverage report")
    if whole.get("version") != VERSION:
        raise BadSummary(f"it has version {whole.get('version')!r}; {VERSION} is the one known")
    try:
        return _summary(whole)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise BadSummary(f"it is damaged: {type(error).__name__}: {error}") from None


def _part(part: Part) -> dict[str, Any]:
    flags = {name: _numbers(share) for name, share in part.flags.items()}
    return {"path": part.path, **_numbers(part.share), "flags": flags}


def _numbers(share: Share) -> dict[str, Any]:
    """The percentage is rounded to a tenth; the counts beside it are exact."""
    return {
        "covered": share.covered,
        "statements": share.statements,
        "percent": round(share.percent, 1),
    }


def _verification(verified: Verified) -> dict[str, Any]:
    return {
        "target": verified.target,
        "engine": verified.engine,
        "verdict": verified.verdict,
        "failed": [
            {"claim": one.claim, "evidence": one.evidence, "symptom": one.symptom}
            for one in verified.failed
        ],
        "broken": verified.broken,
        "codes": list(verified.codes),
    }


def _summary(whole: Mapping[str, Any]) -> Summary:
    verification = whole.get("verification")
    return Summary(
        _share(whole),
        tuple(_read_part(package) for package in whole["packages"]),
        tuple(_read_part(file) for package in whole["packages"] for file in package["files"]),
        {str(flag["name"]): _share(flag) for flag in whole.get("flags", ())},
        _text(whole.get("mode")),
        _text(whole.get("time")),
        _text(whole.get("revision")),
        None if whole.get("processes") is None else int(whole["processes"]),
        tuple(map(str, whole.get("programs", ()))),
        tuple(map(str, whole.get("remarks", ()))),
        None if verification is None else _read_verification(verification),
    )


def _read_part(part: Mapping[str, Any]) -> Part:
    flags = {str(name): _share(share) for name, share in part.get("flags", {}).items()}
    return Part(str(part["path"]), _share(part), flags)


def _read_verification(found: Mapping[str, Any]) -> Verified:
    verdict = found["verdict"]
    if verdict not in VERDICTS:
        raise ValueError(f"no verdict: {verdict!r}")
    return Verified(
        str(found["target"]),
        str(found["engine"]),
        verdict,
        tuple(
            FailedClaim(str(one["claim"]), str(one["evidence"]), _text(one.get("symptom")))
            for one in found.get("failed", ())
        ),
        _text(found.get("broken")),
        tuple(map(str, found.get("codes", ()))),
    )


def _share(part: Mapping[str, Any]) -> Share:
    covered, statements = int(part["covered"]), int(part["statements"])
    if not 0 <= covered <= statements:
        raise ValueError(f"{covered} of {statements} statements")
    return Share(covered, statements)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
