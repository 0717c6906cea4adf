"""The projects that fixes are tried on: all that the repository holds, as files in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from breakit.change import changed, healthy
from breakit.sabotages import SABOTAGES
from covlint.labs.lab import load_labs
from covlint.registry import Registry
from covlint.rule import Invalid
from covlint.testing import case_id, cases, unmarked

FIXTURES = Path(__file__).parents[2] / "fixtures"
#: Bytes: fixtures hold no larger file that anybody wrote.
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Project:
    """``code``: the rule that it is a case of; ``fixed``: this rule's fix is expected to be written."""

    group: str
    name: str
    files: Mapping[str, bytes]
    code: str | None = None
    fixed: bool = False


def projects() -> Iterator[Project]:
    """Each project of the repository, in a fixed order."""
    yield from of_rules()
    yield from of_labs()
    yield from of_folders()
    yield from of_sabotages()


def of_rules() -> Iterator[Project]:
    for rule in Registry.builtin().rules():
        for number, case in enumerate(cases(rule)):
            fixed = isinstance(case, Invalid) and case.fixed is not None
            name = f"{rule.code} {number} {case_id(case)}"
            yield Project("rules", name, unmarked(case.files)[0], rule.code, fixed)


def of_labs() -> Iterator[Project]:
    """Each lab as it is run: its bases, with what is broken laid over them."""
    for lab in load_labs(FIXTURES):
        files: dict[str, bytes] = {}
        for base in lab.bases:
            files |= folder(FIXTURES / base)
        yield Project("labs", lab.code, {**files, **folder(lab.folder / "broken")}, lab.code)


def of_folders() -> Iterator[Project]:
    for place in sorted((*FIXTURES.glob("projects/*"), *FIXTURES.glob("services/*"))):
        yield Project("fixtures", f"{place.parent.name}/{place.name}", folder(place))


def of_sabotages() -> Iterator[Project]:
    for one in SABOTAGES:
        files = changed(healthy(), one.edits)
        contents = {path: text.encode() for path, text in files.items()}
        yield Project("sabotages", f"{one.code} {one.name}", contents, one.code)


def folder(place: Path) -> dict[str, bytes]:
    return {
        file.relative_to(place).as_posix(): file.read_bytes()
        for file in sorted(place.rglob("*"))
        if file.is_file() and file.stat().st_size < _LARGEST
    }
