from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.facts.kubernetes.pod_settings import pull_of, set_pull_policy, tagged
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: {image}\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
)
_MAKE = "e2e:\n\tdocker build -t {tag} .\n\tkind load docker-image {tag}\n"


class RegistryPull(Rule[Chain]):
    """The image is loaded into Kind, and the kubelet asks the registry all the same.

    Why: with `imagePullPolicy: Always`, the default for `:latest` and for no tag at all, the
    registry's image runs instead of the instrumented one that `kind load` has put on the
    node. Where the registry has none, the pod never starts.

    Instead: set `imagePullPolicy: IfNotPresent`, or use a tag other than `latest`.

    Left out: images that no command loads into the cluster, since the registry may well hold
    the instrumented one, and policies that a template fills in.

    Fix: safe in a manifest that is plainly for e2e, unless the container's definition is
    shared.
    """

    code = "COV308"
    name = "registry-pull"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "Kubernetes, Images: default image pull policy; Kind, Quick Start: loading an image"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container = chain.container
        if not chain.takes_part or container is None or container.image is None:
            return
        pull = pull_of(container)
        if pull is None or not pull.always:
            return
        image = container.image.text
        loading = next((step for step in chain.steps if _loads(step, image, chain)), None)
        if loading is None:
            return
        why = "imagePullPolicy is Always"
        if pull.policy is None:
            why = "the pull policy of an image without a tag, or with :latest, is Always"
        yield self.diagnostic(
            pull.policy.span if pull.policy is not None else container.image.span,
            f"{image} is loaded into Kind, but {why}: the registry's image runs, or none",
            related=(Related(loading.span, "loaded here"),),
            fix=written_fix(
                "Use the loaded image (IfNotPresent)",
                [set_pull_policy(container, "IfNotPresent")],
                safe=chain.plainly_e2e and not container.shared,
            ),
        )

    VALID = (
        Valid(
            {
                "e2e/pod.yaml": _POD.format(image="till:e2e"),
                "Makefile": _MAKE.format(tag="till:e2e"),
            },
            "a tag of its own",
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format(image="till") + "      imagePullPolicy: Never\n",
                "Makefile": _MAKE.format(tag="till"),
            }
        ),
        Valid(
            {
                "e2e/pod.yaml": _POD.format(image="till:latest")
                + "      imagePullPolicy: {{ .Values.pullPolicy }}\n",
                "Makefile": _MAKE.format(tag="till:latest"),
            },
            "a template decides",
        ),
        Valid(
            {"e2e/pod.yaml": _POD.format(image="registry.example.com/till:latest")},
            "nothing loads it: the registry may have the instrumented image",
        ),
    )
    INVALID = (
        Invalid(
            {
                "e2e/pod.yaml": _POD.format(image="till:e2e") + "      imagePullPolicy: «Always»\n",
                "Makefile": _MAKE.format(tag="till:e2e"),
            },
            fixed={
                "e2e/pod.yaml": _POD.format(image="till:e2e")
                + "      imagePullPolicy: IfNotPresent\n",
            },
            message="imagePullPolicy is Always",
            safe=True,
        ),
        Invalid(
            {
                "e2e/pod.yaml": _POD.format(image="till:e2e") + "      imagePullPolicy: «Always»\n",
                "up.sh": "podman save -o till.tar localhost/till:e2e\n"
                "kind load image-archive till.tar\n",
            },
            fixed={
                "e2e/pod.yaml": _POD.format(image="till:e2e")
                + "      imagePullPolicy: IfNotPresent\n",
            },
            message="is loaded into Kind",
        ),
        Invalid(
            {
                "deploy/till.yaml": _POD.format(image="«till»"),
                "Makefile": _MAKE.format(tag="till:latest"),
            },
            fixed={
                "deploy/till.yaml": _POD.format(image="till")
                + "      imagePullPolicy: IfNotPresent\n",
            },
            message="without a tag",
            safe=False,
        ),
    )


def _loads(step: Step, image: str, chain: Chain) -> bool:
    """Whether ``kind load`` takes the very image, or the archive made of it in the same recipe."""
    if step.kind is not StepKind.LOAD:
        return False
    if "image-archive" in step.words:
        place = (step.span.path, step.recipe)
        saved = [s for s in chain.steps if s.kind is StepKind.SAVE]
        return any((s.span.path, s.recipe) == place and _names(s, image) for s in saved)
    return _names(step, image)


def _names(step: Step, image: str) -> bool:
    return any(one is not None and tagged(one) == tagged(image) for one in step.operands)
