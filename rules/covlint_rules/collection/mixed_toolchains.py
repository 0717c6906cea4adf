from __future__ import annotations

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
from covlint.facts.dockerfile.base_images import go_version
from covlint.facts.dockerfile.build import GoBuild
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import SharedDirectory

_CHANGED = (1, 27)
_FILES = {
    "go.mod": "module example.com/shop\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
    "cmd/desk/main.go": "package main\n\nfunc main() {}\n",
    "Makefile": "images:\n\tdocker build -t till:e2e -f till.Dockerfile .\n"
    "\tdocker build -t desk:e2e -f desk.Dockerfile .\n",
    "e2e/pods.yaml": "".join(
        f"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n"
        f"    - name: {name}\n      image: {name}:e2e\n"
        "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
        "      volumeMounts:\n        - name: data\n          mountPath: /coverdata\n"
        "  volumes:\n    - name: data\n      hostPath:\n        path: /coverdata\n"
        for name in ("till", "desk")
    ),
}


def _dockerfile(base: str, name: str) -> str:
    return (
        f"FROM {base}\nWORKDIR /src\nCOPY . .\n"
        f'RUN go build -cover -o /{name} ./cmd/{name}\nCMD ["/{name}"]\n'
    )


class MixedToolchains(Rule[SharedDirectory]):
    """Images of one module are built by Go 1.27 and by an older Go, into one directory.

    Why: from Go 1.27 on a block starts at its first statement, before that at its brace.
    Packages that both images share are then counted twice, each block under two positions,
    and the percentages are wrong without any error.

    Instead: build all images with the same Go.

    Left out: versions that are not seen (no tag, GOTOOLCHAIN), and images that share no
    directory.
    """

    code = "COV707"
    name = "mixed-toolchains"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.HASH_MISMATCH
    source = "facts, part B2: blocks of Go 1.26 and 1.27 of the same source"

    def check(self, directory: SharedDirectory) -> Iterator[Diagnostic]:
        found: dict[str, list[tuple[tuple[int, int], GoBuild]]] = {}
        for chain in directory.chains:
            for build in chain.builds:
                version = go_version(build.base)
                site = build.site
                if version is None or build.toolchain is not None or not build.takes_part:
                    continue
                if site is not None and site.module is not None:
                    found.setdefault(site.module.module_path, []).append((version, build))
        for module, builds in found.items():
            newer = [one for one in builds if one[0] >= _CHANGED]
            older = {build.base_span: one for one, build in builds if one < _CHANGED}
            if not newer:
                continue
            (major, minor), other = newer[0]
            for span, version in older.items():
                yield self.diagnostic(
                    span,
                    f"Go {version[0]}.{version[1]} here and Go {major}.{minor} elsewhere place "
                    f"the blocks of {module} differently: in {directory.path}, packages that both "
                    "share are counted twice",
                    related=(Related(other.base_span, f"Go {major}.{minor}"),),
                    fix=Fix("Build all images with the same Go", Applicability.DISPLAY),
                )

    VALID = (
        Valid(
            {
                **_FILES,
                "till.Dockerfile": _dockerfile("golang:1.25", "till"),
                "desk.Dockerfile": _dockerfile("golang:1.26", "desk"),
            },
            "both place blocks alike",
        ),
        Valid(
            {
                **_FILES,
                "till.Dockerfile": _dockerfile("golang:1.26", "till"),
                "desk.Dockerfile": _dockerfile("golang:latest", "desk"),
            },
            "a version that is not seen",
        ),
    )
    INVALID = (
        Invalid(
            {
                **_FILES,
                "till.Dockerfile": _dockerfile("«golang:1.26-alpine»", "till"),
                "desk.Dockerfile": _dockerfile("golang:1.27", "desk"),
            },
            message="Go 1.26 here and Go 1.27 elsewhere",
        ),
    )
