from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity, Symptom
from covlint.facts.commands.collecting import Input
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span
from covlint.wiring import Collection


class RepeatedInputFlag(Rule[Collection]):
    """`go tool covdata` is given `-i` more than once, and reads only the last directory.

    Why: the flag is a plain string. Each `-i` replaces the one before it, and nothing is said
    about it.

    Instead: name all directories in one flag, with commas: `-i=a,b`.

    Left out: flags that name the same directory again.

    Fix: safe, where nothing stands between the flags.
    """

    code = "COV701"
    name = "repeated-input-flag"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_EXTRACTED
    source = "facts, part A: -i=a -i=b reads only the last (Go 1.21 to 1.27)"

    def check(self, collection: Collection) -> Iterator[Diagnostic]:
        for command in collection.covdata:
            inputs = command.inputs
            texts = {one.text for one in inputs}
            if len(inputs) < 2 or (len(texts) == 1 and None not in texts):
                continue
            lost = inputs[-2]
            shown = ", ".join(one.text or one.prefix + "…" for one in inputs[:-1])
            yield self.diagnostic(
                lost.value or command.span,
                f"go tool covdata reads only the last of {len(inputs)} -i flags: {shown} is "
                "left out, and its data is missing from the report",
                fix=self.joined(inputs),
            )

    def joined(self, inputs: Sequence[Input]) -> Fix | None:
        """``a -i=b`` becomes ``a,b``: what stands between the two values goes."""
        edits: list[Edit] = []
        for one, following in pairwise(inputs):
            here, there = one.value, following.value
            near = following.position - one.position <= 2
            if here is None or there is None or not near or there.start <= here.end:
                return Fix("Name all directories in one -i, with commas", Applicability.DISPLAY)
            edits.append(Edit(Span(here.path, here.end, there.start), b","))
        return Fix("Join the directories with commas", Applicability.SAFE, tuple(edits))

    VALID = (
        Valid({"cov.sh": "#!/bin/sh\ngo tool covdata percent -i=a,b\n"}),
        Valid({"cov.sh": "#!/bin/sh\ngo tool covdata merge -i=a -o=b\n"}),
    )
    INVALID = (
        Invalid(
            {"cov.sh": "#!/bin/sh\ngo tool covdata textfmt -i=«./a» -i=./b -o c.out\n"},
            fixed={"cov.sh": "#!/bin/sh\ngo tool covdata textfmt -i=./a,./b -o c.out\n"},
            message="./a is left out",
            safe=True,
        ),
        Invalid(
            {
                "Makefile": "report:\n\tgo tool covdata percent \\\n\t\t-i $(A) \\\n"
                "\t\t-i «$(B)» \\\n\t\t-i $(C)\n",
            },
            fixed={"Makefile": "report:\n\tgo tool covdata percent \\\n\t\t-i $(A),$(B),$(C)\n"},
        ),
        Invalid(
            {
                ".github/workflows/e2e.yml": "jobs:\n  e2e:\n    steps:\n"
                "      - run: go tool covdata percent -i=«covdata/a» -o x -i=covdata/b\n",
            },
        ),
    )
