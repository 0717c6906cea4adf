from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.commands.data_steps import host_directory, made_here, opened
from covlint.facts.kubernetes.coverage_permissions import opened_before
from covlint.facts.kubernetes.coverage_volume import node_path, written_fix
from covlint.facts.kubernetes.pod_settings import dropped, keep_dac_override
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain, runs_as_root

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      securityContext:\n        runAsUser: 0\n        capabilities:\n          drop: {}\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_KIND = (
    "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
    "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
    "        containerPath: /coverdata\n"
)


class CaplessRoot(Rule[Chain]):
    """Root without its capabilities may not write to the directory of another user.

    Why: root writes anywhere because it has CAP_DAC_OVERRIDE. `drop: [ALL]` takes that away,
    and a directory that a script has made on the host belongs to whoever ran the script, mode
    0755. Go reports `permission denied` for every file, on stderr only.

    Instead: keep the capability (`add: [DAC_OVERRIDE]`), or open the directory (`chmod 777`).

    Left out: directories whose maker is not seen, those that a script or an init container
    opens, and other users than root (COV304). It is a warning, since the script may run as
    root.

    Fix: safe in a manifest that is plainly for e2e, unless the container's definition is
    shared.
    """

    code = "COV312"
    name = "capless-root"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.PERMISSION_DENIED
    source = "facts, part A: root without CAP_DAC_OVERRIDE in a directory of another uid"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, mount, volume = chain.container, chain.mount, chain.volume
        if not chain.takes_part or container is None or mount is None or volume is None:
            return
        if chain.coverdir is None or runs_as_root(chain) is not True:
            return
        word = dropped(container)
        if word is None or volume.host_path is None or opened_before(container, volume.name.text):
            return
        on_node = node_path(volume, mount, chain.coverdir.text)
        hosts = [h for one in chain.extra_mounts if (h := host_directory(one, on_node))]
        made = next((host for host in hosts if made_here(chain.steps, host)), None)
        if made is None or opened(chain.steps, [on_node, *hosts]):
            return
        yield self.diagnostic(
            word.span,
            f"root without CAP_DAC_OVERRIDE may not write to {made}, which belongs to the user who "
            "made it: permission denied, no data is written (unless that was root)",
            related=(Related(volume.host_path.span, "mounted from there"),),
            fix=written_fix(
                "Keep CAP_DAC_OVERRIDE",
                [keep_dac_override(container)],
                safe=chain.plainly_e2e and not container.shared,
            ),
        )

    VALID = (
        Valid(
            {"e2e/pod.yaml": _POD.format("[ALL]"), "kind.yaml": _KIND},
            "who owns the directory is not seen",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format("[ALL]"),
                "kind.yaml": _KIND,
                "up.sh": "mkdir -p coverdata\nchmod 777 coverdata\n",
            },
            "everyone may write",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format("[NET_RAW]"),
                "kind.yaml": _KIND,
                "up.sh": "mkdir -p coverdata\n",
            },
            "the capability is kept",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _POD.format("[«ALL»]"),
                "kind.yaml": _KIND,
                "up.sh": "mkdir -p ./coverdata\nkind create cluster --config kind.yaml\n",
            },
            fixed={
                "e2e/pod.yaml": _POD.format("[ALL]\n          add:\n            - DAC_OVERRIDE"),
            },
            message="root without CAP_DAC_OVERRIDE may not write to coverdata",
            safe=True,
        ),
    )
