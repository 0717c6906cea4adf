from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.facts.kubernetes.workload import VolumeKind
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Chain

_NAMESPACE = (
    "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: e2e\n  labels:\n"
    "    pod-security.kubernetes.io/enforce: {}\n"
)
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\n  namespace: e2e\nspec:\n"
    "  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - "
)
_CLAIM = "name: coverage\n      persistentVolumeClaim:\n        claimName: coverage"
_HOST_PATH = "name: coverage\n      hostPath:\n        path: /coverdata"


class ForbiddenByNamespace(Rule[Chain]):
    """The namespace enforces a standard that forbids what the data needs.

    Why: under the `baseline` and `restricted` Pod Security Standards the API server refuses
    pods with a hostPath volume, under `restricted` also those that run as root. A Deployment
    then shows no pod at all, only an event of its ReplicaSet.

    Instead: label the e2e namespace `privileged`, or use a claim instead of the hostPath.

    Left out: namespaces whose labels are not in the files, pods whose namespace is not seen,
    and cluster-wide defaults.

    Fix: always unsafe, because it lowers what a namespace enforces.
    """

    code = "COV310"
    name = "forbidden-by-namespace"
    severity = Severity.WARNING
    evidence = Evidence.REPORTED
    since = "0.1.0"
    symptom = Symptom.NEVER_STARTED
    source = "Kubernetes, Pod Security Standards: host path volumes, running as non-root user"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, namespace = chain.container, chain.namespace
        if not chain.takes_part or container is None or namespace is None:
            return
        level = namespace.enforced.text
        if level not in {"baseline", "restricted"} or chain.coverdir is None:
            return
        user = container.identity.user
        if chain.volume is not None and chain.volume.kind is VolumeKind.HOST_PATH:
            what, place = "a hostPath volume", chain.volume.span
        elif level == "restricted" and user is not None and user.text == "0":
            what, place = "running as root", user.span
        else:
            return
        yield self.found(chain, level, what, place)

    def found(self, chain: Chain, level: str, what: str, place: Span) -> Diagnostic:
        namespace = chain.namespace
        assert namespace is not None  # asked by check
        name = namespace.name.text
        return self.diagnostic(
            place,
            f"namespace {name} enforces the {level} standard, which forbids {what}: the pod is "
            "never created",
            related=(Related(namespace.enforced.span, "enforced here"),),
            fix=written_fix(
                f"Let namespace {name} run privileged pods",
                [namespace.replace_word(namespace.enforced, "privileged")],
                safe=False,
            ),
        )

    VALID = (
        Valid(
            {
                "e2e/namespace.yaml": _NAMESPACE.format("privileged"),
                "e2e/pod.yaml": _POD + _HOST_PATH + "\n",
            }
        ),
        Valid(
            {
                "e2e/namespace.yaml": _NAMESPACE.format("baseline"),
                "e2e/pod.yaml": _POD + _CLAIM + "\n",
            },
            "a claim is allowed",
        ),
        Valid(
            {
                "e2e/namespace.yaml": _NAMESPACE.format("baseline"),
                "e2e/pod.yaml": _POD.replace("  namespace: e2e\n", "") + _HOST_PATH + "\n",
            },
            "which namespace it gets is not seen",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/namespace.yaml": _NAMESPACE.format("baseline"),
                "e2e/pod.yaml": _POD + "«" + _HOST_PATH + "»\n",
            },
            fixed={"e2e/namespace.yaml": _NAMESPACE.format("privileged")},
            message="forbids a hostPath volume",
            safe=False,
        ),
        Invalid(
            {
                "e2e/namespace.yaml": _NAMESPACE.format("restricted"),
                "e2e/pod.yaml": _POD.replace(
                    "      env:", "      securityContext:\n        runAsUser: «0»\n      env:"
                )
                + _CLAIM
                + "\n",
            },
            fixed={"e2e/namespace.yaml": _NAMESPACE.format("privileged")},
            message="forbids running as root",
        ),
    )
