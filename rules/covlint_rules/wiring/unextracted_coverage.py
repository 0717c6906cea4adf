from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Evidence,
    Fix,
    Related,
    Severity,
    Symptom,
)
from covlint.facts.commands.data_steps import (
    NODE_TOOLS,
    POD_TOOLS,
    copied,
    copied_container,
    copied_out,
    is_other_file,
    run_name,
)
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.kubernetes.coverage_volume import is_coverage_path
from covlint.facts.kubernetes.workload import VolumeKind
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Word
from covlint.wiring import Chain
from covlint.wiring.copy_pods import copy_pod_path, from_copy_pod
from covlint.wiring.episodes import starts

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
    "      volumeMounts:\n        - name: coverage\n          mountPath: /coverdata\n"
    "  volumes:\n    - name: coverage\n      hostPath:\n        path: /var/coverage\n"
)
_IMAGE = "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\nENV GOCOVERDIR=/var/cov\n"
_RUN = (
    "docker build -t till:cov .\ndocker run -d --name till till:cov\ndocker stop till\n"
    "{}docker cp till:{} out{}\n"
)
_CLAIMED = (
    _POD[: _POD.index("  volumes:")]
    + "  volumes:\n    - name: coverage\n      persistentVolumeClaim:\n        claimName: e2e\n"
)
_COPY_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: copy\nspec:\n  containers:\n    - name: copy\n"
    "      image: busybox\n      volumeMounts:\n        - name: data\n          mountPath: /data\n"
    "  volumes:\n    - name: data\n      persistentVolumeClaim:\n        claimName: e2e\n"
)
_NODE = re.compile(r"(?:control-plane|worker)\d*$|\$\{[^}]*node[^}]*\}$", re.IGNORECASE)


def _of_node(step: Step) -> bool:
    """Whether the copy is out of a Kind node, by its name or that of the variable."""
    return _NODE.search(step.origin or "") is not None


class UnextractedCoverage(Rule[Chain]):
    """The command that copies the data out names a path where the data is not.

    Why: out of a Kind node it is the path of the node that has to be copied
    (`hostPath.path`), out of a pod or a container it is the path inside (GOCOVERDIR). With
    another path the copy fails or brings nothing, and the data goes with the cluster.

    Instead: copy the path that the message names.

    Left out: projects in which an extraMount brings the data to the host, copies of paths
    that do not look like coverage, a second copy that does name the right path, and commands
    whose path is not seen.
    """

    code = "COV503"
    name = "unextracted-coverage"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "field notes: the host directory is empty, the path chain is broken (7 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container, coverdir = chain.container, chain.coverdir
        if not chain.takes_part or coverdir is None or chain.extra_mounts:
            return
        if not coverdir.text.startswith("/"):
            return
        if container is None:
            for run in (one for one in chain.steps if starts(one, chain)):
                yield from self.run_by_script(chain, run, coverdir)
            return
        if container.mounts_opaque:
            return
        volume = chain.volume
        node = volume.host_path if volume is not None else None
        if node is not None and copied(chain.steps, NODE_TOOLS, [node.text]):
            return
        claimed = volume is not None and volume.kind is VolumeKind.CLAIM
        own = [s for s in chain.steps if not (claimed and from_copy_pod(chain, s))]
        if copied_out(own, container, [coverdir.text]):
            return
        inside = copy_pod_path(chain) if claimed else coverdir
        if claimed and inside is not None and copied(chain.steps, POD_TOOLS, [inside.text]):
            return
        for step in chain.steps:
            place = self.place(step, inside, node, compose=container.pod.is_compose)
            if place is None or step.source is None or is_other_file(step.source):
                continue
            if claimed and not from_copy_pod(chain, step):
                continue
            plain = not claimed and not is_coverage_path(step.source)
            others = [] if claimed else self.elsewhere(chain, step)
            if plain or copied([step], {step.through}, others):
                continue
            yield self.found(step, place)

    def found(self, step: Step, place: Word) -> Diagnostic:
        return self.diagnostic(
            step.span,
            f"this copies {step.source}, but the data lies in {place.text} and is left behind",
            related=(Related(place.span, "the data"),),
            fix=Fix(f"Copy {place.text}", Applicability.DISPLAY),
        )

    def run_by_script(self, chain: Chain, run: Step, coverdir: Word) -> Iterator[Diagnostic]:
        """Copies out of a container that ``docker run --name`` makes of the image alone."""
        name = run_name(run)
        own = [step for step in chain.steps if name and copied_container(step) == name]
        given = any("GOCOVERDIR" in (word or "") for word in run.words)
        if given or run.mounts or copied(own, NODE_TOOLS, [coverdir.text]):
            return
        for step in own:
            if step.source is not None and is_coverage_path(step.source):
                yield self.found(step, coverdir)

    def place(
        self, step: Step, coverdir: Word | None, node: Word | None, *, compose: bool
    ) -> Word | None:
        """Where the data lies for this copy; None where it is another kind of copy."""
        if step.kind is not StepKind.COPY or step.inward or not step.operands:
            return None
        if step.through == "kubectl":
            return None if compose else coverdir
        if step.through not in NODE_TOOLS:
            return None
        if compose:
            return coverdir
        # what is no node is a container that the scripts run themselves
        return node if _of_node(step) else None

    def elsewhere(self, chain: Chain, step: Step) -> list[str]:
        """Where the data of any service lies, containers that scripts run included; out of a
        node other paths are copied than out of a pod."""
        words = [word for step in chain.steps for word in step.words if word is not None]
        given = [word.partition("GOCOVERDIR=")[2] for word in words if "GOCOVERDIR=" in word]
        of_node = step.through in NODE_TOOLS and _of_node(step)
        paths = chain.node_paths if of_node else chain.data_paths
        return [path for path in (*paths, *given) if path]

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _CLAIMED,
                "e2e/copy.yaml": _COPY_POD,
                "collect.sh": "kubectl cp e2e/copy:/data/. coverdata\n",
            },
            "out of the pod that mounts the claim",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "collect.sh": "docker cp kind-control-plane:/var/coverage/. out\n",
            }
        ),
        Valid(
            {"e2e/pod.yaml": _POD, "collect.sh": "kubectl cp till:coverdata/ out\n"},
            "the path inside the pod",
        ),
        Valid(
            {"e2e/pod.yaml": _POD, "collect.sh": "docker cp builder:/src/coverage.html .\n"},
            "another container",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD,
                "collect.sh": "docker cp kind-control-plane:/coverage/$NAME out\n"
                "docker cp $NODE:$DATA out\n",
            },
            "what is copied is not seen",
        ),
        Valid(
            {"Dockerfile": _IMAGE, "smoke.sh": _RUN.format("", "/var/cov/.", "")},
            "out of a container that the script runs",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _CLAIMED,
                "e2e/copy.yaml": _COPY_POD,
                "collect.sh": "«kubectl cp e2e/copy:/coverdata/. out»\n",
            },
            message="this copies /coverdata/., but the data lies in /data",
        ),
        Invalid(
            {
                "e2e/pod.yaml": _POD,
                "collect.sh": "«docker cp kind-control-plane:/var/coverdata/. out»\n",
            },
            message="the data lies in /var/coverage",
        ),
        Invalid(
            {"e2e/pod.yaml": _POD, "collect.sh": "«kubectl cp e2e/till:/data/coverage out»\n"},
            message="this copies /data/coverage, but the data lies in /coverdata",
        ),
        Invalid(
            {"Dockerfile": _IMAGE, "smoke.sh": _RUN.format("«", "/coverage/.", "»")},
            message="this copies /coverage/., but the data lies in /var/cov",
        ),
    )
