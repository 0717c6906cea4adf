"""Writes docs/images/terminal.svg: a terminal in which covlint finds, repairs and proves.

The commands are run for real, on a copy of fixtures/projects/datastorage without the build flags that
lose nothing (COV107 to COV110 are another story). It is what a terminal shows, but for what differs
from run to run (seconds, the version of Go) and what would make the picture long: of the claims the
first are shown, of the fixed findings the beginnings, of the paths of the results none.

Usage: python docs/tools/terminal.py [FILE]
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "fixtures" / "projects" / "datastorage"
WIDTH = 104
STORY = ("covlint", "covlint --fix", "covlint verify")
CLAIMS = 3

#: Legible on light and on dark pages, as the picture has a background of its own.
_THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (110, 118, 129),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
    [
        (139, 148, 158),
        (255, 161, 152),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (240, 246, 252),
    ],
)
#: rich's own has a font from elsewhere in it.
_SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="A terminal: covlint finds two breaks, fixes them, and verifies the coverage">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font: 16px system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "terminal.svg"
    target.write_text(picture(), encoding="utf-8")


def picture() -> str:
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        legacy_windows=False,
    )
    with tempfile.TemporaryDirectory(prefix="covlint-terminal-") as place:
        folder = Path(place) / "datastorage"
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(".covlint", "coverdata"))
        said("covlint --fix --unsafe-fixes --select COV107,COV108,COV109,COV110", folder)
        for number, command in enumerate(STORY):
            console.print(Text.assemble("\n" if number else "", ("$ ", "dim"), (command, "bold")))
            for line in shortened(said(command, folder)):
                shown = Text.from_ansi(line)
                if shown.plain.startswith("fixed "):
                    shown.truncate(WIDTH, overflow="ellipsis")
                console.print(shown)

    drawn = console.export_svg(
        title="covlint", theme=_THEME, code_format=_SVG, unique_id="covlint", font_aspect_ratio=0.61
    )
    return re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE)


def said(command: str, folder: Path) -> str:
    """Standard output of a command, which believes that it writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(WIDTH), "LINES": "50"}
    environment.pop("NO_COLOR", None)
    environment["PYTHONPATH"] = os.pathsep.join(str(ROOT / part) for part in ("linter", "rules"))
    words = [sys.executable, "-m", *command.split()]
    parts: list[bytes] = []
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL
    ):
        os.close(theirs)
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not part:
                break
            parts.append(part)
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def shortened(text: str) -> Iterator[str]:
    """The lines of a report; of its claims the first, and of what follows the last."""
    changing = re.compile(r" (?:in|after) \d+\.\d s\b|(?<=process engine), [^)]*\([^)]*\)")
    lines = [changing.sub("", line) for line in text.rstrip().splitlines()]
    claims = [index for index, line in enumerate(lines) if plain(line).startswith("  ✓ ")]
    if not claims:
        yield from lines
        return
    yield from lines[: claims[0] + CLAIMS]
    yield f"\x1b[2m  ⋮ {len(claims) - CLAIMS} more\x1b[0m"
    yield ""
    yield lines[-1]


def plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


if __name__ == "__main__":
    main()
