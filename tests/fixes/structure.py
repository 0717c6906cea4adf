"""Whether a rewritten file still says the same, apart from what was rewritten.

A file is taken apart by a parser that is not the one that covlint edits by: ruamel.yaml
in pure Python, BuildKit's Dockerfile parser, gofmt, Python's ``ast``, the shell itself. The parts
that no edit touches have to be the same before and after, in the same order.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial

import dockerfile

from covlint.documents.makereader import read_makefile
from covlint.documents.shell import parse_script
from covlint.source import SourceFile
from fixes.hunks import Step
from fixes.leaves import leaves
from fixes.parts import Part, Unreadable

_DOCKERFILE = re.compile(r"(?:docker|container)file", re.IGNORECASE)
_MAKEFILE = re.compile(r"(?:^|/)(?:GNU)?[Mm]akefile(?:\.\w+)?$|\.mk$")


def difference(step: Step, *, shared: bool = False) -> str | None:
    """Why the file says something else off its edits; None when it does not.

    A file that was unreadable before may stay so. ``shared``: an edited value may be one that
    others take over by an alias, as for unsafe fixes.
    """
    reader = reader_of(step.path)
    if reader is None:
        return None
    if reader is leaves and shared:
        reader = partial(leaves, aliases=False)
    try:
        parts = list(reader(step.before))
    except Unreadable:
        return None
    try:
        new_parts = list(reader(step.after))
    except Unreadable as error:
        return f"does not parse any more: {error}"
    kept = [said for start, end, said in parts if not _changes(step, start, end)]
    new_kept = [said for start, end, said in new_parts if not _changes(step, start, end, new=True)]
    if kept == new_kept:
        return None
    pairs = zip(kept, new_kept, strict=False)
    first = next((pair for pair in pairs if pair[0] != pair[1]), None)
    if first is None:
        return f"has {len(new_kept)} parts off the edits instead of {len(kept)}"
    return f"says something else: {first[0]!r} became {first[1]!r}"


def _changes(step: Step, start: int, end: int, *, new: bool = False) -> bool:
    """Whether a part may be another one after the edits: an empty value is filled by lines below."""
    return start == end >= 0 or step.touched(start, end, new=new)


def reader_of(path: str) -> Callable[[bytes], Iterator[Part]] | None:
    """What takes a file apart, by its name."""
    name = path.rsplit("/", 1)[-1]
    if name.endswith((".yaml", ".yml")):
        return leaves
    if name.endswith(".go"):
        return _go
    if name.endswith(".py") or "Tiltfile" in name:
        return _python
    if name.endswith((".sh", ".bash")):
        return _shell
    if _MAKEFILE.search(path):
        return _makefile
    return _dockerfile if _DOCKERFILE.search(name) else None


def _dockerfile(data: bytes) -> Iterator[Part]:
    """Its instructions. The script of a RUN is not taken apart: :func:`broken_scripts` looks."""
    starts = _line_starts(data)
    try:
        for command in dockerfile.parse_string(data.decode("utf-8")):
            said = (command.cmd, command.sub_cmd, command.flags, command.value, command.json)
            first, last = starts[command.start_line - 1], starts[command.end_line]
            yield first, first + len(data[first:last].rstrip(b"\r\n")), said
    except (dockerfile.GoParseError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error


def _go(data: bytes) -> Iterator[Part]:
    """Its lines, and whether gofmt would change it: what was formatted stays formatted."""
    if shutil.which("gofmt") is None:
        raise Unreadable("no gofmt on PATH")
    completed = subprocess.run(["gofmt"], input=data, capture_output=True, check=False)
    if completed.returncode != 0:
        raise Unreadable(completed.stderr.decode("utf-8", "replace").strip())
    yield -1, -1, completed.stdout == data
    yield from _lines(data)


def _python(data: bytes) -> Iterator[Part]:
    """Its expressions and statements that stand on lines of their own or within one line."""
    starts = _line_starts(data)
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    mark = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr | ast.stmt) or node.end_lineno is None:
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + (node.end_col_offset or 0)
        yield (
            start + (mark if node.lineno == 1 else 0),
            end + (mark if node.end_lineno == 1 else 0),
            ast.dump(node),
        )


def _shell(data: bytes) -> Iterator[Part]:
    """Its simple commands, once the shell of its first line, else ``sh``, accepts it."""
    shell = "bash" if re.match(rb"(?:\xef\xbb\xbf)?#!.*\bbash", data) else "sh"
    error = syntax_error(data, shell)
    if error is not None:
        raise Unreadable(error)
    for command in parse_script("script", data).commands:
        spans = [one.span for one in (*command.words, *command.assignments)]
        said = tuple(data[span.start : span.end] for span in spans)
        yield command.span.start, command.span.end, said


def _makefile(data: bytes) -> Iterator[Part]:
    """The lines of its rules and recipes, each with the target that it is for."""
    file = read_makefile(SourceFile("Makefile", data))
    for line in file.lines():
        said = data[line.span.start : line.span.end]
        yield line.span.start, line.span.end, (line.targets, said)


def syntax_error(script: bytes, shell: str = "sh") -> str | None:
    """Why the shell itself does not take a script, which is not run."""
    completed = subprocess.run([shell, "-n"], input=script, capture_output=True, check=False)
    if completed.returncode == 0:
        return None
    return completed.stderr.decode("utf-8", "replace").strip()


def broken_scripts(step: Step) -> Iterator[str]:
    """Shell scripts of a Dockerfile or a YAML file that were edited, and that ``sh`` took before."""
    if not any(word in step.path for word in (".yaml", ".yml")) and not _DOCKERFILE.search(
        step.path
    ):
        return
    scripts, new_scripts = set(_scripts(step.path, step.before)), _scripts(step.path, step.after)
    changed = [script for script in new_scripts if script not in scripts]
    if not changed or all(syntax_error(one) is None for one in changed):
        return
    faulty = sum(syntax_error(one) is not None for one in scripts)
    if sum(syntax_error(one) is not None for one in _scripts(step.path, step.after)) > faulty:
        yield f"a script that sh does not take any more: {changed[0].decode()!r}"


def _scripts(path: str, data: bytes) -> list[bytes]:
    try:
        if path.endswith((".yaml", ".yml")):
            return [
                str(said[-1]).encode()
                for _, _, said in leaves(data)
                if isinstance(said, tuple) and re.search(r"\w\s+\w", str(said[-1]))
            ]
        return [
            "\n".join(command.value).encode()
            for command in dockerfile.parse_string(data.decode("utf-8"))
            if command.cmd.upper() == "RUN" and not command.json and "<<" not in command.original
        ]
    except (dockerfile.GoParseError, UnicodeDecodeError, Unreadable):
        return []


def _lines(data: bytes) -> Iterator[Part]:
    position = 0
    for line in data.split(b"\n"):
        yield position, position + len(line), line
        position += len(line) + 1


def _line_starts(data: bytes) -> list[int]:
    """Where each line begins, and the end of the file."""
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    starts[-1] = len(data)
    return [*starts, len(data)]
