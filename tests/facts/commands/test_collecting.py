"""Commands that make reports of coverage data, and what programs run with."""

from __future__ import annotations

import pytest

from covlint.facts.commands.collecting import DataCommand
from covlint.facts.commands.extraction import read_script_steps
from covlint.source import SourceFile


def commands(text: str) -> list[DataCommand]:
    facts = read_script_steps(SourceFile.of_text("cov.sh", text))
    return [fact for fact in facts if isinstance(fact, DataCommand)]


def test_inputs_are_found_in_both_spellings() -> None:
    text = 'DIR=out\ngo tool covdata textfmt -i=$DIR/a -i b -o "$DIR/c.out"\n'
    (found,) = commands(text)
    assert (found.kind, found.subcommand) == ("covdata", "textfmt")
    assert [one.path for one in found.inputs] == ["out/a", "b"]
    assert found.output == "out/c.out"
    values = [text[one.value.start : one.value.end] for one in found.inputs if one.value]
    assert values == ["$DIR/a", "b"]


def test_a_value_that_is_not_known_has_a_beginning() -> None:
    (found,) = commands("go tool covdata percent -i=data/$(hostname)\n")
    assert found.inputs[0].text is None
    assert found.inputs[0].prefix == "data/"


def test_a_quoted_flag_has_no_value_that_can_be_edited() -> None:
    (found,) = commands('go tool covdata percent "-i=a"\n')
    assert found.inputs[0].text == "a"
    assert found.inputs[0].value is None


@pytest.mark.parametrize(
    ("text", "forgiven", "tested"),
    [
        ("go tool covdata percent -i=a || true\n", True, False),
        ("go tool covdata percent -i=a 2>/dev/null || :\n", True, False),
        ("go tool covdata percent -i=a > p.txt 2>&1 || true\n", True, False),
        ("go tool covdata percent -i=a || exit 1\n", False, False),
        ("go tool covdata percent -i=a || true_or_die\n", False, False),
        ("if ! go tool covdata percent -i=a; then exit 1; fi\n", False, True),
        ("go tool covdata percent -i=a\n", False, False),
    ],
)
def test_what_becomes_of_the_exit_code(text: str, forgiven: bool, tested: bool) -> None:
    (found,) = commands(text)
    assert (found.forgiven, found.tested) == (forgiven, tested)


def test_cat_needs_a_file_to_write_to() -> None:
    (found,) = commands("cat a.out b.out >> all.out\ncat a.out\ncat <<EOF > x\na\nEOF\n")
    assert (found.kind, found.output, found.appends) == ("cat", "all.out", True)
    assert [one.path for one in found.inputs] == ["a.out", "b.out"]


def test_what_programs_run_with() -> None:
    run, exported = commands("GOCOVERDIR=a/b ./till\nexport GOCOVERDIR=c\n")
    assert (run.kind, run.inputs[0].path) == ("run", "a/b")
    assert exported.inputs[0].path == "c"


def test_the_environment_of_covdata() -> None:
    first, second = commands(
        "GOCACHE=off go tool covdata func -i=a\nenv -i PATH=/bin go tool covdata func -i=a\n"
    )
    assert dict(first.environment) == {"GOCACHE": "off"}
    assert not first.cleared
    assert second.cleared
    assert dict(second.environment) == {"PATH": "/bin"}
