"""The report of ``covlint check`` in one or several formats, to where it is wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import click

from covlint.cli.exits import Failure
from covlint.registry import Registry, RegistryError
from covlint.report import Sheet
from covlint.rule import Rule

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "rdjson")


class FormatFile(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic since 8.3
    """``FORMAT=FILE``, with one of ``formats``."""

    name = "FORMAT=FILE"

    def __init__(self, formats: Sequence[str] = FORMATS) -> None:
        self.formats = formats

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, file = str(value).partition("=")
        if name not in self.formats or not equals or not file:
            known = f"{', '.join(self.formats[:-1])} or {self.formats[-1]}"
            self.fail(f"{value!r}: FORMAT=FILE is expected, with {known}", param, ctx)
        if file == "-":
            self.fail(f"{value!r}: what goes to stdout is chosen by --format {name}", param, ctx)
        return name, file


def rendered(
    name: str, sheet: Sheet, registry: Registry, *, statistics: bool = False, colour: bool = False
) -> str:
    """The report in one format; only the module of that format is imported."""
    if name == "json":
        from covlint.report import json as report_json

        return report_json.render(sheet)
    if name == "sarif":
        from covlint.report import sarif

        return sarif.render(sheet, _rules(sheet, registry))
    if name == "github":
        from covlint.report import github

        return github.render(sheet)
    if name == "gitlab":
        from covlint.report import gitlab

        return gitlab.render(sheet)
    if name == "junit":
        from covlint.report import junit

        return junit.render(sheet)
    if name == "rdjson":
        from covlint.report import rdjson

        return rdjson.render(sheet)
    from covlint.report import text

    render = text.render_colour if colour else text.render
    return render(sheet, statistics=statistics)


def write(file: str, content: str) -> None:
    """To GitHub's job summary it is added, for other steps have written there, too.

    Raises Failure when the file cannot be written.
    """
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    added = summary is not None and os.path.realpath(summary) == os.path.realpath(file)
    try:
        with open(
            file, "a" if added else "w", encoding="utf-8", errors="backslashreplace", newline="\n"
        ) as stream:
            stream.write(content)
    except OSError as error:
        raise Failure(f"{file}: the report cannot be written: {error.strerror}") from error


def wants_colour(stream: TextIO) -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def prefix_of(root: str) -> str:
    """The folder of the project in its git repository, with a final slash; "" at its root.

    Forges name files from the repository's root, and covlint from the configuration's.
    """
    folder = root
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, previous = os.path.dirname(folder), folder
        if folder == previous:
            return ""
    inside = os.path.relpath(root, folder).replace(os.sep, "/")
    return "" if inside == "." else inside + "/"


def _rules(sheet: Sheet, registry: Registry) -> Mapping[str, type[Rule[Any]]]:
    """The rules that found something; a rule that cannot be loaded is a crash of its own."""
    from covlint.suppression import OWN_RULES

    rules: dict[str, type[Rule[Any]]] = {rule.code: rule for rule in OWN_RULES}
    for code in {finding.diagnostic.code for finding in sheet.open}:
        if registry.entry(code) is not None:
            try:
                rules[code] = registry.rule(code)
            except RegistryError:
                continue
    return rules
