"""In which folder, with which arguments and environment the commands of a script run.

tests/differential/shell compares the same with bash and dash, on scripts of a generator.
"""

from __future__ import annotations

import pytest

from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.commands.makecalls import MakeCall
from covlint.source import SourceFile


def calls(text: str) -> list[str]:
    """Each call of make: its folder, what is known of its environment, and its targets."""
    found = []
    for fact in read_script_steps(SourceFile.of_text("run.sh", text)):
        if isinstance(fact, MakeCall):
            environment = [f"{name}={value}" for name, value in fact.environment]
            found.append(" ".join([fact.directory, *environment, *fact.targets]))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(cd sub && make a); make b", ["sub a", ". b"]),
        ("(cd sub; make a) | tee log; make b", ["sub a", ". b"]),
        ("x=$(cd sub; make a)\nmake b", ["sub a", ". b"]),
        ("{ cd sub; make a; } &\nmake b", ["sub a", ". b"]),
        ("{ cd sub; make a; }; make b", ["sub a", "sub b"]),
        ("cd sub && make a; cd - ; make b", ["sub a"]),
        ("cd ~; make a", []),
        ("for d in a b; do (cd $d && make t); done", ["a t", "b t"]),
        ("cd a; for i in 1 2; do cd ..; done; make t", []),
        ("while read -r l; do cd x; make a; done; make b", []),
        ("go_to() { cd sub; }\ngo_to; make a", ["sub a"]),
        ("unused() { cd sub; }\nmake a", [". a"]),
        ('if [ "$A" ]; then cd a; make t; else make u; fi; make v', ["a t", ". u"]),
        ("sudo -E sh -c 'cd sub && make a'; make b", ["sub a", ". b"]),
    ],
)
def test_a_command_runs_in_the_folder_of_its_own_shell(text: str, expected: list[str]) -> None:
    assert calls(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("export MODE=a\nMODE=b\nmake t", [". MODE=b t"]),
        ("MODE=a\nexport MODE\nmake t", [". MODE=a t"]),
        ("export MODE=a\nunset MODE\nmake t", [". t"]),
        ("set -a\nMODE=a\nset +a\nOTHER=b\nmake t", [". MODE=a t"]),
        ("set -eo allexport\nMODE=a\nset +o allexport\nOTHER=b\nmake t", [". MODE=a t"]),
        (
            "set -o pipefail -a\nMODE=a\nset -o errexit -- +a\nOTHER=b\nmake t",
            [". MODE=a OTHER=b t"],
        ),
        ("export MODE=a; env MODE=b make t; make u", [". MODE=b t", ". MODE=a u"]),
        ("export MODE=a; MODE=b make t; make u", [". MODE=b t", ". MODE=a u"]),
        ("set | grep -q MODE\nset\nmake t", [". t"]),
        ("MODE=~ make t", [". MODE=None t"]),
        ("A=1 B=2\nmake t", [". t"]),
        ("A=1 B=2 \\\nmake t", [". A=1 B=2 t"]),
        ("A=1 B=2\n! (exec make t)", [". t"]),
        ("if x; then\nA=1 B=2 # c\nelse\nB=3 make $A\nfi", [". B=3"]),
        ("A=x B=2\nwhile y; do\nB=3 make $A\ndone", [". B=3 x"]),
        ('A=${C:=x} B="${C:-y}" make t', [". A=x B=None t"]),
        ("A= B=${A:=x} make t", [". A=None B=None t"]),
        ("A=1 B=2\nC=3 make t", [". C=3 t"]),
        ("export A=1\n(export A=2; make t)\nmake u", [". A=2 t", ". A=1 u"]),
        ("export A=1\nf() { local A=2; make t; }\nf; make u", [". A=2 t", ". A=1 u"]),
        ("A=x; sh -c 'A=y; make $A'; make $A", [". y", ". x"]),
        ('A=x; sh -c "A=y; make $A"', [". x"]),
    ],
)
def test_the_environment_of_a_command_is_what_is_exported(text: str, expected: list[str]) -> None:
    assert calls(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set -- a b; make $1; shift; make $1 $#", [". a", ". b"]),
        ('run() { make "$@"; }\nrun a b', [". a b"]),
        ('run() { shift; make "$@"; }\nrun a $X', ["."]),
        (": ${T:=a}; make $T", [". a"]),
        ("for t in a b; do u=$t-x; make $u; done; make $u", [". a-x", ". b-x", ". b-x"]),
        ("t=a; while true; do make $t; t=b; done", ["."]),
        ('if [ "$C" ]; then t=a; make $t; else t=b; make $t; fi; make $t', [". a", ". b", "."]),
        ('if [ "$C" ]; then t=a; fi; make $t', [". a"]),
        ('t=b; if [ "$C" ]; then t=a; exit; fi; make $t', [". b"]),
        ("make {a,b}", ["."]),
        ("(for t in a b; do :; done); make ${t:-c}", [". c"]),
        ('a=(); if [ "$C" ]; then a=(b); fi; make "${a[@]}" c', [". c"]),
        ("A=1 T=a\nmake x &\nwait; make $T", [". x", ". a"]),
        ('make $"a"', [". a"]),
        ("for t in *.mk; do make $t; done", ["."]),
        ('cat <<EOF | while read -r l; do\n"\nEOF\nmake a\ndone\nmake b', [". a", ". b"]),
        ("cat <<'EOF'\n\\\nEOF\n(make a)", [". a"]),
        ("for x in ; do make a; done; make b", [". a", ". b"]),
    ],
)  # fmt: skip
def test_arguments_are_those_of_the_place_where_a_command_runs(
    text: str, expected: list[str]
) -> None:
    assert calls(text) == expected


def test_calls_of_long_functions_are_followed_up_to_a_limit() -> None:
    def text(lines: int) -> str:
        return "f() {\nmake $A\n" + ":\n" * lines + "}\nA=x\nf\nA=y\nf\n"

    assert calls(text(10)) == [". x", ". y"]
    assert calls(text(6_000)) == [". x"]
