from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Evidence, Fix, Severity, Symptom
from covlint.facts.commands.steps import StepKind
from covlint.facts.kubernetes.cluster import KindCluster
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.facts.kubernetes.kind_paths import from_here, needs_shell, unexpanded
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Word
from covlint.wiring import Chain

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_KIND = (
    "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
    "  extraMounts:\n  - hostPath: {}\n    containerPath: /coverdata\n"
)


class UnexpandedHostPath(Rule[Chain]):
    """The extraMount's host path holds a variable or `~`, and Kind expands neither.

    Why: Kind takes the path as it is written. With docker the data lands in a directory whose
    name is `${PWD}` or `~`, and the one that the report reads stays empty; podman makes no
    such directory, and `kind create cluster` fails.

    Instead: write the path out. A relative path works: it counts from the directory in which
    `kind create cluster` runs. A variable is right where `envsubst` or the like fills the
    file in before Kind reads it.

    Left out: files that a script edits, and files of which it is not seen that Kind reads
    them as they are.

    Fix: `${PWD}/x` becomes `./x`, which is the same directory: safe, since a Kind config
    describes a test cluster. What another variable stands for is yours to say.
    """

    code = "COV404"
    name = "unexpanded-host-path"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "Kind, Configuration: extra mounts"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if not chain.takes_part or not chain.extra_mounts:
            return
        for cluster in chain.clusters:
            for node in cluster.nodes:
                for mount in node.extra_mounts:
                    path = unexpanded(mount) if mount in chain.extra_mounts else None
                    if path is None:
                        continue
                    if not needs_shell(path.text) or self.read_as_it_is(chain, cluster):
                        yield self.found(cluster, path)

    def read_as_it_is(self, chain: Chain, cluster: KindCluster) -> bool:
        """Whether ``kind create cluster`` is given this very file, and nothing edits it."""
        file = cluster.span.path
        edited = any(s.kind is StepKind.EDIT and file in s.operands for s in chain.steps)
        return not edited and any(
            step.kind is StepKind.CREATE_CLUSTER and step.source == file for step in chain.steps
        )

    def found(self, cluster: KindCluster, path: Word) -> Diagnostic:
        here = from_here(path.text)
        if here is not None:
            written = cluster.replace_word(path, here)
            fix = written_fix(f"Use {here}, which is the same", [written], safe=True)
        else:
            fix = Fix("Write the path out, or fill it in (envsubst)", Applicability.DISPLAY)
        return self.diagnostic(
            path.span,
            f"Kind does not expand {path.text}: the data lands in a directory of that very name",
            fix=fix,
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND.format("./coverdata"),
                "up.sh": "kind create cluster --config kind.yaml\n",
            }
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND.format("${PWD}/coverdata"),
                "up.sh": "envsubst < kind.yaml | kind create cluster --config -\n",
            },
            "something fills it in",
        ),
        Valid(
            {"e2e/pod.yaml": _POD, "kind.yaml": _KIND.format("${ROOT}/coverdata")},
            "who reads the file is not seen",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND.format("«${PWD}/coverdata»"),
                "up.sh": "kind create cluster --config kind.yaml\n",
            },
            fixed={"kind.yaml": _KIND.format("./coverdata")},
            message="Kind does not expand ${PWD}/coverdata",
            safe=True,
        ),
        Invalid({"e2e/pod.yaml": _POD, "kind.yaml": _KIND.format("«~/coverdata»")}),
    )
