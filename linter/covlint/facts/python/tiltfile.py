"""What a Tiltfile builds, runs and deploys. Paths count from its own directory."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from covlint.documents.assembled import known_text
from covlint.documents.python import Scope, dotted
from covlint.documents.pythontext import PythonTexts
from covlint.documents.scriptvalues import plain, relative_to_root
from covlint.facts.commands.steps import BuildArgument, ImageBuild, ScriptFact, Step, StepKind
from covlint.facts.python.commands import Around, around_of, run_line, run_text
from covlint.facts.python.words import words_of
from covlint.source import Span

_BUILDS = frozenset({"docker_build", "docker_build_with_restart"})
_LOCAL = frozenset({"local", "local_resource", "test"})
_CUSTOM = frozenset({"custom_build", "custom_build_with_restart"})


def read_tilt(texts: PythonTexts) -> Iterator[ScriptFact]:
    """The image builds and steps of a Tiltfile."""
    for node in texts.file.nodes:
        if not isinstance(node, cst.Call):
            continue
        name = dotted(node.func)
        if name in _BUILDS:
            yield _build(texts, node)
        elif name in _CUSTOM:
            yield from _custom(texts, node)
        elif name in _LOCAL:
            yield from _local(texts, node, 1 if name != "local" else 0)
        elif name == "k8s_yaml":
            yield from _applied(texts, node)


def _argument(call: cst.Call, name: str, place: int) -> cst.BaseExpression | None:
    plain_ = [a.value for a in call.args if a.keyword is None and not a.star]
    named = {a.keyword.value: a.value for a in call.args if a.keyword is not None}
    return named.get(name) or (plain_[place] if place < len(plain_) else None)


def _known(texts: PythonTexts, node: cst.BaseExpression | None, scope: Scope) -> str | None:
    return texts.known(node, scope) if node is not None else None


def _joined(texts: PythonTexts, path: str | None) -> str | None:
    if path is None:
        return None
    return path if path.startswith("/") else posixpath.normpath(f"{texts.home}/{path}")


def _build(texts: PythonTexts, call: cst.Call) -> ImageBuild:
    scope = texts.file.scope_of(call)
    context = _joined(texts, _known(texts, _argument(call, "context", 1), scope))
    dockerfile = f"{context}/Dockerfile" if context is not None else None
    written = _argument(call, "dockerfile", 3)
    if written is not None:
        dockerfile = _joined(texts, texts.known(written, scope))
    contents = _argument(call, "dockerfile_contents", 99)
    if contents is not None:
        dockerfile = None
    target_node = _argument(call, "target", 99)
    target = _known(texts, target_node, scope)
    arguments, opaque = _arguments(texts, call, scope)
    tag = _known(texts, _argument(call, "ref", 0), scope)
    return ImageBuild(
        dockerfile=relative_to_root(dockerfile),
        context=relative_to_root(context),
        tags=(plain(tag),) if tag else (),
        target=target or None,
        arguments=arguments,
        opaque=opaque or any(a.star for a in call.args) or (target_node is not None and not target),
        span=texts.file.span(call),
        recipe=None,
    )


def _arguments(
    texts: PythonTexts, call: cst.Call, scope: Scope
) -> tuple[tuple[BuildArgument, ...], bool]:
    """``build_args``: a dict, or a list of ``NAME=value``."""
    value = _argument(call, "build_args", 2)
    if isinstance(value, cst.Name):
        found = texts.file.value_of(value.value, scope)
        changed = bool(texts.file.mutations(value.value, scope))
        if found is None or changed:
            return (), True
        value = found[0]
    listed: list[BuildArgument] = []
    opaque = False
    if isinstance(value, cst.Dict):
        for element in value.elements:
            known = (
                texts.known(element.key, scope) if isinstance(element, cst.DictElement) else None
            )
            if known is None or not isinstance(element, cst.DictElement):
                opaque = True
                continue
            start, end = texts.file.span(element.key), texts.file.span(element.value)
            span = Span(start.path, start.start, end.end)
            listed.append(BuildArgument(known, texts.known(element.value, scope), span))
    elif isinstance(value, cst.List):
        for item in value.elements:
            text = texts.known(item.value, scope)
            name, equals, given = (text or "").partition("=")
            opaque = opaque or not name
            if name:
                span = texts.file.span(item.value)
                listed.append(BuildArgument(name, given if equals else None, span))
    else:
        opaque = value is not None
    return tuple(listed), opaque


def _around(texts: PythonTexts, call: cst.Call, **variables: str) -> Around:
    named = {a.keyword.value: a.value for a in call.args if a.keyword is not None}
    around = around_of(texts, call, named, texts.home)
    return replace(around, variables=variables)


def _custom(texts: PythonTexts, call: cst.Call) -> Iterator[ScriptFact]:
    """``custom_build(ref, command, …)``: the command tags what it builds ``$EXPECTED_REF``."""
    scope = texts.file.scope_of(call)
    reference = _known(texts, _argument(call, "ref", 0), scope)
    known = {"EXPECTED_REF": reference, "EXPECTED_IMAGE": reference} if reference else {}
    tag = _known(texts, _argument(call, "tag", 99), scope)
    around = _around(texts, call, **known)
    built = False
    for fact in _script(texts, call, _argument(call, "command", 1), around):
        if isinstance(fact, ImageBuild):
            built = True
            own = (f"{reference}:{tag}" if tag else reference,) if reference else ()
            yield replace(fact, tags=fact.tags or own)
        else:
            yield fact
    if not built:
        tags = (reference,) if reference else ()
        span = texts.file.span(call)
        yield ImageBuild(None, None, tags, None, (), True, span, None, builder="custom_build")


def _local(texts: PythonTexts, call: cst.Call, place: int) -> Iterator[ScriptFact]:
    around = _around(texts, call)
    for name, at in (("cmd" if place else "command", place), ("serve_cmd", 99)):
        yield from _script(texts, call, _argument(call, name, at), around)


def _script(
    texts: PythonTexts, call: cst.Call, command: cst.BaseExpression | None, around: Around
) -> Iterator[ScriptFact]:
    if command is None:
        return
    scope = texts.file.scope_of(call)
    words = words_of(texts, command, scope)
    if words is not None:
        yield from run_line(texts, call, words, around)
    else:
        yield from run_text(texts, call, command, around)


def _applied(texts: PythonTexts, call: cst.Call) -> Iterator[ScriptFact]:
    """``k8s_yaml`` of files, or of what kustomize and helm make of a folder."""
    scope = texts.file.scope_of(call)
    value = _argument(call, "yaml", 0)
    if isinstance(value, cst.Name):
        found = texts.file.value_of(value.value, scope)
        value = found[0] if found is not None else value
    nodes = [e.value for e in value.elements] if isinstance(value, cst.List) else [value]
    paths: list[str | None] = []
    for one in nodes:
        node = one
        if isinstance(node, cst.Call) and dotted(node.func) in ("kustomize", "helm"):
            node = _argument(node, "paths", 0)
        text = known_text(texts.text(node, scope)) if node is not None else None
        if text is not None and "\n" not in text:
            joined = _joined(texts, text)
            paths.append(relative_to_root(joined) or text)
    if paths:
        yield Step(
            kind=StepKind.APPLY,
            words=("tilt", "k8s_yaml", *paths),
            operands=tuple(paths),
            source=paths[0],
            destination=None,
            through="kubectl",
            mounts=(),
            span=texts.file.span(call),
            recipe=None,
        )
