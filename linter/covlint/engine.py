"""Rules over the facts of a project, in a fixed order, with every failure on the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from covlint.baseline import Fingerprint, sort_out
from covlint.chain import Certainty, Chain, Hop
from covlint.comments import about_comments, commented
from covlint.diagnostics import Crash, Diagnostic, Evidence, Report, Severity, Unread
from covlint.files import Files
from covlint.frozen import dataclass
from covlint.precedence import hop_of, speaking, winners_over
from covlint.project import Project
from covlint.registry import Entry, Registry, RegistryError
from covlint.rule import Rule
from covlint.selection import Selection
from covlint.source import Span
from covlint.suppression import sift


@dataclass(frozen=True, slots=True)
class HopState:
    """One hop of a service: the codes that break it, else whether it is seen."""

    hop: Hop
    certainty: Certainty
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A chain in one line: its hops in order, and the codes found at each.

    ``path`` is the file of its workload, else of its image: what tells services
    of one name apart.
    """

    name: str
    path: str
    hops: tuple[HopState, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """A chain with what breaks it: what was found in it, but for notices and for what was
    measured to lose nothing, suppressed or not asked for as it may be."""

    chain: Chain
    breaks: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one run found. ``project`` still knows the sources that the spans point into."""

    report: Report
    services: tuple[Service, ...]
    project: Project
    files: Files
    traced: tuple[Traced, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What a run looks at and for.

    ``reported`` holds the paths that are reported on, None for all of the project;
    ``explicit`` those of them that were named one by one, so that they are read
    whatever they are called; ``settings`` is the ``fixes:`` section of the configuration;
    ``targets`` are the Dockerfiles of its verify targets; ``render``: kustomize and
    helm may be run; ``accepted`` says of which findings there may be how many;
    ``require_reasons``: a suppression without a reason is reported.
    """

    reported: frozenset[str] | None = None
    explicit: tuple[str, ...] = ()
    selection: Selection = field(default_factory=Selection)
    settings: Mapping[str, str] = field(default_factory=dict)
    targets: frozenset[str] = frozenset()
    render: bool = False
    accepted: Mapping[Fingerprint, int] = field(default_factory=dict)
    require_reasons: bool = False


@dataclass(frozen=True, slots=True)
class _Finding:
    diagnostic: Diagnostic
    groups: tuple[object, ...]  # the chains it belongs to, else the fact it was found in


def inspect(files: Files, registry: Registry, options: Options) -> Inspection:
    """Runs the rules that the options ask for.

    A rule that fails is recorded as a crash, and the others go on.
    """
    project = Project(files, options.explicit, options.targets, render=options.render)
    selection = options.selection
    wanted = [code for code in registry.codes if selection.wants(code)]
    needed = frozenset(wanted) | (winners_over(wanted) - frozenset(selection.ignore))
    crashes: list[Crash] = []
    judge = _Judge(registry, needed, options.settings, crashes)
    subjects = list(
        project.subjects(None if options.reported is None else sorted(options.reported))
    )
    chains = [subject for _, subject in subjects if isinstance(subject, Chain)]
    members = _members(chains)
    findings = [
        _Finding(diagnostic, members.get(_key(subject)) or (_key(subject),))
        for kind, subject in subjects
        for diagnostic in judge.check(kind, subject)
    ]
    said = _one_voice(findings)
    breaks = _breaks(said)
    traced = tuple(
        Traced(chain, tuple(breaks.get(index, ())))
        for index, chain in enumerate(chains)
        if _touches(chain, options.reported)
    )
    services = tuple(_service(one) for one in traced if one.chain.takes_part)
    diagnostics = _reported(said, options)
    sifted = sift(diagnostics, project.source, project.comment_lines)
    paths = files.paths() if options.reported is None else options.reported
    notices = about_comments(
        tuple(commented(project, paths, chains)),
        sifted.used,
        registry,
        selection,
        {crash.code for crash in crashes},
        require_reasons=options.require_reasons,
    )
    unread = {*project.unread, *(Unread(*item) for item in files.closed().items())}
    found = sort_out(sorted((*sifted.kept, *notices), key=_order), options.accepted, project.source)
    report = Report(
        diagnostics=found.new,
        suppressed=sifted.suppressed + len(found.accepted),
        unread=tuple(sorted(unread, key=lambda one: (one.path, one.reason))),
        crashes=tuple(crashes),
        files=project.files_read,
        accepted=found.accepted,
    )
    return Inspection(report, services, project, files, traced)


class _Judge:
    """Loads the rules of a subject once, and keeps a failing rule from ending the run."""

    def __init__(
        self,
        registry: Registry,
        codes: frozenset[str],
        settings: Mapping[str, str],
        crashes: list[Crash],
    ) -> None:
        self._registry = registry
        self._codes = codes
        self._settings = settings
        self._crashes = crashes
        self._rules: dict[str, Rule[Any] | None] = {}

    def check(self, kind: str, subject: object) -> list[Diagnostic]:
        found: list[Diagnostic] = []
        limit = _limit(subject)
        judged: Span | None = getattr(subject, "judged", None)
        for entry in self._registry.of_subject(kind):
            if entry.code not in self._codes:
                continue
            if entry.needs and not getattr(subject, entry.needs, None):
                continue
            rule = self._rule(entry)
            if rule is None:
                continue
            try:
                said = [_softened(item, limit) for item in rule.check(subject)]
                found += [item for item in said if judged is None or judged.covers(item.span)]
            except Exception as error:  # noqa: BLE001 - any failure of a rule is reported
                self._crashes.append(Crash(rule.code, _place(subject), _described(error)))
        return found

    def _rule(self, entry: Entry) -> Rule[Any] | None:
        """The rule of an entry, loaded at its first use; None when it cannot be loaded."""
        if entry.code not in self._rules:
            self._rules[entry.code] = None
            try:
                self._rules[entry.code] = self._registry.rule(entry.code)(self._settings)
            except RegistryError as error:
                self._crashes.append(Crash(entry.code, "", str(error)))
        return self._rules[entry.code]


def _limit(subject: object) -> Severity | None:
    """How bad a finding about the subject may be: what a template leaves open is no error."""
    container = getattr(subject, "container", subject)
    limit = getattr(getattr(container, "pod", None), "at_most", None)
    return limit if isinstance(limit, Severity) else None


def _softened(diagnostic: Diagnostic, limit: Severity | None) -> Diagnostic:
    if limit is None or diagnostic.severity.rank <= limit.rank:
        return diagnostic
    return replace(diagnostic, severity=limit)


def _one_voice(findings: Sequence[_Finding]) -> list[_Finding]:
    """Findings that are not silenced in each of their groups, with those groups alone."""
    codes: dict[object, set[str]] = {}
    for finding in findings:
        for group in finding.groups:
            codes.setdefault(group, set()).add(finding.diagnostic.code)
    heard = {group: speaking(found) for group, found in codes.items()}
    kept = []
    for finding in findings:
        groups = tuple(group for group in finding.groups if finding.diagnostic.code in heard[group])
        if groups:
            kept.append(_Finding(finding.diagnostic, groups))
    return kept


def _members(chains: Sequence[Chain]) -> dict[object, tuple[int, ...]]:
    """Which chains (by index) a subject is part of.

    Parts are told by where they are written: wiring may copy a fact to complete it.
    """
    members: dict[object, list[int]] = {}
    for index, chain in enumerate(chains):
        for key in {_key(chain), *_parts(chain)}:
            members.setdefault(key, []).append(index)
    return {key: tuple(found) for key, found in members.items()}


def _parts(chain: Chain) -> set[object]:
    parts: list[object] = [*chain.builds, *chain.clusters]
    parts += [part for part in (chain.image, chain.container, chain.main) if part is not None]
    return {_key(part) for part in parts}


def _key(subject: object) -> object:
    return (type(subject).__name__, _span(subject) or id(subject))


def _reported(findings: Iterable[_Finding], options: Options) -> list[Diagnostic]:
    """Each diagnostic once, at the paths and of the rules that were asked for."""
    once: dict[tuple[str, Span, str], Diagnostic] = {}
    for finding in findings:
        diagnostic = finding.diagnostic
        if options.reported is not None and diagnostic.span.path not in options.reported:
            continue
        if options.selection.admits(diagnostic):
            key = (diagnostic.code, diagnostic.span, diagnostic.message)
            adjusted = options.selection.adjusted(diagnostic)
            known = once.get(key)
            if known is None or adjusted.severity.rank > known.severity.rank:
                once[key] = adjusted
    return sorted(once.values(), key=_order)


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    span = diagnostic.span
    return (span.path, span.start, span.end, diagnostic.code, diagnostic.message)


def _breaks(findings: Iterable[_Finding]) -> dict[object, list[Diagnostic]]:
    """What was found in each chain, by its index, and breaks a hop: a notice, and what was
    measured to lose nothing, break none."""
    breaks: dict[object, list[Diagnostic]] = {}
    for finding in findings:
        one = finding.diagnostic
        if one.evidence is not Evidence.REFUTED and one.severity is not Severity.NOTICE:
            for group in finding.groups:
                breaks.setdefault(group, []).append(one)
    return breaks


def _service(traced: Traced) -> Service:
    chain, broken = traced.chain, dict[Hop, set[str]]()
    for one in traced.breaks:
        hop = hop_of(one.code)
        if hop is not None:
            broken.setdefault(hop, set()).add(one.code)
    seen = {link.hop: link.certainty for link in chain.links}
    hops = [
        HopState(hop, seen.get(hop, Certainty.UNKNOWN), tuple(sorted(broken.get(hop, ()))))
        for hop in Hop
        if hop in seen or hop in broken
    ]
    return Service(chain.service, _path(chain), tuple(hops))


def _path(chain: Chain) -> str:
    if chain.container is not None:
        return chain.container.span.path
    return _place(chain)


def _touches(chain: Chain, reported: frozenset[str] | None) -> bool:
    return reported is None or any(
        link.span is not None and link.span.path in reported for link in chain.links
    )


def _place(subject: object) -> str:
    place = _span(subject)
    if place is not None:
        return place.path
    links = getattr(subject, "links", ())
    return next((link.span.path for link in links if link.span is not None), "")


def _span(subject: object) -> Span | None:
    """Where a fact is written: each kind has one of these."""
    places = (getattr(subject, name, None) for name in ("span", "origin", "main"))
    return next((place for place in places if isinstance(place, Span)), None)


def _described(error: Exception) -> str:
    """The error and the line that raised it, without a traceback."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    text = f"{type(error).__name__}: {error}"
    if trace is None:
        return text
    name = trace.tb_frame.f_globals.get("__name__", "?")
    return f"{text} ({name}, line {trace.tb_lineno})"
