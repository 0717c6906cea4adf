"""The tree of folders, packages and files, each row with its numbers; a file opens its source."""

from __future__ import annotations

import posixpath
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from covlint.covdata.page.markup import line, number, percentage
from covlint.covdata.profile import package_of
from covlint.covdata.summary import Share, Summary

#: Flags beyond these are in the tables and not in the margins of sources.
MAX_FLAGS = 6
_OPEN_ROWS = 60  # folders are open at first where that shows no more rows
#: File → what its row opens: its source, or why there is none.
Opened = Callable[[str], Iterator[str]]


@dataclass(slots=True)
class Node:
    """A folder; ``files`` are those of the package in it."""

    name: str
    path: str
    share: Share = field(default_factory=lambda: Share(0, 0))
    flags: dict[str, Share] = field(default_factory=dict)
    folders: dict[str, Node] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


def flag_letters(flags: Sequence[str]) -> str:
    """The letter of each flag, by which styles know it; "" where there is but one."""
    return string.ascii_lowercase[: min(len(flags), MAX_FLAGS)] if len(flags) > 1 else ""


def anchors(summary: Summary) -> dict[str, str]:
    """Package or file → the id of its row."""
    found = {part.path: f"p{index}" for index, part in enumerate(summary.packages)}
    return found | {part.path: f"f{index}" for index, part in enumerate(summary.files)}


def common_root(summary: Summary) -> str:
    """The import path that all packages are at or below; "" when they share none."""
    paths = [part.path for part in summary.packages if "/" in part.path or "." in part.path]
    if not paths:
        return ""
    shared = posixpath.commonpath(paths)
    if shared in paths and len(paths) == 1:
        shared = posixpath.dirname(shared)
    return shared


def relative(path: str, root: str) -> str:
    return path[len(root) + 1 :] if root and path.startswith(root + "/") else path


def tree_of(summary: Summary, root: str) -> Node:
    """All packages as one tree; folders with nothing but one folder are joined with it."""
    top = Node(root or "all packages", root)
    files: dict[str, list[str]] = {}
    for file in summary.files:
        files.setdefault(package_of(file.path), []).append(file.path)
    for package in summary.packages:
        below = relative(package.path, root)
        nodes = [top]
        if package.path != root:
            for name in below.split("/"):
                former = nodes[-1]
                path = f"{former.path}/{name}" if former.path else name
                nodes.append(former.folders.setdefault(name, Node(name, path)))
        nodes[-1].files = files.get(package.path, [])
        nodes[-1].path = package.path
        for node in nodes:
            node.share = _sum(node.share, package.share)
            for flag, share in package.flags.items():
                node.flags[flag] = _sum(node.flags.get(flag, Share(0, 0)), share)
    return _joined(top)


def rows(
    top: Node, summary: Summary, ids: Mapping[str, str], opened: Opened, notes: Mapping[str, str]
) -> Iterator[str]:
    """The rows as nested ``<details>``. ``notes``: file → a sentence about its data."""
    shares = {file.path: (file.share, file.flags) for file in summary.files}
    flags = list(summary.flags) if len(summary.flags) > 1 else []

    def folder(node: Node, depth: int) -> Iterator[str]:
        ident = ids.get(node.path)
        opening = " open" if _is_open(depth, top) else ""
        yield (
            f'<details class="d"{f" id={ident}" if ident else ""}{opening}>'
            f"<summary>{_cells(node.name + '/', node.share, node.flags, flags, depth)}</summary>"
        )
        for path in node.files:
            share, own = shares[path]
            cells = _cells(posixpath.basename(path), share, own, flags, depth + 1)
            mark = ' <span class="w" title="see the note inside">⚠</span>' if path in notes else ""
            yield (
                f'<details class="f" id="{ids[path]}" data-n="{line(path)}">'
                f"<summary>{cells.replace('</span>', mark + '</span>', 1)}</summary>"
            )
            if path in notes:
                yield f'<p class="note">⚠ {line(notes[path])}</p>'
            yield from opened(path)
            yield "</details>"
        for inner in sorted(node.folders.values(), key=lambda one: one.name):
            yield from folder(inner, depth + 1)
        yield "</details>"

    yield from folder(top, 0)


def bar(share: Share) -> str:
    """How much is covered, for the eye; the number is beside it."""
    width = percentage(share.percent)
    return f'<span class="bar" aria-hidden="true"><i style="width:{width}%"></i></span>'


def _cells(
    name: str, share: Share, own: Mapping[str, Share], flags: Sequence[str], depth: int
) -> str:
    missed = share.statements - share.covered
    level = "bad" if not share.covered and share.statements else "full" if not missed else ""
    cells = [f'<span class="name" style="--d:{depth}">{line(name)}</span>']
    for flag in flags:
        seen = own.get(flag)
        text = "–" if seen is None else percentage(seen.percent)
        cells.append(f'<span class="num flag" title="{line(flag)}">{text}</span>')
    cells.append(bar(share))
    cells.append(
        f'<span class="num pct {level}">{percentage(share.percent)}<small> %</small></span>'
    )
    cells.append(
        f'<span class="num of">{number(share.covered)}<small> of </small>'
        f"{number(share.statements)}</span>"
    )
    cells.append(f'<span class="num miss">{number(missed) if missed else "✓"}</span>')
    return "".join(cells)


def _is_open(depth: int, top: Node) -> bool:
    if depth == 0:
        return True
    return _count(top) <= _OPEN_ROWS


def _count(node: Node) -> int:
    return 1 + len(node.files) + sum(_count(inner) for inner in node.folders.values())


def _joined(node: Node) -> Node:
    for name, inner in list(node.folders.items()):
        last = inner
        while not last.files and len(last.folders) == 1:
            (deeper,) = last.folders.values()
            deeper.name = f"{last.name}/{deeper.name}"
            last = deeper
        node.folders[name] = _joined(last)
    return node


def _sum(one: Share, two: Share) -> Share:
    return Share(one.covered + two.covered, one.statements + two.statements)
