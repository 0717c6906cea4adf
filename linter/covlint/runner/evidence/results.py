"""Which tests ran: the JUnit files or ``go test -json`` events of a suite or an exercise.

JUnit has no standard: pytest, Ginkgo, gotestsum and surefire agree on ``testcase`` with
``failure``, ``error`` and ``skipped`` inside, and that is what is read. The files come from
the project under test, so they are not trusted: a DOCTYPE, and with it every entity, is refused.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from xml.parsers import expat

from covlint.frozen import dataclass

#: Bytes of one file; the largest real ones have some 10 MB of logs in them.
_LIMIT = 64 << 20
#: Ginkgo reports its set-up as test cases; only what is in `[It]` is a test.
_SETUP = re.compile(r"^\[(?!It\])[A-Z][A-Za-z]+(?: \(Suite\))?\]")
_UNREADABLE = "is not UTF-8, JUnit XML or `go test -json`"
_GO_LINE = re.compile(r"^(ok|\?|FAIL)\s+\S+\s.*?(\[no tests? (?:files|to run)\])?$")


class BadResults(Exception):
    """A file with results that cannot be used; the message says why."""


class TestOutcome(Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"

    __test__ = False  # pytest would collect it


@dataclass(frozen=True, slots=True)
class TestCase:
    """``setup`` is what a framework reports beside its tests, such as Ginkgo's BeforeSuite."""

    name: str
    outcome: TestOutcome
    setup: bool = False

    __test__ = False


@dataclass(frozen=True, slots=True)
class Results:
    """``source`` says where they were read, for people; ``complaint`` why there are none."""

    cases: tuple[TestCase, ...]
    source: str
    complaint: str | None = None

    def names(self, outcome: TestOutcome) -> tuple[str, ...]:
        """A test that failed, was repeated and passed is named once, by its last outcome."""
        last = {case.name: case.outcome for case in self.cases if not case.setup}
        return tuple(name for name, found in last.items() if found is outcome)

    @property
    def broken(self) -> tuple[str, ...]:
        """Tests and set-ups that failed at least once."""
        failed = (case.name for case in self.cases if case.outcome is TestOutcome.FAILED)
        return tuple(dict.fromkeys(failed))

    @property
    def ran(self) -> int:
        skipped = TestOutcome.SKIPPED
        return len(
            {case.name for case in self.cases if not (case.setup or case.outcome is skipped)}
        )


def read_results(pattern: str, root: Path, since: float) -> Results:
    """The results in the files that ``pattern`` names (a path, a folder or a glob, relative to
    ``root``) and that are not older than ``since`` (seconds since the epoch)."""
    files = _files(pattern, root)
    # Two seconds: the coarsest time stamps that a file system keeps.
    fresh = [file for file in files if os.stat(file).st_mtime >= since - 2]
    if not fresh:
        why = "no such file" if not files else "from before the run"
        return Results((), pattern, f"{pattern}: {why}")
    cases: list[TestCase] = []
    for file in fresh:
        try:
            cases += _read(Path(file))
        except (BadResults, OSError) as error:
            return Results((), pattern, f"{os.path.relpath(file, root)}: {error}")
    shown = os.path.relpath(fresh[0], root) if len(fresh) == 1 else f"{len(fresh)} files"
    return Results(tuple(cases), shown)


def results_in_output(text: str) -> Results | None:
    """The results that an output shows: ``go test -json``, or that ``go test`` ran nothing."""
    cases = tuple(go_events(text.splitlines()))
    if cases:
        return Results(cases, "go test -json")
    lines = [match for line in text.splitlines() if (match := _GO_LINE.match(line.rstrip()))]
    if lines and all(match[2] for match in lines):
        return Results((), "go test", f"go test found nothing to run: {lines[0][2]}")
    return None


def _files(pattern: str, root: Path) -> list[str]:
    place = root / pattern
    if place.is_dir():
        return sorted(str(file) for file in place.rglob("*") if file.suffix in (".xml", ".json"))
    return sorted(file for file in glob.glob(str(place), recursive=True) if os.path.isfile(file))


def _read(file: Path) -> tuple[TestCase, ...]:
    with file.open("rb") as stream:
        data = stream.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise BadResults(f"larger than {_LIMIT >> 20} MB")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return junit_cases(data)
    try:
        cases = tuple(go_events(data.decode("utf-8").splitlines()))
    except UnicodeDecodeError:
        raise BadResults(_UNREADABLE) from None
    if not cases and data.strip():
        raise BadResults(_UNREADABLE)
    return cases


def junit_cases(data: bytes) -> tuple[TestCase, ...]:
    """The test cases of a JUnit file. Raises BadResults."""
    parser = expat.ParserCreate()
    reader = _JUnit()
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadResults(f"not well-formed XML: {error}") from None
    if not reader.known:
        raise BadResults(f"<{reader.root}> is no JUnit report")
    return tuple(reader.cases)


def _refuse(*_: object) -> None:
    raise BadResults("it has a DOCTYPE, which no test report needs")


class _JUnit:
    """Collects test cases as the parser comes along; no tree is built."""

    def __init__(self) -> None:
        self.cases: list[TestCase] = []
        self.root = ""
        self._case: str | None = None
        self._outcome = TestOutcome.PASSED

    @property
    def known(self) -> bool:
        return self.root in ("testsuites", "testsuite")

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self.root = self.root or name
        if name == "testcase":
            group = attributes.get("classname", "")
            self._case = f"{group}: {attributes.get('name', '')}".removeprefix(": ")
            self._outcome = TestOutcome.PASSED
            # Ginkgo says so as well; a spec that was interrupted may have no child.
            if attributes.get("status") in ("failed", "timedout", "panicked", "interrupted"):
                self._outcome = TestOutcome.FAILED
        elif self._case is not None and name in ("failure", "error"):
            self._outcome = TestOutcome.FAILED
        elif self._case is not None and name == "skipped":
            failed = self._outcome is TestOutcome.FAILED
            self._outcome = TestOutcome.FAILED if failed else TestOutcome.SKIPPED

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "testcase" and self._case is not None:
            bare = self._case.partition(": ")[2] or self._case
            self.cases.append(TestCase(self._case, self._outcome, bool(_SETUP.match(bare))))
            self._case = None


_ACTIONS = {
    "pass": TestOutcome.PASSED,
    "fail": TestOutcome.FAILED,
    "skip": TestOutcome.SKIPPED,
}


def go_events(lines: Iterable[str]) -> Iterator[TestCase]:
    """The test cases in the events of ``go test -json``; other lines are passed over.

    A test that began and never ended has failed, and so has a package without a failed test
    that fails as a whole (it did not build, or its TestMain failed).
    """
    running: dict[str, None] = {}
    failed: set[str] = set()
    for line in lines:
        event = _event(line)
        if event is None:
            continue
        package, test = str(event.get("Package", "")), event.get("Test")
        action = str(event.get("Action", ""))
        name = f"{package}: {test}"
        if isinstance(test, str) and action == "run":
            running[name] = None
        outcome = _ACTIONS.get(action)
        if outcome is None:
            continue
        if isinstance(test, str):
            running.pop(name, None)
            failed |= {package} if outcome is TestOutcome.FAILED else set()
            yield TestCase(name, outcome)
        elif outcome is TestOutcome.FAILED and package not in failed:
            hanging = [one for one in running if one.startswith(f"{package}: ")]
            for one in hanging:
                del running[one]
                yield TestCase(one, TestOutcome.FAILED)
            if not hanging:
                yield TestCase(package, TestOutcome.FAILED, setup=True)
    for name in running:
        yield TestCase(name, TestOutcome.FAILED)


def _event(line: str) -> dict[str, object] | None:
    if not line.startswith("{") or '"Action"' not in line:
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
