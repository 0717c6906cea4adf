"""Scripts as build and test scripts are written, and in mixtures that nobody writes.

Every command that leaves a trace has a mark of its own as its first argument. What the mark
begins with says how the command is reached, where no reader of the text could see it: see HIDDEN.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

from covlint.frozen import dataclass

TOOLS = ("go", "docker", "kubectl", "kind", "make")
#: Variables of the environment that are compared.
ENVIRONMENT = ("GOFLAGS", "GOCOVERDIR", "MODE")
#: Marks of commands that no script names as commands, and why covlint does not see them.
HIDDEN = {
    "eval": "put together by eval",
    "trap": "run by a trap",
    "file": "in a file that is sourced",
    "stdin": "in a script on standard input",
    "args": "run by xargs",
}
#: The folders in which a script finds itself.
FOLDERS = ("sub", "sub/deep", "sub/sub", "sub/sub/sub", "sub/sub/deep", "sub/data", "sub/deep/sub",
           "sub/deep/deep", "data", "data/sub", "data/sub/deep")  # fmt: skip
#: What ``. ./lib.sh`` finds.
LIBRARY = 'go file1 a\nLIB=b\nlib() { kubectl file2 "$1"; }\n'
_VARIABLES = ("A", "B", "C", "FLAGS")
_NAMES = (*_VARIABLES, *ENVIRONMENT)
_PLAIN = ("a", "-x", "--k=v", "./b", "c.d", "a:b", "x=y", "é", "%", "a,b", "^", "@", "+", "v1")


@dataclass(frozen=True, slots=True)
class Generated:
    """``shell`` is the one that it is written for: "sh" (both run it) or "bash"."""

    text: str
    shell: str
    seed: int


def scripts() -> st.SearchStrategy[Generated]:
    return st.integers(0, 1 << 40).map(script)


def script(seed: int) -> Generated:
    random = Random(seed)
    bash = random.randrange(3) == 0
    writer = _Writer(random, bash)
    lines = ["#!/bin/bash" if bash else "#!/bin/sh", f"TOOL={random.choice(TOOLS)}"]
    for _ in range(random.randint(2, 7)):
        lines += writer.statement(2)
    return Generated("\n".join(lines) + "\n", "bash" if bash else "sh", seed)


class _Writer:
    def __init__(self, random: Random, bash: bool) -> None:
        self.random = random
        self.bash = bash
        self.marks = 0
        self.functions: list[str] = []
        self.inside = False  # a function
        self.arrays: list[str] = []

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chance(self, of: int) -> bool:
        return self.random.randrange(of) == 0

    def mark(self, kind: str = "id") -> str:
        self.marks += 1
        return f"{kind}{self.marks}"

    # -- words -------------------------------------------------------------

    def word(self) -> str:
        """One word; it may become several arguments, or none."""
        return "".join(self.piece() for _ in range(self.random.choice((1, 1, 1, 2))))

    def piece(self) -> str:
        kind = self.random.randint(0, 11)
        if kind <= 3:
            return self.one(*_PLAIN)
        if kind == 4:
            return self.one(
                "'b c'",
                '"d  e"',
                "f\\ g",
                "''",
                '""',
                "'$A'",
                '"it\'s"',
                "'\"'",
                "\\$A",
                '"\\$B \\" \\\\ \\n"',
                "'a\\'",
                "\\\\",
                "'#'",
                "a#b",
                '"a\\\nb"',
            )
        if kind <= 8:
            return self.variable()
        if kind == 9:
            return self.one(
                "$(echo s t)",
                '"$(echo u v)"',
                "`echo w`",
                "$((1 + 2))",
                '"$#"',
                '"$(echo "$A" \'x y\')"',
                "$(printf 'z\\n')",
                "$?",
                "\"$(echo ')')\"",
            )
        if kind == 10 and self.bash:
            return self.one(
                "$'q'",
                "$'r\\ts'",
                "${A%x*}",
                "${B/a/b}",
                '"${A:0:1}"',
                "${#A}",
                "{m,n}",
                "${A^^}",
                '$"loc"',
            )
        return self.one("${A%x*}", "${#B}", '"${A##*/}"', "~", "./*.go", "a[bc]", '"*"', "sub/*")

    def variable(self) -> str:
        name = self.one(*_NAMES, "1", "2")
        form = self.one(  # N is the name
            "$N", '"$N"', "${N}", '"${N}"', '"p$N"', '"${N}s"', "${N:-d}", '"${N:-e f}"', "${N-g}",
            "${N:+h}", '"${N:+i $N}"', "${N:-$A}", '"${N:-"j k"}"', "${N:-'l m'}", "${N:=n}",
            "${N:-${B:-o}}", '"$@"', "$@", '"$*"', "$*", "${N+q}", "${N:-}",
        )  # fmt: skip
        if form.startswith("${N:=") and name.isdigit():
            form = "$N"
        if self.arrays and self.chance(4):
            array = self.one(*self.arrays)
            return self.one(
                f'"${{{array}[@]}}"',
                f"${{{array}[@]}}",
                f'"${{{array}[0]}}"',
                f'"${{{array}[*]}}"',
                f"${{#{array}[@]}}",
            )
        return form.replace("N", name)

    def words(self, most: int = 3) -> str:
        return " ".join(self.word() for _ in range(self.random.randint(0, most)))

    def value(self) -> str:
        if self.chance(6):
            return ""
        return self.word().replace("{m,n}", "m")

    # -- commands ----------------------------------------------------------

    def command(self, kind: str = "id", *, plain: bool = False) -> str:
        """One command that leaves a trace; ``plain``: something can be put behind it."""
        tool = self.one(*TOOLS, *TOOLS, "./run.sh", "$TOOL")
        front = self.one(
            *[""] * 6,
            "sudo -E ",
            "env MODE=e ",
            "command ",
            "nohup ",
            "nice -n 5 ",
            "timeout 60 ",
            "exec_",
            "env GOFLAGS=-e GOCOVERDIR=/e ",
            "sudo -E MODE=s ",
        )
        prefix = "".join(f"{name}={self.value()} " for name in ENVIRONMENT if self.chance(8))
        joint = " \\\n  " if self.chance(8) else " "
        text = f"{tool} {self.mark(kind)}{joint}{self.words()}".rstrip(" ")
        if plain:
            return f"{prefix}{text}".rstrip("\\")
        if front == "exec_":
            return f"({prefix}exec {text})"
        if text.endswith("\\"):
            text += " end"
        return prefix + front + text + self.one(*[""] * 6, " >/dev/null", " 2>&1", " >out.txt 2>&1")

    def decision(self) -> str:
        """A test that one of the runs passes, and another does not."""
        return self.one(
            '[ "$COVER" = true ]', '[ -n "$COVER" ]', '[ -z "$COVER" ]', 'test -n "$COVER"',
            '[ "$COVER" != true ]', '! [ "$COVER" = true ]', 'echo "$COVER" | grep -q true',
            *(("[[ $COVER == true ]]", "[[ -n $COVER ]]", '[[ "$COVER" =~ ^t ]]')
              if self.bash else ()),
        )  # fmt: skip

    def test(self) -> str:
        return self.one(self.decision(), "[ -d sub ]", "true", "false")

    def block(self, depth: int) -> list[str]:
        lines = []
        for _ in range(self.random.choice((1, 1, 2, 3))):
            lines += self.statement(depth - 1)
        return lines

    def statement(self, depth: int) -> list[str]:
        if depth <= 0 or self.chance(3):
            return [self.command()]
        simple: tuple[Callable[[], list[str]], ...] = (
            self.assignment, self.assignment, self.assignment, self.export, self.export, self.joined,
            self.change, self.here, self.positional, self.hidden, self.call, self.background,
        )  # fmt: skip
        deep = (self.branch, self.case, self.loop, self.repeated, self.group, self.subshell,
                self.function, self.nested, self.pipeline)  # fmt: skip
        at = self.random.randint(0, len(simple) + len(deep) - 1)
        return simple[at]() if at < len(simple) else deep[at - len(simple)](depth)

    def assignment(self) -> list[str]:
        name = self.one(*_NAMES, "TOOL")
        if name == "TOOL":
            return [f"TOOL={self.one(*TOOLS)}"]
        if self.bash and self.chance(3):
            array = self.one("ARR", "LIST")
            if array in self.arrays and self.chance(2):
                return [f"{array}+=({self.words()})"]
            self.arrays.append(array)
            return [f"{array}=({self.words()})"]
        if self.bash and self.chance(5):
            return [f"{name}+={self.value()}"]
        if self.inside and self.chance(2):
            return [f"local {name}={self.quoted()}"]
        return [self.one("", "", f"{self.one(*_NAMES)}={self.value()} ") + f"{name}={self.value()}"]

    def quoted(self) -> str:
        """What no shell splits behind ``export NAME=``: dash does, bash does not."""
        return self.one("a", "'b c'", '"$A"', '"${B:-d}"', "-x", '"$1"', "")

    def export(self) -> list[str]:
        name = self.one(*ENVIRONMENT)
        form = self.one(
            "export @=%",
            "export @=%",
            "@=%\nexport @",
            "unset @",
            "export @",
            *(("declare -x @=%", "export -n @") if self.bash else ()),
        )
        return form.replace("%", self.quoted()).replace("@", name).split("\n")

    def joined(self) -> list[str]:
        first, second = self.command(), self.command()
        return [self.one(
            f"{first} && {second}", f"{first} || {second}", f"{first}; {second}",
            f"{self.test()} && {first}", f"{self.test()} || {first}", f"! {first}",
            f"{self.test()} && {first} || {second}", f"{first} &&\\\n  {second}",
            f"{first} && # c\n{second}", f"A={self.quoted()} && {first}", f"cd sub && {first}",
        )]  # fmt: skip

    def change(self) -> list[str]:
        return [self.one(
            "cd sub", "cd sub/deep", "cd ..", "cd data || exit 1", 'cd "$PWD/sub"', "cd ./sub",
            "cd -", "cd", "D=sub; cd $D", 'cd "$OLDPWD"', "cd -P sub",
            *(("pushd sub >/dev/null", "popd >/dev/null") if self.bash else ()),
        )]  # fmt: skip

    def here(self) -> list[str]:
        text = self.one("go id0 no", "$A and $(echo x)", "a 'b", '"', "EOF2", "\\", "if")
        mark = self.one("EOF", "'EOF'", '"EOF"', "\\EOF")
        if text == "\\" and mark == "EOF":  # it would take the last line along
            text = ""
        tail = self.one("", "", f" && {self.command()}", " >/dev/null", " | cat")
        if self.chance(4):
            return [f"{self.command()} <<-{mark}{tail}", f"\t{text}", "\tEOF"]
        if self.chance(4):
            return [f"cat <<{mark} | while read -r line; do", text, "EOF", self.command(), "done"]
        return [f"{self.one('cat', self.command())} <<{mark}{tail}", text, "EOF"]

    def positional(self) -> list[str]:
        return [
            self.one(
                f"set -- {self.words()}",
                "shift",
                f'set -- "$@" {self.word()}',
                "set -e",
                "set -x",
                "set -f",
            )
        ]

    def hidden(self) -> list[str]:
        kind = self.one(*HIDDEN)
        if kind == "eval":
            return [f'eval "go {self.mark(kind)} x"']
        if kind == "trap":
            return [f"trap 'kubectl {self.mark(kind)} y' EXIT"]
        if kind == "file":
            return [self.one(". ./lib.sh", '. "$(dirname "$0")/lib.sh"')]
        if kind == "stdin":
            return ["sh <<'EOF'", f"make {self.mark(kind)} z", "EOF"]
        return [f"echo {self.mark(kind)} | xargs kind"]

    def call(self) -> list[str]:
        if not self.functions:
            return [self.command()]
        return [f"{self.one(*self.functions)} {self.words()}"]

    def background(self) -> list[str]:
        return [f"{self.command()} &", *self.one("", "wait\n", "pid=$!\nwait $pid\n").splitlines()]

    # -- what holds statements ---------------------------------------------

    def branch(self, depth: int) -> list[str]:
        lines = [f"if {self.decision()}; then", *self.block(depth)]
        if self.chance(4):
            lines += [f"elif {self.decision()}", "then", *self.block(depth)]
        if self.chance(2):
            lines += ["else", *self.block(depth)]
        return [*lines, "fi"]

    def case(self, depth: int) -> list[str]:
        lines = [f"case {self.one('$COVER', chr(34) + '$COVER' + chr(34))} in"]
        for pattern in (self.one("true)", "(true)", "t*|y)", "'true')"), self.one("*)", '""|n)')):
            lines += [pattern, *self.block(depth), ";;"]
        return [*lines, "esac"]

    def loop(self, depth: int) -> list[str]:
        name = self.one("X", "Y", *_VARIABLES)
        head = f"for {name} in {self.one(self.words(), 'a b', 'a $B c')}; do"
        return [head, self.command(plain=True) + f' "${name}"', *self.block(depth), "done"]

    def repeated(self, depth: int) -> list[str]:
        name = f"n{self.mark('')}"
        form = self.one(f'while [ "${name}" != xx ]; do', f'until [ "${name}" = x ]; do')
        return [f"{name}=", form, f'{name}="x${name}"', *self.block(depth), "done"]

    def group(self, depth: int) -> list[str]:
        return ["{", *self.block(depth), self.one("}", "} >/dev/null", "} 2>&1 | cat", "} & wait")]

    def subshell(self, depth: int) -> list[str]:
        return ["(", *self.block(depth), self.one(")", ") >/dev/null", ") || true", ") & wait")]

    def function(self, depth: int) -> list[str]:
        if self.inside or depth < 2:  # one in a branch that nobody calls parts the branches
            return [self.command()]
        name = f"f{len(self.functions)}"
        self.inside = True
        body = self.block(depth)
        self.inside = False
        self.functions.append(name)
        head = f"function {name} {{" if self.bash and self.chance(3) else f"{name}() {{"
        calls = [f"{name} {self.words()}" for _ in range(self.random.randint(0, 2))]
        return [head, *body, *self.one("", "return 0\n", "return\n").splitlines(), "}", *calls]

    def nested(self, depth: int) -> list[str]:
        quote = self.one("'", '"')
        shell = "bash" if self.bash else "sh"
        first, second = (f"{self.one(*TOOLS)} {self.mark()} k" for _ in range(2))
        return [
            f"{self.one('', 'exec_ ', 'sudo -E ')}{shell} -{self.one('c', 'ec')} {quote}{first}; "
            f"cd sub && {second}{quote}".replace("exec_ ", "env ")
        ]

    def pipeline(self, depth: int) -> list[str]:
        if self.chance(2):
            return [f"{self.command()} | {self.command()}"]
        return [
            f"{self.command()} | while read -r {self.one(*_VARIABLES)}; do",
            *self.block(depth),
            "done",
        ]
