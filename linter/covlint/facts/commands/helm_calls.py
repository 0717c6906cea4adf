"""``helm install``, ``upgrade`` and ``template`` of a chart of the project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from covlint.documents.assembled import HOLE
from covlint.documents.scriptvalues import Argument, ScriptValues, relative_to_root
from covlint.facts.commands.options import Option, take_apart
from covlint.facts.kubernetes.helm_release import (
    HelmRelease,
    Setting,
    assignments,
    json_assignments,
    key_path,
)
from covlint.source import Span

#: Options of helm that take no value; there are more of the others.
_FLAGS = frozenset(
    {
        "-i", "--install", "--wait", "--wait-for-jobs", "--atomic", "--create-namespace",
        "--debug", "--dry-run", "--force", "--devel", "--dependency-update", "--no-hooks",
        "--reset-values", "--reuse-values", "--reset-then-reuse-values", "--skip-crds",
        "--include-crds", "--verify", "--generate-name", "-g", "--replace", "--validate",
        "--disable-openapi-validation", "--enable-dns", "--cleanup-on-fail", "--is-upgrade",
        "--render-subchart-notes", "--skip-tests", "--insecure-skip-tls-verify",
        "--pass-credentials", "--plain-http", "--hide-secret", "--hide-notes", "-h", "--help",
        "--take-ownership", "--force-conflicts", "--rollback-on-failure",
        "--skip-schema-validation", "--kube-insecure-skip-tls-verify",
    }
)  # fmt: skip
_VERBS = frozenset({"install", "upgrade", "template"})


def read_helm(
    arguments: Sequence[Argument],
    values: ScriptValues,
    place: Callable[[Span], Span],
    span: Span,
) -> Iterator[HelmRelease]:
    """The release that a helm command makes, if its chart is a folder of the project.

    ``arguments`` begin with the tool; ``place`` maps spans to the file.
    """
    parsed = take_apart(arguments[1:], lambda name: name not in _FLAGS)
    if not parsed.operands or parsed.operands[0].text not in _VERBS:
        return
    operands = parsed.operands[1:]
    chart = _path(operands[-1].text, values) if operands else None
    if chart is None:
        return
    files: list[str] = []
    settings: list[Setting] = []
    opaque = parsed.opaque
    for option in parsed.options:
        if option.name in ("-f", "--values"):
            paths = [_path(one, values) for one in (option.text or HOLE).split(",")]
            files += [one for one in paths if one is not None]
            opaque = opaque or None in paths
        elif option.name.startswith("--set"):
            settings += _settings(option, place)
        elif option.name == "--reuse-values":
            opaque = True
    yield HelmRelease(chart, tuple(files), tuple(settings), opaque, span)


def _settings(option: Option, place: Callable[[Span], Span]) -> Iterator[Setting]:
    if option.value is None:
        return
    text = option.text if option.text is not None else _partly(option.value)
    if option.text is None and option.inline and "=" in option.inline:
        text = text.removeprefix(f"{option.name}=")
    where = place(option.value.word.span)
    if option.name == "--set":
        yield from assignments(text, where)
    elif option.name == "--set-string":
        yield from assignments(text, where, string=True)
    elif option.name == "--set-json":
        yield from json_assignments(text, where)
    else:  # --set-file and --set-literal set one value each
        key, _, value = text.partition("=")
        path = key_path(key)
        known = value if option.name == "--set-literal" and HOLE not in value else None
        if path is not None:
            yield Setting(path, known, where, '"')


def _partly(argument: Argument) -> str:
    """The words of an argument with HOLE for each part that is not known."""
    return "".join(part.text if part.kind == "text" else HOLE for part in argument.word.parts)


def _path(text: str | None, values: ScriptValues) -> str | None:
    return None if text is None or "://" in text else relative_to_root(values.join(text))
