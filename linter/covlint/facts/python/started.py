"""Programs that Python code starts with a GOCOVERDIR of their own, and what kills them.

As in Go code (:mod:`covlint.facts.golang.started`): where anything may end the program in
another way, or somebody else gets it, there is nothing to say.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

import libcst as cst

from covlint.documents.assembled import known_text
from covlint.documents.python import dotted
from covlint.documents.pythontext import PythonTexts
from covlint.facts.commands.programs import PROCESS
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.commands.test_binaries import end_of, may_make_test_binary, run_of
from covlint.facts.python.environment import environment_of
from covlint.facts.python.words import PythonWord, words_of

_IDLE = frozenset({"poll", "stdout", "stderr", "returncode", "args"})
_WAITS = frozenset({"wait", "communicate"})
_FATAL = frozenset({"signal.SIGKILL", "SIGKILL", "9"})
_SHOWN = frozenset({"print", "info", "debug", "warning", "error", "log", "str"})
_BRANCHES = (cst.For, cst.While, cst.ExceptHandler, cst.MatchCase, cst.IfExp, cst.Lambda)


def read_started_programs(texts: PythonTexts) -> Iterator[Step]:
    """The start of each program, and the kills, where nothing else can end it."""
    if b"GOCOVERDIR" not in texts.file.source.data:
        return
    for node in texts.file.nodes:
        if not isinstance(node, cst.Call) or not dotted(node.func).endswith("Popen"):
            continue
        name = _assigned(texts, node)
        named = {a.keyword.value: a.value for a in node.args if a.keyword is not None}
        given = environment_of(texts, node, named).words.get("GOCOVERDIR")
        if name is None or given is None:
            continue
        directory = known_text(given.text) or "${GOCOVERDIR}"
        operands = (_program(texts, node, named), f"${name}")
        yield _step(texts, StepKind.START, node, name, directory, operands)
        for kill in _kills(texts, node, name):
            yield _step(texts, StepKind.KILL, kill, name, None, (f"${name}",))


def read_test_run(
    texts: PythonTexts, call: cst.Call, words: Sequence[PythonWord]
) -> Iterator[Step]:
    """The run of a program with GOCOVERDIR, which may be a test binary of the file."""
    if not may_make_test_binary(texts.file.source.data):
        return
    program = end_of(words[0].text or ())
    function = texts.file.function_of(call)
    recipe = function.name.value if function is not None else None
    given = [known_text(word.text) for word in words[1:]]
    found = run_of(program, given, texts.file.span(call), recipe)
    if found is not None:
        yield found


def _assigned(texts: PythonTexts, call: cst.Call) -> str | None:
    """``proc`` of ``proc = Popen(…)``, or ``self.proc``."""
    statement = texts.file.parents.get(call)
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return None
    name = dotted(statement.targets[0].target)
    return None if "()" in name else name


def _program(texts: PythonTexts, call: cst.Call, named: dict[str, cst.BaseExpression]) -> str:
    """The file name of the program, or what stands for it."""
    plain = [one.value for one in call.args if one.keyword is None]
    words = named.get("args") or (plain[0] if plain else None)
    listed = words_of(texts, words, texts.file.scope_of(call)) if words is not None else None
    text = listed[0].text if listed else None
    known = known_text(text) or (text[-1].text if text else "")
    return posixpath.basename(known)


def _step(
    texts: PythonTexts,
    kind: StepKind,
    call: cst.Call,
    name: str,
    source: str | None,
    operands: tuple[str | None, ...],
) -> Step:
    span = texts.file.span(call)
    shown = texts.file.source.slice(span).decode("utf-8", "replace")
    if "\n" in shown or kind is StepKind.START:
        shown = f"{dotted(call.func)}(…)"
    # a sequence of its own: what else the function does may stand in any order to it
    return Step(kind, (shown,), operands, source, None, PROCESS, (), span, f"${name}")


def _kills(texts: PythonTexts, start: cst.Call, name: str) -> list[cst.Call]:
    """The calls that kill the program; none where it may have ended before."""
    found: list[cst.Call] = []
    waited = False
    for use in _uses(texts, start, name):
        verdict = _verdict(texts, use)
        if verdict == "wait":
            waited = True
        elif isinstance(verdict, cst.Call) and not waited and not _optional(texts, verdict, name):
            found.append(verdict)
        elif verdict is not None:
            return []
    return found


def _uses(texts: PythonTexts, start: cst.Call, name: str) -> Iterator[cst.CSTNode]:
    """The places at which the name stands after the start: in its function, in its class for a
    field, in the file for a name of the module."""
    file = texts.file
    region: cst.CSTNode = file.function_of(start) or file.module
    if "." in name:
        around = file.parents.get(start)
        while around is not None and not isinstance(around, cst.ClassDef):
            around = file.parents.get(around)
        region = around or region
    span = file.span(region)
    for node in file.nodes:
        if not isinstance(node, (cst.Name, cst.Attribute)) or dotted(node) != name:
            continue
        place = file.span(node)
        if span.covers(place) and place.start > file.span(start).start:
            yield node


def _verdict(texts: PythonTexts, use: cst.CSTNode) -> cst.Call | str | None:
    """The call that may kill; "wait" or "other"; None for what does not end the program."""
    parent = texts.file.parents.get(use)
    if isinstance(parent, (cst.Comparison, cst.If, cst.BooleanOperation, cst.UnaryOperation)):
        return None
    if isinstance(parent, cst.AssignTarget):
        return None
    call = texts.file.parents.get(parent) if parent is not None else None
    if not isinstance(parent, cst.Attribute) or parent.value is not use:
        return "other"
    name = parent.attr.value
    if name in _IDLE:
        return None
    if name == "pid":
        return _by_id(texts, parent)
    if not isinstance(call, cst.Call) or call.func is not parent:
        return "other"
    if name in _WAITS:
        return "wait"
    fatal = name == "kill" or (name == "send_signal" and _is_fatal(call.args[:1]))
    return call if fatal else "other"


def _is_fatal(arguments: Sequence[cst.Arg]) -> bool:
    """Whether the last of the arguments is SIGKILL."""
    value = arguments[-1].value if arguments else None
    text = value.value if isinstance(value, cst.Integer) else dotted(value) if value else ""
    return text in _FATAL


def _by_id(texts: PythonTexts, use: cst.CSTNode) -> cst.Call | str | None:
    """``os.kill(proc.pid, signal.SIGKILL)``, ``os.killpg(os.getpgid(proc.pid), …)``."""
    current = texts.file.parents.get(use)
    while current is not None and not isinstance(current, cst.BaseSmallStatement):
        if isinstance(current, cst.Call):
            name = dotted(current.func).rpartition(".")[2]
            if name in _SHOWN:
                return None
            if name in ("kill", "killpg") and len(current.args) > 1:
                return current if _is_fatal(current.args) else "other"
        elif isinstance(current, cst.FormattedString):
            return None
        current = texts.file.parents.get(current)
    return "other"


def _optional(texts: PythonTexts, call: cst.Call, name: str) -> bool:
    """Whether only a branch does this, but for a look whether the program is there."""
    current: cst.CSTNode | None = texts.file.parents.get(call)
    while current is not None and not isinstance(current, cst.FunctionDef):
        if isinstance(current, _BRANCHES):
            return True
        if isinstance(current, cst.If):
            tested = texts.file.source.slice(texts.file.span(current.test)).decode()
            if tested not in (name, f"{name} is not None", f"{name}.poll() is None"):
                return True
        current = texts.file.parents.get(current)
    return False
