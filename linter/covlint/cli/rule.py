"""``covlint rule``: the page of a rule, or the list of rules."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

import click

from covlint.cli.codes import Codes
from covlint.cli.exits import Failure, Misuse
from covlint.cli.pages import Rules, measured, write_pages
from covlint.cli.scope import registry_of, scope_of
from covlint.registry import RegistryError, family_of
from covlint.report.rule_page import (
    FAMILIES,
    fixes,
    page,
    page_data,
    row,
    summary_data,
)
from covlint.rule import describe
from covlint.selection import nearest
from covlint.suppression import OWN_RULES
from covlint.testing import entry_of


@click.command()
@click.argument("which", type=Codes(), metavar="[CODE|NAME|FAMILY]", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="The form of the page or list.",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False),
    help="Write a Markdown page per rule and README.md, their list, to this folder.",
)
@click.option("--config", type=click.Path(dir_okay=False), help="Use this configuration file.")
def rule(which: str | None, form: str, output_dir: str | None, config: str | None) -> None:
    """Explain a rule, by its code (COV203) or name, or list rules: all, or those of a
    prefix (COV2) or family (image). Rules of the packs that the configuration names are
    among them."""
    try:
        registry = registry_of(scope_of((".",), config_file=config).config)
        known: Rules = [*OWN_RULES, *registry.rules()]
    except RegistryError as error:
        raise Failure(f"internal error: {error}") from error
    found = known if which is None else _wanted(which, known)
    single = which is not None and len(found) == 1
    if output_dir is not None:
        write_pages(output_dir, found)
    elif form == "json":
        data = [page_data(one) if single else summary_data(one) for one in found]
        click.echo(json.dumps({"version": 1, "rules": data}, indent=2, ensure_ascii=False))
    elif single:
        _show(page(found[0], measured(found[0])), plain=form == "markdown")
    elif form == "markdown":
        click.echo("\n".join(markdown(found)))
    else:
        click.echo("\n".join(table(found)))


def table(rules: Rules) -> Iterator[str]:
    """By family, one line per rule: code, name, severity, whether it has a fix, summary."""
    family = ""
    for found in rules:
        if family_of(entry_of(found)) != family:
            if family:
                yield ""
            family = family_of(entry_of(found))
            about = FAMILIES.get(family)
            yield f"{family}: {about}" if about else family
        fixable = "fix" if fixes(found) else "   "
        severity = found.severity.value
        yield f"{found.code}  {found.name:<24} {severity:<8} {fixable}  {describe(found).summary}"


def markdown(rules: Rules) -> Iterator[str]:
    """The table of rules as the README shows it."""
    yield "| code | name | severity | what it finds | fix | evidence |"
    yield "|---|---|---|---|---|---|"
    yield from (row(found) for found in rules)


def _wanted(which: str, known: Rules) -> Rules:
    """The rules that a code, a name, a family or the beginning of a code means.

    Raises Misuse with the nearest of all these words when it means none.
    """
    word = which.strip()
    exact = [one for one in known if word.upper() == one.code or word.lower() == one.name]
    family = [one for one in known if family_of(entry_of(one)) == word.lower()]
    found = exact or family or [one for one in known if word and one.code.startswith(word.upper())]
    if found:
        return found
    codes = {one.code for one in known}
    words = {one.name for one in known} | {family_of(entry_of(one)) for one in known}
    hint = nearest(word.lower(), words) or nearest(word.upper(), codes)
    advice = f"; did you mean {hint}?" if hint else "; `covlint rule` lists them"
    raise Misuse(f"no rule is called {which!r}{advice}")


def _show(text: str, *, plain: bool) -> None:
    """The page in the form of the terminal; as Markdown where it goes elsewhere."""
    terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    if plain or not terminal or os.environ.get("TERM") == "dumb":
        click.echo(text, nl=False)
        return
    from rich.console import Console  # slow to import
    from rich.markdown import Markdown

    Console(width=min(100, Console().width)).print(Markdown(text))
