from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Fix, Related, Severity, Symptom
from covlint.facts.commands.steps import ImageBuild, Step, StepKind
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.facts.kubernetes.pod_settings import tagged
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain
from covlint.wiring.episodes import starts

_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: {}\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
)
_DOCKERFILE = "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\n"
_MAKE = (
    "e2e:\n\tdocker build -t {} .\n\t{}kind load docker-image {}{}\n"
    "\tkubectl apply -f e2e/pod.yaml\n"
)
_APART = (
    "image:\n\tdocker build -t till:cov .\nload:\n\t{1}kind load docker-image {0}{2}\n"
    "deploy:\n\tkubectl apply -f e2e/pod.yaml\n"
)


class StaleImage(Rule[Chain]):
    """The image that is built is not the one that is loaded, or not the one that runs.

    Why: the recipe builds one tag, and another one is loaded into Kind or asked for by the
    manifest. What runs is whatever image has that tag already: an older one, or the release
    from a registry. Neither is instrumented.

    Instead: use one tag in all three places.

    Left out: recipes that tag, edit or patch something in between, tags with a variable in
    them, and builds and loads that stand in different files.

    Fix: safe in a manifest that is plainly for e2e, where one recipe builds and applies.
    Which tag to load is your choice.
    """

    code = "COV504"
    name = "stale-image"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "field notes: the image that runs is not the instrumented one (7 threads)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        container = chain.container
        if not chain.takes_part or container is None or container.image is None:
            return
        # a tag, sed or set image anywhere may make the names meet
        if any(_may_rename(step) for step in chain.steps):
            return
        if chain.image_builds:
            yield from self.loaded(chain, container.image.text)
            return
        applies = [s for s in chain.steps if s.kind is StepKind.APPLY and starts(s, chain)]
        for build in chain.near_builds:
            if build.opaque:
                continue
            what = "the recipe that applies this builds"
            if not any(_beside(step, build) for step in applies):
                what = "what this file loads into Kind is"
                here = any(step.span.path == build.span.path for step in applies)
                if not here or not _only_loads(chain, build.tags, container.image.text):
                    continue
            changed = container.replace_word(container.image, build.tags[0])
            safe = chain.plainly_e2e and not container.shared
            yield self.diagnostic(
                container.image.span,
                f"{what} {build.tags[0]}, not {container.image.text}: an older image of that name runs, or none",
                related=(Related(build.span, "built here"),),
                fix=written_fix(f"Run {build.tags[0]}", [changed], safe=safe)
                if len(build.tags) == 1
                else None,
            )

    def loaded(self, chain: Chain, image: str) -> Iterator[Diagnostic]:
        """``kind load`` of another tag than the one that the same recipe builds, or the same
        file where nothing brings that one to a cluster."""
        for build in chain.image_builds:
            every = [s for s in chain.steps if s.kind is StepKind.LOAD]
            loads = [s for s in every if _beside(s, build)]
            if not loads and not _brought(chain, image):
                loads = [s for s in every if s.span.path == build.span.path]
            names = [one for step in loads for one in step.operands]
            if None in names or any("image-archive" in step.words for step in loads):
                continue
            if tagged(image) in {tagged(one) for one in names if one is not None}:
                continue
            for step in loads:
                if any(one is not None and _name(one) == _name(image) for one in step.operands):
                    yield self.diagnostic(
                        step.span,
                        f"{image} is built and asked for, but another tag is loaded into Kind: "
                        "an older image runs, or none",
                        related=(Related(build.span, "built here"),),
                        fix=Fix.advice(f"Load {image}"),
                    )

    VALID = (
        Valid(
            {
                "Dockerfile": _DOCKERFILE,
                "e2e/pod.yaml": _POD.format("till:e2e"),
                "Makefile": _MAKE.format("till:e2e", "", "till:e2e", ""),
            }
        ),
        Valid(
            {
                "Dockerfile": _DOCKERFILE,
                "e2e/pod.yaml": _POD.format("till:e2e"),
                "Makefile": _MAKE.format(
                    "till:cov", "docker tag till:cov till:e2e\n\t", "till:e2e", ""
                ),
            },
            "tagged in between",
        ),
        Valid(
            {
                "Dockerfile": _DOCKERFILE,
                "e2e/pod.yaml": _POD.format("till:e2e"),
                "Makefile": "image:\n\tdocker build -t till:dev .\n",
            },
            "another recipe, for another use",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": _DOCKERFILE,
                "e2e/pod.yaml": _POD.format("«till:latest»"),
                "Makefile": _MAKE.format("till:cov", "", "till:cov", ""),
            },
            fixed={"e2e/pod.yaml": _POD.format("till:cov")},
            message="builds till:cov, not till:latest",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": _DOCKERFILE,
                "e2e/pod.yaml": _POD.format("till:cov"),
                "Makefile": _MAKE.format("till:cov", "«", "till:e2e", "»"),
            },
            message="another tag is loaded",
        ),
        Invalid(
            {
                "Dockerfile": _DOCKERFILE,
                "e2e/pod.yaml": _POD.format("«till:e2e»"),
                "Makefile": _APART.format("till:cov", "", ""),
            },
            fixed={"e2e/pod.yaml": _POD.format("till:cov")},
            message="what this file loads into Kind is till:cov, not till:e2e",
        ),
        Invalid(
            {
                "Dockerfile": _DOCKERFILE,
                "e2e/pod.yaml": _POD.format("till:cov"),
                "Makefile": _APART.format("till:e2e", "«", "»"),
            },
            message="another tag is loaded",
        ),
    )


def _may_rename(step: Step) -> bool:
    return step.kind is StepKind.EDIT and step.words[0] not in {"mv", "find"}


def _brought(chain: Chain, image: str) -> bool:
    """Whether something may load the image, save it to be loaded, or push it."""
    files = {one.span.path for one in (*chain.image_builds, *chain.near_builds)}
    names = [
        one
        for step in chain.steps
        if step.kind in (StepKind.LOAD, StepKind.SAVE)
        or (step.kind is StepKind.PUSH and step.span.path in files)
        for one in step.operands
    ]
    return None in names or tagged(image) in {tagged(one) for one in names if one is not None}


def _only_loads(chain: Chain, tags: tuple[str, ...], image: str) -> bool:
    """Whether one of the tags is loaded, and nothing may bring the image itself."""
    return not _brought(chain, image) and any(_brought(chain, tag) for tag in tags)


def _beside(step: Step, build: ImageBuild) -> bool:
    return (step.span.path, step.recipe) == (build.span.path, build.recipe)


def _name(image: str) -> str:
    return tagged(image).rpartition(":")[0]
