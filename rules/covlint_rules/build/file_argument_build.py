from __future__ import annotations

import posixpath
from collections.abc import Iterator

from covlint.diagnostics import (
    Applicability,
    Diagnostic,
    Edit,
    Evidence,
    Fix,
    Severity,
    Symptom,
)
from covlint.facts.dockerfile.build import NO_STAGE, GoBuild, names_files
from covlint.facts.quoting import is_plain
from covlint.rule import Invalid, Rule, Valid
from covlint.source import Span

_ONE_FILE = {
    "go.mod": "module example.com/till\n",
    "cmd/till/main.go": "package main\n\nfunc main() {}\n",
}
#: Names of programs that a build constraint keeps out of the package beside them, as a rule.
_GENERATORS = {"gen.go", "generate.go"}


class FileArgumentBuild(Rule[GoBuild]):
    """`go build` is given a file instead of a package.

    Why: Go then calls the package `command-line-arguments` and records the absolute path that
    the file had where it was built. `go tool cover -func` and `-html` look for that path and
    fail outside the image (`cover: open /src/…: no such file or directory`); two services
    that are built so share the one name.

    Instead: build the package: `./cmd/till` instead of `./cmd/till/main.go`.

    Left out: `go run`, and the production branch of a conditional build. In a build that
    takes no part in coverage it is a notice, and so it is outside of images: the path exists
    where the profile is read on the same machine.

    Fix: safe where the files named are all that the package has. Otherwise unsafe, since
    further files would join the binary; a choice among several files is left to you, and so is
    a file that a build constraint (`//go:build ignore`) keeps out of the package.
    """

    code = "COV110"
    name = "file-argument-build"
    severity = Severity.WARNING
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.WRONG_NAMES
    source = "facts, part B2: measured on Go 1.21 to 1.27"

    def check(self, build: GoBuild) -> Iterator[Diagnostic]:
        words = build.packages
        names = [word.literal for word in words]
        if build.in_production_branch or not names or not all(map(names_files, names)):
            return
        folder = posixpath.dirname(names[0] or "")
        span = Span(build.span.path, words[0].span.start, words[-1].span.end)
        package = "." if folder in {"", "."} else folder
        if not package.startswith((".", "/")):
            package = f"./{package}"
        files = build.site.package_files if build.site is not None else ()
        listed = {posixpath.basename(name or "") for name in names}
        # other files of the package would join the build, in production too
        every = {posixpath.basename(path) for path in files}
        complete = bool(files) and (listed <= {"*", "*.go"} or every == listed)
        # a choice of files may hold some that are copied or downloaded beside the package
        chosen = len(names) > 1 and not complete
        # no part of the package: left out by a build constraint, or copied there
        stranger = any("*" not in name and name not in every for name in listed)
        stranger = stranger if every else not listed.isdisjoint(_GENERATORS)
        in_image = build.stage != NO_STAGE
        harm = "function and HTML reports break"
        if not in_image:
            harm = "its profiles name the path of this checkout: reports break in another"
        yield self.diagnostic(
            span,
            f"{names[0]} is built as a file, not as the package {package}: coverage calls it "
            f"command-line-arguments, and {harm}",
            severity=None if build.takes_part and in_image else Severity.NOTICE,
            fix=Fix("Build the package that these files make", Applicability.DISPLAY)
            if chosen or stranger or not is_plain(package)
            else Fix(
                f"Build {package}",
                Applicability.SAFE if complete and build.takes_part else Applicability.UNSAFE,
                (Edit(span, package.encode()),),
            ),
        )

    VALID = (
        Valid("FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till ./cmd/till\n"),
        Valid("FROM golang:1.24\nCOPY . .\nRUN go run main.go\n"),
    )
    INVALID = (
        Invalid(
            {
                "go.mod": "module example.com/till\n",
                "testdata/push/main.go": "package main\n\nfunc main() {}\n",
                "Makefile": "FLAGS := -cover\ne2e:\n"
                "\tgo build $(FLAGS) -o bin/push «./testdata/push/main.go»\n",
            },
            severity=Severity.NOTICE,
            message="its profiles name the path of this checkout",
            fixed={
                "Makefile": "FLAGS := -cover\ne2e:\n"
                "\tgo build $(FLAGS) -o bin/push ./testdata/push\n",
            },
            safe=False,
        ),
        Invalid(
            {
                **_ONE_FILE,
                "till.go": "package till\n",
                "generate.go": "//go:build ignore\n\npackage main\n\nfunc main() {}\n",
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -cover -o /generate «./generate.go»\n",
            },
        ),
        Invalid(
            {
                **_ONE_FILE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -cover -o /till «./cmd/till/main.go»\n",
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
            "RUN go build -cover -o /till ./cmd/till\n",
            safe=True,
            example=True,
        ),
        Invalid(
            {
                **_ONE_FILE,
                "cmd/till/more.go": "package main\n",
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -cover -o /till «cmd/till/main.go»\n",
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
            "RUN go build -cover -o /till ./cmd/till\n",
            safe=False,
        ),
        Invalid(
            {
                **_ONE_FILE,
                "Dockerfile": "FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
                "RUN go build -cover -o /till «cmd/till/*»\n",
            },
            fixed="FROM golang:1.24\nWORKDIR /src\nCOPY . .\n"
            "RUN go build -cover -o /till ./cmd/till\n",
            safe=True,
        ),
        Invalid(
            "FROM golang:1.24\nCOPY main.go ./\nRUN wget https://example.com/server.go\n"
            "RUN go build -cover -o /till «main.go server.go»\n",
        ),
        Invalid(
            "FROM golang:1.24\nCOPY . .\nRUN go build -o /till «main.go»\n",
            fixed="FROM golang:1.24\nCOPY . .\nRUN go build -o /till .\n",
            severity=Severity.NOTICE,
            safe=False,
        ),
    )
