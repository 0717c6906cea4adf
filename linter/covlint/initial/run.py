"""How a service is run for its coverage: what to apply, where it listens, who asks it."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence

from covlint.documents.dockerfile import open_dockerfile
from covlint.documents.yaml import YamlMapping, YamlScalar
from covlint.facts.kubernetes.workload import Container, items_of
from covlint.frozen import dataclass
from covlint.initial.dockerfile import Switch, switch_of
from covlint.initial.draft import Draft
from covlint.initial.service import Service, Survey, label

_E2E_TEST = re.compile(r"(?:^|/)(?:e2e|end-?to-?end)/(?:[^/]+/)*[^/]+_test\.go$")
_TAG = re.compile(rb"^//go:build (\w+)\s*$", re.MULTILINE)
_ADDRESS = re.compile(rb'os\.(?:Getenv|LookupEnv)\("(\w*(?:URL|ADDR|ADDRESS|HOST|ENDPOINT)\w*)"\)')
#: Suites that bring up what they test, or talk to a cluster: they are no mere clients.
_CLUSTER_SUITE = re.compile(rb"k8s\.io/|ginkgo|testcontainers|dockertest|exec\.Command")
#: Namespaces of every cluster.
_ALWAYS = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
#: What a probe asks that is a command: `wget -q http://localhost:8080/healthz`.
_URL = re.compile(r"(?:localhost|127\.0\.0\.1):(\d+)(/[\w./-]*)?")
_MANIFEST = re.compile(rb"^apiVersion:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """One service as it is run. ``files`` are what a cluster gets, ``values`` the values of a
    chart in ``chart``; ``exercise`` is a command that finds the service at $SERVICE_URL."""

    service: Service
    switch: Switch | None
    files: tuple[str, ...]
    folder: str | None  # `kubectl apply -k` takes it, or -f where it holds all of ``files``
    kustomized: bool
    chart: str | None
    values: str | None
    namespace: str | None
    make_namespace: bool
    port: int | None
    probe: str | None  # the path of an HTTP probe
    arguments: tuple[tuple[str, str | None, str], ...]  # name, value if seen, as it is written
    exercise: str | None

    @property
    def container(self) -> Container | None:
        return self.service.container

    @property
    def workload(self) -> tuple[str, str]:
        """Kind, in lower case, and name."""
        container = self.container
        assert container is not None
        # a chart's helpers name an object after its release, which is named like the chart
        name = posixpath.basename(self.chart) if self.chart is not None else self.service.name
        name = container.pod.name.text if container.pod.name is not None else label(name)
        return container.pod.kind.lower(), name

    @property
    def selector(self) -> str:
        """The labels of its pods, as ``-l`` takes them."""
        container = self.container
        assert container is not None
        found = ",".join(f"{key}={value}" for key, value in container.pod.labels)
        return found or f"app.kubernetes.io/instance={self.service.name}"


def run_of(
    draft: Draft, survey: Survey, service: Service, switch: Switch | None, values: str | None
) -> Run:
    """How a service of the finished draft is run; ``survey`` is of that draft."""
    container = service.container
    files: tuple[str, ...] = ()
    folder = chart = namespace = None
    kustomized = make_namespace = False
    if container is not None:
        path = container.span.path
        if container.pod.overlay is not None:
            folder, kustomized = posixpath.dirname(container.pod.overlay) or ".", True
        elif "/templates/" in path:
            chart = path.partition("/templates/")[0]
        else:
            files = _manifests_beside(draft, survey, container.pod.patched or path)
            folder = posixpath.dirname(files[0]) if len(files) > 1 else None
        if container.pod.namespace is not None:
            namespace = container.pod.namespace.text
            declared = {one.name.text for one in survey.facts.namespaces}
            make_namespace = namespace not in declared | _ALWAYS
    port, probe = _port_and_probe(draft, service)
    return Run(
        service=service,
        switch=switch or switch_of(service),
        files=files,
        folder=folder,
        kustomized=kustomized,
        chart=chart,
        values=values,
        namespace=namespace,
        make_namespace=make_namespace,
        port=port,
        probe=probe,
        arguments=_required(draft, service),
        exercise=_tests(draft, survey) or _request(port, probe),
    )


def free_port(run: Run) -> Mapping[str, str]:
    """Variables of the container that say where it listens, for any port of the host."""
    container = run.container
    found: dict[str, str] = {}
    for entry in container.env if container is not None else ():
        value = entry.value.text if entry.value is not None else ""
        match = re.fullmatch(r"((?:0\.0\.0\.0|127\.0\.0\.1|localhost)?:)?(\d+)", value)
        if match is not None and run.port is not None and int(match[2]) == run.port:
            found[entry.name.text] = "127.0.0.1:${PORT}" if match[1] else "${PORT}"
    return found


def _manifests_beside(draft: Draft, survey: Survey, path: str) -> tuple[str, ...]:
    """The manifest with those in its folder, which it may need; alone where the folder holds
    other YAML as well, or another service's workload."""
    folder = posixpath.dirname(path)
    beside = [
        one
        for one in survey.paths
        if posixpath.dirname(one) == folder and one.endswith((".yaml", ".yml"))
    ]
    workloads = {c.span.path for c in survey.facts.containers if not c.pod.is_compose}
    for one in beside:
        source = draft.read(one)
        if source is None or not _MANIFEST.search(source.data) or b"kind.x-k8s.io" in source.data:
            return (path,)
        if one != path and one in workloads:
            return (path,)
    return tuple(sorted(beside)) if folder and path in beside else (path,)


def _port_and_probe(draft: Draft, service: Service) -> tuple[int | None, str | None]:
    container = service.container
    ports: dict[str, int] = {}
    first: int | None = None
    probe: str | None = None
    if container is not None:
        for item in items_of(container.node.get("ports"))[0]:
            number, name = _scalar(item, "containerPort"), _scalar(item, "name")
            if number is not None and number.isdigit():
                first = first or int(number)
                ports[name or number] = int(number)
        for key in ("readinessProbe", "livenessProbe", "startupProbe"):
            outer = container.node.mapping(key)
            asked = outer.mapping("httpGet") if outer is not None else None
            path = _scalar(asked, "path") if asked is not None else None
            where = _scalar(asked, "port") if asked is not None else None
            if asked is None and outer is not None and probe is None:
                found = _URL.search(_command(outer))
                if found is not None and int(found[1]) in ports.values():
                    first, probe = int(found[1]), found[2] or "/"
            if asked is None or path is None or (_scalar(asked, "scheme") or "HTTP") != "HTTP":
                continue
            at = ports.get(where or "", int(where) if where and where.isdigit() else 0)
            if at:
                return at, path
    return first or _exposed(draft, service), probe


def _command(probe: YamlMapping) -> str:
    """The command of an exec probe."""
    outer = probe.mapping("exec")
    words = outer.sequence("command") if outer is not None else None
    items = words.items if words is not None else ()
    return " ".join(item.text for item in items if isinstance(item, YamlScalar))


def _exposed(draft: Draft, service: Service) -> int | None:
    source = draft.read(service.dockerfile) if service.dockerfile else None
    if source is None:
        return None
    stages = open_dockerfile(source).stages
    stage = stages[service.stage] if service.stage < len(stages) else None
    for instruction in stage.instructions if stage is not None else ():
        if instruction.keyword == "EXPOSE" and instruction.words():
            text = (instruction.words()[0].literal or "").partition("/")[0]
            return int(text) if text.isdigit() else None
    return None


def _required(draft: Draft, service: Service) -> tuple[tuple[str, str | None, str], ...]:
    """Build arguments that a base image is named by and that have no default, as a command of
    the project passes them."""
    source = draft.read(service.dockerfile) if service.dockerfile else None
    if source is None:
        return ()
    found: dict[str, tuple[str, str | None, str]] = {}
    for instruction in open_dockerfile(source).preamble:
        for pair in instruction.pairs() if instruction.keyword == "ARG" else ():
            if pair.value is not None or b"$" + pair.name.text.encode() not in source.data:
                continue
            for command in service.image_builds:
                for one in command.arguments:
                    written = draft.read(one.span.path)
                    if one.name != pair.name.text or written is None:
                        continue
                    text = written.data[one.span.start : one.span.end].decode("utf-8", "replace")
                    if text.startswith(f"{one.name}=") and not re.search(r"\s", text):
                        found.setdefault(one.name, (one.name, one.value, text))
    return tuple(found.values())


def _scalar(node: YamlMapping, key: str) -> str | None:
    value = node.get(key)
    known = isinstance(value, YamlScalar) and not value.templated and not value.is_null
    return value.text if known and isinstance(value, YamlScalar) else None


def _tests(draft: Draft, survey: Survey) -> str | None:
    """The e2e tests of the repository, where they are clients of a service at some address."""
    for path in survey.paths:
        source = draft.read(path) if _E2E_TEST.search(path) else None
        if source is None or _CLUSTER_SUITE.search(source.data):
            continue
        names = set(_ADDRESS.findall(source.data))
        if len(names) != 1:
            continue
        variable = names.pop().decode()
        tag = _TAG.search(source.data)
        folder = posixpath.dirname(path)
        tags = f" -tags={tag[1].decode()}" if tag is not None else ""
        command = f"go test -count=1{tags} {shlex.quote(f'./{folder}/...')}"
        if any(one == f"{folder}/go.mod" for one in survey.paths):
            command = f"cd {shlex.quote(folder)} && go test -count=1{tags} ./..."
        if variable == "SERVICE_URL":
            return command
        whole = "$SERVICE_URL" if "URL" in variable else "${SERVICE_URL#http://}"
        return f"export {variable}={whole}; {command}"
    return None


def _request(port: int | None, probe: str | None) -> str | None:
    if port is None or probe is None:
        return None
    return f'curl --fail --silent --show-error "$SERVICE_URL{probe}"'


def together(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Those that are deployed."""
    return tuple(run for run in runs if run.container is not None)
