from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity, Symptom
from covlint.facts.dockerfile.build import NO_STAGE, GoBuild, GoFlagsSource, mentions_cover
from covlint.facts.dockerfile.flags import VALUED, split_goflags
from covlint.rule import Invalid, Rule, Valid


class MalformedGoflags(Rule[GoBuild]):
    """Go rejects this value of GOFLAGS, or reads it otherwise than it looks.

    Why: Go splits GOFLAGS at white space, and each word has to be one whole flag, with its
    value behind an `=`. `-coverpkg ./...`, `cover` or `-cover,-trimpath` end the build with
    an error; quotes count only when they stand around a whole word.

    Instead: write `-flag=value`, separate flags with spaces, and quote a whole word where its
    value has spaces: `'-ldflags=-s -w'`.

    Left out: values that are not seen in full, and GOFLAGS of builds in which nothing speaks
    of coverage.

    Fix: safe, since a build with the value as it stands fails. Values whose quotes would have
    to be nested are left to you.
    """

    code = "COV106"
    name = "malformed-goflags"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NOT_INSTRUMENTED
    source = "facts, part F: measured on Go 1.21 to 1.27"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        if build.in_production_branch:
            return
        for source in build.goflags:
            word = source.word
            if word is None or not word.parts:
                continue
            value = word.shape
            if build.stage != NO_STAGE:  # BuildKit joins lines before the shell sees its quotes
                value = value.replace("\\\n", "")
            if not (build.takes_part or mentions_cover(value) or value == "cover"):
                continue
            fault = self.fault(value)
            if fault is None:
                continue
            message, repaired = fault
            yield self.diagnostic(word.span, message, fix=self.rewritten(source, repaired, build))

    def rewritten(self, source: GoFlagsSource, repaired: str, build: GoBuild) -> Fix | None:
        """The value as it should be; a bare word that gets a space gets quotes, too."""
        word = source.word
        if word is None:
            return None
        value = word.shape
        span = word.span_of(0, len(value))
        if span is None or "\0" in value or "\\\n" in value or not word.stands(0, len(value)):
            return None
        if not build.holds(repaired):
            return None
        quotes = "'" in repaired or " " in repaired
        if quotes and not all(part.quoted for part in word.parts):
            # inside the string of another language, quotes may end it
            nested = span.path.endswith((".yaml", ".yml")) or not build.holds('"')
            if nested or span != word.span or re.search(r'["$`\\]', repaired):
                return None
            repaired = f'"{repaired}"'
        return Fix(
            f"Write GOFLAGS as {repaired}", Applicability.SAFE, (Edit(span, repaired.encode()),)
        )

    def fault(self, value: str) -> tuple[str, str] | None:
        """What is wrong with a value, and the value as it should be."""
        fields = list(split_goflags(value))
        texts = [field.text for field in fields]
        for index, field in enumerate(fields):
            text = field.text
            quoted = field.end - field.start != len(text)
            if quoted and re.search(r"\s-", text) and not re.match(r"-\w+=", text):
                return (
                    f"the quotes make {text!r} one flag, which Go does not know, and the build "
                    "fails: leave them out",
                    value[: field.start] + text + value[field.end :],
                )
            if re.match(r"-\w+=['\"]", text) and field.start + len(text) == field.end:
                name, _, rest = value[field.start :].partition("=")
                closing = rest.find(rest[0], 1)
                if closing > 0 and " " in rest[:closing]:
                    whole = f"'{name}={rest[1:closing]}'"
                    return (
                        "quotes inside a GOFLAGS word do not hold it together, and the build "
                        f"fails: quote the whole word, {whole}",
                        value[: field.start] + whole + rest[closing + 1 :],
                    )
            if not text.startswith("-") and "\0" not in text:
                previous = texts[index - 1] if index else ""
                if previous.lstrip("-") in VALUED:
                    start = fields[index - 1].end
                    return (
                        f"in GOFLAGS a value stands behind an '=', not behind a space: Go rejects "
                        f"{text!r} as a non-flag, and the build fails",
                        value[:start] + "=" + value[field.start :],
                    )
                return (
                    f"Go rejects {text!r} in GOFLAGS (a flag starts with '-') and the build fails",
                    value[: field.start] + "-" + value[field.start :],
                )
            if re.search(r",-", text) and not re.match(r"-(ldflags|gcflags|asmflags|tags)", text):
                return (
                    f"flags in GOFLAGS are separated by spaces: Go does not know {text!r}, and the "
                    "build fails",
                    value[: field.start] + text.replace(",-", " -") + value[field.end :],
                )
        return None

    VALID = (
        Valid('FROM golang:1.24\nENV GOFLAGS="-cover -coverpkg=./..."\nCOPY . .\nRUN go build .\n'),
        Valid(
            "FROM golang:1.24\nENV GOFLAGS=\"-cover '-ldflags=-s -w'\"\nCOPY . .\nRUN go build .\n"
        ),
        Valid(
            "FROM golang:1.24\nENV GOFLAGS=mod=vendor\nCOPY . .\nRUN go build .\n", "no coverage"
        ),
        Valid(
            "FROM golang:1.24\nCOPY . .\nRUN GOFLAGS='-cover \\\n  -race' go build -o /till .\n",
            "BuildKit joins the lines",
        ),
    )
    INVALID = (
        Invalid(
            'FROM golang:1.24\nENV GOFLAGS=«"-cover -coverpkg ./..."»\nCOPY . .\nRUN go build .\n',
            fixed='FROM golang:1.24\nENV GOFLAGS="-cover -coverpkg=./..."\nCOPY . .\n'
            "RUN go build .\n",
            message="behind an '='",
        ),
        Invalid(
            "FROM golang:1.24\nENV GOFLAGS=«cover»\nCOPY . .\nRUN go build .\n",
            fixed="FROM golang:1.24\nENV GOFLAGS=-cover\nCOPY . .\nRUN go build .\n",
            message="starts with '-'",
        ),
        Invalid(
            'FROM golang:1.24\nENV GOFLAGS=«"-cover,-trimpath"»\nCOPY . .\nRUN go build .\n',
            fixed='FROM golang:1.24\nENV GOFLAGS="-cover -trimpath"\nCOPY . .\nRUN go build .\n',
            message="separated by spaces",
        ),
        Invalid(
            "FROM golang:1.24\nENV GOFLAGS=«\"-cover -ldflags='-s -w'\"»\nCOPY . .\nRUN go build .\n",
            fixed="FROM golang:1.24\nENV GOFLAGS=\"-cover '-ldflags=-s -w'\"\nCOPY . .\n"
            "RUN go build .\n",
            message="quote the whole word",
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN GOFLAGS=«'\"-cover \\\n  -race\"'» go build .\n",
            message="the quotes make",
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN GOFLAGS=«'\"-cover -trimpath\"'» go build .\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN GOFLAGS='-cover -trimpath' go build .\n",
            message="the quotes make",
        ),
        Invalid(
            "FROM golang:1.24\nENV GOFLAGS=«-cover,-trimpath»\nCOPY . .\nRUN go build .\n",
            fixed='FROM golang:1.24\nENV GOFLAGS="-cover -trimpath"\nCOPY . .\nRUN go build .\n',
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24\nARG GOFLAGS\nCOPY . .\nRUN go build -o /till .\n",
                "Makefile": "image:\n\tdocker build --build-arg GOFLAGS=«-cover,-trimpath» .\n",
                "hack/image.sh": 'F="-cover -coverpkg ./..."\n'
                'docker build --build-arg GOFLAGS="«$F»" .\n',
                "compose.yaml": "services:\n  till:\n    build:\n      context: .\n      args:\n"
                "        GOFLAGS: «'-cover -coverpkg ./...'»\n",
            },
            fixed={
                "Makefile": 'image:\n\tdocker build --build-arg GOFLAGS="-cover -trimpath" .\n',
                "compose.yaml": "services:\n  till:\n    build:\n      context: .\n      args:\n"
                "        GOFLAGS: '-cover -coverpkg=./...'\n",
            },
        ),
    )
