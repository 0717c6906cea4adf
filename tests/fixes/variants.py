"""How else a project might have been written: the same, with other bytes.

A variant that would say something else (to ruamel.yaml or BuildKit's parser) is left out for that
file. ``exact`` variants commute with fixes: what is fixed and then varied is, byte for byte, what is
varied and then fixed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from covlint.source import UnreadableSource
from fixes import rewritten
from fixes.kinds import DOCKERFILE, GO, MAKEFILE, PYTHON, SHELL, YAML, kind_of
from fixes.parts import Unreadable
from fixes.structure import reader_of

Change = Callable[[bytes], bytes]
BOM = b"\xef\xbb\xbf"
_ALL = (YAML, DOCKERFILE, GO, MAKEFILE, PYTHON, SHELL)


@dataclass(frozen=True, slots=True)
class Variant:
    """``kinds``: the languages of which files are changed; ``folder`` goes before each path.

    ``alike``: the file has to be the same to the other parser. ``free``: it may say something else,
    and no findings are compared. ``unlike`` names the rules in whose cases other findings are
    repaired, and why.
    """

    name: str
    change: Change
    kinds: tuple[str, ...] = _ALL
    exact: bool = False
    folder: str = ""
    alike: bool = True
    free: bool = False
    unlike: Mapping[str, str] = field(default_factory=dict)

    def of(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """The project, written differently."""
        return {self.folder + path: self._changed(path, data) for path, data in files.items()}

    def _changed(self, path: str, data: bytes) -> bytes:
        kind = kind_of(path)
        if kind not in self.kinds:
            return data
        try:
            new = self.change(data)
        except (rewritten.Impossible, UnicodeDecodeError, UnreadableSource):
            return data
        return new if not self.alike or new == data or _same(path, data, new) else data

    def explains(self, code: str | None) -> bool:
        """Whether other findings are rightly repaired in the variant of a rule's case."""
        return code in self.unlike


def _same(path: str, data: bytes, new: bytes) -> bool:
    """Whether both say the same to the parser that files are compared with."""
    reader = reader_of(path)
    if reader is None or kind_of(path) not in (YAML, DOCKERFILE):
        return True
    try:
        return [said for *_, said in reader(data)] == [said for *_, said in reader(new)]
    except Unreadable:
        return False


def _crlf(data: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", data)


def _mixed(data: bytes) -> bytes:
    """Every other line ends in CRLF."""
    lines = data.split(b"\n")
    ended = [line + (b"\r" if number % 2 else b"") for number, line in enumerate(lines[:-1])]
    return b"\n".join([*ended, lines[-1]])


def _marked(data: bytes) -> bytes:
    return BOM + data


def _unended(data: bytes) -> bytes:
    return data.rstrip(b"\r\n") or data


def _blank_end(data: bytes) -> bytes:
    return data.rstrip(b"\n") + b"\n\n\n"


def _spaced(data: bytes) -> bytes:
    """Spaces at the end of each line, but where a line goes on after a backslash."""
    return re.sub(rb"(?m)(?<=[^\s\\])$", b"  ", data)


def _headed(sign: bytes) -> Change:
    """A comment of several scripts at the top, below what has to come first."""
    text = sign + " Überdeckung – 覆盖率 😀\n".encode()

    def change(data: bytes) -> bytes:
        first = re.match(rb"(?:#!.*\n|# *(?:syntax|escape|check) *=.*\n|//go:build.*\n\n?)*", data)
        place = first.end() if first else 0
        return data[:place] + text + data[place:]

    return change


def _undecodable(data: bytes) -> bytes:
    """Latin-1 in a comment: the file cannot be read, and is left alone."""
    return data + b"# \xfcberall\n"


_MARKED = (YAML, DOCKERFILE, GO, PYTHON)
_HASH = (YAML, DOCKERFILE, MAKEFILE, SHELL, PYTHON)
_IN_JSON = {
    "COV107": "a script in a JSON string is not edited",
    "COV307": "a script in a JSON string is not edited",
    "COV501": "the alias that two containers share is gone",
}
_ANCHORED = "an anchor is not taken away: an alias may need it"

VARIANTS = (
    Variant("as written", lambda data: data, exact=True),
    # A shell takes the CR for a part of the last word: nobody has such scripts.
    Variant("CRLF", _crlf, _MARKED, exact=True),
    Variant("CRLF in scripts", _crlf, (SHELL, MAKEFILE), alike=False, free=True),
    Variant("mixed line endings", _mixed, (YAML, DOCKERFILE, PYTHON)),
    Variant("byte order mark", _marked, _MARKED, exact=True),
    Variant("no final newline", _unended, exact=True),
    Variant("empty lines at the end", _blank_end, _HASH),
    Variant("spaces at line ends", _spaced),
    Variant("comment on top", _headed(b"#"), _HASH, exact=True),
    Variant("comment on top of Go", _headed(b"//"), (GO,), exact=True),
    Variant(
        "comments between lines",
        rewritten.commented,
        (YAML, DOCKERFILE, MAKEFILE, SHELL),
        unlike={"COV305": "a comment inside the volume would go"},
    ),
    Variant("comments at line ends", rewritten.annotated, (YAML, SHELL)),
    Variant("tabs", rewritten.tabbed, (DOCKERFILE, MAKEFILE, SHELL)),
    Variant(
        "anchors", rewritten.anchored, (YAML,), unlike={"COV305": _ANCHORED, "COV309": _ANCHORED}
    ),
    Variant(
        "aliases",
        rewritten.aliased,
        (YAML,),
        unlike={"COV309": _ANCHORED, "COV501": "the wrong path is an alias of a right one"},
    ),
    Variant("double quotes", rewritten.quoted(b'"'), (YAML,), alike=False),
    Variant("single quotes", rewritten.quoted(b"'"), (YAML,), alike=False),
    Variant("flow style", rewritten.flow, (YAML,), alike=False, unlike=_IN_JSON),
    Variant("JSON", rewritten.as_json, (YAML,), alike=False, unlike=_IN_JSON),
    Variant("deep indentation", rewritten.indented, (YAML,), alike=False),
    Variant("more documents", rewritten.surrounded, (YAML,), alike=False),
    Variant("keywords in lower case", rewritten.lowered, (DOCKERFILE,), alike=False),
    Variant("backtick escapes", rewritten.escaped, (DOCKERFILE,)),
    Variant("heredocs", rewritten.heredoc, (DOCKERFILE,), alike=False),
    Variant(
        "continued lines",
        rewritten.continued,
        (DOCKERFILE, SHELL),
        alike=False,
        unlike={"COV106": "the line is broken inside of quotes"},
    ),
    Variant("a directory with a space", rewritten.moved(b"/cover data"), alike=False, free=True),
    Variant("a directory with signs", rewritten.moved(b"/c&'o\xc3\xbc"), alike=False, free=True),
    Variant("invalid UTF-8", _undecodable, _HASH, alike=False, free=True),
    Variant(
        "names with spaces and quotes",
        lambda data: data,
        folder="a b/ü \"q'/",
        unlike=dict.fromkeys(
            ("COV105", "COV112", "COV404"), "scripts and workflows start at the root"
        ),
    ),
)
