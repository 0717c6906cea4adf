"""``go`` and ``make`` as Python code runs them, by a list of words or a script in a string."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import libcst as cst

from covlint.documents.assembled import Text, known_text
from covlint.documents.pythontext import PythonTexts
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.facts.commands.collecting import DataCommand
from covlint.facts.commands.extraction import read_commands
from covlint.facts.commands.makecalls import MakeCall
from covlint.facts.commands.steps import ImageBuild, ScriptFact, Step
from covlint.facts.commands.word_lines import (
    OF_PROGRAMS,
    ROOT_VARIABLE,
    LineWord,
    WordLine,
    as_arguments,
)
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.python.environment import Environment
from covlint.facts.python.words import PythonWord, made

#: What strings of Python may not hold as it is: braces are fields of an f-string.
FORBIDDEN = "\"'\\{}\n"
_TOOLS = frozenset({"go", "make", "gmake"})
_NOTHING = re.compile(r"(?!)")
_WORD = re.compile(r"[^'\0\n]*")


def is_go_line(words: Sequence[PythonWord]) -> bool:
    """Whether a list of words is a command of go or make."""
    first = known_text(words[0].text) if words else None
    return first is not None and first.rpartition("/")[2] in _TOOLS


def read_go_line(
    texts: PythonTexts,
    call: cst.Call,
    words: Sequence[PythonWord],
    directory: str | None,
    environment: Environment,
) -> Iterator[ScriptFact]:
    """The facts of such a command."""
    source = texts.file.source
    around = [
        _assignment(texts, name, word)
        for name, word in environment.words.items()
        if name not in OF_PROGRAMS
    ]
    listed = [_line_word(texts, word) for word in words]
    line = WordLine(source, _NOTHING)
    line.words((*around, *listed))
    expansion = line.expansion
    values = ScriptValues(
        expansion.text, own=ROOT, directory=directory, variables={ROOT_VARIABLE: ROOT}
    )
    function = texts.file.function_of(call)
    recipe = function.name.value if function is not None else None
    span = texts.file.span(call)
    for fact in read_commands(source, expansion, values, recipe):
        if isinstance(fact, GoBuild):
            yield as_arguments(fact, around, listed, span, source, FORBIDDEN)
        elif isinstance(fact, DataCommand):
            yield replace(fact, cleared=environment.cleared)
        elif isinstance(fact, (ImageBuild, Step, MakeCall)):
            yield replace(fact, span=span)
        else:
            yield fact


def exports(texts: PythonTexts, environment: Environment) -> Text:
    """The lines that set the environment for a script."""
    found: Text = ()
    for name, word in environment.words.items():
        known = known_text(word.text)
        if name in OF_PROGRAMS or word.text is None or known is None:
            continue
        if _WORD.fullmatch(known):
            head, end = made(texts, word.node, f"export {name}='"), made(texts, word.node, "'\n")
            found = (*found, head, *word.text, end)
    return found


def _assignment(texts: PythonTexts, name: str, word: PythonWord) -> LineWord:
    one = _line_word(texts, word)
    return replace(one, text=(made(texts, word.node, f"{name}="), *(one.text or ())), named=True)


def _line_word(texts: PythonTexts, word: PythonWord) -> LineWord:
    span = texts.file.span(word.node)
    plain = isinstance(word.node, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString))
    return LineWord(
        word.text,
        span.start,
        span.end,
        literal=plain and not getattr(word.node, "lpar", ()),
        before=_before(texts, word.node),
    )


def _before(texts: PythonTexts, node: cst.CSTNode) -> int | None:
    """Where the element before it in its list ends."""
    element = texts.file.parents.get(node)
    around = texts.file.parents.get(element) if element is not None else None
    if isinstance(around, (cst.List, cst.Tuple)):
        pass
    elif not isinstance(around, cst.Call) or not isinstance(element, cst.Arg):
        return None
    listed = _listed(around)
    index = _places(around).get(id(element), 0)
    former = listed[index - 1] if index else None
    if not isinstance(former, (cst.Element, cst.StarredElement, cst.Arg)):
        return None
    return texts.file.span(former.value).end


def _listed(around: cst.List | cst.Tuple | cst.Call) -> Sequence[cst.CSTNode]:
    if isinstance(around, cst.Call):
        return [one for one in around.args if one.keyword is None]
    return around.elements


@lru_cache(maxsize=1)  # each element of a list asks for its place
def _places(around: cst.List | cst.Tuple | cst.Call) -> dict[int, int]:
    return {id(one): index for index, one in enumerate(_listed(around))}
