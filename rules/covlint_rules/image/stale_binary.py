from __future__ import annotations

from collections.abc import Iterator

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
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_STAGES = (
    "FROM golang:1.24 AS build\nCOPY . /src\nWORKDIR /src\nRUN go build -o /till ./cmd/till\n"
    "FROM golang:1.24 AS cover\nCOPY . /src\nWORKDIR /src\n"
    "RUN go build -cover -o /till ./cmd/till\n"
)


class StaleBinary(Rule[Chain]):
    """The image copies its binary from a stage that does not instrument it.

    Why: two stages build the same program, one of them with `-cover`, and the image that runs
    with GOCOVERDIR takes the other one: nothing is written and nothing is said.

    Instead: copy from the instrumented stage.

    Left out: Dockerfiles in which each of the two stages has an image of its own, and
    services that nothing gives GOCOVERDIR.

    Fix: safe where the Dockerfile itself sets GOCOVERDIR and no release is made from it;
    otherwise unsafe. Shown only where the stages put the binary at different paths.
    """

    code = "COV206"
    name = "stale-binary"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part A: a build without -cover writes no files (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        image, coverdir = chain.image, chain.coverdir
        if image is None or coverdir is None:
            return
        for copy in image.stale_copies:
            build = copy.instrumented
            stage = build.stage_name or str(build.stage)
            outputs = (build.output, copy.copied.output)
            moved = len({word.text if word is not None else None for word in outputs}) > 1
            own = image.coverdir is not None and not chain.feeds_production
            applied = Applicability.SAFE if own else Applicability.UNSAFE
            yield self.diagnostic(
                copy.stage,
                f"{chain.service} runs with GOCOVERDIR={coverdir.text}, but its binary comes from "
                f"a stage that builds it without -cover; stage {stage} is the instrumented one",
                related=(
                    Related(build.span, "the instrumented build, which nothing copies"),
                    Related(copy.copied.span, "the build that is copied"),
                ),
                fix=Fix(
                    f"Copy the binary from stage {stage}",
                    Applicability.DISPLAY if moved else applied,
                    (Edit(copy.stage, stage.encode()),),
                ),
            )

    VALID = (
        Valid(
            _STAGES + "FROM debian:12\nCOPY --from=cover /till /till\nENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/till"]\n'
        ),
        Valid(
            _STAGES + "FROM debian:12 AS plain\nCOPY --from=build /till /till\n"
            'ENTRYPOINT ["/till"]\nFROM debian:12\nCOPY --from=cover /till /till\n'
            'ENV GOCOVERDIR=/tmp\nENTRYPOINT ["/till"]\n',
            "an image for each",
        ),
        Valid(
            _STAGES + 'FROM debian:12\nCOPY --from=build /till /till\nENTRYPOINT ["/till"]\n',
            "nothing asks for coverage",
        ),
    )
    INVALID = (
        Invalid(
            _STAGES + "FROM debian:12\nCOPY --from=«build» /till /till\nENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/till"]\n',
            fixed=_STAGES + "FROM debian:12\nCOPY --from=cover /till /till\nENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/till"]\n',
            message="cover is the instrumented one",
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": _STAGES.replace("AS build", "").replace(" AS cover", "")
                + 'FROM debian:12\nCOPY --from=«0» /till /till\nENTRYPOINT ["/till"]\n',
                "Makefile": "image:\n\tdocker build -t till:e2e .\n",
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till:e2e\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            fixed=_STAGES.replace("AS build", "").replace(" AS cover", "")
            + 'FROM debian:12\nCOPY --from=1 /till /till\nENTRYPOINT ["/till"]\n',
            safe=False,
        ),
    )
