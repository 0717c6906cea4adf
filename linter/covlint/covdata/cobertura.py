"""Cobertura XML (``coverage-04.dtd``), which GitLab, Jenkins and Azure DevOps read.

A Go package is a package, a file is a class. Go counts no branches: their rates are 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import quoteattr

from covlint.covdata.lines import FileLines, files_of, line_hits
from covlint.covdata.profile import Profile, package_of

_NOWHERE: Mapping[str, str] = {}
_DOCTYPE = '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">'
#: What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(
    profile: Profile,
    paths: Mapping[str, str] = _NOWHERE,
    *,
    source: str = ".",
    timestamp: int = 0,
) -> str:
    """``paths``: file as the profile names it → relative to the folder ``source``;
    ``timestamp`` is in milliseconds since the epoch. Raises TooManyLines."""
    files = files_of(profile)
    packages: dict[str, list[FileLines]] = {}
    for file in files:
        packages.setdefault(package_of(file.file), []).append(file)
    totals = f'{_totals(files)} {_BRANCHES} complexity="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _DOCTYPE,
        f'<coverage {totals} version="covlint" timestamp="{timestamp}">',
        "  <sources>",
        f"    <source>{_attribute(source)[1:-1]}</source>",
        "  </sources>",
        "  <packages>",
    ]
    for path, members in packages.items():
        lines.append(f"    <package name={_attribute(path)} {_rates(members)}>")
        lines.append("      <classes>")
        for file in members:
            lines += _class(file, paths.get(file.file, file.file))
        lines.append("      </classes>")
        lines.append("    </package>")
    lines += ["  </packages>", "</coverage>"]
    return "\n".join(lines) + "\n"


_BRANCHES = 'branches-covered="0" branches-valid="0" branch-rate="0"'


def _class(file: FileLines, path: str) -> Iterable[str]:
    name = file.file.rpartition("/")[2]
    yield (f"        <class name={_attribute(name)} filename={_attribute(path)} {_rates([file])}>")
    yield "          <methods>"
    for function in file.functions:
        if not function.id.name or function.id.literal:
            continue
        hits = line_hits(function.counts.items())
        rate = _rate(sum(1 for count in hits.values() if count), len(hits))
        yield (
            f'            <method name={_attribute(function.id.name)} signature=""'
            f' line-rate="{rate}" branch-rate="0" complexity="0">'
        )
        yield from _lines(hits, " " * 14)
        yield "            </method>"
    yield "          </methods>"
    yield from _lines(file.hits, " " * 10)
    yield "        </class>"


def _lines(hits: Mapping[int, int], indent: str) -> Iterable[str]:
    yield f"{indent}<lines>"
    for line, count in hits.items():
        yield f'{indent}  <line number="{line}" hits="{count}" branch="false"/>'
    yield f"{indent}</lines>"


def _totals(files: Iterable[FileLines]) -> str:
    files = list(files)
    covered, valid = sum(file.covered for file in files), sum(len(file.hits) for file in files)
    return f'line-rate="{_rate(covered, valid)}" lines-covered="{covered}" lines-valid="{valid}"'


def _rates(files: Iterable[FileLines]) -> str:
    files = list(files)
    rate = _rate(sum(file.covered for file in files), sum(len(file.hits) for file in files))
    return f'line-rate="{rate}" branch-rate="0" complexity="0"'


def _rate(covered: int, valid: int) -> str:
    return f"{covered / valid if valid else 0:.4f}"


def _attribute(text: str) -> str:
    """Quoted and escaped."""
    quoted: str = quoteattr(_FORBIDDEN.sub("\ufffd", text))
    text = quoted[1:-1].replace('"', "&quot;")
    if not text.isprintable():  # what turns the direction of a terminal's text, say
        text = "".join(one if one.isprintable() else f"&#{ord(one)};" for one in text)
    return f'"{text}"'
