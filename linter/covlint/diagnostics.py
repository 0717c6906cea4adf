"""What covlint says: diagnostics, the fixes they offer and their severities."""

from __future__ import annotations

from enum import Enum

from covlint.frozen import dataclass
from covlint.source import Span


class Severity(Enum):
    """How bad a finding is; ordered by :attr:`rank`.

    ERROR: data is lost, and a lab shows it. WARNING: numbers or reports come
    out wrong, the loss is a race or depends on something unseen, or a published
    standard forbids it. NOTICE: shown, never failing by default.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"

    @property
    def rank(self) -> int:
        """0 for a notice, 1 for a warning, 2 for an error."""
        return {"notice": 0, "warning": 1, "error": 2}[self.value]


class Evidence(Enum):
    """Where a rule's claim comes from.

    REPRODUCED: measured on a real toolchain or engine. REPORTED: published,
    cannot be run here. REFUTED: published, and measured to lose nothing.
    """

    REPRODUCED = "reproduced"
    REPORTED = "reported"
    REFUTED = "refuted"


class Applicability(Enum):
    """SAFE cannot change what a production build or deployment does; UNSAFE
    may; DISPLAY is shown for a person to decide and is never written."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class Symptom(Enum):
    """What a coverage directory, a log or a report looks like when a hop breaks."""

    NO_META = "no-meta"
    META_ONLY = "meta-only"
    COUNTERS_ONLY = "counters-only"
    HASH_MISMATCH = "hash-mismatch"
    UNREADABLE_FILE = "unreadable-file"
    MODE_CLASH = "mode-clash"
    NESTED = "nested"
    STALE = "stale"
    PERMISSION_DENIED = "permission-denied"
    READ_ONLY = "read-only"
    NO_SPACE = "no-space"
    MISSING_DIRECTORY = "missing-directory"
    NOT_SET = "not-set"
    KILLED = "killed"
    CRASHED = "crashed"
    NEVER_STARTED = "never-started"
    NOT_INSTRUMENTED = "not-instrumented"
    NOT_EXTRACTED = "not-extracted"
    MAIN_MISSING = "main-missing"
    WRONG_NAMES = "wrong-names"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes of ``span`` (empty span: insert) by ``replacement``."""

    span: Span
    replacement: bytes


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits, possibly in several files, that are applied all or none.

    A DISPLAY fix may have no edits: then ``title`` says what to do by hand.
    """

    title: str
    applicability: Applicability
    edits: tuple[Edit, ...] = ()

    @classmethod
    def advice(cls, title: str) -> Fix:
        """What to do by hand, where nothing can be written."""
        return cls(title, Applicability.DISPLAY)


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that the message speaks of."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong at ``span``, and how to repair it."""

    code: str
    name: str
    severity: Severity
    evidence: Evidence
    span: Span
    message: str
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    symptom: Symptom | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not analysed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Crash:
    """A rule that failed: an internal error, reported and never swallowed."""

    code: str
    path: str
    error: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run of the engine over a project."""

    diagnostics: tuple[Diagnostic, ...]
    suppressed: int
    unread: tuple[Unread, ...]
    crashes: tuple[Crash, ...]
    files: int
    #: Those that a baseline accepts; they are counted among ``suppressed``.
    accepted: tuple[Diagnostic, ...] = ()
