"""The plan of the kind and context engines as a POSIX shell script of its own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace

from covlint.facts.commands.extraction import StepKind
from covlint.runner.cluster.node_data import full_name
from covlint.runner.cluster.objects import CHART_OPTIONS, Form, source_of
from covlint.runner.cluster.plan import ClusterPlan
from covlint.runner.cluster.workload import Workload
from covlint.runner.container.boxes import ports_of
from covlint.runner.container.script import (
    NAME,
    OR_SAY,
    Caller,
    build_lines,
    data_lines,
    head,
    until,
)
from covlint.runner.script_parts import Quoting, in_folder, look_for
from covlint.runner.service import exercise_of, ready_at

#: Stand in a plan that is printed for what is known only when the script runs.
_PORT = 65001
_NODE = "covlint0node"
#: Objects of a YAML stream, as kubectl writes it, into files of their own; those of no namespace
#: apart, every other goes to ``space`` where that is given, and gets a node port of its own.
_SPLIT = r"""
function flush() {
  if (doc != "" && (space == "" || kind != "Namespace"))
    { number++; file = sprintf("%s/%04d.yaml", out, number); printf "%s", doc > file; close(file) }
  doc = ""; kind = ""; block = ""
}
/^---/ { flush(); next }
/^kind: / { kind = $2 }
/^[^ ]/ { block = $1 }
space != "" && block == "metadata:" && /^  namespace:/ { $0 = "  namespace: " space }
space != "" && kind == "Service" { sub(/nodePort: [0-9]+/, "nodePort: 0") }
{ doc = doc $0 "\n" }
END { flush() }
"""


def cluster_script(plan: ClusterPlan, caller: Caller) -> str:
    """A script that makes or reuses the cluster, and does what covlint would do in it."""
    return "\n".join(_Script(plan, caller).lines()) + "\n"


class _Script:
    def __init__(self, plan: ClusterPlan, caller: Caller) -> None:
        self.plan = plan
        self.caller = caller
        self.config = plan.cluster.config
        self.mapped = next((outside for _, outside in self.config.ports), 0) if self.config else 0
        self.inside = plan.target.container_port or next(iter(ports_of(plan.container)), None)
        more = {str(_PORT): '"$port"'} if self.forwards else {}
        self.quote = Quoting(str(plan.run), NAME, {**more, _NODE: '"$node"'})
        self.program = shlex.quote(plan.runtime.program)
        self.cluster = self.quote(plan.cluster.name.removeprefix("kind-"))
        context = plan.cluster.context
        chosen = f"kubectl --context={self.quote(context)}" if context is not None else "kubectl"
        self.kubectl = chosen
        self.here = f"{chosen} -n {self.quote(plan.namespace)}"
        labels = ",".join(f"{key}={value}" for key, value in plan.container.pod.labels)
        self.pods = f"{self.here} get pods -l {self.quote(labels)}"

    @property
    def forwards(self) -> bool:
        return not self.mapped and self.inside is not None

    def lines(self) -> Iterator[str]:
        plan, quote = self.plan, self.quote
        yield from head(plan.target.name, plan.target.engine, self.clean())
        provider = plan.env.get("KIND_EXPERIMENTAL_PROVIDER")
        if provider and plan.cluster.kind:
            yield f"export KIND_EXPERIMENTAL_PROVIDER={provider}"
        if plan.kubeconfig is not None:
            yield 'export KUBECONFIG="$run/kubeconfig"'
        yield 'mkdir "$run/host"'
        yield f"cd {quote(str(plan.root))}"
        yield from self.make_cluster()
        if plan.cluster.kind:
            yield from build_lines(plan.build.argv, str(plan.root), quote)
            yield from self.load()
        yield "# the workload"
        yield from self.apply() if plan.cluster.create else self.apply_apart()
        yield from self.roll_out()
        yield from self.answer()
        yield from self.copy_from_pods()
        yield from self.stop()
        yield from self.collect()
        yield f"cd {quote(str(plan.sources.folder))}"
        yield from data_lines(plan.arrives, quote, self.caller)

    def clean(self) -> str:
        """What the script does at its end, however that comes."""
        plan, quote = self.plan, self.quote
        end = "for one in ${forward:-} ${logs:-}; do kill $one 2>/dev/null || :; done"
        if plan.cluster.create:
            end += f'; kind delete cluster --name {self.cluster} --kubeconfig "$run/kubeconfig"'
            end += " 2>/dev/null || :"
        else:
            end += f'; [ ! -d "$run/new" ] || {self.kubectl} delete -f "$run/new" --wait=false'
            end += " --ignore-not-found >/dev/null 2>&1 || :"
        if plan.own_namespace is not None:
            end += f"; {self.kubectl} delete namespace {quote(plan.own_namespace)} --wait=false"
            end += " >/dev/null 2>&1 || :"
        if plan.cluster.kind:
            end += f"; {self.program} rmi -f {quote(plan.tag)} >/dev/null 2>&1 || :"
        return end

    def make_cluster(self) -> Iterator[str]:
        plan, quote = self.plan, self.quote
        if self.config is not None:
            yield "# cluster"
            for _, folder in self.config.folders:
                path = quote(str(folder))
                yield f"mkdir -p {path}; chmod {plan.host_mode:04o} {path}"
            yield from quote.file(f"{plan.run}/kind.json", self.config.data)
            image = plan.cluster.node_image
            more = f" --image {quote(image)}" if image else ""
            yield f'kind create cluster --name {self.cluster} --config "$run/kind.json"{more}'
        elif plan.cluster.kind:
            yield "# the cluster that is there"
            yield f'kind export kubeconfig --name {self.cluster} --kubeconfig "$KUBECONFIG"'
        yield ""

    def load(self) -> Iterator[str]:
        plan, quote = self.plan, self.quote
        yield "# the image, under the name that the manifest has for it"
        form = "--format docker-archive " if plan.runtime.podman else ""
        yield f'{self.program} save {form}-o "$run/image.tar" {quote(plan.tag)}'
        yield f'kind load image-archive "$run/image.tar" --name {self.cluster}'
        if plan.image_name is not None:
            name = quote(full_name(plan.image_name))
            tag = f"ctr -n k8s.io images tag --force {quote(plan.tag)} {name}"
            yield from self.on_nodes(f'{self.program} exec "$node" {tag} >/dev/null')
        yield ""

    def on_nodes(self, line: str) -> Iterator[str]:
        yield f"for node in $(kind get nodes --name {self.cluster}); do"
        yield f"  {line}"
        yield "done"

    def sources(self) -> Iterator[str]:
        """The options of kubectl that name each manifest; what has to be made first is made."""
        plan, quote = self.plan, self.quote
        for number, file in enumerate(plan.files):
            source = source_of(plan, file)
            path = quote(str(source.path))
            if source.form is Form.CHART:
                words = " ".join(quote(word) for word in (*CHART_OPTIONS, *source.options))
                yield f'helm template release-name {path} {words} >"$run/chart-{number}.yaml"'
                yield f'set -- "$@" -f "$run/chart-{number}.yaml"'
            elif source.form is Form.PATCHED and plan.patch is not None:
                yield 'mkdir "$run/patched"'
                yield f'cp {path} "$run/patched/manifest.yaml"'
                yield f'cp {quote(plan.patch[1])} "$run/patched/patch.yaml"'
                text = "resources: [manifest.yaml]\\npatchesStrategicMerge: [patch.yaml]\\n"
                yield f"printf '{text}' >\"$run/patched/kustomization.yaml\""
                yield 'set -- "$@" -k "$run/patched"'
            else:
                flag = "-k" if source.form is Form.KUSTOMIZATION else "-f"
                yield f'set -- "$@" {flag} {path}'

    def apply(self) -> Iterator[str]:
        yield "set --"
        yield from self.sources()
        space = self.quote(self.plan.namespace)
        yield "while [ $# -gt 0 ]; do"
        again = f'kubectl create namespace {space} && kubectl apply "$1" "$2"'
        yield f'  kubectl apply "$1" "$2" || {{ {again}; }}'
        yield "  shift 2"
        yield "done"

    def apply_apart(self) -> Iterator[str]:
        """In a cluster that others use: what is there already is left as it is."""
        plan, kubectl = self.plan, self.kubectl
        own = self.quote(plan.own_namespace) if plan.own_namespace is not None else "''"
        if plan.own_namespace is not None:
            yield f"{kubectl} create namespace {own}"
        yield "set --"
        yield from self.sources()
        yield "while [ $# -gt 0 ]; do"
        yield f'  {kubectl} create --dry-run=client -o yaml "$1" "$2" >>"$run/all.yaml"'
        yield '  echo --- >>"$run/all.yaml"; shift 2'
        yield "done"
        yield 'mkdir "$run/objects" "$run/new"'
        split = shlex.quote(_SPLIT)
        yield f'awk -v space={own} -v out="$run/objects" {split} "$run/all.yaml"'
        if plan.own_namespace is None:
            space = self.quote(plan.namespace)
            phase = (
                f"$({kubectl} get namespace {space} -o jsonpath='{{.status.phase}}' 2>/dev/null)"
            )
            gone = f"{kubectl} wait --for=delete namespace/{space} --timeout=120s"
            yield f'[ "{phase}" != Terminating ] || {gone} || :'
            there = f"{kubectl} get namespace {space} >/dev/null 2>&1"
            made = 'cat "$run"/objects/*.yaml | grep -q "^kind: Namespace"'
            text = "apiVersion: v1\\nkind: Namespace\\nmetadata: {name: %s}\\n"
            write = f"printf '{text}' {space} >\"$run/objects/0000.yaml\""
            yield f"{made} || {there} || {write}"
        yield 'for one in "$run"/objects/*.yaml; do'
        yield f'  {kubectl} get -f "$one" >/dev/null 2>&1 || cp "$one" "$run/new"'
        yield "done"
        yield f'{kubectl} apply -f "$run/objects"'
        yield 'touch "$run/begun"'

    def roll_out(self) -> Iterator[str]:
        kind, name = self.plan.workload[0].lower(), self.quote(self.plan.workload[1])
        seconds = int(self.plan.rollout)
        if kind in ("deployment", "statefulset", "daemonset"):
            yield f"{self.here} rollout status {kind}/{name} --timeout={seconds}s"
        elif kind == "pod":
            yield f"{self.here} wait --for=condition=Ready pod/{name} --timeout={seconds}s"
        elif kind == "job":
            yield f"{self.here} wait --for=condition=complete job/{name} --timeout={seconds}s"
        labels = self.pods.partition(" -l ")[2]
        follow = f"{self.here} logs -f -l {labels} --all-containers --max-log-requests=50"
        yield f'{follow} >"$run/service.log" 2>&1 & logs=$!'

    def answer(self) -> Iterator[str]:
        plan, quote = self.plan, self.quote
        port = self.mapped
        if self.forwards:
            port = _PORT
            target = quote(f"{plan.workload[0].lower()}/{plan.workload[1]}")
            yield f'{self.here} port-forward {target} :{self.inside} >"$run/forward.log" 2>&1 &'
            yield "forward=$!"
            found = "sed -n 's/^Forwarding from 127[.]0[.]0[.]1:\\([0-9]*\\).*/\\1/p'"
            look = f'port=$({found} "$run/forward.log"); [ -n "$port" ]'
            yield from until(look, ":", 30, "the port is not forwarded")
        ready = ready_at(plan.target.ready, port)
        look_now = look_for(ready, quote)
        if look_now is not None and (port or (ready.http is None and ready.tcp is None)):
            yield from until(look_now, ":", ready.timeout, "never ready")
        exercise = exercise_of(plan.target, plan.root, plan.env, port, ready)
        if exercise is not None:
            yield ""
            yield "# exercise"
            if not plan.cluster.create:
                own = {**exercise.env, "NAMESPACE": plan.namespace}
                exercise = replace(exercise, env=own)
            yield in_folder(exercise, quote, self.caller.environ) + OR_SAY

    def copy_from_pods(self) -> Iterator[str]:
        """What a script of the project copies out of living pods."""
        plan, quote = self.plan, self.quote
        steps = [step for step in plan.extraction if step.through == "kubectl"]
        if plan.place.lost is not None or plan.node_path or plan.claim or not steps:
            return
        word = plan.container.name
        inner = f" -c {quote(word.text)}" if word is not None else ""
        tar = f'{self.here} exec "$pod"{inner} -- tar cf - -C {quote(plan.place.path)} .'
        yield ""
        yield f"for pod in $({self.pods} -o name); do"
        for step in plan.extraction:
            if step.kind is StepKind.SIGNAL and step.source:
                yield f'  {self.here} exec "$pod"{inner} -- kill -{step.source} 1'
        yield "  tries=0"
        yield f'  until {tar} | tar xf - -C "$run/host"; ls "$run/host" | grep -q covcounters; do'
        yield '    tries=$((tries + 1)); [ "$tries" -lt 25 ] || break; sleep 0.2'
        yield "  done"
        yield "done"

    def stop(self) -> Iterator[str]:
        plan = self.plan
        if plan.needs_helper(plan.cluster.kind):
            yield f"nodes=$({self.pods} -o jsonpath='{{.items[*].spec.nodeName}}')"
        yield ""
        yield "# stop, with the pods' own grace period, until no container runs"
        stop = Workload(plan.workload[0], plan.workload[1], "", 0, None).stop(plan.namespace)
        yield f"{self.kubectl} {' '.join(self.quote(word) for word in stop)}"
        states = "{.items[*].status.containerStatuses[*].state.running}"
        ended = f"[ -z \"$({self.pods} -o jsonpath='{states}')\" ]"
        yield from until(ended, ":", plan.grace + 60, "it does not end")
        yield 'cat "$run/service.log"'
        yield ""

    def collect(self) -> Iterator[str]:
        plan, quote, program = self.plan, self.quote, self.program
        source: str | None = plan.copied_from
        if source is None and not plan.cluster.create:
            source = plan.node_path
        folder = quote(source) if source is not None else None
        if plan.claim is not None:
            volume = (
                f"$({self.here} get pvc {quote(plan.claim)} -o jsonpath='{{.spec.volumeName}}')"
            )
            path = "{.spec.hostPath.path}{.spec.local.path}"
            yield f"claimed=$({self.kubectl} get pv \"{volume}\" -o jsonpath='{path}')"
            folder = '"$claimed"'
        if folder is not None and plan.cluster.kind:
            yield from self.on_nodes(f'{program} cp "$node":{folder}/. "$run/host" || :')
        if plan.needs_helper(plan.cluster.kind):
            yield from self.by_helper()
        for _, extra in self.config.folders if self.config is not None else ():
            if extra != plan.arrives:
                yield f'cp -R {quote(str(extra))}/. "$run/host"'
        if not plan.cluster.create:
            yield "# what earlier runs have left there"
            yield 'find "$run/host" -name \'covcounters.*\' ! -newer "$run/begun" -exec rm {} +'

    def by_helper(self) -> Iterator[str]:
        """A pod on the volume, where no runtime reaches the nodes."""
        plan, quote = self.plan, self.quote
        pod = json.loads(plan.helper("covlint-helper", _NODE if plan.node_path else None))
        yield f"for node in {'$nodes' if plan.node_path else 'any'}; do"
        yield from quote.file(f"{plan.run}/helper.json", json.dumps(pod))
        yield f'{self.kubectl} apply -f "$run/helper.json"'
        seconds = int(plan.rollout)
        yield f"{self.here} wait --for=condition=Ready pod/covlint-helper --timeout={seconds}s"
        yield f'{self.here} exec covlint-helper -- tar cf - -C /data . | tar xf - -C "$run/host"'
        yield f"{self.here} delete pod covlint-helper --grace-period=1"
        yield "done"
