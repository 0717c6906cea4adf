"""A repository in which every file is an attack on its reader.

Each content is below the limit of a file's size (1 MiB), so that it is read.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

DEPTH = 100_000
_WORKLOAD = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  template:\n"
    "    spec:\n      containers:\n      - name: GOCOVERDIR\n"
)
_IMAGE = (
    "FROM golang:1.22 AS b\nRUN go build -cover -o /x ./x\nFROM scratch\nCOPY --from=b /x /x\n"
    'ENTRYPOINT ["/x"]\n'
)
#: What has to be found beside all of it, and fixed: COV107.
HONEST = _IMAGE.replace("-cover", "-cover -a")
_GO = 'package main\n\nfunc main() {\n\tos.Setenv("GOCOVERDIR", "/x")\n\t'


def _nested(before: str, opening: str, closing: str = "", after: str = "\n") -> str:
    return f"{before}{opening * DEPTH}{closing * DEPTH}{after}"


def _doubling(form: str, last: str) -> str:
    """A value of values: sixty lines that stand for 3**60 copies of the first."""
    return "".join(form.format(i=i, p=i - 1) for i in range(1, 60)) + last


def contents() -> Iterator[tuple[str, str | bytes]]:
    """The regular files, by their path."""
    yield from _bombs()
    yield from _deep()
    yield from _long()
    yield from _odd_bytes()


def _bombs() -> Iterator[tuple[str, str]]:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    yield "bombs/aliases.yaml", bomb + _WORKLOAD + "        env: *a29\n"
    merged = "".join(
        f"b{i}: &b{i} {{<<: [*b{i - 1}, *b{i - 1}], k{i}: *b{i - 1}}}\n" for i in range(1, 40)
    )
    yield "bombs/merged.yaml", f"b0: &b0 {{x: y}}\n{merged}{_WORKLOAD}        env: *b39\n"
    yield "bombs/self.yaml", f"a: &a [*a]\n{_WORKLOAD}"
    yield "bombs/compose.yaml", bomb + "services:\n  x: {image: x, environment: *a29}\n"
    start = "FROM golang:1.22\nARG A0=xx\n"
    run = "RUN go build -cover -o $A59 .\n"
    yield "bombs/env.Dockerfile", start + _doubling("ENV A{i}=$A{p}$A{p}$A{p}\n", run)
    yield "bombs/values.sh", "A0=xx\n" + _doubling("A{i}=$A{p}$A{p}$A{p}\n", "go build -o $A59\n")
    yield "bombs/fields.sh", "A0='x x'\n" + _doubling('A{i}="$A{p} $A{p}"\n', "go build $A59\n")
    yield (
        "bombs/calls.sh",
        "f0() { go build -cover .; }\n" + _doubling("f{i}() {{ f{p}; f{p}; f{p}; }}\n", "f59\n"),
    )
    yield "bombs/braces.sh", "go build -cover " + "{a,b}" * 60 + "\n"
    yield (
        "bombs/values.mk",
        "V0 = go build x\n" + _doubling("V{i} = $(V{p})$(V{p})$(V{p})\n", "all:\n\t$(V59)\n"),
    )
    yield (
        "bombs/targets.mk",
        "t0:\n\tgo build -cover .\n"
        + _doubling("t{i}: t{p}\n\t$(MAKE) t{p}\n\t$(MAKE) t{p}\n", ""),
    )
    yield (
        "bombs/circle.mk",
        "include bombs/circle.mk\nA = $(A)\nall: all\n\t$(A) go build -cover .\n",
    )
    yield (
        "bombs/main.go",
        'package main\n\nconst A0 = "GOCOVERDIR"\n'
        + _doubling(
            "const A{i} = A{p} + A{p} + A{p}\n",
            'func main() { exec.Command("go", "build", "-cover", A59) }\n',
        ),
    )
    python = "import subprocess\nA0 = 'xx'\n" + _doubling("A{i} = A{p} + A{p} + A{p}\n", "")
    yield "bombs/x.py", python + "subprocess.run(['go', 'build', '-cover', A59, 'a' * 10**12])\n"
    yield "one/kustomization.yaml", "resources: [../two, ../one, ../../outside, /etc]\n"
    yield "two/kustomization.yaml", "resources: [../one]\n"


def _deep() -> Iterator[tuple[str, str]]:
    yield "deep/flow.yaml", _nested(_WORKLOAD + "        env: ", "[", "]")
    yield "deep/maps.yaml", _nested(_WORKLOAD + "        env: ", "{a: ", "}")
    yield (
        ".github/workflows/x.yml",
        _nested("jobs:\n  a:\n    steps:\n    - run: go build -cover ", "$("),
    )
    yield "chart/Chart.yaml", "name: x\n"
    yield "chart/values.yaml", _nested("a: ", "{a: ")
    yield "chart/templates/open.yaml", _nested(_WORKLOAD + "        env: ", "{{ if ")
    yield "chart/templates/many.yaml", _nested(_WORKLOAD + "        env: ", "{{x}}")
    yield "deep/json.Dockerfile", _nested(_IMAGE + "CMD ", "[", "]")
    yield "deep/objects.Dockerfile", _nested(_IMAGE + "CMD [", '{"a":', "}", "]\n")
    yield "deep/values.Dockerfile", _nested("FROM golang:1.22\nARG A=", "${A:-", "}", "\n" + _IMAGE)
    yield "deep/groups.Dockerfile", _nested("FROM golang:1.22\nRUN ", "(", ")")
    for name, opening, closing in (
        ("groups", "(", ")"),
        ("values", "${a:-", "}"),
        ("ticks", "`", ""),
        ("braces", "{ ", "}"),
    ):
        yield f"deep/{name}.sh", _nested("go build -cover ", opening, closing)
    for name, opening, closing in (
        ("groups", "(", ")"),
        ("blocks", "{", "}"),
        ("calls", "f(", ")"),
        ("not", "!", ""),
    ):
        yield f"deep/{name}/main.go", _nested(_GO, opening, closing, "\n}\n")
    yield "deep/references.mk", _nested("all:\n\tgo build -cover ", "$(", ")")
    yield "deep/define.mk", _nested("", "define\n", "", "all:\n\tgo build -cover .\n")
    python = "import subprocess\nsubprocess.run(['go', 'build', '-cover'])\nx = "
    for name, opening, closing in (
        ("groups", "(", ")"),
        ("minus", "-", "1"),
        ("calls", "a(", ")"),
    ):
        yield f"deep/{name}.py", _nested(python, opening, closing)
    yield "Tiltfile", _nested("docker_build('x', '.')\nx = ", "[")
    yield "skaffold.yaml", _nested("apiVersion: skaffold/v4\nkind: Config\nbuild: ", "{a: ")
    yield "docker-bake.hcl", _nested('target "x" ', "{ a = ")
    yield "docker-bake.json", _nested('{"target": ', "[")


def _long() -> Iterator[tuple[str, str]]:
    size = 900_000
    yield "long/word.Dockerfile", "FROM golang:1.22\nRUN go build -cover " + "a" * size
    yield "long/blank.Dockerfile", "FROM golang:1.22\nRUN go build -cover" + " " * size + "x\n"
    yield "long/joined.Dockerfile", "FROM golang:1.22\nRUN go build " + "\\\n" * 400_000 + "x\n"
    yield "long/quotes.sh", "go build -cover " + "'" * size + "\n"
    yield "long/commands.sh", "go build -cover" + " && go build -cover x" * 5_500 + "\n"
    yield "long/words.mk", "all:\n\tgo build -cover " + "x " * 400_000 + "\n"
    yield "long/value.yaml", _WORKLOAD + "        env: '" + "x" * size + "'\n"
    yield "long/tabs.yaml", _WORKLOAD + "\t" * size
    yield "long/text/main.go", _GO + "_ = `" + "x" * size + "`\n}\n"


def _odd_bytes() -> Iterator[tuple[str, str | bytes]]:
    for name in ("Dockerfile", "x.yaml", "x.sh", "Makefile", "main.go", "x.py", "compose.yaml"):
        yield f"latin/{name}", b"FROM golang\xff\xfe\nGOCOVERDIR go build -cover \xc3( apiVersion\n"
        yield f"nul/{name}", b"FROM golang\0\nGOCOVERDIR go build -cover\n"
        yield f"returns/{name}", "FROM golang\rGOCOVERDIR go build -cover\r\n\r\u0085\u2028x"
        yield (
            f"escapes/{name}",
            (
                "FROM golang:1.22 AS b\x1b]0;title\x07\nRUN go build -cover -o /x\x1b[2J ./x\n"
                "FROM scratch\nCOPY --from=b /x\x1b[2J /x\nENV GOCOVERDIR=\x1b[31m/x\x9b\n"
            ),
        )
    for name in (
        "a\nb",
        "\x1b[31mx\x1b]0;t\x07",
        "::error ::x,y",
        "<script>alert(1)<",
        "</script>]]>",
        "a\u202egnp\u2066x\u2028y",
        "${{ github.token }}|`![x](y)`",
        "-x",
        "a\\",
    ):
        yield f"names/{name}.Dockerfile", HONEST
    yield "Dockerfile", HONEST


def build(root: Path, secret: str) -> None:
    """Make the repository at ``root``; beside it a folder ``outside`` that holds ``secret``."""
    for path, content in contents():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    name = os.fsencode(root) + b"/names/\xff\xfe\x80.Dockerfile"
    with open(name, "wb") as stream:
        stream.write(HONEST.encode())
    huge = root / "huge"
    huge.mkdir()
    pipes = root / "pipes"
    pipes.mkdir()
    for kind in ("Dockerfile", "x.yaml", "x.sh", "main.go", "go.mod", "x.py"):
        with (huge / kind).open("wb") as stream:
            stream.truncate(1 << 30)  # sparse
        os.mkfifo(pipes / kind)
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "Dockerfile").write_text(f"FROM golang:1.22\nRUN go build -cover ./{secret}\n")
    (outside / "x.mk").write_text(f"all:\n\tgo build -cover ./{secret}\n")
    (root / "out").symlink_to(outside)
    (root / "out.Dockerfile").symlink_to(outside / "Dockerfile")
    (root / "loop").symlink_to("loop")
    (root / "one" / "up").symlink_to("..")
    (root / "zero.yaml").symlink_to("/dev/zero")
    (root / "out.mk").write_text("include out/x.mk ../outside/x.mk\nall:\n\tgo build -cover .\n")


def arm_git(root: Path, mark: Path) -> None:
    """Make a git repository of it whose configuration names a program wherever one can be
    named; the program notes in ``mark`` that it has run."""

    def git(*words: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *who, "-C", str(root), *words], check=True, capture_output=True)

    git("init", "-q")
    moved = root / "moved"  # tracked, and a link to the folder outside by now
    moved.mkdir()
    (moved / "Dockerfile").write_text("FROM scratch\n")
    git("add", "Dockerfile", "moved", "names")
    git("commit", "-q", "-m", "x")
    (moved / "Dockerfile").unlink()
    moved.rmdir()
    moved.symlink_to(root.parent / "outside")
    program = root / "git"  # as PATH finds it, where PATH has a dot
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >>'{mark}'\ncat\n")
    program.chmod(0o755)
    hooks = root / ".git" / "own"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        (hooks / name).symlink_to(program)
    more = root.parent / "outside" / "config"
    more.write_text(f'[filter "more"]\n\tclean = {program}\n\tprocess = {program}\n')
    with (root / ".git" / "config").open("a") as stream:
        for section, keys in (
            ("core", "fsmonitor pager editor sshCommand gitProxy askPass alternateRefsCommand"),
            ("diff", "external"),
            ('diff "own"', "command textconv"),
            ('filter "own"', "clean smudge process"),
            ("credential", "helper"),
            ("pager", "ls-files diff"),
            ("uploadpack", "packObjectsHook"),
        ):
            stream.write(f"[{section}]\n" + "".join(f"\t{k} = {program}\n" for k in keys.split()))
        stream.write(f'[core]\n\thooksPath = {hooks}\n[alias]\n\tls-files = "!{program}"\n')
        stream.write(f"[include]\n\tpath = {more}\n[extensions]\n\tpartialClone = o\n")
        stream.write(f'[remote "o"]\n\turl = "ext::{program}"\n\tpromisor = true\n')
    (root / ".git" / "objects" / "info" / "alternates").write_text(f"{root.parent}/outside\n")
    (root / ".gitattributes").write_text("* diff=own filter=own\nmoved/* filter=more\n")
    (root / "Dockerfile").write_text(HONEST + "# changed\n")
