from __future__ import annotations

from collections.abc import Iterator

from covlint.diagnostics import Diagnostic, Evidence, Related, Severity, Symptom
from covlint.facts.dockerfile.coverdir_fix import owned_directory
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Chain, seen_mounted


class MissingCoverdir(Rule[Chain]):
    """GOCOVERDIR names a directory that the image does not have.

    Why: Go never creates GOCOVERDIR. Every file fails with `no such file or directory`, on
    stderr only, and the exit code stays 0.

    Instead: create the directory in the image, owned by its user, or mount a volume there.

    Left out: paths that the base image may have, paths at which a volume is mounted, by the
    manifest or by `docker run`, and mounts that are not seen.
    """

    code = "COV202"
    name = "missing-coverdir"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.MISSING_DIRECTORY
    source = "facts, part A: Go never creates the directory (Go 1.21 to 1.27)"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        image, coverdir = chain.image, chain.coverdir
        if image is None or coverdir is None or not coverdir.text.startswith("/"):
            return
        if seen_mounted(chain) or image.has_directory(coverdir.text) is not False:
            return
        yield self.diagnostic(
            coverdir.span,
            f"nothing creates {coverdir.text} in the image and nothing mounts it: Go does not "
            "create GOCOVERDIR, so no data is written",
            related=(Related(image.origin, "the image that runs"),),
            fix=owned_directory(image, coverdir.text),
        )

    VALID = (
        Valid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till . && mkdir /coverdata\n"
            "FROM scratch\nCOPY --from=b /till /till\nCOPY --from=b /coverdata /coverdata\n"
            'ENV GOCOVERDIR=/coverdata\nENTRYPOINT ["/till"]\n'
        ),
        Valid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "FROM company/base\nCOPY --from=b /till /till\nENV GOCOVERDIR=/coverdata\n",
            "the base image may have it",
        ),
        Valid(
            {
                "Dockerfile": "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
                "FROM scratch\nCOPY --from=b /till /till\nENV GOCOVERDIR=/coverdata\n",
                "run.sh": "#!/bin/sh\ndocker run -v $PWD/coverdata:/coverdata till\n",
            },
            "docker run mounts it",
        ),
    )
    INVALID = (
        Invalid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "FROM scratch\nCOPY --from=b /till /till\nENV GOCOVERDIR=«/coverdata»\n"
            'USER 65532\nENTRYPOINT ["/till"]\n',
            fixed="FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            "RUN mkdir -p /coverdata\n"
            "FROM scratch\nCOPY --from=b /till /till\nENV GOCOVERDIR=/coverdata\n"
            "COPY --from=b --chown=65532:65532 /coverdata /coverdata\n"
            'USER 65532\nENTRYPOINT ["/till"]\n',
            safe=True,
        ),
        Invalid(
            "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            'FROM alpine:3.20\nCOPY --from=b /till /till\nENV GOCOVERDIR=«"/coverdata"»\n'
            'CMD ["/till"]\n',
            fixed="FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
            'FROM alpine:3.20\nCOPY --from=b /till /till\nENV GOCOVERDIR="/coverdata"\n'
            'RUN mkdir -p /coverdata\nCMD ["/till"]\n',
        ),
    )
