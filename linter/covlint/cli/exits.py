"""Exit codes, and the failures that have one."""

from __future__ import annotations

import click

CLEAN = 0
FINDINGS = 1  # or a verification that did not pass
USAGE = 2  # or a configuration that cannot be used
INTERNAL = 3  # or a file named on the command line that does not exist
BROKEN = 4  # `covlint trend` alone: the collection broke, and the numbers mean nothing
INTERRUPTED = 130


class Failure(click.ClickException):
    """Something that no other spelling of the command would help: exit code 3."""

    exit_code = INTERNAL


class Misuse(click.ClickException):
    """A usage or configuration error whose message says all there is to say."""

    exit_code = USAGE
