"""``covlint graph``: the chains of a project, and where each breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click

from covlint.chain import Certainty, Chain, Link
from covlint.cli.scope import scope_of
from covlint.project import Project
from covlint.report.text import visible

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
    config_targets = scope.config.target_dockerfiles
    project = Project(scope.files, scope.explicit, config_targets, render=scope.config.render)
    chains = [
        chain
        for chain in project.chains()
        if scope.reported is None
        or any(link.span is not None and link.span.path in scope.reported for link in chain.links)
    ]
    if form == "json":
        click.echo(
            json.dumps({"version": 1, "chains": [_data(project, c) for c in chains]}, indent=2)
        )
    elif form == "mermaid":
        click.echo("\n".join(mermaid(chains)))
    elif chains:
        click.echo("\n".join(tree(project, chains)))
    else:
        click.echo("No coverage chain found: no Go image and no container that runs one.")


def tree(project: Project, chains: Sequence[Chain]) -> Iterator[str]:
    """Each chain as a small tree, one hop per line."""
    for number, chain in enumerate(chains):
        if number:
            yield ""
        part = "" if chain.takes_part else "  (takes no part in coverage)"
        yield visible(chain.service) + part
        width = max((len(link.hop.value) for link in chain.links), default=0)
        if chain.gap is not None:
            width = max(width, len(chain.gap.missing.value))
        for index, link in enumerate(chain.links):
            yield from _broken(chain, width) if _before_gap(chain, index) else ()
            place = _place(project, link)
            label = visible(link.label)
            yield f"  {_MARKS[link.certainty]} {link.hop.value:<{width}}  {label}{place}"
        if chain.gap is not None and not any(
            _before_gap(chain, index) for index in range(len(chain.links))
        ):
            yield from _broken(chain, width)


def mermaid(chains: Sequence[Chain]) -> Iterator[str]:
    """The chains as a Mermaid flowchart."""
    yield "flowchart LR"
    for number, chain in enumerate(chains):
        yield f'  subgraph c{number}["{_quoted(chain.service)}"]'
        former = None
        for index, link in enumerate(chain.links):
            node = f"c{number}n{index}"
            yield f'    {node}["{_quoted(link.hop.value + ": " + link.label)}"]'
            if former is not None:
                broken = _before_gap(chain, index)
                yield f"    {former} -. broken .-> {node}" if broken else f"    {former} --> {node}"
            former = node
        gap = chain.gap
        if gap is not None and not any(_before_gap(chain, i) for i in range(len(chain.links))):
            node = f"c{number}gap"
            yield f'    {node}["✗ {_quoted(gap.missing.value + ": " + gap.reason)}"]'
            if former is not None:
                yield f"    {former} -. broken .-> {node}"
        yield "  end"


def _broken(chain: Chain, width: int) -> Iterator[str]:
    if chain.gap is not None:
        yield f"  ✗ {chain.gap.missing.value:<{width}}  {visible(chain.gap.reason)}"


def _before_gap(chain: Chain, index: int) -> bool:
    """Whether the gap lies just before the link at ``index``."""
    if chain.gap is None or index == 0:
        return False
    return (
        chain.links[index - 1].hop is chain.gap.after
        and chain.links[index].hop is not chain.gap.after
    )


def _place(project: Project, link: Link) -> str:
    if link.span is None:
        return ""
    start = project.source(link.span.path).position(link.span.start)
    return f"  {visible(link.span.path)}:{start.line}:{start.column}"


def _data(project: Project, chain: Chain) -> dict[str, object]:
    gap = chain.gap
    return {
        "service": chain.service,
        "takes_part": chain.takes_part,
        "links": [
            {
                "hop": link.hop.value,
                "label": link.label,
                "certainty": link.certainty.value,
                "path": link.span.path if link.span else None,
                "line": project.source(link.span.path).line_of(link.span.start)
                if link.span
                else None,
            }
            for link in chain.links
        ],
        "gap": None
        if gap is None
        else {"after": gap.after.value, "missing": gap.missing.value, "reason": gap.reason},
    }


def _quoted(text: str) -> str:
    return visible(text).replace('"', "#quot;")
