from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

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
from covlint.facts.quoting import is_plain
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span, Word
from covlint.wiring import Chain, TestRun

_TOLD = (
    "{} is a test binary: it ignores GOCOVERDIR and writes coverage data only where "
    "-test.gocoverdir says"
)
_MAIN = {
    "go.mod": "module example.com/till\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
}
_SCRIPT = "#!/bin/sh\ngo test -c -cover -o bin/till.test ./cmd/till\n"
_BUILD = (
    "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN go test -c -cover -o /till.test ./cmd/till\n"
)


def _collects(word: str) -> bool:
    """Whether an option of a test binary writes coverage data."""
    return "test.gocoverdir" in word or "test.coverprofile" in word


class TestBinary(Rule[Chain]):
    """What runs with GOCOVERDIR is a test binary, which ignores it.

    Why: a binary of `go test -c -cover` writes its counters to the directory that
    `-test.gocoverdir` names, and nowhere else. Without that option it prints `coverage: N% of
    statements` and leaves no file.

    Instead: pass `-test.gocoverdir`, or build the program itself with `go build -cover`.

    A script, a Makefile, a CI job and program code count as well: where one file builds the
    test binary of a main package and runs it with GOCOVERDIR, and where an image copies that
    binary.

    Left out: test binaries that are built without `-cover`, images that start another
    program, start-up scripts that are not seen, commands with an argument that is not seen
    or with `-test.coverprofile`, and files that build an instrumented program too, which
    GOCOVERDIR may be meant for.

    Fix: safe, since a test binary is no production program. Where the manifest or a shell
    line gives the command, it is left to you.
    """

    __test__ = False  # pytest takes a name that begins with Test for a test

    code = "COV114"
    name = "test-binary"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.NO_META
    source = "facts, part A: go test -c -cover needs -test.gocoverdir (Go 1.21 and 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        if chain.test_run is not None:
            yield from self.of_script(chain.test_run)
            return
        image, container, coverdir = chain.image, chain.container, chain.coverdir
        if image is None or coverdir is None or not image.test_binaries:
            return
        process, argv = image.process, image.process.argv if image.process is not None else ()
        own = container is not None and (container.command or container.process_opaque)
        if own and container is not None:
            argv = (*(container.command or ()), *(container.arguments or ()))
        elif container is not None and container.arguments:
            argv = (*argv[:1], *container.arguments)
        texts = [word.text for word in argv]
        if not own and process is not None and not argv:
            texts = [w.literal or "?" for command in process.commands for w in command.words]
        if any(_collects(text) for text in texts) or "?" in texts:
            return
        program = posixpath.basename(texts[0]) if texts else ""
        for binary in image.test_binaries:
            if program != binary.output:
                continue
            yield self.diagnostic(
                argv[0].span if argv else binary.span,
                _TOLD.format(program),
                related=(Related(binary.span, "built here"),),
                fix=self.told(argv, coverdir.text) if not own else None,
            )

    def of_script(self, found: TestRun) -> Iterator[Diagnostic]:
        """What a file runs that it has built before."""
        words = found.run.words
        if any(word is None or _collects(word) for word in words):
            return
        yield self.diagnostic(
            found.run.span,
            _TOLD.format(words[0]),
            related=(Related(found.build.span, "built here"),),
        )

    def told(self, argv: Sequence[Word], path: str) -> Fix | None:
        """The option behind the program in the JSON form: a test binary is for tests only."""
        if not argv or not is_plain(path):
            return None
        end = argv[0].span.end
        edit = Edit(Span(argv[0].span.path, end, end), f', "-test.gocoverdir={path}"'.encode())
        return Fix(f"Pass -test.gocoverdir={path}", Applicability.SAFE, (edit,))

    VALID = (
        Valid(_BUILD + 'ENV GOCOVERDIR=/tmp\nENTRYPOINT ["/till.test", "-test.gocoverdir=/tmp"]\n'),
        Valid(_BUILD + 'ENTRYPOINT ["/till.test"]\n', "nobody asks for data"),
        Valid(
            _BUILD + "RUN go build -cover -o /till ./cmd/till\nENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/till"]\n',
            "the program runs, not the test",
        ),
        Valid(
            _BUILD.replace(" -cover", "") + 'ENV GOCOVERDIR=/tmp\nENTRYPOINT ["/till.test"]\n',
            "a test binary without coverage",
        ),
        Valid(
            {**_MAIN, "e2e.sh": _SCRIPT + "GOCOVERDIR=cov bin/till.test -test.gocoverdir=cov\n"},
        ),
        Valid(
            {
                **_MAIN,
                "e2e.sh": _SCRIPT + "GOCOVERDIR=cov bin/till.test -test.coverprofile=c.out\n",
            },
        ),
        Valid(
            {**_MAIN, "e2e.sh": _SCRIPT + 'GOCOVERDIR=cov bin/till.test "$@"\n'},
            "the options are not seen",
        ),
        Valid({**_MAIN, "e2e.sh": _SCRIPT + "bin/till.test\n"}, "nobody asks for data"),
        Valid(
            {
                **_MAIN,
                "e2e/e2e_test.go": "package e2e\n",
                "e2e.sh": "#!/bin/sh\ngo test -c -cover -o e2e.test ./e2e\n"
                "GOCOVERDIR=cov ./e2e.test\n",
            },
            "a suite may start the program",
        ),
        Valid(
            {
                **_MAIN,
                "e2e.sh": _SCRIPT + "go build -cover -o bin/till ./cmd/till\n"
                "GOCOVERDIR=cov bin/till.test\n",
            },
            "GOCOVERDIR may be meant for the program",
        ),
        Valid(
            {
                **_MAIN,
                "Dockerfile": "FROM debian:12\nCOPY till.test /\nENV GOCOVERDIR=/tmp\n"
                'ENTRYPOINT ["/till.test"]\n',
                "Makefile": "e2e:\n\tgo test -c -o till.test ./cmd/till\n"
                "\tdocker build -t till:e2e .\n",
            },
            "a test binary without coverage",
        ),
    )
    INVALID = (
        Invalid({**_MAIN, "e2e.sh": _SCRIPT + "«GOCOVERDIR=cov bin/till.test -test.v» &\n"}),
        Invalid(
            {
                **_MAIN,
                "Dockerfile": "FROM debian:12\nCOPY bin/till.test /app/\n"
                'ENTRYPOINT [«"/app/till.test"»]\n',
                "Makefile": "e2e:\n\tgo test -c -cover -o bin/till.test ./cmd/till\n"
                "\tdocker build -t till:e2e .\n",
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till:e2e\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            fixed={
                "Dockerfile": "FROM debian:12\nCOPY bin/till.test /app/\n"
                'ENTRYPOINT ["/app/till.test", "-test.gocoverdir=/coverdata"]\n',
            },
            safe=True,
        ),
        Invalid(
            _BUILD + 'ENV GOCOVERDIR=/tmp\nENTRYPOINT [«"/till.test"», "-test.v"]\n',
            fixed=_BUILD + "ENV GOCOVERDIR=/tmp\n"
            'ENTRYPOINT ["/till.test", "-test.gocoverdir=/tmp", "-test.v"]\n',
            safe=True,
        ),
        Invalid(
            {
                "Dockerfile": "FROM golang:1.24 AS b\nCOPY . .\n"
                "RUN go test -c -coverpkg=./... -o till.test ./cmd/till\n"
                "FROM debian:12\nCOPY --from=b /go/till.test /app/\n"
                'ENTRYPOINT [«"/app/till.test"»]\n',
                "Makefile": "image:\n\tdocker build -t till:e2e .\n",
                "e2e/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till:e2e\n      env:\n"
                "        - name: GOCOVERDIR\n          value: /coverdata\n",
            },
            fixed="FROM golang:1.24 AS b\nCOPY . .\n"
            "RUN go test -c -coverpkg=./... -o till.test ./cmd/till\n"
            "FROM debian:12\nCOPY --from=b /go/till.test /app/\n"
            'ENTRYPOINT ["/app/till.test", "-test.gocoverdir=/coverdata"]\n',
            message="till.test is a test binary",
        ),
    )
