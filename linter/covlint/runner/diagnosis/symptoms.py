"""From what is seen to the symptom it is: log lines, endings, folders.

The exact messages are those of the facts, parts A, D and E.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import Enum

from covlint.diagnostics import Symptom
from covlint.frozen import dataclass
from covlint.runner.diagnosis.startup import remedy_of
from covlint.runner.evidence.folder import Folder, State
from covlint.wiring import Hop


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a symptom says: the hop that broke, the rules that predict it (most
    telling first), and what to do when no rule has spoken."""

    hop: Hop
    codes: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class Sign:
    """One symptom and what shows it. ``advice`` and ``codes`` where more is known than the
    symptom: what to do, and the rules that may have predicted it (none: no file shows it)."""

    symptom: Symptom
    evidence: str
    advice: str | None = None
    codes: tuple[str, ...] | None = None

    @property
    def remedy(self) -> str:
        """What to do when no rule has spoken; for a service that never started, by its cause."""
        if self.advice is not None:
            return self.advice
        known = remedy_of(self.evidence) if self.symptom is Symptom.NEVER_STARTED else None
        return known or MEANINGS[self.symptom].remedy


class Ending(Enum):
    """How the service came to its end."""

    EXITED = "exited"  # by itself, or after it was asked to
    TERMINATED = "terminated"  # by the signal: it does not handle it
    KILLED = "killed"  # SIGKILL after the grace period
    CRASHED = "crashed"
    UNKNOWN = "unknown"


MEANINGS: dict[Symptom, Meaning] = {
    Symptom.NOT_INSTRUMENTED: Meaning(
        Hop.BUILD,
        (
            *("COV114", "COV111", "COV116", "COV106", "COV206"),
            *("COV103", "COV117", "COV104", "COV101", "COV102", "COV105"),
            *("COV504", "COV308"),
        ),
        "build the binary with -cover (GOFLAGS=-cover in the building stage)",
    ),
    Symptom.NO_META: Meaning(
        Hop.BUILD,
        (
            *("COV114", "COV105", "COV101", "COV103", "COV117", "COV104", "COV206", "COV111"),
            *("COV504", "COV502", "COV401", "COV404", "COV403", "COV305", "COV302", "COV503"),
        ),
        "check that the binary is built with -cover, and that -coverpkg includes its main package",
    ),
    Symptom.NOT_SET: Meaning(
        Hop.COVERDIR, ("COV301", "COV118"), "set GOCOVERDIR in the container that runs the binary"
    ),
    Symptom.MISSING_DIRECTORY: Meaning(
        Hop.COVERDIR,
        ("COV207", "COV205", "COV501", "COV202", "COV302"),
        "Go never creates GOCOVERDIR: name a directory that is mounted or made by the image",
    ),
    Symptom.PERMISSION_DENIED: Meaning(
        Hop.HOST_PATH,
        ("COV304", "COV312", "COV201", "COV405"),
        "make the directory writable for the user that the service runs as",
    ),
    Symptom.READ_ONLY: Meaning(Hop.MOUNT, ("COV303", "COV402"), "mount the directory writable"),
    Symptom.NO_SPACE: Meaning(Hop.HOST_PATH, (), "make room on the file system of GOCOVERDIR"),
    Symptom.NOT_EXTRACTED: Meaning(
        Hop.EXTRACTION,
        (
            *("COV502", "COV401", "COV404", "COV403", "COV501", "COV302", "COV305", "COV503"),
            *("COV701", "COV705", "COV706"),
        ),
        "the counters are written where nothing brings them out: join mount, volume and node path",
    ),
    Symptom.META_ONLY: Meaning(
        Hop.CONTAINER,
        (
            *("COV112", "COV601", "COV602", "COV605", "COV204", "COV203", "COV307", "COV603"),
            *("COV306", "COV606"),
        ),
        "counters are written when main returns or os.Exit is called: handle SIGTERM, and let "
        "PID 1 pass it on",
    ),
    Symptom.KILLED: Meaning(
        Hop.CONTAINER,
        ("COV603", "COV203", "COV307", "COV204", "COV601", "COV602", "COV306"),
        "the service did not end on SIGTERM in time: handle it, or raise the grace period",
    ),
    Symptom.CRASHED: Meaning(
        Hop.CONTAINER, ("COV204",), "a crash loses the counters: see the log for what went wrong"
    ),
    Symptom.NEVER_STARTED: Meaning(
        Hop.CONTAINER,
        ("COV311", "COV308", "COV310", "COV404"),
        "see the log for what the service lacks",
    ),
    Symptom.COUNTERS_ONLY: Meaning(
        Hop.EXTRACTION,
        ("COV604",),
        "do not clean the folder while the service runs: its meta-data is written once, at start",
    ),
    Symptom.HASH_MISMATCH: Meaning(
        Hop.EXTRACTION,
        ("COV707", "COV704"),
        "data of two builds is mixed: clear the folder and run again",
    ),
    Symptom.UNREADABLE_FILE: Meaning(
        Hop.EXTRACTION,
        ("COV703",),
        "one bad file makes covdata refuse the folder: remove it; where it only cannot be read, "
        "give yourself the right to (chown or chmod: a umask of 077 keeps others out)",
    ),
    Symptom.MODE_CLASH: Meaning(
        Hop.BUILD,
        ("COV113",),
        "build every service with the same -covermode, or run `go tool covdata merge -pcombine`",
    ),
    Symptom.NESTED: Meaning(
        Hop.REPORT,
        ("COV309", "COV702"),
        "covdata does not descend: give it the sub-folders, separated by commas",
    ),
    Symptom.STALE: Meaning(Hop.EXTRACTION, ("COV704",), "clear the data folder before each run"),
    Symptom.MAIN_MISSING: Meaning(
        Hop.BUILD, ("COV105", "COV115"), "let -coverpkg include the main package of the service"
    ),
    Symptom.WRONG_NAMES: Meaning(
        Hop.BUILD, ("COV110",), "build the package (./cmd/x), not its file (./cmd/x/main.go)"
    ),
}

#: After these there is no file at all.
_WRITES_NOTHING = frozenset(
    {
        Symptom.MAIN_MISSING,
        Symptom.MISSING_DIRECTORY,
        Symptom.NEVER_STARTED,
        Symptom.NOT_INSTRUMENTED,
        Symptom.NOT_SET,
        Symptom.NO_SPACE,
        Symptom.PERMISSION_DENIED,
        Symptom.READ_ONLY,
    }
)

#: Most telling first: the first line that matches decides what is told first.
_LINES: tuple[tuple[re.Pattern[str], Symptom], ...] = tuple(
    (re.compile(pattern), symptom)
    for pattern, symptom in (
        (r"^warning: GOCOVERDIR not set, no coverage data emitted", Symptom.NOT_SET),
        (r"coverage \S+(?: data)? emit failed: .*read-only file system", Symptom.READ_ONLY),
        (r"coverage \S+(?: data)? emit failed: .*permission denied", Symptom.PERMISSION_DENIED),
        (r"coverage \S+(?: data)? emit failed: .*no space left on device", Symptom.NO_SPACE),
        (
            r"coverage \S+(?: data)? emit failed: output directory .*(?:inaccessible|not a dir)",
            Symptom.MISSING_DIRECTORY,
        ),
        (r"no meta-data available \(binary not built with -cover\?\)", Symptom.NOT_INSTRUMENTED),
        (r"^flag provided but not defined: -cover$", Symptom.NOT_INSTRUMENTED),
        (r"^go: (?:parsing \$GOFLAGS:|unknown GOEXPERIMENT )", Symptom.NOT_INSTRUMENTED),
        (r"no packages being built depend on matches for pattern", Symptom.MAIN_MISSING),
        (r"invoked for program built with -covermode=", Symptom.META_ONLY),
        (r"error: counter mode clash while reading", Symptom.MODE_CLASH),
        (
            r"^error: (?:error: )?(?:reading counter data file|decoding meta-file)",
            Symptom.UNREADABLE_FILE,
        ),
        (r"invalid meta-data file magic string|invalid magic string", Symptom.UNREADABLE_FILE),
        (r"^error: reading inputs: open .*: no such file or directory", Symptom.MISSING_DIRECTORY),
        (r"^build cache is (?:disabled by GOCACHE=off|required, but could)", Symptom.NOT_EXTRACTED),
        (
            r"^(?:error: timed out waiting for the condition|ERROR: failed to create cluster)",
            Symptom.NEVER_STARTED,
        ),
        (r"^warning: no applicable files found in input directories", Symptom.NO_META),
        (
            r'^cover: line "mode: \w+" doesn\'t match expected format',
            Symptom.UNREADABLE_FILE,
        ),
        (
            r"^cover: (?:open .*: no such file|no required module provides package)",
            Symptom.WRONG_NAMES,
        ),
        (r"^(?:panic: |fatal error: |SIGQUIT: |SIGABRT: )", Symptom.CRASHED),
    )
)
_PREFIX = re.compile(
    r"^(?:\S+\s+\|\s+|\[[^\]]*\]\s+|(?:\d{4}[-/]\d\d[-/]\d\d[T ]\S+\s+)(?:std(?:out|err) [FP] )?)"
)


def signs_in_log(text: str) -> tuple[Sign, ...]:
    """What the lines of a service's (or covdata's) log show, each symptom once,
    in order of how telling they are. Prefixes of compose and kubectl are skipped."""
    found: dict[Symptom, str] = {}
    lines = [_PREFIX.sub("", line) for line in text.splitlines()]
    for pattern, symptom in _LINES:
        if symptom in found:
            continue
        line = next((line for line in lines if pattern.search(line)), None)
        if line is not None:
            found[symptom] = line.strip()
    return tuple(Sign(symptom, evidence) for symptom, evidence in found.items())


def telling_lines(text: str) -> tuple[str, ...]:
    """The lines of a log that speak of coverage, as they stand there, each once."""
    lines = dict.fromkeys(_PREFIX.sub("", line).strip() for line in text.splitlines())
    return tuple(line for line in lines if any(pattern.search(line) for pattern, _ in _LINES))


def unexplained(in_folder: Iterable[Sign], known: Collection[Symptom]) -> tuple[Sign, ...]:
    """The signs of a folder that what is known already does not account for: that it is
    empty says nothing new of a program that could write nothing."""
    silent = not _WRITES_NOTHING.isdisjoint(known)
    return tuple(
        sign
        for sign in in_folder
        if sign.symptom not in known and not (silent and sign.symptom is Symptom.NO_META)
    )


def signs_in_folder(folder: Folder) -> tuple[Sign, ...]:
    """What the files show, worst first; nothing when the folder is whole."""
    return tuple(_folder_signs(folder))


def _folder_signs(folder: Folder) -> list[Sign]:
    if folder.state is not State.FOLDER:
        words = {"missing": "does not exist", "not a folder": "is not a folder"}
        reason = words.get(folder.state.value, "cannot be read")
        return [Sign(Symptom.MISSING_DIRECTORY, f"{folder.path} {reason}")]
    signs = [
        Sign(Symptom.UNREADABLE_FILE, f"{damage.name} {damage.reason}")
        for damage in folder.damaged[:3]
    ]
    if len(folder.modes) > 1:
        signs.append(Sign(Symptom.MODE_CLASH, f"counter modes {' and '.join(folder.modes)}"))
    if not folder.meta and not folder.counters:
        if folder.nested:
            signs.append(Sign(Symptom.NESTED, f"coverage files only in {', '.join(folder.nested)}"))
        elif folder.temporary:
            signs.append(Sign(Symptom.NO_SPACE, f"only unfinished files: {folder.temporary[0]}"))
        else:
            signs.append(Sign(Symptom.NO_META, "no covmeta and no covcounters files"))
    elif not folder.counters:
        signs.append(
            Sign(Symptom.META_ONLY, f"{len(folder.meta)} covmeta and no covcounters files")
        )
    elif not folder.meta:
        signs.append(
            Sign(Symptom.COUNTERS_ONLY, f"{len(folder.counters)} covcounters, no covmeta files")
        )
    elif not folder.paired:
        signs.append(Sign(Symptom.HASH_MISMATCH, "covmeta and covcounters are of different builds"))
    elif folder.hashes_without_counters:
        lonely = len(folder.hashes_without_counters)
        signs.append(Sign(Symptom.META_ONLY, f"{lonely} of the builds left no counters"))
    return signs
