from __future__ import annotations

from collections.abc import Iterator

from covlint.chain import Certainty
from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Edit,
    Evidence,
    Fix,
    Related,
    Severity,
    Symptom,
)
from covlint.facts.dockerfile.build import (
    GoBuild,
    Instrumentation,
    is_coverage_name,
    mentions_cover,
)
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Chain

#: Builds that nothing else may have instrumented.
_PLAIN = frozenset({Instrumentation.NO, Instrumentation.CONDITIONAL})
_OFF = frozenset({"", "0", "false", "no", "off"})
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n    - name: till\n      image: till:e2e\n"
    "      env:\n        - name: GOCOVERDIR\n          value: /coverdata\n"
)


class UnusedBuildArg(Rule[Chain]):
    """The build argument that should turn coverage on, and the Dockerfile, do not meet.

    Why: `--build-arg NAME=VALUE` has no effect in a Dockerfile without `ARG NAME`: the
    builder warns at best, and the image is not instrumented. It is the same when the
    Dockerfile waits for an argument that no build command passes.

    Instead: declare the ARG in the stage that builds, and use it in the build line; or pass
    the argument that the Dockerfile declares.

    Left out: builds that are instrumented anyway, build lines and arguments that are not seen
    (`RUN make`, `$(BUILD_ARGS)`), and an ARG that is declared at the wrong place (COV103). An
    argument that is never passed is a warning: somebody may pass it by hand.

    Fix: declaring an empty `ARG GOFLAGS` is safe. Any other name has to be used in the build
    line as well, and which argument to pass is your choice.
    """

    code = "COV117"
    name = "unused-build-arg"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, parts A and G: a build without the flag writes nothing; ARG is what passes it"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        states = {build.instrumentation for build in chain.builds}
        if not chain.takes_part or not states or not states <= _PLAIN:
            return
        undeclared = False
        for command in chain.image_builds:
            for argument in command.arguments:
                value, build = argument.value, chain.builds[0]
                on = mentions_cover(value) or (
                    is_coverage_name(argument.name) and (value or "").lower() not in _OFF
                )
                if not on or any(self.knows(one, argument.name) for one in chain.builds):
                    continue
                undeclared = True
                yield self.diagnostic(
                    argument.span,
                    f"{build.span.path} declares no ARG {argument.name}: this build argument has "
                    "no effect, and the image is not instrumented",
                    related=(Related(build.span, "the build that needs it"),),
                    fix=self.declared(build, argument.name),
                )
        if not undeclared and chain.coverdir is not None and chain.container is not None:
            yield from self.never_passed(chain)

    def never_passed(self, chain: Chain) -> Iterator[Diagnostic]:
        """Conditional builds that every command for this image leaves plain."""
        commands = chain.image_builds
        conditional = [b for b in chain.builds if b.instrumentation is Instrumentation.CONDITIONAL]
        if chain.image_certainty is not Certainty.EXACT or not commands or not conditional:
            return
        build = conditional[0]
        name, default = build.variable, build.switch_default or ""
        on_by_default = is_coverage_name(name or "") and default.lower() not in _OFF
        if name is None or mentions_cover(default) or on_by_default:
            return
        if not self.knows(build, name):
            return  # a variable of the script, which some other argument may set
        # an argument that is passed, or may be, decides
        for command in commands:
            if command.opaque or command.builder != "docker":
                return
            if any(a.name == name for a in command.arguments):
                return
        value = "-cover" if name == "GOFLAGS" or "FLAG" in name.upper() else "…"
        coverdir = chain.coverdir
        yield self.diagnostic(
            commands[0].span,
            f"{chain.service} runs with GOCOVERDIR, but this builds its image without "
            f"--build-arg {name}={value}: the image is not instrumented",
            related=(
                Related(build.span, f"instrumented when {name} says so"),
                *([Related(coverdir.span, "GOCOVERDIR is set here")] if coverdir else ()),
            ),
            fix=Fix(f"Pass --build-arg {name}={value}", Applicability.DISPLAY),
            severity=Severity.WARNING,
        )

    def knows(self, build: GoBuild, name: str) -> bool:
        """Whether the Dockerfile declares the name somewhere; elsewhere it is COV103."""
        return name in build.declared or any(a.name.text == name for a in build.elsewhere)

    def declared(self, build: GoBuild, name: str) -> Fix:
        """An empty GOFLAGS changes nothing; any other ARG the build has to make use of."""
        if name != "GOFLAGS":
            return Fix(f"Declare ARG {name} in the build stage, and use it", Applicability.DISPLAY)
        line = Span(build.span.path, build.instruction_start, build.instruction_start)
        edit = Edit(line, b"ARG GOFLAGS" + build.newline)
        return Fix("Declare ARG GOFLAGS before the build", Applicability.SAFE, (edit,))

    VALID = (
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nARG ENABLE_COVERAGE=false\nCOPY . .\n"
                'RUN if [ "$ENABLE_COVERAGE" = "true" ]; then F="-cover"; else F=""; fi; '
                "go build $F -o /till .\n",
                "k.yaml": _POD,
                "Makefile": "image:\n\tdocker build --build-arg ENABLE_COVERAGE=true -t till:e2e .\n",
            },
            "a variable of the script that another argument sets",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n",
                "Makefile": "image:\n\tdocker build --build-arg GOFLAGS=-cover -t till:e2e .\n",
            }
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till .\n",
                "Makefile": "image:\n\tdocker build --build-arg GOFLAGS=-cover -t till:e2e .\n",
            },
            "instrumented anyway",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . .\nRUN make build\n",
                "Makefile": "image:\n\tdocker build --build-arg GOFLAGS=-cover -t till:e2e .\n",
            },
            "what builds is not seen",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n",
                "Makefile": "image:\n\tdocker build $(BUILD_ARGS) -t till:e2e .\n",
                "e2e/pod.yaml": _POD,
            },
            "an argument may hide in a variable",
        ),
        Valid(
            {
                "Dockerfile": "ARG GOFLAGS\nFROM golang:1.24\nCOPY . .\nRUN go build -o /till .\n",
                "Makefile": "image:\n\tdocker build --build-arg GOFLAGS=-cover -t till:e2e .\n",
            },
            "declared elsewhere: COV103",
        ),
    )
    INVALID = (
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nCOPY . .\nRUN go build -o /till .\n",
                "Makefile": "image:\n\tdocker build --build-arg «GOFLAGS=-cover» -t till:e2e .\n",
            },
            fixed="FROM golang:1.24\nCOPY . .\nARG GOFLAGS\nRUN go build -o /till .\n",
            message="Dockerfile declares no ARG GOFLAGS",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n",
                "Makefile": "image:\n\tdocker build --build-arg «COVERAGE=true» -t till:e2e .\n",
                "e2e/pod.yaml": _POD,
            },
            message="no ARG COVERAGE",
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n",
                "Makefile": "image:\n\t«docker build -t till:e2e .»\n",
                "e2e/pod.yaml": _POD,
            },
            message="without --build-arg GOFLAGS=-cover",
            severity=Severity.WARNING,
        ),
    )
