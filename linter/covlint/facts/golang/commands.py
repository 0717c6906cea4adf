"""What Go code does by running other programs: the same facts as of scripts.

``exec.Command("podman", "build", …)``, helpers that take the words of a command
line, and functions that run one for every caller: such a function gives its
facts once for each struct literal or call that it is used with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
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
from covlint.documents.scriptvalues import ROOT, ScriptValues
from covlint.documents.shell import parse_script
from covlint.facts.commands.steps import (
    Fact,
    ImageBuild,
    ScriptFact,
    Step,
    StepKind,
)
from covlint.facts.commands.toolcalls import ToolCalls
from covlint.facts.golang.call_words import (
    ROOT_NAME,
    argument_of,
    call_of,
    directory_of,
    function_name,
)
from covlint.facts.golang.go_lines import read_go_line, read_go_script
from covlint.facts.golang.library_calls import may_pull, read_library_calls
from covlint.facts.golang.started import read_started_programs, read_test_runs
from covlint.frozen import dataclass
from covlint.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_TOOL = rb"podman|docker|nerdctl|buildah|kubectl|oc|kind|go|make|sh|bash"
#: Each begins with a fixed text, which is searched for at thirty times the speed of ``\b``.
_COMMANDS = (
    re.compile(rb"(exec)(?<!\wexec)\.Command(?:Context)?\("),
    re.compile(rb"(\"(?:" + _TOOL + rb")\")\s*,"),
)
_NO_COMMAND = re.compile(
    r"^(?:fmt|strings|strconv|errors|log|os|filepath|path|slices|append|exec\.LookPath|panic)\b"
)
#: Calls without any of these words give no fact that a chain needs.
_VERBS = re.compile(
    rb"[\"`](?:build|bud|buildx|image|cp|exec|run|scale|delete|create|covdata|-l?c|apply|kill|rm"
    rb"|stop|compose|rollout|tag|save|make|install|cover|mkdir|chmod|curl)[\"`]|\.\.\."
)
#: ``kubectl apply -f -`` names no file.
_FROM_STDIN = re.compile(rb"\"apply\"[^)]*\"-\"")
_SHELLS = frozenset({"sh", "bash"})
_GO_TOOLS = frozenset({"go", "make"})
_CALLED = re.compile(rb"[ \t]*[(\[]")
#: What a function runs for each of its callers; more of them are left out.
_CALLERS = 120


@dataclass(frozen=True, slots=True)
class _Use:
    """One way in which a function is used: its parameters, and where that is written."""

    bindings: Mapping[str, Text]
    span: Span | None = None
    recipe: str | None = None


def read_commands(package: GoPackage) -> list[ScriptFact]:
    """The builds, steps and data commands of a package."""
    found: list[ScriptFact] = []
    pulls = any(may_pull(file.data) for file in package.files)
    for file in package.files:
        seen: set[int] = set()
        matches = (match for one in _COMMANDS for match in one.finditer(file.data))
        for start, end in sorted(match.span(1) for match in matches):
            call = call_of(file.at(start, end))
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
        found.extend(read_library_calls(package, file, pulls=pulls))
        found.extend(read_started_programs(package, file))
        found.extend(read_test_runs(package, file))
    return list(dict.fromkeys(found))


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


def _facts_of(
    package: GoPackage, file: GoSource, call: Node, words: list[Node]
) -> Iterator[ScriptFact]:
    scope = package.scope_at(file, call)
    name = function_name(file, scope)
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


def _complete(fact: ScriptFact) -> bool:
    """Whether the callers of the function cannot add to what a chain asks."""
    if isinstance(fact, ImageBuild):
        return fact.dockerfile is not None
    if not isinstance(fact, Step):
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
) -> Iterator[ScriptFact]:
    here = directory_of(package, file, scope, call)
    values = ScriptValues(b"", own=ROOT, directory=here)
    calls = ToolCalls(values, lambda span: span, file.span(call), recipe)
    arguments = [argument_of(node, text, path) for node, text, path in words]
    if not arguments:
        return
    if arguments[0].text in _SHELLS and len(words) > 2:
        script = words[-1][1]
        if script is not None and (arguments[-2].text or "").startswith("-"):
            for command in parse_script("", _as_script(script)).commands:
                for fact in calls.read(command):
                    yield _at(fact, file.span(call))
                values.feed(command)
            yield from read_go_script(script, call, scope, here, recipe, ROOT_NAME)
        return
    yield from calls.facts(arguments, None)
    if arguments[0].text in _GO_TOOLS:
        given = [(node, text) for node, text, _ in words]
        yield from read_go_line(package, given, call, scope, here, recipe, ROOT_NAME)


def _at(fact: Fact, span: Span) -> Fact:
    """A fact of a script inside a string, placed at the call that runs it."""
    if isinstance(fact, ImageBuild):
        arguments = tuple(replace(one, span=span) for one in fact.arguments)
        return replace(fact, arguments=arguments, span=span)
    return replace(fact, span=span)


def _as_script(text: Text) -> bytes:
    written = []
    for piece in text:
        if piece.kind != "hole":
            written.append(piece.text)
        elif ROOT_NAME.match(piece.text):
            written.append("${PROJECT_ROOT_OF_GO}")
        else:
            written.append("${VALUE_OF_GO}")
    return "".join(written).encode()


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
                caller = function_name(where.file, where)
                found.append(_Use(bindings, where.file.span(body), caller))
    wanted = set(holes) & set(names)
    if not found and wanted:
        own = function_name(file, scope)
        found = list(_calls(package, own, names, wanted)) if own else []
    return found[:_CALLERS]


def _calls(package: GoPackage, name: str, names: list[str], wanted: set[str]) -> Iterator[_Use]:
    for file in package.files:
        for node in file.named(name, then=_CALLED):
            call = call_of(node.parent)
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
            yield _Use(texts, file.span(call), function_name(file, scope))
