"""Prints docs/commands.md, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

from covlint.cli.main import cli

_HEAD = """\
# Command line

Made by `make docs` from what `covlint COMMAND --help` says. Without a command, `check` is meant:
`covlint --fix .` is `covlint check --fix .`.

Completion for bash: `eval "$(_COVLINT_COMPLETE=bash_source covlint)"`; `zsh_source` and `fish_source`
for the others.

| exit code | |
|---|---|
| 0 | clean, or verified |
| 1 | findings at or above `--fail-on` (default: warning), or a verification that did not pass |
| 2 | usage or configuration; a Go toolchain that `verify` needs and does not find |
| 3 | internal error, or a named file that does not exist |
| 4 | of `covlint trend`: the collection broke, and no number is compared |
| 130 | interrupted |

After `--fix` the code speaks of what is left, with `--diff` of what would be left. The report goes to standard
output, everything else to standard error. `COVLINT_DEBUG=1` shows the traceback of an internal error,
`NO_COLOR=1` switches colours off.
"""
_WIDTH = 96


def main() -> None:
    print("\n".join(page()))


def page() -> Iterator[str]:
    yield _HEAD
    group = click.Context(cli, info_name="covlint")
    for name in cli.list_commands(group):
        command = cli.get_command(group, name)
        assert command is not None
        context = click.Context(
            command,
            parent=group,
            info_name=name,
            max_content_width=_WIDTH,
            terminal_width=_WIDTH,
            help_option_names=["-h", "--help"],
        )
        yield f"## covlint {name}\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    main()
