"""``covlint rule``: the page of a rule, or the table of all rules."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

import click

from covlint.cli.exits import Failure, Misuse
from covlint.registry import Registry, RegistryError
from covlint.rule import Rule
from covlint.selection import nearest

_EVIDENCE = {
    "reproduced": "measured on a real toolchain or engine",
    "reported": "published; it cannot be run here",
    "refuted": "published, and measured to lose nothing",
}


@click.command()
@click.argument("code", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown"]),
    default="text",
    help="The form of the table.",
)
def rule(code: str | None, form: str) -> None:
    """Explain the rule CODE (or a rule's name), or list all rules."""
    try:
        registry = Registry.builtin()
        if code is None:
            click.echo("\n".join(markdown(registry) if form == "markdown" else table(registry)))
            return
        names = {found.name: found.code for found in registry.rules()}
        wanted = names.get(code.lower(), code.upper())
        if registry.entry(wanted) is None:
            hint = nearest(wanted, registry.codes) or nearest(code.lower(), names)
            advice = f"; did you mean {hint}?" if hint else "; `covlint rule` lists them"
            raise Misuse(f"no rule is called {code!r}{advice}")
        click.echo("\n".join(page(registry.rule(wanted))))
    except RegistryError as error:
        raise Failure(f"internal error: {error}") from error


def table(registry: Registry) -> Iterator[str]:
    """One line per rule: code, name, severity, whether it comes with a fix, summary."""
    for found in registry.rules():
        summary = inspect.getdoc(found) or ""
        fixable = "fix" if fixes(found) else "   "
        yield (
            f"{found.code}  {found.name:<24} {found.severity.value:<8} {fixable}  "
            + summary.partition("\n")[0]
        )


def markdown(registry: Registry) -> Iterator[str]:
    """The table of rules as the README shows it."""
    yield "| code | name | severity | what it finds | fix | evidence |"
    yield "|---|---|---|---|---|---|"
    for found in registry.rules():
        summary = (inspect.getdoc(found) or "").partition("\n")[0].replace("|", "\\|")
        cells = [found.code, found.name, found.severity.value, summary]
        cells += ["yes" if fixes(found) else "", found.evidence.value]
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |")


def fixes(found: type[Rule[object]]) -> bool:
    """Whether a case of the rule shows a fix that is written."""
    return any(case.fixed is not None for case in found.INVALID)


def page(found: type[Rule[object]]) -> Iterator[str]:
    """The rule's docstring, where its claim comes from, and its first cases."""
    yield f"{found.code} {found.name}"
    yield ""
    yield from (inspect.getdoc(found) or "").splitlines()
    yield ""
    yield f"Severity: {found.severity.value}"
    evidence = found.evidence.value
    source = f" ({found.source})" if found.source else ""
    yield f"Evidence: {evidence}: {_EVIDENCE[evidence]}{source}"
    if found.symptom is not None:
        yield f"Symptom:  {found.symptom.value}"
    yield f"Since:    covlint {found.since}"
    if found.INVALID:
        yield from ("", "Reported (the marked text):")
        yield from _files(found.INVALID[0].files)
    if found.INVALID and found.INVALID[0].fixed is not None:
        yield from ("", "After the fix:")
        yield from _files(found.INVALID[0].fixed)
    if found.VALID:
        why = f" ({found.VALID[0].why})" if found.VALID[0].why else ""
        yield from ("", f"Not reported{why}:")
        yield from _files(found.VALID[0].files)


def _files(files: str | Mapping[str, str]) -> Iterator[str]:
    listed = {"Dockerfile": files} if isinstance(files, str) else files
    for path, text in listed.items():
        yield from ("", f"    # {path}")
        yield from (f"    {line}" if line else "" for line in text.splitlines())
