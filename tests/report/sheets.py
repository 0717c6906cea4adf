"""Sheets for tests of formats: a real one, and one whose every word is hostile."""

from __future__ import annotations

from covlint.diagnostics import (
    Applicability,
    Crash,
    Diagnostic,
    Edit,
    Evidence,
    Fix,
    Related,
    Severity,
    Unread,
)
from covlint.engine import Inspection, Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.report import Finding, Sheet
from covlint.source import SourceFile, Span

#: The data is mounted where GOCOVERDIR is not, and the build is in order. The line of the
#: finding has characters of two and of four bytes before it.
FILES = {
    "Dockerfile": """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -cover -o /till ./cmd/till
FROM gcr.io/distroless/static
COPY --from=build /till /till
ENTRYPOINT ["/till"]
""",
    "deploy/e2e/till.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: till}
spec:
  template:
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: till
          image: till:e2e
          env: [{name: "é𐐀", value: x}, {name: GOCOVERDIR, value: /tmp/coverage}]
          volumeMounts: [{name: coverage, mountPath: /coverdata}]
      volumes:
        - name: coverage
          hostPath: {path: /coverdata, type: DirectoryOrCreate}
""",
}

HOSTILE = "a%0A::error::b,c:d=<&]]>\x00\x1b[31m\u202e\r\nnext ::set-output name=x::y \udcff\ufffe"


def inspected() -> Inspection:
    return inspect(MemoryFiles(FILES), Registry.builtin(), Options())


def real() -> Sheet:
    found = inspected()
    findings = tuple(Finding(item, found.project.source) for item in found.report.diagnostics)
    return Sheet(findings, found.services, files=len(FILES), traced=found.traced)


def hostile(path: str = HOSTILE, message: str = HOSTILE, prefix: str = "") -> Sheet:
    """A finding with everything, one of many lines, a file unread and a rule that crashed."""
    data = b"\xef\xbb\xbfone two\r\nthree\n"
    source = SourceFile(path, data)
    first, second = Span(path, 7, 10), Span(path, 3, len(data))
    fix = Fix(message, Applicability.UNSAFE, (Edit(first, message.encode("utf-8", "replace")),))
    findings = [
        Diagnostic(
            "COV101",
            "uninstrumented-build",
            severity,
            Evidence.REPRODUCED,
            span,
            message,
            related=(Related(second, message),),
            fix=fix,
        )
        for severity, span in zip(Severity, (first, second, first), strict=True)
    ]
    return Sheet(
        tuple(Finding(one, lambda _: source) for one in findings),
        unread=(Unread(path, message),),
        crashes=(Crash("COV102", path, message),),
        files=1,
        prefix=prefix,
    )
