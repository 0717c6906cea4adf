from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.diagnostics import Applicability, Diagnostic, Edit, Evidence, Fix, Severity, Symptom
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.facts.quoting import is_plain
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain

_LIST = re.compile(r"/[^:]*:/")


class StrayQuotes(Rule[Chain]):
    """The value of GOCOVERDIR holds quotes or spaces of its own, or a list.

    Why: Go takes the whole value for the name of one directory. Quotes that are part of it, a
    space at its end and a second path behind a colon all name a directory that does not
    exist, and Go never creates it.

    Instead: write the bare path of one directory.

    Left out: quotes that belong to the language of the file and not to the value, names at
    which a volume is mounted all the same, and values with a variable in them.

    Fix: safe, unless the value is shared with others (an anchor, a common environment). Which
    directory of a list is meant is your choice.
    """

    code = "COV207"
    name = "stray-quotes"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.MISSING_DIRECTORY
    source = "facts, part A: literal quotes, trailing space, a:b (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        coverdir, container = chain.coverdir, chain.container
        if coverdir is None or "$" in coverdir.text:
            return
        path = coverdir.text.strip(" \t\r\n\"'")
        if _LIST.match(path):
            fault, path = "a list: Go takes it for one directory", path.partition(":")[0]
        elif path == coverdir.text or not path:
            return
        elif path == coverdir.text.strip():
            fault = "a path with blanks at an end, which are part of its name"
        else:
            fault = "a path in quotes that are part of its name"
        if container is not None and container.mount_at(coverdir.text) is not None:
            return  # somebody does mean this name
        listed = fault.startswith("a list")
        yield self.diagnostic(
            coverdir.span,
            f"GOCOVERDIR is {coverdir.text!r}, {fault}; it does not exist, and no data is written",
            fix=Fix(f"Choose one directory, such as {path}", Applicability.DISPLAY)
            if listed
            else self.bare(chain, path),
        )

    def bare(self, chain: Chain, path: str) -> Fix | None:
        coverdir, container = chain.coverdir, chain.container
        title = f"Write the bare path {path}"
        if coverdir is None:
            return None
        plain = coverdir.span.end - coverdir.span.start == len(coverdir.text.encode())
        variable = container.variable("GOCOVERDIR") if container is not None else None
        shared = container is not None and container.shared
        shared = shared or (variable is not None and variable.shared)
        if container is not None and variable is not None and not plain:
            changed = container.replace_word(coverdir, path)
            return written_fix(title, [changed], safe=not shared)
        if not is_plain(path):  # it would need quotes, of which each language has its own
            return Fix.advice(title)
        applied = Applicability.UNSAFE if shared else Applicability.SAFE
        return Fix(title, applied, (Edit(coverdir.span, path.encode()),))

    VALID = (
        Valid('FROM golang:1.24\nRUN go build -cover .\nENV GOCOVERDIR="/tmp"\nCMD /till\n'),
        Valid("FROM golang:1.24\nRUN go build -cover .\nENV GOCOVERDIR='/tmp'\nCMD /till\n"),
        Valid(
            {
                "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                '      env:\n        - name: GOCOVERDIR\n          value: "/coverdata"\n',
            },
            "quotes of the language",
        ),
    )
    INVALID = (
        Invalid(
            "FROM golang:1.24\nRUN go build -cover .\nENV GOCOVERDIR=«'\"/tmp\"'»\nCMD /till\n",
            fixed="FROM golang:1.24\nRUN go build -cover .\nENV GOCOVERDIR=/tmp\nCMD /till\n",
            message="in quotes that are part of its name",
            safe=True,
        ),
        Invalid(
            {
                "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: «'\"/coverdata\"'»\n",
            },
            fixed={
                "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                "      env:\n        - name: GOCOVERDIR\n          value: '/coverdata'\n",
            },
            safe=True,
        ),
        Invalid(
            {
                "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                '      env:\n        - name: GOCOVERDIR\n          value: «"/coverdata "»\n',
            },
            fixed={
                "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n"
                '      env:\n        - name: GOCOVERDIR\n          value: "/coverdata"\n',
            },
            message="with blanks at an end",
        ),
        Invalid(
            "FROM golang:1.24\nRUN go build -cover .\nENV GOCOVERDIR=«/tmp:/coverdata»\nCMD /till\n",
            message="a list",
        ),
        Invalid(
            {
                "docker-compose.yml": "services:\n  till:\n    image: till\n    environment:\n"
                '      - GOCOVERDIR=«"/coverdata"»\n',
            },
            fixed={
                "docker-compose.yml": "services:\n  till:\n    image: till\n    environment:\n"
                "      - GOCOVERDIR=/coverdata\n",
            },
        ),
    )
