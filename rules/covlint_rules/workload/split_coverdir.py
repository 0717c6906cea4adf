from __future__ import annotations

import posixpath
from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.commands.data_steps import NODE_TOOLS, host_directory, same_path
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.facts.kubernetes.pod_settings import without_sub_path
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "        - name: POD_NAME\n          valueFrom:\n            fieldRef:\n"
    "              fieldPath: metadata.name\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "{sub}  volumes:\n    - name: coverage\n      hostPath:\n        path: /coverdata\n"
)
_KIND = (
    "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
    "  - role: control-plane\n    extraMounts:\n      - hostPath: ./coverdata\n"
    "        containerPath: /coverdata\n"
)
_EXPRESSION = "          subPathExpr: {}$(POD_NAME){}\n"


class SplitCoverdir(Rule[Chain]):
    """Each pod writes to a directory of its own, and the report reads the one above.

    Why: `go tool covdata` looks only at the files of the directories that `-i` names. When
    all files lie in sub-directories (`subPath`, `subPathExpr`) it warns `no applicable files
    found in input directories`, exits with 0, and the report is empty.

    Instead: let the pods share the directory. Go's file names hold the process id and the
    time, so that they never collide. Or name each sub-directory, separated by commas.

    Left out: reports that name the sub-directories, scripts that may bring the files
    together, and projects whose report is not seen.

    Fix: safe in a manifest that is plainly for e2e.
    """

    code = "COV309"
    name = "split-coverdir"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NESTED
    source = "facts, part A: files only in sub-directories of the -i directory"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        mount, volume = chain.mount, chain.volume
        if not chain.takes_part or mount is None or mount.sub_path is None or volume is None:
            return
        if volume.host_path is None:
            return
        node = volume.host_path.text
        parents = [path for one in chain.extra_mounts if (path := host_directory(one, node))]
        for step in chain.steps:
            copied = step.kind is StepKind.COPY and step.through in NODE_TOOLS and not step.inward
            if copied and step.destination and step.source and same_path(step.source, node):
                inside = posixpath.join(step.destination, posixpath.basename(node))
                parents += [step.destination, inside]
        report = next((step for step in chain.steps if _reads(step, parents)), None)
        if report is None or any(_gathers(step, parents) for step in chain.steps):
            return
        yield self.diagnostic(
            mount.sub_path.span,
            f"the data lies in {mount.sub_path.text} below the directory, and the report reads "
            f"{report.source} alone: it finds no files there, and exits with 0",
            related=(Related(report.span, "reported here"),),
            fix=written_fix(
                "Mount the directory itself",
                [without_sub_path(mount)],
                safe=chain.plainly_e2e and not mount.shared,
            ),
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _POD.format(sub=_EXPRESSION.format("", "")),
                "kind.yaml": _KIND,
                "collect.sh": "for d in coverdata/*; do go tool covdata percent -i=$d; done\n",
            },
            "each directory is read",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format(sub=_EXPRESSION.format("", "")),
                "kind.yaml": _KIND,
                "collect.sh": "find coverdata -name 'cov*' -exec mv {} coverdata/ \\;\n"
                "go tool covdata percent -i=coverdata\n",
            },
            "the files are moved up",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format(sub="          subPath: till\n"),
                "kind.yaml": _KIND,
                "collect.sh": "go tool covdata percent -i=coverdata/till\n",
            }
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _POD.format(sub=_EXPRESSION.format("«", "»")),
                "kind.yaml": _KIND,
                "collect.sh": "go tool covdata percent -i=coverdata\n",
            },
            fixed={"e2e/pod.yaml": _POD.format(sub="")},
            message="the report reads coverdata alone",
            safe=True,
        ),
        Invalid(
            {
                "deploy/till.yaml": _POD.format(sub="          subPath: «till»\n"),
                "collect.sh": "docker cp kind-control-plane:/coverdata/. out\n"
                "go tool covdata textfmt -i=./out -o=cover.out\n",
            },
            fixed={"deploy/till.yaml": _POD.format(sub="")},
            safe=False,
        ),
    )


def _reads(step: Step, parents: list[str]) -> bool:
    if step.kind is not StepKind.REPORT or step.source is None:
        return False
    return any(same_path(step.source, parent) for parent in parents)


def _gathers(step: Step, parents: list[str]) -> bool:
    """Whether something may bring the files of the sub-directories together."""
    if step.kind not in (StepKind.COPY, StepKind.EDIT) or step.through not in (None, "cp"):
        return False
    below = tuple(posixpath.normpath(parent) + "/" for parent in parents)
    paths = [posixpath.normpath(one) + "/" for one in step.operands if one is not None]
    return any(path.startswith(below) for path in paths) or None in step.operands
