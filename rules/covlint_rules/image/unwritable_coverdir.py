from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.dockerfile.coverdir_fix import owned_directory
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain, runs_as_root, seen_mounted


class UnwritableCoverdir(Rule[Chain]):
    """The image's user cannot write to its GOCOVERDIR.

    Why: a directory that `RUN mkdir` or `COPY` makes belongs to root, mode 0755. Another user
    gets `permission denied` for every file; Go says so on stderr only, and the exit code
    stays 0.

    Instead: give the directory to the user: `COPY --chown`, `RUN mkdir … && chown …` before
    USER, or `install -d -o`.

    Left out: directories at which a volume is mounted (COV304), containers whose manifest
    sets another user, bases whose user or directories are not known, and root, who writes
    everywhere.
    """

    code = "COV201"
    name = "unwritable-coverdir"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.PERMISSION_DENIED
    source = "facts, part A: permission denied, nothing written (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        image, coverdir = chain.image, chain.coverdir
        if image is None or coverdir is None or runs_as_root(chain) is not False:
            return
        if seen_mounted(chain) or not image.has_directory(coverdir.text):
            return
        if chain.container is not None and chain.container.identity.user is not None:
            return
        if image.writable(coverdir.text) is not False:
            return
        related = [Related(image.user.span, "the user")] if image.user.span is not None else []
        yield self.diagnostic(
            coverdir.span,
            f"user {image.user.name} cannot write to {coverdir.text}, which belongs to root: "
            "Go reports permission denied and no data is written",
            related=tuple(related),
            fix=owned_directory(image, coverdir.text),
        )

    VALID = (
        Valid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "FROM debian:bookworm-slim\nCOPY --from=b /till /till\n"
            "RUN mkdir /coverdata && chown 1001 /coverdata\n"
            'ENV GOCOVERDIR=/coverdata\nUSER 1001\nENTRYPOINT ["/till"]\n'
        ),
        Valid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "FROM debian:bookworm-slim\nCOPY --from=b /till /till\nRUN mkdir /coverdata\n"
            'ENV GOCOVERDIR=/coverdata\nENTRYPOINT ["/till"]\n',
            "root writes everywhere",
        ),
        Valid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "FROM debian:bookworm-slim\nCOPY --from=b /till /till\n"
            "RUN install -d -m 1777 /coverdata\n"
            'ENV GOCOVERDIR=/coverdata\nUSER 1001\nENTRYPOINT ["/till"]\n'
        ),
    )
    INVALID = (
        Invalid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "FROM debian:bookworm-slim\nCOPY --from=b /till /till\nRUN mkdir /coverdata\n"
            'ENV GOCOVERDIR=«/coverdata»\nUSER 1001\nENTRYPOINT ["/till"]\n',
            fixed="FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "FROM debian:bookworm-slim\nCOPY --from=b /till /till\nRUN mkdir /coverdata\n"
            "ENV GOCOVERDIR=/coverdata\n"
            "RUN mkdir -p /coverdata && chown 1001 /coverdata\n"
            'USER 1001\nENTRYPOINT ["/till"]\n',
            safe=True,
        ),
        Invalid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till . && mkdir /coverdata\n"
            "FROM gcr.io/distroless/static:nonroot\nCOPY --from=b /till /till\n"
            "COPY --from=b /coverdata /coverdata\n"
            'ENV GOCOVERDIR=«/coverdata»\nENTRYPOINT ["/till"]\n',
            fixed="FROM golang:1.24 AS b\nCOPY . .\n"
            "RUN go build -cover -o /till . && mkdir /coverdata\n"
            "FROM gcr.io/distroless/static:nonroot\nCOPY --from=b /till /till\n"
            "COPY --chown=65532:65532 --from=b /coverdata /coverdata\n"
            'ENV GOCOVERDIR=/coverdata\nENTRYPOINT ["/till"]\n',
        ),
    )
