"""``covlint server``: what editors start."""

from __future__ import annotations

import click

from covlint.cli.exits import Failure


@click.command()
def server() -> None:
    """Speak the Language Server Protocol on standard input and output: findings, quick fixes,
    explanations. Editors start it; docs/editors.md says how."""
    try:
        from covlint.server.app import build  # slow to import, and an extra
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise Failure("the server needs more: pip install 'covlint[server]'") from error
    build().start_io()
