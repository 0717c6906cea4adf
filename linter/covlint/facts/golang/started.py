"""Programs that Go code starts with a GOCOVERDIR of their own, and what ends them.

``cmd.Process.Kill()`` is SIGKILL at once. What is seen of a command is every place at which
its name stands; one that may end it in another way (a signal, a call that gets the command)
leaves nothing to say.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from covlint.documents.assembled import known_text
from covlint.documents.gosource import FUNCTIONS, GoSource, Scope, call_arguments, enclosing, holds
from covlint.documents.gotext import GoPackage
from covlint.facts.commands.programs import PROCESS
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.commands.test_binaries import end_of, may_make_test_binary, run_of
from covlint.facts.golang.call_words import assigned_name, call_of, function_name
from covlint.facts.golang.go_lines import environment_of
from covlint.frozen import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

_COMMAND = re.compile(rb"(exec)(?<!\wexec)\.Command(?:Context)?\(")
_RECEIVER = re.compile(rb"func \((\w+) \*?(\w+)\)")
#: What is done with a command and does not end it.
_IDLE = re.compile(
    rb"\.(?:Start|Env|Dir|Stdout|Stderr|Stdin|Args|Path|SysProcAttr|ExtraFiles|StdoutPipe"
    rb"|StderrPipe|String|ProcessState)\b|(?:\.Process)?\s*[!=]= nil\b|(?:, \w+)?\s*:?="
)
_KILL = re.compile(rb"\.Process\.Kill\(\)")
_SIGNAL = re.compile(rb"\.Process\.Signal\(([\w.]+)\)")
_PID = re.compile(rb"\.Process\.Pid\b")
_WAIT = re.compile(rb"\.(?:Process\.)?Wait\(\)")
#: A call that is longer is not shown whole.
_LONG = 60
_FATAL = frozenset({"os.Kill", "syscall.SIGKILL", "unix.SIGKILL"})
_KILL_ARGUMENTS = 2
_KILLS = frozenset({"syscall.Kill", "unix.Kill"})
_NIL = re.compile(r"[\w.]+ != nil(?: && [\w.]+ != nil)*")
_SHOWN = re.compile(r"(?:log|slog|fmt|t|tb|b)\.\w+|By|\w*\.?(?:Log|Info|Error|Print|Debug)\w*")


class _Ending(Enum):
    KILL = "kill"
    WAIT = "wait"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Use:
    """One place at which the command is used in a way that ends it, or may."""

    kind: _Ending
    file: GoSource
    node: Node  # the call, or the name


def read_started_programs(package: GoPackage, file: GoSource) -> Iterator[Step]:
    """The start of each program, and the kills, where nothing else can end it."""
    if b"GOCOVERDIR" not in file.data or b".Start()" not in file.data:
        return
    for match in _COMMAND.finditer(file.data):
        call = call_of(file.at(match.start(1), match.end(1)))
        name = assigned_name(call, file) if call is not None else None
        if call is None or name is None:
            continue
        scope = package.scope_at(file, call)
        directory = _directory(package, call, scope)
        regions = list(_regions(package, file, scope, name))
        if directory is None or not any(_starts(where, node, own) for where, node, own in regions):
            continue
        yield _start(package, file, call, scope, name, directory)
        uses = [use for region in regions for use in _uses(*region, call)]
        kills = [use for use in uses if use.kind is _Ending.KILL]
        if any(use.kind is _Ending.OTHER for use in uses):
            continue
        waits = [use for use in uses if use.kind is _Ending.WAIT]
        for kill in kills:
            if not any(_ends_before(wait, kill) for wait in waits):
                yield _step(StepKind.KILL, kill.file, kill.node, name, None, (f"${name}",))


def read_test_runs(package: GoPackage, file: GoSource) -> Iterator[Step]:
    """The runs of programs with GOCOVERDIR, any of which may be a test binary of the file."""
    if b"GOCOVERDIR" not in file.data or not may_make_test_binary(file.data):
        return
    for match in _COMMAND.finditer(file.data):
        call = call_of(file.at(match.start(1), match.end(1)))
        scope = package.scope_at(file, call) if call is not None else None
        if call is None or scope is None or _directory(package, call, scope) is None:
            continue
        words = call_arguments(call)[file.text(call).startswith("exec.CommandContext") :]
        program = end_of(package.text(words[0], scope)) if words else ""
        given = [known_text(package.text(word, scope)) for word in words[1:]]
        found = run_of(program, given, file.span(call), function_name(file, scope))
        if found is not None:
            yield found


def _directory(package: GoPackage, call: Node, scope: Scope) -> str | None:
    """The GOCOVERDIR of the command; None where it has none of its own."""
    word = environment_of(package, call, scope, programs=True).words.get("GOCOVERDIR")
    if word is None:
        return None
    known = known_text(word[1])
    return known.partition("=")[2] if known is not None else "${GOCOVERDIR}"


def _start(
    package: GoPackage, file: GoSource, call: Node, scope: Scope, name: str, directory: str
) -> Step:
    context = file.text(call).startswith("exec.CommandContext")
    words = call_arguments(call)[context:]
    text = package.text(words[0], scope) if words else ()
    program = known_text(text) or (text[-1].text if text else "")
    operands = (posixpath.basename(program), f"${name}")
    return _step(StepKind.START, file, call, name, directory, operands)


def _step(
    kind: StepKind,
    file: GoSource,
    node: Node,
    name: str,
    source: str | None,
    operands: tuple[str | None, ...],
) -> Step:
    shown = file.text(node)
    if len(shown) > _LONG or "\n" in shown:
        shown = shown.partition("(")[0] + "(…)"
    # a sequence of its own: what else the function does may stand in any order to it
    return Step(kind, (shown,), operands, source, None, PROCESS, (), file.span(node), f"${name}")


# -- where the command is used ------------------------------------------------------------


def _regions(
    package: GoPackage, file: GoSource, scope: Scope, name: str
) -> Iterator[tuple[GoSource, Node, str]]:
    """The parts of the code in which the command may be used, and its name there."""
    root, dot, field = name.partition(".")
    function = scope.function
    while function is not None and not _declares(file, function, root):
        function = enclosing(function, FUNCTIONS)
    if function is None:  # a variable of the package
        yield from ((one, one.root, name) for one in package.files)
        return
    method = _RECEIVER.match(file.data, function.start_byte)
    if not dot or method is None or method[1] != root.encode():
        yield file, function, name
        return
    for one in package.files:
        for match in _RECEIVER.finditer(one.data):
            node = one.at(match.start(), match.end())
            if match[2] == method[2] and node is not None:
                yield one, node, f"{match[1].decode()}.{field}"


def _declares(file: GoSource, function: Node, name: str) -> bool:
    head = re.escape(name).encode()
    body = file.data[function.start_byte : function.end_byte]
    pattern = rb"(?<![\w.])" + head + rb"(?:, \w+)?\s*:=|\bvar " + head + rb"\b"
    if re.search(pattern, body):
        return True
    signature = body.partition(b"{")[0]
    return re.search(rb"[(, ]" + head + rb" [\w.*\[]", signature) is not None


def _starts(file: GoSource, region: Node, name: str) -> bool:
    text = file.data[region.start_byte : region.end_byte]
    return re.search(rb"(?<![\w.])" + re.escape(name).encode() + rb"\.Start\(\)", text) is not None


def _uses(file: GoSource, region: Node, name: str, start: Node) -> Iterator[_Use]:
    pattern = re.compile(rb"(?<![\w.])" + re.escape(name).encode() + rb"\b")
    for match in pattern.finditer(file.data, region.start_byte, region.end_byte):
        at = match.end()
        node = file.at(match.start(), at)
        if node is None or node.type == "comment" or "string" in node.type:
            continue
        if node.parent is not None and node.parent.type == "var_spec":
            continue
        if _IDLE.match(file.data, at):
            continue
        call = enclosing(node, frozenset({"call_expression"})) or node
        if _PID.match(file.data, at) and _SHOWN.fullmatch(_called(file, call)):
            continue
        yield _Use(_ending(file, node, at, call, start), file, call)


def _ending(file: GoSource, name: Node, at: int, call: Node, start: Node) -> _Ending:
    """What the call does to the program; ``at`` is the end of its name."""
    signal = _SIGNAL.match(file.data, at)
    fatal = _KILL.match(file.data, at) is not None
    if signal is not None:
        fatal = signal[1].decode() in _FATAL
    elif _WAIT.match(file.data, at):
        return _Ending.WAIT
    elif _PID.match(file.data, at) and _called(file, call) in _KILLS:
        given = call_arguments(call)
        fatal = len(given) == _KILL_ARGUMENTS and file.text(given[1]) in _FATAL
    return _Ending.KILL if fatal and not _optional(file, name, start) else _Ending.OTHER


def _called(file: GoSource, call: Node) -> str:
    target = call.child_by_field_name("function")
    return file.text(target) if target is not None else ""


def _optional(file: GoSource, node: Node, start: Node) -> bool:
    """Whether only a branch does this, but for a look whether the program is there."""
    current = node
    while current.parent is not None and not holds(current.parent, start):
        parent = current.parent
        if parent.type in ("for_statement", "function_declaration", "method_declaration"):
            return parent.type == "for_statement"
        if parent.type.endswith("_case"):
            return True
        if parent.type == "if_statement":
            condition = parent.child_by_field_name("condition")
            branches = (
                parent.child_by_field_name("consequence"),
                parent.child_by_field_name("alternative"),
            )
            if current in branches and (
                condition is None or not _NIL.fullmatch(file.text(condition))
            ):
                return True
        current = parent
    return False


def _ends_before(wait: _Use, kill: _Use) -> bool:
    """Whether the code may have waited for the end of the program when it kills it."""
    waiter = enclosing(wait.node, FUNCTIONS)
    if waiter is not None and waiter.type == "func_literal" and waiter.parent is not None:
        call = waiter.parent
        if call.parent is not None and call.parent.type == "go_statement":
            return False
    if wait.node.parent is not None and wait.node.parent.type == "go_statement":
        return False
    killer = enclosing(kill.node, FUNCTIONS)
    deferred, waiter_deferred = (_deferred(one.node) for one in (kill, wait))
    if waiter != killer or wait.file is not kill.file:
        return True
    if deferred is not None:
        # deferred calls run last in, first out
        return waiter_deferred is None or wait.node.start_byte > kill.node.start_byte
    return wait.node.start_byte < kill.node.start_byte


def _deferred(node: Node) -> Node | None:
    found = enclosing(node, frozenset({"defer_statement", *FUNCTIONS}))
    return found if found is not None and found.type == "defer_statement" else None
