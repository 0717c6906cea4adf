"""Makefiles of a generator: the recipe lines that covlint reads beside those of ``make -n``.

Every line has a mark of its own, and what covlint does not know of a line may be anything.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from hypothesis import strategies as st

from covlint.documents.makefile import Makefile
from covlint.documents.makereader import read_makefile
from covlint.documents.makevariants import reached, variants_of
from covlint.frozen import dataclass
from covlint.source import SourceFile
from differential.outcomes import Outcome

_NAMES = ("A", "B", "FLAGS", "GOFLAGS", "TAG")
_TARGETS = ("all", "build", "image", "e2e")
#: What the conditionals ask for.
_RUNS: tuple[tuple[str, ...], ...] = ((), ("COVER=true",))
_MARK = re.compile(r"\bid\d+\b")
#: How covlint writes what it does not know (see Makefile.expand), and what a script calls its own.
_UNKNOWN = re.compile(r"\$\{\w+\}|\$\(:\)")
_INCLUDED = "INCLUDED = from\nTAG ?= included\nB += more\n"


@dataclass(frozen=True, slots=True)
class Generated:
    text: str
    seed: int


def makefiles() -> st.SearchStrategy[Generated]:
    return st.integers(0, 1 << 40).map(makefile)


def makefile(seed: int) -> Generated:
    random = Random(seed)
    writer = _Writer(random)
    lines: list[str] = []
    for _ in range(random.randint(2, 6)):
        lines += writer.setting()
    for target in _TARGETS:
        lines += writer.rule(target)
        if random.randrange(3) == 0:
            lines += writer.setting()
    return Generated("\n".join(lines) + "\n", seed)


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.marks = 0
        self.known: set[str] = set()
        self.included = "more"  # once: covlint reads no file twice

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def value(self) -> str:
        return " ".join(self.piece() for _ in range(self.random.randint(0, 2)))

    def piece(self) -> str:
        name = self.one(*_NAMES)
        return self.one("a", "-x", "--k=v", "b.c", f"$({name})", f"${{{name}}}", f"p$({name})s",
                        "$(INCLUDED)", "$$X", "x,y", "$(strip  a  b )", "$(addprefix p-,a b)",
                        "$(shell echo s)", f"$(if $({name}),yes,no)", f"$({name}:a=b)")  # fmt: skip

    def setting(self) -> list[str]:
        name = self.one(*_NAMES)
        plain = f"{name} {self.one('=', ':=', '?=', '+=', '::=')} {self.value()}"
        # A recursive variable that names itself is an error.
        if " = " in plain or " += " in plain or " ?= " in plain:
            plain = plain.replace("$(" + name, "$(OTHER").replace("${" + name, "${OTHER")
        plain = self.acyclic(name, plain)
        if ":=" in plain:  # what is set further down is no part of it, which covlint does not see
            for other in {*_NAMES, "INCLUDED"} - self.known:
                plain = re.sub(rf"(\$[({{]){other}\b", r"\1ZERO", plain)
        self.known.add(name)
        kind = self.random.randrange(8)
        if kind == 0:
            other = self.acyclic(name, f"{name} = {self.value()}")
            return [self.one("ifeq ($(COVER),true)", "ifdef COVER", "ifneq ($(COVER),)"),
                    plain, "else", other, "endif"]  # fmt: skip
        if kind == 1:
            return [f"export {name} := {self.one('a', 'b c')}"]
        if kind == 2:
            return ["define twice", f"$(1)-{self.one('a', '$(2)')}", "endef"]
        if kind == 3:
            name, self.included = self.one(self.included, "absent"), "absent"
            return [f"{'' if name == 'more' else '-'}include {name}.mk"]
        if kind == 4:
            return [plain + " # c", f"{name} := {self.one('a', 'b')} \\", "  c"]
        return [plain]

    def acyclic(self, name: str, text: str) -> str:
        """References go to names that come later in the alphabet."""
        for other in _NAMES:
            if other <= name:
                text = re.sub(rf"(\$[({{]){other}\b", r"\1ZERO", text)
        return text

    def rule(self, target: str) -> list[str]:
        later = _TARGETS[_TARGETS.index(target) + 1 :]
        needed = [one for one in later if self.random.randrange(2)]
        lines = [f"{target}: {' '.join(needed)}".rstrip()]
        if self.random.randrange(4) == 0:
            lines.insert(0, f"{target}: {self.one(*_NAMES)} {self.one('=', ':=')} own")
        for _ in range(self.random.randint(1, 3)):
            self.marks += 1
            words = " ".join(self.word() for _ in range(self.random.randint(0, 3)))
            front = self.one("", "", "@", "-", "@-")
            lines.append(f"\t{front}go id{self.marks} {words}".rstrip())
        return lines

    def word(self) -> str:
        return self.one(self.piece(), self.piece(), "$@", "$(call twice,a,b)", "$$(echo c)", "$$A",
                        "'q r'", "$(notdir a/b)", "$<", "# d")  # fmt: skip


def compare(files: Sequence[Generated]) -> Outcome:
    outcome = Outcome("Makefiles, generated", "`make -n`", "files")
    for one in files:
        outcome.inputs += 1
        expected: dict[str, set[str]] = {}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "Makefile").write_text(one.text)
            Path(folder, "more.mk").write_text(_INCLUDED)
            # The targets of a run come in one order; the later ones can be asked for themselves.
            for goal, given in itertools.product(_TARGETS, _RUNS):
                run = subprocess.run(
                    ["make", "-n", goal, *given], cwd=folder, capture_output=True, text=True,
                    env={"PATH": "/usr/bin:/bin"}, check=False,
                )  # fmt: skip
                if run.returncode:
                    expected.clear()
                    break
                for mark, line in _marked(run.stdout.splitlines()):
                    expected.setdefault(mark, set()).add(line)
        if not expected:
            outcome.explained["refused by make"] += 1
            continue
        found = _claims(one.text)
        differences = [
            f"makefile({one.seed}) {mark}: {sorted(found.get(mark, ()))} beside {sorted(lines)}"
            for mark, lines in sorted(expected.items())
            if not _same(found.get(mark, set()), lines)
        ]
        if differences and ":=" in one.text and "own" in differences[0].partition(" beside ")[0]:
            outcome.explained["a value that := takes at once is taken with what a target sets"] += 1
            differences = []
        differences += [
            f"makefile({one.seed}) {mark} is not run" for mark in sorted(found.keys() - expected)
        ]
        outcome.compared["recipe lines"] += len(expected)
        known, before = (
            sum(map(_is_open, found.values())),
            outcome.unknown.get("recipe lines", (0, 0)),
        )
        outcome.unknown["recipe lines"] = (before[0] + len(found), before[1] + known)
        outcome.same += not differences
        outcome.different += differences[:1]
    return outcome


def _is_open(lines: set[str]) -> bool:
    return any(_UNKNOWN.search(line) for line in lines)


def _same(claimed: set[str], lines: set[str]) -> bool:
    """Whether each line is claimed, and what is claimed is such a line."""
    # Nothing behind a blank: make leaves out the blank as well in `A += $(NOTHING)`.
    pieces = [[re.escape(part.rstrip(" ")) for part in _UNKNOWN.split(one)] for one in claimed]
    patterns = [re.compile(r" *.*".join(one) + " *") for one in pieces]
    covered = all(any(one.fullmatch(line) for one in patterns) for line in lines)
    return covered and all(any(one.fullmatch(line) for line in lines) for one in patterns)


def _claims(text: str) -> dict[str, set[str]]:
    def lookup(path: str) -> SourceFile | None:
        return SourceFile.of_text(path, _INCLUDED) if path == "more.mk" else None

    read = read_makefile(SourceFile.of_text("Makefile", text), lookup)
    found: dict[str, set[str]] = {}
    for mark, line in _marked(_expanded(read)):
        found.setdefault(mark, set()).add(line)
    return found


def _expanded(read: Makefile) -> list[str]:
    needed = reached(read, _TARGETS)
    variants = variants_of(read)
    return [
        read.expand(line, given).text.decode()
        for line in read.lines()
        if not needed.isdisjoint(line.targets)
        for given in variants.get(line.targets[0], ({},))
    ]


def _marked(lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(found[0], line) for line in lines if (found := _MARK.search(line))]
