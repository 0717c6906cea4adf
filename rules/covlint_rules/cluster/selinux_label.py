from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.commands.steps import Step
from covlint.facts.kubernetes.coverage_volume import is_coverage_path, written_fix
from covlint.facts.kubernetes.kind_paths import is_relabelled, relabel
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_KIND = (
    "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n- role: control-plane\n"
    "  extraMounts:\n  - {}hostPath: ./coverdata\n    containerPath: /coverdata{}\n"
)
_UP = (
    "e2e:\n\tkind create cluster --config kind.yaml\n"
    "\tpodman cp kind-control-plane:/var/log/pods logs\n"
)


_NODE = re.compile(r"-(?:control-plane|worker)\d*(?=:|$)")


class SelinuxLabel(Rule[Chain]):
    """Where SELinux is on, a podman node may not write to an unlabelled directory.

    Why: on Fedora, RHEL and the like a container gets `permission denied` in a directory of
    the host that has no container label.

    Instead: set `selinuxRelabel: true` in the extraMount. Where SELinux is off, it changes
    nothing.

    Left out: clusters that docker runs, and projects in which no command shows that podman
    does. Whether SELinux is on cannot be seen in files: it is a notice.

    Fix: safe for a directory whose name says that it is for coverage; unsafe for any other,
    which would get a new label.
    """

    code = "COV405"
    name = "selinux-label"
    severity = Severity.NOTICE
    evidence = Evidence.REPORTED
    since = "0.1.0"
    symptom = Symptom.PERMISSION_DENIED
    source = "Kind, Configuration: extra mounts, selinuxRelabel"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if not chain.takes_part or not chain.steps:
            return
        for mount in chain.extra_mounts:
            if is_relabelled(mount) or mount.host_path is None:
                continue
            step = next((step for step in chain.steps if _on_podman_node(step)), None)
            if step is None:
                continue
            host = mount.host_path.text
            yield self.diagnostic(
                mount.span,
                f"under SELinux a podman node may not write to {host}, which has no container "
                "label: permission denied",
                related=(Related(step.span, "the node is podman's"),),
                fix=written_fix(
                    "Let Kind label the directory",
                    [relabel(mount)],
                    safe=is_coverage_path(host),
                ),
            )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND.format("", "\n    selinuxRelabel: true"),
                "Makefile": _UP,
            }
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "kind.yaml": _KIND.format("", ""),
                "Makefile": _UP.replace("podman", "docker"),
            },
            "docker",
        ),
    )
    INVALID = (
        Invalid(
            {"e2e/pod.yaml": _POD, "kind.yaml": _KIND.format("«", "»"), "Makefile": _UP},
            fixed={"kind.yaml": _KIND.format("", "\n    selinuxRelabel: true")},
            message="may not write to ./coverdata",
            safe=True,
        ),
    )


def _on_podman_node(step: Step) -> bool:
    """Whether a command of podman names a Kind node: podman is what runs the nodes."""
    return step.through == "podman" and any(word and _NODE.search(word) for word in step.words)
