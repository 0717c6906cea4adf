"""Codes of rules on the command line, which the shell completes.

To switch it on: ``eval "$(_COVLINT_COMPLETE=bash_source covlint)"`` (``zsh_source``,
``fish_source``), as of any program that click makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Codes(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic since 8.3
    """Codes or prefixes between commas; which ones there are, the command checks."""

    name = "codes"

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,
        incomplete: str,
    ) -> list[CompletionItem]:
        """The codes that begin as the last one does; of packs, too, where they can be told."""
        from click.shell_completion import CompletionItem  # only where the shell asks

        before, comma, last = incomplete.rpartition(",")
        return [
            CompletionItem(before + comma + code)
            for code in _known()
            if code.startswith(last.upper())
        ]


def _known() -> list[str]:
    from covlint.cli.exits import Failure, Misuse
    from covlint.cli.scope import registry_of, scope_of
    from covlint.registry import OWN_CODES, Registry

    try:
        registry = registry_of(scope_of((".",)).config)
    except (Failure, Misuse):  # the command itself will say what is wrong
        registry = Registry.builtin()
    return sorted({*registry.codes, *OWN_CODES})
