"""The page as a whole."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files as resources

from covlint.covdata.fit import fits
from covlint.covdata.flags import Coverage
from covlint.covdata.lines import check_lines
from covlint.covdata.meta import Unit
from covlint.covdata.page import source, treemap, verdict
from covlint.covdata.page.markup import line, number, percentage
from covlint.covdata.page.tree import (
    anchors,
    common_root,
    flag_letters,
    relative,
    rows,
    tree_of,
)
from covlint.covdata.profile import package_of
from covlint.covdata.summary import Share, Summary
from covlint.covdata.verification import Verification

_NOTHING: Mapping[str, bytes] = {}
_WIDE, _NARROW = (1180, 440), (360, 520)  # pixels
_FEW, _LOW = 10, 0.5  # a map of few files is not so tall
_WORST = 8
_SCALE = ("0 %", "≤ 25 %", "≤ 50 %", "≤ 75 %", "≤ 90 %", "&lt; 100 %", "100 %")


def render(
    coverage: Coverage,
    summary: Summary,
    sources: Mapping[str, bytes] = _NOTHING,
    *,
    verification: Verification | None = None,
    trend_svg: str | None = None,
) -> str:
    """``sources``: file as the profile names it → its bytes; a file without them is listed
    only. ``trend_svg`` is finished markup, taken as it is. Raises TooManyLines."""
    check_lines(coverage.total)
    style, script = _resource("style.css"), _resource("script.js")
    root = common_root(summary)
    title = verification.target if verification is not None else root.rpartition("/")[2]
    parts = [
        *_head(f"Coverage of {title}" if title else "Coverage", style, script),
        *_hero(coverage, summary, root),
        "<main>",
    ]
    if verification is not None:
        parts += verdict.section(verification)
    if trend_svg is not None:
        parts.append(f'<section id="trend"><h2>Trend</h2>{trend_svg}</section>')
    if summary.total.statements:
        parts += _map(summary, root)
        parts += _worst(summary, root)
        parts += _files(coverage, summary, sources, root)
    parts += ["</main>", *_foot(script)]
    return "\n".join(parts) + "\n"


def _head(title: str, style: str, script: str) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    # Sources are others' text: should a tag ever slip through, it could not run or load a thing.
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{line(title)}</title>\n<style>\n{style}</style></head><body>"


def _hero(coverage: Coverage, summary: Summary, root: str) -> Iterator[str]:
    flags = list(summary.flags) if len(summary.flags) > 1 else []
    yield '<header><div class="wrap"><div class="score">'
    yield f'<p class="eyebrow">Coverage{f" of <b>{line(root)}</b>" if root else ""}</p>'
    if summary.total.statements:
        yield f'<h1>{percentage(summary.total.percent)}<span class="unit"> %</span></h1>'
        yield (
            f'<p class="sub">{number(summary.total.covered)} of '
            f"{number(summary.total.statements)} statements in "
            f"{_count(len(summary.packages), 'package')} and "
            f"{_count(len(summary.files), 'file')}</p></div>"
        )
        yield '<div class="split">'
        yield from _split(coverage, summary, flags)
        yield "</div>"
    else:
        yield '<h1 class="none">No coverage</h1>'
        yield '<p class="sub">There is nothing in the data that could be executed.</p></div>'
    facts = [
        ("processes", None if summary.processes is None else number(summary.processes)),
        ("programs", ", ".join(name.rpartition("/")[2] for name in summary.programs[:6]) or None),
        ("mode", summary.mode),
        ("revision", None if summary.revision is None else summary.revision[:12]),
        ("time", None if summary.time is None else summary.time.replace("T", " ")),
    ]
    yield '<dl class="facts">'
    for name, value in facts:
        if value is not None:
            yield f"<div><dt>{name}</dt><dd>{line(value)}</dd></div>"
    yield "</dl>"
    if summary.remarks:
        yield '<ul class="remarks">'
        yield from (f"<li>⚠ {line(remark)}</li>" for remark in summary.remarks)
        yield "</ul>"
    yield "</div></header>"


def _split(coverage: Coverage, summary: Summary, flags: Sequence[str]) -> Iterator[str]:
    """Who covers what: a bar of parts, and each flag with its own number."""
    whole = summary.total.statements or 1
    if not flags:
        yield (
            '<div class="stack" aria-hidden="true">'
            f'<i class="all" style="width:{100 * summary.total.covered / whole:.2f}%"></i></div>'
        )
        return
    letters = flag_letters(flags)
    only, several = _alone(coverage)
    yield '<div class="stack" aria-hidden="true">'
    yield f'<i class="all" style="width:{100 * several / whole:.2f}%"></i>'
    for index in range(len(letters)):
        yield f'<i class="{letters[index]}" style="width:{100 * only[index] / whole:.2f}%"></i>'
    yield '</div><ul class="legend">'
    both = "both" if len(flags) == 2 else "several"
    yield f'<li><i class="all"></i>{both} <b>{percentage(100 * several / whole)} %</b></li>'
    for index, flag in enumerate(flags[: len(letters)]):
        if not only[index] and len(flags) > 2:
            continue
        share = percentage(100 * only[index] / whole)
        yield f'<li><i class="{letters[index]}"></i>only {line(flag)} <b>{share} %</b></li>'
    nobody = whole - several - sum(only)
    yield f'<li><i class="none"></i>none <b>{percentage(100 * nobody / whole)} %</b></li></ul>'
    yield '<fieldset class="view"><legend>Show the coverage of</legend>'
    yield '<label><input type="radio" name="view" id="view-all" checked> all</label>'
    for index, flag in enumerate(flags):
        own = percentage(summary.flags[flag].percent)
        told = f"{line(flag)} <b>{own} %</b>"
        if index < len(letters):
            ident = f"view-{letters[index]}"
            yield f'<label><input type="radio" name="view" id="{ident}"> {told}</label>'
        else:  # there are no more colours to tell flags apart
            yield f"<span>{told}</span>"
    yield "</fieldset>"


def _alone(coverage: Coverage) -> tuple[list[int], int]:
    """The statements that only one flag executes, for each flag; and those of several."""
    only, several = [0] * len(coverage.flags), 0
    for file, functions in coverage.total.files().items():
        own = [flag.blocks.get(file, {}) for flag in coverage.flags]
        for function in functions:
            for unit, count in function.counts.items():
                hits = [index for index, counts in enumerate(own) if counts.get(unit)]
                if len(hits) == 1:
                    only[hits[0]] += unit.statements
                elif count:
                    several += unit.statements
    return only, several


def _map(summary: Summary, root: str) -> Iterator[str]:
    ids = anchors(summary)
    flags = list(summary.flags) if len(summary.flags) > 1 else []
    members: dict[str, list[treemap.Cell]] = {part.path: [] for part in summary.packages}
    for file in summary.files:
        name = file.path.rpartition("/")[2]
        cell = treemap.Cell(name, file.share, file.flags, ids[file.path])
        members.setdefault(package_of(file.path), []).append(cell)
    groups = [
        treemap.Group(relative(path, root), ids.get(path, "files"), tuple(cells))
        for path, cells in members.items()
    ]
    yield '<section id="map"><h2>Map</h2>'
    yield '<p class="hint">Area is statements, colour is coverage. A file leads to its source.</p>'
    yield (
        '<svg width="0" height="0" class="defs" aria-hidden="true"><pattern id="hatch" width="7"'
        ' height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="1.4" height="7"/></pattern></svg>'
    )
    low = _LOW if len(summary.files) < _FEW else 1
    for (width, height), name in ((_WIDE, "wide"), (_NARROW, "narrow")):
        yield treemap.draw(groups, flags, (width, int(height * low)), name)
    yield '<ul class="scale" aria-label="Colours">'
    yield from (f'<li><i class="s{n}"></i>{name}</li>' for n, name in enumerate(_SCALE))
    yield "</ul></section>"


def _worst(summary: Summary, root: str) -> Iterator[str]:
    ids = anchors(summary)

    def missed(share: Share) -> int:
        return share.statements - share.covered

    worst = sorted(summary.files, key=lambda part: -missed(part.share))[:_WORST]
    worst = [part for part in worst if missed(part.share)]
    if len(worst) < 2:
        return
    yield '<section id="gaps"><h2>Largest gaps</h2><ol class="gaps">'
    most = missed(worst[0].share)
    for part in worst:
        width = 100 * missed(part.share) / most
        yield (
            f'<li><a href="#{ids[part.path]}">{line(relative(part.path, root))}</a>'
            f'<span class="gap" aria-hidden="true"><i style="width:{width:.1f}%"></i></span>'
            f"<span>{number(missed(part.share))} missed</span></li>"
        )
    yield "</ol></section>"


def _files(
    coverage: Coverage, summary: Summary, sources: Mapping[str, bytes], root: str
) -> Iterator[str]:
    flags = list(summary.flags) if len(summary.flags) > 1 else []
    letters = flag_letters(flags)
    functions = coverage.total.files()
    notes = {clash.file: str(clash) for clash in coverage.clashes}

    def counts_of(file: str) -> dict[Unit, int]:
        counts: dict[Unit, int] = {}
        for function in functions.get(file, ()):
            for unit, count in function.counts.items():
                counts[unit] = max(count, counts.get(unit, 0))
        return counts

    for file, text in sources.items():
        if file not in notes and not fits(text, counts_of(file)):
            notes[file] = "The source here is not the one that was measured: lines may be wrong."

    def opened(file: str) -> Iterator[str]:
        text = sources.get(file)
        if text is None:
            yield '<p class="note">The source was not found.</p>'
            return
        own = [flag.blocks.get(file, {}) for flag in coverage.flags]
        items = source.lines(text, counts_of(file), own if letters else [], letters)
        yield f'<div class="scroll"><ol class="src">{"".join(items)}</ol></div>'

    many = " many" if len(flags) > 2 else ""
    kind = f' class="flags{many}" style="--flags:{len(flags)}"' if flags else ""
    yield f'<section id="files"{kind}><h2>Files</h2>'
    yield '<div class="tools"><input type="search" id="find" placeholder="Filter by path  ( / )"'
    yield ' aria-label="Filter files by path" autocomplete="off" spellcheck="false">'
    yield '<label><input type="checkbox" id="gapsonly"> only files with gaps</label>'
    yield '<button type="button" id="fold">Fold all</button>'
    yield '<button type="button" id="next" title="n">Next gap</button>'
    yield '<output id="told"></output></div>'
    kinds = (("y", "executed"), ("n", "not executed"), ("m", "in part"))
    yield '<p class="key">'
    yield from (f'<span><i class="{name}"></i>{what}</span>' for name, what in kinds)
    for letter, flag in zip(letters, flags, strict=False):
        yield f'<span><i class="stripe {letter}"></i>by {line(flag)}</span>'
    yield "</p>"
    heads = "".join(f'<span class="num flag">{line(flag)}</span>' for flag in flags)
    yield (
        f'<div class="head row" aria-hidden="true"><span>path</span>{heads}<span></span>'
        '<span class="num">covered</span><span class="num of">statements</span>'
        '<span class="num miss">missed</span></div>'
    )
    yield '<div class="tree">'
    yield from rows(tree_of(summary, root), summary, anchors(summary), opened, notes)
    yield "</div></section>"


def _foot(script: str) -> Iterator[str]:
    keys = (
        ("n or j", "next gap"),
        ("p or k", "the one before"),
        ("/", "filter the files"),
        ("f", "coverage of the next flag"),
        ("o", "open or fold the file in view"),
        ("t", "to the top"),
        ("?", "these keys"),
        ("Esc", "close, or leave the filter"),
    )
    yield '<footer>Made by covlint. <span class="js">Press <kbd>?</kbd> for keys.</span></footer>'
    yield '<dialog id="help" aria-label="Keys"><h2>Keys</h2><dl>'
    yield from (f"<div><dt><kbd>{line(key)}</kbd></dt><dd>{what}</dd></div>" for key, what in keys)
    yield '</dl><button type="button" id="close">Close</button></dialog>'
    yield f"<script>{script}</script></body></html>"


def _count(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def _resource(name: str) -> str:
    return (resources("covlint.covdata.page") / name).read_text(encoding="utf-8")
