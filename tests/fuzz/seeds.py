"""Where the inputs start: fixtures and the rules' own cases, and the tokens of each language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from covdata.writing import Func, Pkg, counter_file, meta_file
from fuzz.projects import HEAD, places

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
#: Bytes; longer ones only slow the run down.
LONGEST = 4096
_DIGEST = bytes(range(16))

_DOCKERFILE = (
    "FROM |RUN |ENV |ARG |COPY |ONBUILD |CMD [|LABEL |<<EOF|EOF|# escape=`|--from=|--mount=|\\\n"
    "|${|:-|\r\n|\ufeff|# syntax="
)
_MAKEFILE = (
    "define |endef|ifeq (|ifneq (|ifdef |else|endif|include |$(call |$(if |$(shell |$(eval |"
    "$(foreach |export |override |.PHONY|.ONESHELL:|:=|?=|+=|::=|!=|\n\t|\\\n|$@|$$"
)
_SHELL = (
    "if |then |fi|case |esac|for |do |done|while |<<EOF|EOF|$(|${|:-|&&|;;|export |sh -c '|"
    "[[ |]]|set -e|function |trap |eval |exec |\\\n|`"
)
_YAML = (
    "apiVersion: |kind: |---\n|...\n|&a |*a|<<: |!!binary |!!str |? |: |- |\\u0000|>-|\\x|{{|"
    "%YAML 1.2\n|[|{|\ufeff|\r\n|\u2028|containers:\n"
)
TOKENS = {
    "dockerfile": _DOCKERFILE,
    "makefile": _MAKEFILE,
    "shell": _SHELL,
    "yaml": _YAML,
    "spans": "\n|\r\n|\ufeff|é|\u2028",
    "check": f"{_DOCKERFILE}|{_YAML}|GOCOVERDIR|-cover|go build |/coverdata|hostPath: |env:\n",
}
TOKENS["fix"] = TOKENS["check"]


def tokens(reader: str) -> list[bytes]:
    return [token.encode() for token in TOKENS.get(reader, "").split("|") if token]


def seeds(reader: str) -> list[bytes]:
    """The seeds of a reader, each once, in a fixed order."""
    return sorted({seed for seed in _seeds(reader) if len(seed) <= LONGEST})


def _seeds(reader: str) -> Iterator[bytes]:
    if reader == "covmeta":
        yield from _meta()
    elif reader == "covcounters":
        yield from _counters()
    elif reader in ("check", "fix"):
        for number, path, contents in places():
            yield number.to_bytes(HEAD, "big") + contents[path]
    elif reader == "spans":
        texts = (b"a\r\nb\n", "\ufeffé\n\nü".encode(), b"\xff\n\r", b"x" * 40, b"")
        yield from (bytes([0, 1, 0, 3]) + text for text in texts)
    else:
        yield from (data for path, data in _files() if _is_for(reader, path))


def _files() -> Iterator[tuple[str, bytes]]:
    for file in sorted(FIXTURES.rglob("*")):
        if file.is_file() and "fuzz" not in file.relative_to(FIXTURES).parts:
            yield file.name, file.read_bytes()
    for _, path, contents in places():
        yield path.rpartition("/")[2], contents[path]


def _is_for(reader: str, name: str) -> bool:
    return {
        "dockerfile": "Dockerfile" in name and not name.endswith(".dockerignore"),
        "makefile": name == "Makefile" or name.endswith(".mk"),
        "shell": name.endswith(".sh"),
        "yaml": name.endswith((".yaml", ".yml")),
    }[reader]


def _meta() -> Iterator[bytes]:
    function = Func("f", "p/f.go", ((1, 1, 2, 2, 1), (200, 3, 300, 4, 130)))
    literal = Func("f.func1", "p/g.go", (), literal=True)
    for packages in ((), (Pkg("p", "main", "m", (function, literal)),) * 2):
        for granularity in (1, 2):
            yield meta_file(packages, _DIGEST, 2, granularity)


def _counters() -> Iterator[bytes]:
    rows = [(0, 0, [1, 300]), (2, 1, [7] * 200)]
    pairs = {"argc": "2", "argv0": "/app", "argv1": "-x", "GOOS": "linux", "GOARCH": "arm64"}
    for raw in (None, "<", ">"):
        yield counter_file([rows], _DIGEST, raw=raw, arguments=pairs)
        yield counter_file([rows, [(1, 0, [1, 2, 3])]], _DIGEST, raw=raw)
