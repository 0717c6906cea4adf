"""Where the inputs start: fixtures, the rules' own cases, the texts in the readers' tests, and
the tokens of each language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from covdata.writing import Func, Pkg, counter_file, meta_file
from covlint.covdata import summary
from covlint.covdata.summary import Part, Share, Summary, Verified
from covlint.readers import reader_of
from fuzz.projects import HEAD, places
from fuzz.sources import OTHERS

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
TESTS = ROOT / "tests"
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
_TEMPLATE = (
    "{{- if .Values.coverage.enabled }}\n|{{- end }}\n|{{ else }}|{{ range .x }}|{{ with .y }}|"
    '{{- toYaml .x \0 nindent 4 }}|{{ include "a" . }}|{{/* c */}}|{{|}}|{{ .Values.image.tag }}'
)
_GO = (
    'package main\n|func |import (|"os/exec"|exec.Command(|`|const |var |:=|t.Setenv(|//go:build |'
    "[]string{|corev1.EnvVar{Name: |map[string]any{|defer |fmt.Sprintf(|GOCOVERDIR|testcontainers."
)
_PYTHON = (
    'def |import |subprocess.run([|env={|**|f"{|"""|lambda |class |with |yaml.dump(|docker_build(|'
    "k8s_yaml(|local_resource(|\n    |\n\t|:\n|os.environ[|GOCOVERDIR|DockerContainer("
)
_OTHER = (
    f"{_YAML}|services:\n|steps:\n|- run: |uses: |jobs:\n|script:\n|include: |extends: |builds:\n|"
    'target "a" {\n|variable "B" {|args = {|group |require (|replace |=>|module |go 1.21\n|use (|'
    "build: |artifacts:\n|ldflags: |flags: |GOCOVERDIR|-cover|${{ env.A }}|!reference [|needs: |${"
)
_OWN = (
    'mode: set\n|mode: atomic\n|a.go:1.2,3.4 5 6\n|"version": |"accepted": [|"packages": |null|1e999|'
    "targets:\n|engine: |expect: |policy: |fixes: |-1|true|[|{|: |\\ud800|select: [COV101]\n|ready: {http: "
)
TOKENS = {
    "dockerfile": _DOCKERFILE,
    "makefile": _MAKEFILE,
    "shell": _SHELL,
    "yaml": _YAML,
    "template": f"{_TEMPLATE}|{_YAML}",
    "go": _GO,
    "python": _PYTHON,
    "other": _OTHER,
    "own": _OWN,
    "spans": "\n|\r\n|\ufeff|é|\u2028",
    "check": f"{_DOCKERFILE}|{_YAML}|{_TEMPLATE}|GOCOVERDIR|-cover|go build |/coverdata|hostPath: |env:\n",
}
TOKENS["fix"] = TOKENS["check"]
#: The tests whose texts are seeds, too, and for ``other`` what kinds of files they are.
_TEXTS = {
    "dockerfile": ("documents/test_dockerfile.py", "facts/dockerfile"),
    "makefile": ("documents/test_makefile.py", "test_makeruns.py", "test_makesequences.py"),
    "shell": ("documents/test_shell.py", "facts/commands"),
    "yaml": ("documents/test_yaml.py", "documents/test_yaml_edit.py", "facts/kubernetes"),
    "template": ("facts/kubernetes/test_helm.py", "facts/kubernetes/test_partial.py"),
    "go": ("facts/golang", "documents/test_golang.py", "documents/test_goliterals.py"),
    "python": ("facts/python", "documents/test_python.py"),
}
_COMPOSE = b"""\
x-a: &a
  restart: "no"
  stop_signal: SIGINT
services:
  base:
    build: {context: ., dockerfile: Dockerfile, target: e2e, args: [COVER=1, "A=$B"], tags: [a:b]}
  api:
    <<: *a
    extends: {file: compose.yaml, service: base}
    image: ${A:-api}:e2e
    env_file: [.env, {path: b.env, required: false}]
    environment: {GOCOVERDIR: /cov, B: }
    volumes: ["./cov:/cov:rw,z", {type: bind, source: ., target: /x, read_only: true}, "v:/y"]
    tmpfs: /tmp
    user: "1000:0"
    stop_grace_period: 1m30s
    command: sh -c "exec api -v"
    entrypoint: [api, "$$X"]
    depends_on: {base: {condition: service_started}}
    profiles: [e2e]
volumes: {v: {}}
include:
  - path: [other.yaml, more.yaml]
"""
_OTHER_TEXTS = {
    "facts/ci": OTHERS[:2],
    "facts/compose": ("compose.yaml",),
    "facts/builds": (
        *("skaffold.yaml", ".goreleaser.yaml", ".ko.yaml", "docker-bake.hcl", "docker-bake.json"),
    ),
    "facts/python/test_tiltfile.py": ("Tiltfile",),
    "documents/test_gomod.py": ("go.mod", "go.work", "vendor/modules.txt"),
}


def tokens(reader: str) -> list[bytes]:
    """``\\0`` stands for the character that separates the tokens."""
    found = TOKENS.get(reader, "").split("|")
    return [token.replace("\0", "|").encode() for token in found if token]


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
        rows = (b"a\r\nb\n", "\ufeffé\n\nü".encode(), b"\xff\n\r", b"x" * 40, b"")
        yield from (bytes([0, 1, 0, 3]) + text for text in rows)
    elif reader == "own":
        yield from _own()
    elif reader == "other":
        for place, kinds in _OTHER_TEXTS.items():
            for number in map(OTHERS.index, kinds):
                yield from (bytes([number]) + text for text in texts(place))
        compose = bytes([OTHERS.index("compose.yaml")])
        yield from (compose + b"services:\n  a:\n" + text for text in texts("facts/compose"))
        yield compose + _COMPOSE
        readers = [reader_of(path) for path in OTHERS]
        for path, data in _files():
            if (reader_here := reader_of(path)) is not None and reader_here in readers:
                yield bytes([readers.index(reader_here)]) + data
    else:
        yield from (data for path, data in _files() if _is_for(reader, path))
        for place in _TEXTS[reader]:
            yield from texts(place)


def _files() -> Iterator[tuple[str, bytes]]:
    for file in sorted(FIXTURES.rglob("*")):
        if file.is_file() and "fuzz" not in file.relative_to(FIXTURES).parts:
            yield file.relative_to(FIXTURES).as_posix(), file.read_bytes()
    for _, path, contents in places():
        yield path, contents[path]


def _is_for(reader: str, path: str) -> bool:
    name = path.rpartition("/")[2]
    return {
        "dockerfile": "Dockerfile" in name and not name.endswith(".dockerignore"),
        "makefile": name == "Makefile" or name.endswith(".mk"),
        "shell": name.endswith(".sh"),
        "yaml": name.endswith((".yaml", ".yml")),
        "template": name.endswith(".yaml"),
        "go": name.endswith(".go"),
        "python": name.endswith(".py"),
    }[reader]


@cache
def texts(place: str) -> list[bytes]:
    """The texts of several lines in a test, or in the tests of a folder: what their authors
    wrote for the reader."""
    path = TESTS / place
    found: dict[bytes, None] = {}
    for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_bytes())):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and "\n" in value.strip():
                found[value.encode("utf-8", "replace")] = None
    return list(found)


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


def _own() -> Iterator[bytes]:
    for file in sorted(FIXTURES.rglob(".covlint.yaml")):
        yield b"c" + file.read_bytes()
    yield b"c" + b"select: [COV1]\nfail_on: error\npolicy: all-in\nfixes: {directory: /c}\n"
    entry = b'{"code": "COV101", "path": "a", "text": "b", "count": 2}'
    yield b'b{"version": 1, "accepted": [' + entry + b"]}"
    part = Part("a", Share(3, 5), {"unit": Share(1, 5)})
    verified = Verified("api", "kind", "passed", (), "mount", ("COV501",))
    run = Summary(Share(3, 5), (part,), (part,), mode="set", verified=verified)
    yield b"s" + summary.render(run).encode()
    yield b"pmode: count\nexample.com/a/x.go:1.2,3.4 5 6\nexample.com/a/x.go:9.2,10.1 1 0\n"
