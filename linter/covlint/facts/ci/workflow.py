"""What GitHub Actions workflows and composite actions do.

Values of ``${{ … }}`` are known where they name a variable of ``env`` that is
written there; everything else (matrix, inputs, outputs) only a run can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from covlint.documents.expansion import Expansion
from covlint.documents.yaml import YamlDocument, YamlMapping, YamlScalar
from covlint.documents.yaml_script import lines_of, scalar_text, with_expressions, word_of
from covlint.facts.ci.called import Called, Lookup
from covlint.facts.ci.jobs import Surroundings, entries_of, job_step, run_script, text_of
from covlint.facts.commands.extraction import COMMANDS
from covlint.facts.commands.steps import BuildArgument, ImageBuild, ScriptFact, StepKind
from covlint.source import SourceFile, Span

_SHELLS = re.compile(r"(?:.*/)?(?:ba|da|a|z|k)?sh(?:\s|$)")
_ENV = re.compile(r"env\.([A-Za-z_]\w*)$|env\['([A-Za-z_]\w*)'\]$")
_INPUT = re.compile(r"inputs\.([A-Za-z_][\w-]*)$|inputs\['([\w-]+)'\]$")
_LITERAL = re.compile(r"'[^']*'$")
#: What ``||`` goes past; a text "false" may be a boolean or not.
_EMPTY = frozenset({""})
_WORKSPACE = re.compile(r"github\.workspace$")
_UNKNOWN = "\0"
_ACTION = re.compile(r"([\w.-]+/[\w.-]+)(?:/[\w./-]+)?(?:@.*)?$")
_TAG = re.compile(r"[\w./:@-]+$")


def read_workflow(
    document: YamlDocument, lookup: Lookup | None = None
) -> tuple[tuple[ScriptFact, ...], tuple[str, ...]]:
    """What the jobs of a workflow, or the steps of a composite action, do, with the
    workflows and actions of the project that they use; ``lookup`` finds those. Also gives
    the paths of these."""
    called = Called(lookup, document.source.path)
    found = tuple(_documents(document, Surroundings(), called))
    return found, tuple(called.paths)


def _documents(
    document: YamlDocument, outside: Surroundings, called: Called
) -> Iterator[ScriptFact]:
    for root in document.documents:
        if not isinstance(root, YamlMapping):
            continue
        around = _variables(outside, root)
        folder = _default_directory(root)
        for name, job in entries_of(root.mapping("jobs")):
            if isinstance(job, YamlMapping):
                own = _variables(around, job)
                default = _default_directory(job) or folder
                yield from _Job(document.source, name, own, default, called).read(job)
        runs = root.mapping("runs")
        if runs is not None:
            # Where an action's project lies in the workspace, its caller decides.
            around = around.inside(None)
            yield from _Job(document.source, "runs", around, None, called).read(runs)


def _variables(around: Surroundings, node: YamlMapping) -> Surroundings:
    """With the variables of ``env``."""
    env = node.get("env")
    if env is not None and not isinstance(env, YamlMapping):
        return around
    known = _lookup(around)
    for name, value in entries_of(node.mapping("env")):
        text = text_of(value)
        if text is not None:
            text = _put_in(text, known)
        around = around.with_variable(name, text, value if isinstance(value, YamlScalar) else None)
    return around


def _default_directory(node: YamlMapping) -> YamlScalar | None:
    """``defaults.run.working-directory``."""
    defaults = node.mapping("defaults")
    run = defaults.mapping("run") if defaults is not None else None
    return run.scalar("working-directory") if run is not None else None


def _lookup(around: Surroundings) -> Callable[[str], str | None]:
    def known(expression: str) -> str | None:
        """The first of the alternatives that is not empty, as far as they are known."""
        value: str | None = ""
        for one in expression.split("||"):
            value = _known(one.strip(), around)
            if value is None or value not in _EMPTY:
                return value
        return value

    return known


def _known(name: str, around: Surroundings) -> str | None:
    match = _ENV.match(name)
    if match:
        return around.known.get(match[1] or match[2])
    match = _INPUT.match(name)
    if match:
        given = around.inputs
        return None if given is None else given.get(match[1] or match[2], "")
    if _LITERAL.match(name):
        return name[1:-1]
    if name == "github.action_path":
        return around.home
    return "." if _WORKSPACE.match(name) else None


def _put_in(text: str, known: Callable[[str], str | None]) -> str | None:
    """A value with its expressions put in; None where one is not known."""
    if "${{" not in text:
        return text
    raw = text.encode("utf-8", "replace")
    places = tuple(range(len(raw)))
    expanded = with_expressions(
        Expansion("", raw, places, places),
        lambda one: _UNKNOWN if known(one) is None else known(one),
    )
    result = expanded.text.decode("utf-8", "replace")
    return None if _UNKNOWN in result else result


def _given(
    node: YamlMapping, document: YamlDocument, around: Surroundings
) -> dict[str, str | None]:
    """The inputs that ``with`` of a step or job gives, and the defaults of the others."""
    found: dict[str, str | None] = {}
    for root in document.documents:
        declared = root.mapping("inputs") if isinstance(root, YamlMapping) else None
        on = root.mapping("on") if isinstance(root, YamlMapping) else None
        call = on.mapping("workflow_call") if on is not None else None
        for inputs in (declared, call.mapping("inputs") if call is not None else None):
            for name, one in entries_of(inputs):
                default = one.get("default") if isinstance(one, YamlMapping) else None
                found[name] = text_of(default) if default is not None else ""
    known = _lookup(around)
    for name, value in entries_of(node.mapping("with")):
        text = text_of(value)
        found[name] = _put_in(text, known) if text is not None else None
    return found


class _Inputs:
    """The ``with`` of a step."""

    def __init__(self, node: YamlMapping | None, around: Surroundings) -> None:
        self.node = node
        self.known = _lookup(around)

    def scalar(self, name: str) -> YamlScalar | None:
        return self.node.scalar(name) if self.node is not None else None

    def has(self, name: str) -> bool:
        found = self.node.get(name) if self.node is not None else None
        return found is not None and text_of(found) != ""

    def text(self, name: str) -> str | None:
        """The value; None when it is absent or not known."""
        written = text_of(self.scalar(name))
        text = _put_in(written, self.known) if written else None
        return text.strip() if text else None

    def items(self, name: str, *, commas: bool = True) -> Iterator[str]:
        """The known items of a list, one on a line or between commas."""
        node = self.scalar(name)
        for line, _, _ in lines_of(scalar_text(node)) if node is not None else ():
            for item in line.split(",") if commas else (line,):
                text = _put_in(item.strip(), self.known)
                if text:
                    yield text

    def build_arguments(self) -> tuple[tuple[BuildArgument, ...], bool]:
        """The build arguments, and whether there may be others that are not seen."""
        node = self.scalar("build-args")
        if node is None:
            return (), self.has("build-args")
        found: list[BuildArgument] = []
        opaque = False
        written = scalar_text(node)
        for line, start, end in lines_of(written):
            quoted = line[0] == line[-1] == '"' and len(line) > 1
            name, equals, value = (line[1:-1] if quoted else line).partition("=")
            if not re.fullmatch(r"\w+", name):
                opaque = opaque or not line.startswith("#")
                continue
            known = _put_in(value, self.known) if equals else None
            word = None
            if known == value:
                last = end - quoted
                word = word_of(written, last - len(value.encode("utf-8", "replace")), last)
            found.append(BuildArgument(name, known, written.original(start, end), word))
        return tuple(found), opaque


def _may_do(script: str) -> bool:
    """Whether a script has to be read: an expression may bring anything into it."""
    return "${{" in script or COMMANDS.search(script.encode("utf-8", "replace")) is not None


class _Job:
    """Reads the steps of one job, in order."""

    def __init__(
        self,
        source: SourceFile,
        name: str,
        around: Surroundings,
        folder: YamlScalar | None,
        called: Called,
    ) -> None:
        self.source = source
        self.name = name
        self.around = around  # its directory is that of the checkout
        self.folder = folder
        self.called = called

    def read(self, job: YamlMapping) -> Iterator[ScriptFact]:
        uses = job.scalar("uses")
        if uses is not None:
            with self.called.workflow(uses.text) as document:
                if document is not None:
                    # the variables of a caller are not those of what it calls
                    inside = Surroundings(inputs=_given(job, document, self.around))
                    yield from _documents(document, inside, self.called)
        steps = job.sequence("steps")
        for step in steps.items if steps is not None else ():
            if isinstance(step, YamlMapping):
                yield from self.step(step)

    def step(self, step: YamlMapping) -> Iterator[ScriptFact]:
        around = _variables(self.around, step)
        run, uses = step.scalar("run"), step.scalar("uses")
        if run is not None:
            shell = text_of(step.get("shell"))
            if (shell is None or _SHELLS.match(shell)) and _may_do(run.text):
                folder = step.scalar("working-directory") or self.folder
                here = around
                if folder is not None:
                    here = around.inside(_put_in(folder.text, _lookup(around)))
                script = with_expressions(scalar_text(run), _lookup(here))
                yield from run_script(self.source, script, here, self.name)
        elif uses is not None:
            match = _ACTION.match(uses.text)
            action = match[1].lower() if match else ""
            inputs = _Inputs(step.mapping("with"), around)
            if uses.text.startswith("./"):
                yield from self.action(uses.text, step, around)
                return
            if action == "actions/checkout":
                self.checkout(inputs)
            elif action in _ACTIONS:
                yield from _ACTIONS[action](self, inputs, uses.span)

    def action(self, uses: str, step: YamlMapping, around: Surroundings) -> Iterator[ScriptFact]:
        """A composite action of the project: its steps run in this job."""
        home = around.path(uses)
        if around.directory != "." or home is None:
            return
        with self.called.action(home) as document:
            for root in document.documents if document is not None else ():
                runs = root.mapping("runs") if isinstance(root, YamlMapping) else None
                if document is None or runs is None:
                    continue
                inputs = _given(step, document, around)
                inside = replace(around, inputs=inputs, home=home)
                inner = _Job(document.source, self.name, inside, None, self.called)
                yield from inner.read(runs)

    def checkout(self, inputs: _Inputs) -> None:
        """A checkout to another directory than the workspace moves the project."""
        if inputs.has("repository"):
            return
        if inputs.has("path") and inputs.text("path") not in (".", "./"):
            self.around = self.around.inside(None)

    # -- actions -----------------------------------------------------------

    def build_push(self, inputs: _Inputs, span: Span) -> Iterator[ScriptFact]:
        """docker/build-push-action."""
        context = inputs.text("context") if inputs.has("context") else "."
        if context is not None and context.startswith("{{defaultContext}}"):
            context = context.partition("}}")[2].lstrip(":") or "."
        directory = self.around.path(context) if context else None
        file = inputs.text("file")
        dockerfile: str | None = None
        if inputs.has("file"):
            dockerfile = self.around.path(file) if file else None
        elif directory is not None:
            dockerfile = "Dockerfile" if directory == "." else f"{directory}/Dockerfile"
        arguments, opaque = inputs.build_arguments()
        yield ImageBuild(
            dockerfile=dockerfile,
            context=directory,
            tags=tuple(tag for tag in inputs.items("tags") if _TAG.match(tag)),
            target=inputs.text("target") or None,
            arguments=arguments,
            opaque=opaque or (inputs.has("target") and inputs.text("target") is None),
            span=span,
            recipe=self.name,
            pushed=inputs.has("push") and inputs.text("push") != "false",
        )

    def bake(self, inputs: _Inputs, span: Span) -> Iterator[ScriptFact]:
        """docker/bake-action: what it builds, its file and its ``set`` decide."""
        yield ImageBuild(None, None, (), None, (), True, span, self.name, "bake")

    def create_cluster(self, inputs: _Inputs, span: Span) -> Iterator[ScriptFact]:
        """helm/kind-action and its like."""
        config = inputs.text("config")
        path = self.around.path(config) if config else None
        words = ("kind", "create", "cluster")
        yield job_step(StepKind.CREATE_CLUSTER, words, (), path, span, self.name)

    def upload(self, inputs: _Inputs, span: Span) -> Iterator[ScriptFact]:
        """actions/upload-artifact."""
        paths = tuple(inputs.items("path", commas=False))
        source = paths[0] if len(paths) == 1 else None
        yield job_step(StepKind.ARTIFACT, ("upload-artifact",), paths, source, span, self.name)


#: By name, without version.
_ACTIONS: dict[str, Callable[[_Job, _Inputs, Span], Iterator[ScriptFact]]] = {
    "docker/build-push-action": _Job.build_push,
    "docker/bake-action": _Job.bake,
    "helm/kind-action": _Job.create_cluster,
    "container-tools/kind-action": _Job.create_cluster,
    "engineerd/setup-kind": _Job.create_cluster,
    "actions/upload-artifact": _Job.upload,
}
