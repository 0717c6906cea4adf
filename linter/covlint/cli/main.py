"""The group of commands, and the one place where failures become exit codes.

0 clean or passed · 1 findings, or a verification that did not pass · 2 usage or
configuration · 3 internal error, or a named file that is not there · 4 of ``trend``: the
collection broke · 130 interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

from covlint import __version__
from covlint.cli.exits import CLEAN, FINDINGS, INTERNAL, INTERRUPTED
from covlint.terminal import visible

#: Command → module, attribute, and its line in the list of commands.
_COMMANDS = {
    "init": ("covlint.cli.init", "init", "Propose what a repository without coverage lacks."),
    "check": ("covlint.cli.check", "check", "Find, and with --fix repair, what loses the data."),
    "verify": ("covlint.cli.verify", "verify", "Prove by a real run that the data arrives."),
    "doctor": ("covlint.cli.doctor", "doctor", "Explain a coverage folder and a log."),
    "why": ("covlint.cli.why", "why", "Tell why a package is at 0 %."),
    "report": ("covlint.cli.report", "report", "Report coverage from data folders and profiles."),
    "trend": ("covlint.cli.trend", "trend", "Keep runs, and tell how coverage moves over them."),
    "graph": ("covlint.cli.graph", "graph", "Show the coverage chains and where they break."),
    "rule": ("covlint.cli.rule", "rule", "Explain a rule, or list all rules."),
    "demo": ("covlint.cli.demo", "demo", "Show the whole story on a bundled broken service."),
    "server": ("covlint.cli.server", "server", "Tell editors what is found, while they edit."),
    "lab": ("covlint.cli.lab", "lab", "Rerun the evidence of rules on real Go versions."),
}
#: What writing to standard output ends with, when it is a file on a full or broken disk.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})
_OWN_OPTIONS = frozenset({"--help", "-h", "--version"})


class Commands(click.Group):
    """Loads a command when it is called; what names no command is given to ``check``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):  # from the table: nothing has to be loaded for it
            formatter.write_dl([(name, line) for name, (_, _, line) in _COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        completing = ctx.resilient_parsing and not args
        if not completing and (not args or args[0] not in {*_COMMANDS, *_OWN_OPTIONS}):
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without a command, `check` is meant: `covlint --fix .`",
)
@click.version_option(__version__, message="covlint %(version)s")
def cli() -> None:
    """Find why a Go service's e2e coverage comes back empty, fix it, and prove the fix."""


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        result = cli.main(list(arguments), prog_name="covlint", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("covlint: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; the interpreter must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINDINGS
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in _FULL:
            return _unsaid(error)
        if os.environ.get("COVLINT_DEBUG"):
            raise
        name = type(error).__name__
        click.echo(f"covlint: internal error: {name}: {visible(str(error))}", err=True)
        click.echo("Please report it, with the output of COVLINT_DEBUG=1 covlint …", err=True)
        return INTERNAL
    return result if isinstance(result, int) else CLEAN


def _show(error: click.ClickException) -> None:
    """On stderr. Names of files and lines of profiles are anybody's, and go to a terminal."""
    said = io.StringIO()
    error.show(said)
    text = said.getvalue()
    click.echo("\n".join(visible(line) for line in text.split("\n")), nl=False, err=True)


def _unsaid(error: OSError) -> int:
    """The exit code of a run whose report did not arrive."""
    # stderr may be the same full disk, and neither may fail again when the interpreter ends
    with contextlib.suppress(OSError):
        click.echo(f"covlint: the report cannot be written: {error.strerror}", err=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return INTERNAL
