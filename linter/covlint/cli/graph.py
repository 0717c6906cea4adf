"""``covlint graph``: the chains of a project, and where each breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click

from covlint.chain import Certainty, Chain, Hop, Link
from covlint.cli.scope import registry_of, scope_of
from covlint.diagnostics import Diagnostic
from covlint.engine import Options, Traced, inspect
from covlint.precedence import hop_of
from covlint.project import Project
from covlint.source import Span
from covlint.terminal import visible

_MARKS = {Certainty.EXACT: "✓", Certainty.ASSUMED: "~", Certainty.UNKNOWN: "?"}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "json", "mermaid"]), default="text")
@click.option("--config", type=click.Path(dir_okay=False), help="Use this configuration file.")
def graph(paths: tuple[str, ...], form: str, config: str | None) -> None:
    """Show the coverage chains that PATHS are part of (default: all of the project).

    ✓ the files say so · ~ the only candidate · ? cannot be seen · ✗ broken here
    """
    scope = scope_of(paths or (".",), config_file=config)
    options = Options(
        reported=scope.reported,
        explicit=scope.explicit,
        settings=scope.config.settings,
        targets=scope.config.target_dockerfiles,
        render=scope.config.render,
    )
    inspection = inspect(scope.files, registry_of(scope.config), options)
    project, chains = inspection.project, inspection.traced
    if form == "json":
        listed = [_data(project, one) for one in chains]
        click.echo(json.dumps({"version": 1, "chains": listed}, indent=2))
    elif form == "mermaid":
        click.echo("\n".join(mermaid(chains)))
    elif chains:
        click.echo("\n".join(tree(project, chains)))
    else:
        click.echo("No coverage chain found: no Go image and no container that runs one.")


def tree(project: Project, chains: Sequence[Traced]) -> Iterator[str]:
    """Each chain as a small tree, one hop per line, a break below the hop that it is at."""
    for number, traced in enumerate(chains):
        chain = traced.chain
        if number:
            yield ""
        yield visible(chain.service) + _remark(chain)
        rows = _rows(traced)
        width = max((len(hop.value) for hop, _ in rows), default=0)
        for hop, what in rows:
            if isinstance(what, Link):
                mark, label, span = _MARKS[what.certainty], what.label, what.span
            elif isinstance(what, Diagnostic):
                mark, label, span = "✗", f"{what.code} {what.message}", what.span
            else:
                mark, label, span = "✗", what, None
            yield f"  {mark} {hop.value:<{width}}  {visible(label)}{_place(project, span)}"


def mermaid(chains: Sequence[Traced]) -> Iterator[str]:
    """The chains as a Mermaid flowchart; the edge before a break is dotted."""
    yield "flowchart LR"
    for number, traced in enumerate(chains):
        yield f'  subgraph c{number}["{_quoted(traced.chain.service)}"]'
        former, broken = None, False
        for index, (hop, what) in enumerate(_rows(traced)):
            node = f"c{number}n{index}"
            if isinstance(what, Link):
                unseen = "? " if what.certainty is Certainty.UNKNOWN else ""
                text = f"{unseen}{hop.value}: {what.label}"
            else:
                said = what.code if isinstance(what, Diagnostic) else what
                text, broken = f"✗ {hop.value}: {said}", True
            yield f'    {node}["{_quoted(text)}"]'
            if former is not None:
                edge = "-. broken .->" if broken else "-->"
                yield f"    {former} {edge} {node}"
            former, broken = node, False
        yield "  end"


def _remark(chain: Chain) -> str:
    if not chain.takes_part:
        return "  (takes no part in coverage)"
    return f"  ({chain.route.value})" if chain.route is not None else ""


_Row = tuple[Hop, "Link | Diagnostic | str"]


def _rows(traced: Traced) -> list[_Row]:
    """The links in order, each with what breaks it; a gap that no finding explains as text."""
    chain, order = traced.chain, list(Hop)
    found = {one: hop for one in traced.breaks if (hop := hop_of(one.code)) is not None}
    rows: list[_Row] = [(link.hop, link) for link in chain.links]
    rows += [(hop, one) for one, hop in found.items()]
    gap = chain.gap
    # a finding there, or further on, says what the gap comes from
    if gap is not None and all(order.index(gap.missing) > order.index(h) for h in found.values()):
        rows.append((gap.missing, gap.reason))
    return sorted(rows, key=lambda row: (order.index(row[0]), not isinstance(row[1], Link)))


def _place(project: Project, span: Span | None) -> str:
    if span is None:
        return ""
    start = project.source(span.path).position(span.start)
    return f"  {visible(span.path)}:{start.line}:{start.column}"


def _data(project: Project, traced: Traced) -> dict[str, object]:
    chain = traced.chain
    gap = chain.gap

    def line(span: Span | None) -> int | None:
        return project.source(span.path).line_of(span.start) if span is not None else None

    return {
        "service": chain.service,
        "takes_part": chain.takes_part,
        "route": chain.route.value if chain.route is not None else None,
        "links": [
            {
                "hop": link.hop.value,
                "label": link.label,
                "certainty": link.certainty.value,
                "path": link.span.path if link.span else None,
                "line": line(link.span),
            }
            for link in chain.links
        ],
        "gap": None
        if gap is None
        else {"after": gap.after.value, "missing": gap.missing.value, "reason": gap.reason},
        "breaks": [
            {
                "hop": hop.value if (hop := hop_of(one.code)) is not None else None,
                "code": one.code,
                "message": one.message,
                "path": one.span.path,
                "line": line(one.span),
            }
            for one in traced.breaks
        ],
    }


def _quoted(text: str) -> str:
    return visible(text).replace('"', "#quot;")
