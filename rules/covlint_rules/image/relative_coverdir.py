from __future__ import annotations

import posixpath
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
from covlint.facts.kubernetes.coverage_volume import written_fix
from covlint.facts.quoting import is_plain
from covlint.rule import Invalid, Rule, Valid
from covlint.wiring import Certainty, Chain

_BUILD = "FROM golang:1.24 AS b\nWORKDIR /src\nCOPY . .\nRUN go build -cover -o /till .\n"
_GO = {
    "go.mod": "module example.com/till\n",
    "main.go": 'package main\n\nimport "os"\n\nfunc main() {\n\tos.Chdir("/var/lib/till")\n}\n',
}


class RelativeCoverdir(Rule[Chain]):
    """GOCOVERDIR is a relative path.

    Why: it counts from the directory in which the process starts, and is looked up again when
    it ends. WORKDIR, `workingDir`, a `cd` in the start-up script and a `chdir` of the program
    all move it, and Go never creates it: no data is written, or it lies where nobody looks.

    Instead: write the absolute path.

    Left out: a path that leads to a directory of the image or to a mount, in a program that
    does not change its directory, and values with a variable in them. Where the directory
    cannot be told it is a warning.

    Fix: safe, as it names the same directory; unsafe where the manifest's value is shared
    with others.
    """

    code = "COV205"
    name = "relative-coverdir"
    severity = Severity.ERROR
    evidence = Evidence.REPRODUCED
    since = "0.1.0"
    symptom = Symptom.MISSING_DIRECTORY
    source = "facts, part A: a relative GOCOVERDIR with chdir; Go never creates the directory"

    def check(self, chain: Chain) -> Iterator[Diagnostic]:
        coverdir, image = chain.coverdir, chain.image
        if coverdir is None or coverdir.text[:1] in {"", "/", "$", '"', "'", "~", "\\"}:
            return
        if "$" in coverdir.text or not chain.takes_part:
            return
        start = self.start(chain)
        path = posixpath.normpath(posixpath.join(start, coverdir.text)) if start else None
        container = chain.container
        mounted = path is not None and container is not None and container.mount_at(path)
        there = image.has_directory(path) if image is not None and path is not None else None
        opaque = container is not None and container.mounts_opaque
        change = chain.main.changes_directory if chain.main is not None else None
        if change is None and (mounted or there):
            return  # it is where the process looks for it
        lost = path is not None and there is False and not mounted and not opaque and not change
        if change is not None:
            why = "the program changes its directory, and looks for it there when it ends"
        elif lost:
            why = f"from {start} it is {path}, which nothing creates: no data is written"
        else:
            why = "the working directory decides where that is"
        yield self.diagnostic(
            coverdir.span,
            f"GOCOVERDIR={coverdir.text} is a relative path: {why}",
            related=(Related(change, "changed here"),) if change is not None else (),
            fix=self.absolute(chain, path)
            if path is not None
            else Fix.advice("Write an absolute path"),
            severity=None if lost else Severity.WARNING,
        )

    def start(self, chain: Chain) -> str | None:
        """The directory in which the process starts."""
        container, image = chain.container, chain.image
        if container is not None:
            key = "working_dir" if container.pod.is_compose else "workingDir"
            own = container.node.scalar(key)
            if own is not None:
                return own.text if own.text.startswith("/") and "$" not in own.text else None
        if image is None or chain.image_certainty is Certainty.UNKNOWN:
            return None
        return image.workdir

    def absolute(self, chain: Chain, path: str) -> Fix | None:
        """The same directory at the start of the process: nothing else changes."""
        coverdir, container = chain.coverdir, chain.container
        title = f"Write the absolute path {path}"
        if coverdir is None:
            return None
        variable = container.variable("GOCOVERDIR") if container is not None else None
        if container is not None and variable is not None:
            changed = container.replace_word(coverdir, path)
            return written_fix(title, [changed], safe=not container.shared and not variable.shared)
        if not is_plain(path):  # it would need quotes, of which each language has its own
            return Fix.advice(title)
        return Fix(title, Applicability.SAFE, (Edit(coverdir.span, path.encode()),))

    VALID = (
        Valid(_BUILD + "WORKDIR /app\nRUN mkdir /app/cov\nENV GOCOVERDIR=/app/cov\nCMD /till\n"),
        Valid(
            _BUILD + "FROM debian:12\nCOPY --from=b /till /till\nWORKDIR /app\nRUN mkdir /app/cov\n"
            'ENV GOCOVERDIR=cov\nCMD ["/till"]\n',
            "it is there, and the program stays",
        ),
        Valid(
            {
                "Dockerfile": _BUILD + 'CMD ["/till"]\n',
                "Makefile": "image:\n\tdocker build -t till .\n",
                "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
                "    - name: till\n      image: till\n      workingDir: /data\n"
                "      env:\n        - name: GOCOVERDIR\n          value: cov\n"
                "      volumeMounts:\n        - name: cov\n          mountPath: /data/cov\n"
                "  volumes:\n    - name: cov\n      emptyDir: {}\n",
            },
            "a volume is mounted there",
        ),
    )
    INVALID = (
        Invalid(
            _BUILD + "FROM debian:12\nCOPY --from=b /till /till\nWORKDIR /app\n"
            'ENV GOCOVERDIR=«coverdata»\nCMD ["/till"]\n',
            fixed=_BUILD + "FROM debian:12\nCOPY --from=b /till /till\nWORKDIR /app\n"
            'ENV GOCOVERDIR=/app/coverdata\nCMD ["/till"]\n',
            message="from /app it is /app/coverdata, which nothing creates",
            safe=True,
        ),
        Invalid(
            _BUILD + "FROM company/base\nCOPY --from=b /till /till\n"
            'ENV GOCOVERDIR=«./cov»\nCMD ["/till"]\n',
            message="the working directory decides",
            severity=Severity.WARNING,
        ),
        Invalid(
            {
                **_GO,
                "Dockerfile": _BUILD + "FROM debian:12\nCOPY --from=b /till /till\nWORKDIR /app\n"
                'RUN mkdir cov\nENV GOCOVERDIR=«"cov"»\nCMD ["/till"]\n',
            },
            fixed=_BUILD + "FROM debian:12\nCOPY --from=b /till /till\nWORKDIR /app\n"
            'RUN mkdir cov\nENV GOCOVERDIR=/app/cov\nCMD ["/till"]\n',
            message="the program changes its directory",
            severity=Severity.WARNING,
        ),
    )
