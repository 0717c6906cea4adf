"""What Python code does by running other programs: the same facts as of scripts.

``subprocess.run([...])``, ``os.system("…")`` and helpers of a repository that
take a command line as a list or as text. A list is put down as a shell line
whose words cannot be edited; a text is read where it stands.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

import libcst as cst

from covlint.documents.assembled import Text, known_text
from covlint.documents.python import Scope, dotted
from covlint.documents.pythontext import PythonTexts
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.facts.commands.extraction import read_commands as read_script
from covlint.facts.commands.steps import ImageBuild, ScriptFact, Step, StepKind
from covlint.facts.dockerfile.build import GoBuild
from covlint.facts.python.environment import Environment, environment_of
from covlint.facts.python.go_lines import FORBIDDEN, exports, is_go_line, read_go_line
from covlint.facts.python.started import read_test_run
from covlint.facts.python.words import (
    ROOT_NAME,
    PythonWord,
    as_line,
    expansion_of,
    in_line,
    made,
    placed,
    words_of,
)
from covlint.frozen import dataclass

_TOOLS = (
    "docker|podman|nerdctl|buildah|kubectl|oc|kind|go|make|sudo|sh|bash|cp|chmod|chown|rm|mkdir"
    "|rsync|curl|wget"
)
_TOOL = re.compile(rf"(?:{_TOOLS})\Z")
_COMMAND = re.compile(
    r"\s*GOCOVERDIR=\S+\s+\S|"
    rf"\s*(?:\w+=(?:\"[^\"]*\"|'[^']*'|[^\s\"'])*\s+)*(?:set\s+-\w+\s+|cd\s+\S+\s*(?:&&|;)\s*)?(?:{_TOOLS})\s+[\w\"'$-]"
)
#: Calls that take command lines but run none.
_IDLE = re.compile(
    r"print|len|str|repr|join|format|append|extend|info|debug|warning|error|exception|log\w*|echo"
    r"|assert\w*|match\w*|search|sub|skip\w*|xfail|fail|param|parametrize|V1\w+|Mock|raises"
    r"|startswith|endswith|index|count|find|replace|sorted|set|list|tuple|dict|split|write\w*"
    r"|isinstance|any|all|add_argument|with_command|secho|which|get|pop|quote|exec_run"
)
_RUNNERS = re.compile(
    r"(?i)(?:\w*_)?(?:run|sh|shell|bash|exec|execute|system|popen|getoutput|getstatusoutput|call"
    r"|check_call|check_output|cmd|command|local|invoke|do)(?:_\w+)?"
)
#: What the standard library and requests do in the place of a command: the command, and which
#: arguments are its operands, in its order.
_LIBRARY: Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "shutil.rmtree": (("rm", "-rf"), (0,)),
    "rmtree": (("rm", "-rf"), (0,)),
    "os.remove": (("rm",), (0,)),
    "os.makedirs": (("mkdir", "-p"), (0,)),
    "os.mkdir": (("mkdir",), (0,)),
    "os.chmod": (("chmod",), (1, 0)),
    "os.rename": (("mv",), (0, 1)),
    "shutil.move": (("mv",), (0, 1)),
    "shutil.copy": (("cp",), (0, 1)),
    "shutil.copy2": (("cp",), (0, 1)),
    "shutil.copytree": (("cp", "-r"), (0, 1)),
    "copytree": (("cp", "-r"), (0, 1)),
    "requests.get": (("curl",), (0,)),
    "requests.post": (("curl",), (0,)),
    "httpx.get": (("curl",), (0,)),
    "httpx.post": (("curl",), (0,)),
    "urlopen": (("curl",), (0,)),
    "request.urlopen": (("curl",), (0,)),
    "session.get": (("curl",), (0,)),
}
_FIRST = frozenset({"args", "cmd", "command", "cmdline", "serve_cmd"})
_CALLERS = 40


@dataclass(frozen=True, slots=True)
class Around:
    """What a command finds: where it runs (None: not known), what is set around it, and
    what ``variables`` stand for besides."""

    directory: str | None = ROOT
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)


def read_commands(texts: PythonTexts) -> Iterator[ScriptFact]:
    """The facts of every command line of a file that a call may run."""
    changes = any(
        isinstance(node, cst.Call) and dotted(node.func).endswith("chdir")
        for node in texts.file.nodes
    )
    for node in texts.file.nodes:
        if isinstance(node, cst.Call):
            yield from _of_call(texts, node, None if changes else texts.home)


def _of_call(texts: PythonTexts, call: cst.Call, home: str | None) -> Iterator[ScriptFact]:
    name = dotted(call.func).rpartition(".")[2]
    plain = [a.value for a in call.args if a.keyword is None and not a.star]
    named = {a.keyword.value: a.value for a in call.args if a.keyword is not None}
    if name == "kubectl" or name == "create_subprocess_exec":
        words: Sequence[cst.BaseExpression] = plain
        first = (made(texts, call.func, "kubectl"),) if name == "kubectl" else ()
        yield from _run_words(texts, call, words, around_of(texts, call, named, home), first)
        return
    known = _LIBRARY.get(".".join(dotted(call.func).split(".")[-2:]))
    if known is not None:
        yield from _library(texts, call, plain, known, around_of(texts, call, named, home))
        return
    if _IDLE.fullmatch(name):
        return
    expression = plain[0] if plain else next((v for k, v in named.items() if k in _FIRST), None)
    if expression is None:
        return
    yield from run(texts, call, expression, around_of(texts, call, named, home))


def _library(
    texts: PythonTexts,
    call: cst.Call,
    arguments: Sequence[cst.BaseExpression],
    command: tuple[tuple[str, ...], tuple[int, ...]],
    around: Around,
) -> Iterator[ScriptFact]:
    """The facts of a call that does what a command does."""
    words, positions = command
    if len(arguments) <= max(positions):
        return
    scope = texts.file.scope_of(call)
    line = [PythonWord(call, (made(texts, call, word),)) for word in words]
    for position in positions:
        text = placed(texts, arguments[position], scope)
        if words == ("chmod",) and position == 1:
            text = tuple(replace(one, text=one.text.replace("0o", "0")) for one in text)
        line.append(PythonWord(arguments[position], text))
    for fact in run_line(texts, call, line, around):
        if isinstance(fact, Step) and fact.kind is StepKind.FETCH:
            yield replace(fact, words=(dotted(call.func), *fact.words[1:]))
        else:
            yield fact


def run(
    texts: PythonTexts, call: cst.Call, expression: cst.BaseExpression, around: Around
) -> Iterator[ScriptFact]:
    """The facts of a command line, once for each caller that completes it."""
    scope = texts.file.scope_of(call)
    facts = list(_facts(texts, call, expression, scope, around))
    function = scope.function
    if function is None or not facts or not _depends(texts, expression, scope):
        yield from facts
        return
    uses = list(_uses(texts, function))
    for use in uses:
        yield from _facts(texts, call, expression, use, around)
    if not uses:
        yield from facts


def _facts(
    texts: PythonTexts,
    call: cst.Call,
    expression: cst.BaseExpression,
    scope: Scope,
    around: Around,
) -> Iterator[ScriptFact]:
    words = words_of(texts, expression, scope)
    name = dotted(call.func).rpartition(".")[2]
    if words is not None:
        text = words[0].text if words else None
        first = known_text(text)
        if first is None and text:
            first = text[-1].text if text[-1].kind != "hole" else "docker"
        if first is not None and _TOOL.match(first.rpartition("/")[2]):
            yield from run_line(texts, call, words, around)
        elif words and "GOCOVERDIR" in around.environment.words:
            yield from read_test_run(texts, call, words)
        return
    if isinstance(expression, cst.Call) and dotted(expression.func).endswith("split"):
        function, inner = expression.func, expression.args[:1]
        if isinstance(function, cst.Attribute) and not dotted(function).startswith("shlex"):
            expression = function.value
        elif inner:
            expression = inner[0].value
    elif not _RUNNERS.fullmatch(name):
        return
    text = in_line(texts, expression, scope)
    if _COMMAND.match("".join("$" if p.kind == "hole" else p.text for p in text)) or (
        "\n" in "".join(p.text for p in text)
    ):
        yield from _run_text(texts, call, text, around)


def _run_words(
    texts: PythonTexts,
    call: cst.Call,
    words: Sequence[cst.BaseExpression],
    around: Around,
    first: Text = (),
) -> Iterator[ScriptFact]:
    """The facts of a command whose words are the arguments of a call."""
    scope = texts.file.scope_of(call)
    listed = [PythonWord(call, first)] if first else []
    listed += [PythonWord(word, placed(texts, word, scope)) for word in words]
    yield from run_line(texts, call, listed, around)


def run_line(
    texts: PythonTexts, call: cst.Call, words: Sequence[PythonWord], around: Around
) -> Iterator[ScriptFact]:
    """The facts of a list of words, at the call that runs it."""
    if is_go_line(words):
        yield from read_go_line(texts, call, words, around.directory, around.environment)
        return
    if "GOCOVERDIR" in around.environment.words:
        yield from read_test_run(texts, call, words)
    span = texts.file.span(call)
    line = as_line([word.text for word in words], texts, call)
    for fact in _run_script(texts, call, line, around):
        yield replace(fact, span=span) if isinstance(fact, (ImageBuild, Step)) else fact


def run_text(
    texts: PythonTexts, call: cst.Call, script: cst.BaseExpression, around: Around
) -> Iterator[ScriptFact]:
    """The facts of a script in a string."""
    text = in_line(texts, script, texts.file.scope_of(call))
    yield from _run_text(texts, call, text, around)


def _run_text(
    texts: PythonTexts, call: cst.Call, text: Text, around: Around
) -> Iterator[ScriptFact]:
    """The facts of a script, in the environment that it is given."""
    lines = (*exports(texts, around.environment), *text)
    for fact in _run_script(texts, call, lines, around):
        yield replace(fact, forbidden=FORBIDDEN) if isinstance(fact, GoBuild) else fact


# -- running -------------------------------------------------------------------


def _run_script(
    texts: PythonTexts, call: cst.Call, text: Text, around: Around
) -> Iterator[ScriptFact]:
    expansion = expansion_of(texts.file.source.path, text)
    function = texts.file.function_of(call)
    environment = around.environment.words.items()
    known = {name: known_text(word.text) for name, word in environment}
    variables = {ROOT_NAME: ROOT, **{k: v for k, v in known.items() if v is not None}}
    variables.update(around.variables)
    if around.directory is not None:
        variables["PWD"] = around.directory
    values = ScriptValues(expansion.text, own=ROOT, directory=around.directory, variables=variables)
    recipe = function.name.value if function is not None else None
    yield from read_script(texts.file.source, expansion, values, recipe)


def around_of(
    texts: PythonTexts,
    call: cst.Call,
    named: Mapping[str, cst.BaseExpression],
    home: str | None,
) -> Around:
    """The directory of ``cwd=`` or ``dir=``, and the environment."""
    scope = texts.file.scope_of(call)
    directory = home
    where = named.get("cwd") or named.get("dir")
    if where is not None and dotted(where) != "None":
        known = texts.known(where, scope)
        if known is None:
            directory = None
        elif known.startswith("/"):
            directory = known
        else:
            directory = posixpath.normpath(f"{home or ROOT}/{known}") if home else None
    return Around(directory, {}, environment_of(texts, call, named))


# -- callers ---------------------------------------------------------------------


def _depends(texts: PythonTexts, expression: cst.BaseExpression, scope: Scope) -> bool:
    """Whether the parameters of the function decide what the command is."""
    function = scope.function
    if function is None:
        return False
    names = {p.name.value for p in (*function.params.params, *function.params.kwonly_params)}
    words = words_of(texts, expression, scope)
    pieces = [p for word in words or () for p in word.text or ()]
    if words is None:
        pieces = list(texts.text(expression, scope))
    return any(piece.kind == "hole" and piece.text in names for piece in pieces)


def _uses(texts: PythonTexts, function: cst.FunctionDef) -> Iterator[Scope]:
    name = function.name.value
    if len(texts.file.functions.get(name, ())) != 1:
        return
    count = 0
    for node in texts.file.nodes:
        if not isinstance(node, cst.Call) or dotted(node.func) not in (name, f"self.{name}"):
            continue
        bindings = texts.bindings(function, node, texts.file.scope_of(node))
        if bindings is not None and count < _CALLERS:
            count += 1
            yield Scope(function, bindings, 1)
