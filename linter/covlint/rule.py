"""What a rule is.

A rule is a class in a file of its own. Its docstring is its page: the first
line is the summary, then follow paragraphs that begin with ``Why:``,
``Instead:``, ``Left out:`` and, where a fix needs an explanation, ``Fix:``.
``VALID`` and ``INVALID`` are its tests and the examples in its page.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.frozen import dataclass
from covlint.source import Span

Subject = TypeVar("Subject", contravariant=True)


@dataclass(frozen=True, slots=True)
class Valid:
    """Files on which the rule must be silent.

    ``files`` maps paths to text; a plain string is the text of ``Dockerfile``.
    """

    files: str | Mapping[str, str]
    why: str = ""
    #: Shown in the rule's page; without any, it is the first that says why.
    example: bool = False


@dataclass(frozen=True, slots=True)
class Invalid:
    """Files on which the rule must speak exactly where ``«…»`` marks the text.

    ``fixed`` holds the files after this rule's fixes (safe and unsafe), byte
    for byte; only the files that change need to be named. None: no written fix.
    ``severity`` is the severity expected, where it differs from the rule's own.
    """

    files: str | Mapping[str, str]
    fixed: str | Mapping[str, str] | None = None
    message: str = ""
    severity: Severity | None = None
    safe: bool | None = None
    #: Shown in the rule's page; without any, it is the first.
    example: bool = False


class Rule(ABC, Generic[Subject]):
    """Judges one kind of fact (or a chain); see the RULES table for the kinds."""

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    evidence: ClassVar[Evidence]
    #: The release of covlint that brought the rule.
    since: ClassVar[str]
    symptom: ClassVar[Symptom | None] = None
    #: Where the claim was measured or published.
    source: ClassVar[str] = ""
    #: The keys of the configuration's ``fixes:`` section that the rule obeys.
    configured_by: ClassVar[tuple[str, ...]] = ()
    VALID: ClassVar[tuple[Valid, ...]] = ()
    INVALID: ClassVar[tuple[Invalid, ...]] = ()

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        #: The ``fixes:`` section of the configuration (``permissions``, …).
        self.settings: Mapping[str, str] = settings or {}

    @abstractmethod
    def check(self, subject: Subject) -> Iterator[Diagnostic]:
        """Yield a diagnostic for each break; yield nothing about what is unknown."""

    def diagnostic(
        self,
        span: Span,
        message: str,
        *,
        related: tuple[Related, ...] = (),
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A diagnostic of this rule; ``severity`` may only soften the rule's own."""
        return Diagnostic(
            code=self.code,
            name=self.name,
            severity=severity or self.severity,
            evidence=self.evidence,
            span=span,
            message=message,
            related=related,
            fix=fix,
            symptom=self.symptom,
        )


def subject_of(rule: type[Rule[Any]]) -> str:
    """The name of the fact type that a rule judges, from ``Rule[T]``.

    Raises TypeError when the class does not say.
    """
    for base in getattr(rule, "__orig_bases__", ()):
        if get_origin(base) is Rule:
            subject = get_args(base)[0]
            return subject if isinstance(subject, str) else str(subject.__name__)
    raise TypeError(f"{rule.__name__} does not say what it judges, as in Rule[GoBuild]")


@dataclass(frozen=True, slots=True)
class Description:
    """What a rule's docstring says, in Markdown; a part that is absent is empty.

    ``why`` is why the data is lost, ``instead`` what to do, ``left_out`` what the
    rule does not judge, ``fix`` why its fix is as safe as it is. Text before the
    first label belongs to ``why``.
    """

    summary: str
    why: str = ""
    instead: str = ""
    left_out: str = ""
    fix: str = ""


_LABELS = {"Why:": "why", "Instead:": "instead", "Left out:": "left_out", "Fix:": "fix"}


def describe(rule: type[Rule[Any]]) -> Description:
    """The parts of a rule's docstring."""
    summary, _, rest = (inspect.getdoc(rule) or "").partition("\n")
    parts: dict[str, list[str]] = {name: [] for name in _LABELS.values()}
    part = "why"
    for paragraph in rest.strip("\n").split("\n\n"):
        label = next((label for label in _LABELS if paragraph.startswith(label)), None)
        part = _LABELS[label] if label is not None else part
        parts[part].append(paragraph if label is None else paragraph[len(label) :].lstrip())
    return Description(summary, **{name: "\n\n".join(texts) for name, texts in parts.items()})
