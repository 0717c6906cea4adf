"""One target of the Makefile that runs the e2e tests with coverage and collects it."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence

from covlint.documents.makereader import read_makefile
from covlint.initial.draft import Draft
from covlint.initial.ignores import PROFILE
from covlint.initial.overlay import image_name
from covlint.initial.run import Run, together
from covlint.initial.service import label
from covlint.source import SourceFile

_NAMES = ("GNUmakefile", "makefile", "Makefile")
TARGETS = ("e2e-coverage", "coverage-e2e", "test-e2e-coverage", "covlint-e2e-coverage")
_TOOL = re.compile(
    rb"^(?:export[ \t]+)?(CONTAINER_TOOL|CONTAINER_ENGINE|CONTAINER_RUNTIME|CONTAINER_CLI|"
    rb"CONTAINER_CMD|DOCKER_CMD|DOCKER)[ \t]*[?:]?:?=",
    re.MULTILINE,
)
_PREFIX = re.compile(rb"^\.RECIPEPREFIX[ \t]*[?:]?:?=[ \t]*(\S)", re.MULTILINE)
#: The first port of this host that a service is forwarded to.
_PORT = 18080


def automate(draft: Draft, runs: Sequence[Run], kind_config: str | None) -> str | None:
    """The target, in the Makefile that is there or in a new one; its name, None where it
    cannot be written."""
    path = next((name for name in _NAMES if draft.has(name)), "Makefile")
    source = draft.read(path)
    if source is None and draft.has(path):
        draft.notes.append(f"{path}: cannot be read; no target is proposed")
        return None
    taken = _taken(source)
    target = next((name for name in TARGETS if name not in taken), None)
    if target is None:
        return None
    found = _TOOL.search(source.data) if source is not None else None
    prefix = _PREFIX.search(source.data) if source is not None else None
    tool = found[1].decode() if found is not None else "CONTAINER_TOOL"
    deployed = together(runs)
    if deployed and kind_config is not None:
        body = list(_in_a_cluster(deployed, kind_config, f"$({tool})", _name(runs)))
        what = "in a Kind cluster"
    else:
        body = list(_in_containers(runs, f"$({tool})"))
        what = "against the image"
    lines = [] if source is None or not source.data.strip() else [""]
    lines.append(f"# The e2e tests {what}, with coverage: coverdata/ and {PROFILE}.")
    if found is None:
        lines += ["CONTAINER_TOOL ?= docker", ""]
    lines += [f".PHONY: {target}", f"{target}:"]
    lead = prefix[1].decode() if prefix is not None else "\t"
    lines += [f"{lead}{line}" for line in body]
    draft.add_lines(path, lines, f"`make {target}` builds, deploys, tests, stops and collects")
    return target


def _taken(source: SourceFile | None) -> frozenset[str]:
    if source is None:
        return frozenset()
    rules = read_makefile(source).rules
    return frozenset(target for rule in rules for target in rule.targets)


def _name(runs: Sequence[Run]) -> str:
    return f"{runs[0].service.name}-coverage" if len(runs) == 1 else "e2e-coverage"


def _build(run: Run, tool: str) -> str:
    words = [tool, "build"]
    if run.service.dockerfile != posixpath.normpath(f"{run.service.context}/Dockerfile"):
        words += ["-f", _word(run.service.dockerfile)]
    if run.service.target is not None:
        words += ["--target", run.service.target]
    for name, value, text in run.arguments:
        seen = "$" not in text or "$(" in text  # a variable of the shell is not set here
        words += ["--build-arg", text if seen else f"{name}={value or ''}"]
    if run.switch is not None:
        words += ["--build-arg", _quoted(f"{run.switch.name}={run.switch.value}")]
    words += ["-t", image_name(run.service.name), _word(run.service.context)]
    return " ".join(words)


def _word(text: str) -> str:
    """A word of a recipe as the shell takes it; make takes a dollar sign for its own."""
    return shlex.quote(text).replace("$", "$$")


def _quoted(text: str) -> str:
    """A word in double quotes where it needs any, as people write it in recipes."""
    return text if shlex.quote(text) == text else f'"{text}"'


def _fresh() -> Iterator[str]:
    yield "rm -rf coverdata"
    yield "mkdir -p coverdata"
    yield "chmod 777 coverdata"


def _report() -> Iterator[str]:
    yield "go tool covdata percent -i=coverdata"
    yield f"go tool covdata textfmt -i=coverdata -o {PROFILE}"
    yield f"go tool cover -func={PROFILE}"


def _in_a_cluster(runs: Sequence[Run], config: str, tool: str, cluster: str) -> Iterator[str]:
    yield from _fresh()
    for run in runs:
        yield _build(run, tool)
    yield f"kind delete cluster --name {cluster}"
    yield f"kind create cluster --name {cluster} --config {_word(config)}"
    for run in runs:
        # an archive is loaded alike from docker and from podman
        archive = f"{run.service.name}-coverage.tar"
        yield f"{tool} save -o {archive} {image_name(run.service.name)}"
        yield f"kind load image-archive {archive} --name {cluster}"
        yield f"rm -f {archive}"
    applied: dict[str, None] = {}
    for run in runs:
        applied.update(dict.fromkeys(_apply(run)))
    yield from applied
    for run in runs:
        kind, name = run.workload[0], _word(run.workload[1])
        if run.chart is None and kind in ("deployment", "statefulset", "daemonset"):
            yield f"{_kubectl(run)} rollout status {kind}/{name} --timeout=120s"
    yield from _exercise(runs)
    for run in runs:
        # in the foreground: it waits until the pods have ended, and written their counters
        kind, name = run.workload[0], _word(run.workload[1])
        yield f"{_kubectl(run)} delete {kind}/{name} --cascade=foreground --timeout=120s"
    yield f"kind delete cluster --name {cluster}"
    yield from _report()


def _release(run: Run) -> str:
    """Named like its chart: then objects that are named after both have the one name."""
    return label(posixpath.basename(run.chart or ""))


def _kubectl(run: Run) -> str:
    return f"kubectl -n {_word(run.namespace)}" if run.namespace is not None else "kubectl"


def _apply(run: Run) -> Iterator[str]:
    container = run.container
    assert container is not None
    if run.make_namespace:
        yield f"kubectl create namespace {_word(run.namespace or '')}"
    if run.chart is not None:
        values = f" --values {_word(run.values)}" if run.values is not None else ""
        release = f"{_release(run)} {_word(run.chart)}{values}"
        yield f"helm upgrade --install {release} --wait --timeout 120s"
        return
    if run.kustomized:
        yield f"kubectl apply -k {_word(run.folder or '.')}"
        return
    yield f"kubectl apply -f {_word(run.folder or run.files[0])}"
    if container.pod.patched is not None:
        kind, name = run.workload[0], _word(run.workload[1])
        yield f"{_kubectl(run)} patch {kind} {name} --patch-file {_word(container.span.path)}"


def _exercise(runs: Sequence[Run]) -> Iterator[str]:
    asked = [run for run in runs if run.port is not None and run.exercise is not None]
    if not asked:
        yield "# the e2e tests go here"
        return
    for number, run in enumerate(asked):
        kind, name = run.workload[0], _word(run.workload[1])
        port = _PORT + number
        url = f"http://127.0.0.1:{port}"
        yield f"{_kubectl(run)} port-forward {kind}/{name} {port}:{run.port} & forward=$$!; \\"
        yield 'trap "kill $$forward" EXIT; \\'
        yield (
            "curl --silent --output /dev/null --retry 20 --retry-delay 1 --retry-connrefused "
            f"{url}{run.probe or '/'} && \\"
        )
        yield f"export SERVICE_URL={url} && {_escaped(run)}"


def _escaped(run: Run) -> str:
    return (run.exercise or "true").replace("$", "$$")


def _in_containers(runs: Sequence[Run], tool: str) -> Iterator[str]:
    yield from _fresh()
    for number, run in enumerate(runs):
        image, name = image_name(run.service.name), f"{run.service.name}-coverage"
        port = _PORT + number
        yield _build(run, tool)
        publish = f" -p 127.0.0.1:{port}:{run.port}" if run.port is not None else ""
        yield (
            f"{tool} run -d --name {name}{publish} -e GOCOVERDIR=/coverdata "
            f"-v $(CURDIR)/coverdata:/coverdata {image}"
        )
        if run.port is not None and run.exercise is not None:
            url = f"http://127.0.0.1:{port}"
            yield (
                "curl --silent --output /dev/null --retry 20 --retry-delay 1 "
                f"--retry-all-errors {url}/"
            )
            yield f"export SERVICE_URL={url} && {_escaped(run)}"
        else:
            yield f"# the e2e tests go here: {run.service.name} runs in the container {name}"
        yield f"{tool} stop {name}"
        yield f"{tool} rm {name}"
    yield from _report()
