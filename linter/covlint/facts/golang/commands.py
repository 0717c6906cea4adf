"""What Go code does by running other programs: the same facts as of scripts.

``exec.Command("podman", "build", …)``, helpers that take the words of a command
line, and functions that run one for every caller: such a function gives its
facts once for each struct literal or call that it is used with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from covlint.documents.assembled import Text, known_text
from covlint.documents.gosource import (
    GoSource,
    Scope,
    call_arguments,
    field_of,
    parameter_types,
    parameters,
)
from covlint.documents.gotext import GoPackage
from covlint.documents.scriptvalues import ROOT, Argument, ScriptValues
from covlint.documents.shell import Part, ShellWord, parse_script
from covlint.facts.commands.steps import ComposeCall, Fact, ImageBuild, Step, StepKind
from covlint.facts.commands.toolcalls import ToolCalls
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_TOOL = rb"podman|docker|nerdctl|buildah|kubectl|oc|kind|go|sh|bash"
_COMMAND = re.compile(rb"\b(exec)\.Command(?:Context)?\(|(\"(?:" + _TOOL + rb")\")\s*,")
_NO_COMMAND = re.compile(
    r"^(?:fmt|strings|strconv|errors|log|os|filepath|path|slices|append|exec\.LookPath|panic)\b"
)
_CHMOD = re.compile(rb"\b(os\.Chmod)\(")
#: Expressions that give the directory of the repository.
_ROOT_NAME = re.compile(
    r"(?i)^(?:\w+\.)*(?:get|find|must)?_?(?:project|repo|repository|workspace|module)_?"
    r"(?:root|dir|directory|path)(?:dir|path)?(?:\(\))?$|^(?:\w+\.)*rootdir(?:\(\))?$"
)
_SET_DIRECTORY = re.compile(rb"\.(Dir)\s*=")
#: Calls without any of these words give no fact that a chain needs.
_VERBS = re.compile(
    rb"[\"`](?:build|bud|buildx|image|cp|exec|run|scale|delete|create|covdata|-l?c|apply|kill|rm"
    rb"|stop|compose|rollout|tag|save)[\"`]|\.\.\."
)
#: ``kubectl apply -f -`` names no file.
_FROM_STDIN = re.compile(rb"\"apply\"[^)]*\"-\"")
_SHELLS = frozenset({"sh", "bash"})
#: What a function runs for each of its callers; more of them are left out.
_CALLERS = 120


@dataclass(frozen=True, slots=True)
class _Use:
    """One way in which a function is used: its parameters, and where that is written."""

    bindings: Mapping[str, Text]
    span: Span | None = None
    recipe: str | None = None


def read_commands(package: GoPackage) -> list[Fact]:
    """The image builds and steps of a package."""
    found: list[Fact] = []
    for file in package.files:
        seen: set[int] = set()
        for match in _COMMAND.finditer(file.data):
            group = 1 if match[1] else 2
            node = file.at(match.start(group), match.end(group))
            call = _call_of(node)
            if call is None or call.start_byte in seen:
                continue
            seen.add(call.start_byte)
            if not _VERBS.search(file.data, call.start_byte, call.end_byte):
                continue
            if _FROM_STDIN.search(file.data, call.start_byte, call.end_byte):
                continue
            words = _words_of(file, call)
            if words:
                found.extend(_facts_of(package, file, call, words))
        found.extend(_permissions(package, file))
    return list(dict.fromkeys(found))


def _call_of(node: Node | None) -> Node | None:
    """The call that ``exec.Command`` or a literal argument belongs to."""
    while node is not None and node.type not in ("call_expression", "block", "literal_value"):
        node = node.parent
    return node if node is not None and node.type == "call_expression" else None


def _words_of(file: GoSource, call: Node) -> list[Node]:
    """The arguments of a call that are the words of a command line."""
    target, arguments = call.child_by_field_name("function"), call_arguments(call)
    callee = file.text(target) if target is not None else ""
    if callee == "exec.Command":
        return arguments
    if callee == "exec.CommandContext":
        return arguments[1:]
    if _NO_COMMAND.match(callee):
        return []
    for index, argument in enumerate(arguments):
        if file.text(argument).strip('"`') in _TOOLS and argument.type.endswith("string_literal"):
            rest = arguments[index:]
            follows = rest[1:2]
            if follows and follows[0].type in ("interpreted_string_literal", "variadic_argument"):
                return rest
    return []


_TOOLS = frozenset(_TOOL.decode().split("|"))


def _facts_of(package: GoPackage, file: GoSource, call: Node, words: list[Node]) -> Iterator[Fact]:
    scope = package.scope_at(file, call)
    name = _function_name(file, scope)
    plain = _arguments(package, words, scope)
    facts = list(_run(plain, file, call, scope, name, package))
    if all(_complete(fact) for fact in facts):
        yield from facts
        return
    for use in _uses(package, file, scope, plain) or (_Use({}),):
        if not use.bindings:
            yield from facts
            continue
        bound = replace(scope, bindings=use.bindings)
        arguments = _arguments(package, words, bound)
        for fact in _run(arguments, file, call, bound, use.recipe or name, package):
            yield replace(fact, span=use.span) if use.span is not None else fact


def _complete(fact: Fact) -> bool:
    """Whether the callers of the function cannot add to what a chain asks."""
    if isinstance(fact, ImageBuild):
        return fact.dockerfile is not None
    if isinstance(fact, ComposeCall):
        return True
    if fact.kind in (StepKind.CREATE_CLUSTER, StepKind.COPY, StepKind.REPORT):
        return fact.source is not None
    return fact.kind is not StepKind.PERMISSION or None not in fact.operands


_Word = tuple["Node", "Text | None", str]


def _arguments(package: GoPackage, words: list[Node], scope: Scope) -> list[_Word]:
    """The words with their texts; text None: no word, or several that are not seen."""
    path = scope.file.source.path
    found: list[_Word] = []
    for node in words:
        if node.type == "variadic_argument":
            listed = package.items(node.named_children[0], scope)
            found.extend((item, text, path) for item, text in listed)
        else:
            found.append((node, package.text(node, scope), path))
    return found


def _run(
    words: list[_Word],
    file: GoSource,
    call: Node,
    scope: Scope,
    recipe: str | None,
    package: GoPackage,
) -> Iterator[Fact]:
    values = ScriptValues(b"", own=ROOT, directory=_directory(package, file, scope))
    calls = ToolCalls(values, lambda span: span, file.span(call), recipe)
    arguments = [_argument(node, text, path) for node, text, path in words]
    if not arguments:
        return
    if arguments[0].text in _SHELLS and len(words) > 2:
        script = words[-1][1]
        if script is not None and (arguments[-2].text or "").startswith("-"):
            for command in parse_script("", _as_script(script)).commands:
                for fact in calls.read(command):
                    yield _at(fact, file.span(call))
                values.feed(command)
        return
    yield from calls.facts(arguments, None)


def _at(fact: Fact, span: Span) -> Fact:
    """A fact of a script inside a string, placed at the call that runs it."""
    if isinstance(fact, ImageBuild):
        arguments = tuple(replace(one, span=span) for one in fact.arguments)
        return replace(fact, arguments=arguments, span=span)
    return replace(fact, span=span)


def _argument(node: Node, text: Text | None, path: str) -> Argument:
    span = Span(path, node.start_byte, node.end_byte)
    if text is None:
        return Argument(None, ShellWord((Part("opaque", "", False),), span), several=True)
    parts: list[Part] = []
    for piece in text:
        if piece.kind != "hole":
            parts.append(Part("text", piece.text, True))
        elif _ROOT_NAME.match(piece.text):
            parts.append(Part("text", ROOT, True))
        else:
            parts.append(Part("variable", piece.text, True))
    if text and all(piece.path == path and piece.linear for piece in text):
        span = Span(path, text[0].start, text[-1].end)
    word = ShellWord(tuple(parts), span)
    return Argument(word.literal, word)


def _as_script(text: Text) -> bytes:
    written = []
    for piece in text:
        if piece.kind != "hole":
            written.append(piece.text)
        elif _ROOT_NAME.match(piece.text):
            written.append("${PROJECT_ROOT_OF_GO}")
        else:
            written.append("${VALUE_OF_GO}")
    return "".join(written).encode()


def _directory(package: GoPackage, file: GoSource, scope: Scope) -> str | None:
    """Where the commands of a function run: ``cmd.Dir`` if it is the project root, the
    package in a test (go test runs there), else not known."""
    function = scope.function
    if function is not None:
        for node in file.found(_SET_DIRECTORY, function):
            statement = node.parent
            while statement is not None and statement.type != "assignment_statement":
                statement = statement.parent
            right = statement.child_by_field_name("right") if statement is not None else None
            if right is None:
                continue
            text = package.text(right.named_children[0], scope)
            rooted = len(text) == 1 and text[0].kind == "hole" and _ROOT_NAME.match(text[0].text)
            return ROOT if rooted else None
    path = file.source.path
    if path.endswith("_test.go"):
        folder = path.rpartition("/")[0]
        return f"{ROOT}/{folder}" if folder else ROOT
    return None


def _function_name(file: GoSource, scope: Scope) -> str | None:
    name = scope.function.child_by_field_name("name") if scope.function is not None else None
    return file.text(name) if name is not None else None


def _uses(package: GoPackage, file: GoSource, scope: Scope, words: list[_Word]) -> list[_Use]:
    """How the function is used, when its command line depends on its parameters."""
    function = scope.function
    if function is None or function.type == "func_literal":
        return []
    names = parameters(file, function)
    holes = [p.text for _, text, _ in words for p in text or () if p.kind == "hole"]
    fields = {hole for hole in holes if hole.partition(".")[0] in names and "." in hole}
    found: list[_Use] = []
    for parameter in sorted({field.partition(".")[0] for field in fields}):
        kind = parameter_types(file, function).get(parameter, "")
        if not re.fullmatch(r"[A-Za-z_]\w*", kind):
            continue
        for where, body in package.literals_of(kind):
            bindings: dict[str, Text] = {}
            for name in fields:
                value = field_of(where.file, body, name.partition(".")[2])
                if value is not None and name.startswith(parameter + "."):
                    bindings[name] = package.text(value, where)
            if bindings:
                caller = _function_name(where.file, where)
                found.append(_Use(bindings, where.file.span(body), caller))
    wanted = set(holes) & set(names)
    if not found and wanted:
        own = _function_name(file, scope)
        found = list(_calls(package, own, names, wanted)) if own else []
    return found[:_CALLERS]


def _calls(package: GoPackage, name: str, names: list[str], wanted: set[str]) -> Iterator[_Use]:
    for file in package.files:
        for node in file.named(name):
            call = _call_of(node.parent)
            target = call.child_by_field_name("function") if call is not None else None
            if call is None or target is None or target.end_byte != node.end_byte:
                continue
            given = call_arguments(call)
            if len(given) != len(names) or any(a.type == "variadic_argument" for a in given):
                continue
            scope = package.scope_at(file, call)
            texts = {n: package.text(a, scope) for n, a in zip(names, given, strict=True)}
            if all(known_text(texts[one]) is None for one in wanted):
                continue
            yield _Use(texts, file.span(call), _function_name(file, scope))


def _permissions(package: GoPackage, file: GoSource) -> Iterator[Step]:
    """``os.Chmod(path, 0777)`` on a path that is seen."""
    for node in file.found(_CHMOD):
        call = _call_of(node)
        arguments = call_arguments(call) if call is not None else []
        if call is None or len(arguments) != 2:
            continue
        scope = package.scope_at(file, call)
        word = _argument(arguments[0], package.text(arguments[0], scope), file.source.path)
        given, mode = word.text, known_text(package.text(arguments[1], scope))
        if given is None or mode is None:
            continue
        path = given.replace(ROOT + "/", "./")
        yield Step(
            kind=StepKind.PERMISSION,
            words=("chmod", mode.replace("0o", "0"), path),
            operands=(mode.replace("0o", "0"), path),
            source=None,
            destination=path,
            through=None,
            mounts=(),
            span=file.span(call),
            recipe=_function_name(file, scope),
        )
