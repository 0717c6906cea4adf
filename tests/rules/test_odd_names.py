"""Directories whose names mean something to a shell or to BuildKit are written in quotes, or not."""

from __future__ import annotations

import pytest

from covlint.engine import Options
from covlint.files import MemoryFiles
from covlint.registry import Registry
from fixes.properties import checked

BUILT = "FROM golang:1.24 AS b\nCOPY . .\nRUN go build -cover -o /till .\n"
DEBIAN = BUILT + "FROM debian:12\nCOPY --from=b /till /till\n"
SCRATCH = BUILT + "FROM scratch\nCOPY --from=b /till /till\n"
TESTED = "FROM golang:1.24\nCOPY . .\nRUN go test -c -cover -o /app/till.test .\n"
CMD = 'CMD ["/till"]\n'


@pytest.mark.parametrize(
    ("text", "new"),
    [
        # COV202 and COV201
        (DEBIAN + 'ENV GOCOVERDIR="/c d"\n' + CMD, b"RUN mkdir -p '/c d'\n"),
        (DEBIAN + 'ENV GOCOVERDIR="/c&d"\n' + CMD, b"RUN mkdir -p '/c&d'\n"),
        (DEBIAN + 'ENV GOCOVERDIR="/c\'d"\nUSER 1001\n' + CMD, b"""&& chown 1001 '/c'"'"'d'\n"""),
        ("# escape=`\n" + DEBIAN + 'ENV GOCOVERDIR="/c d"\n' + CMD, b"mkdir -p '/c d'\n"),
        (DEBIAN + 'ENV GOCOVERDIR=/c\nUSER "my user"\n' + CMD, None),
        (SCRATCH + 'ENV GOCOVERDIR="/c d"\nUSER 1001\n' + CMD, None),
        (SCRATCH + 'ENV GOCOVERDIR="/c\\$d"\nUSER 1001\n' + CMD, None),
        # COV205
        (DEBIAN + "WORKDIR /my app\nENV GOCOVERDIR=cov\n" + CMD, None),
        (DEBIAN + "WORKDIR /my&app\nENV GOCOVERDIR=cov\n" + CMD, None),
        # COV207
        (DEBIAN + 'RUN mkdir "/c d"\nENV GOCOVERDIR="\'/c d\'"\n' + CMD, None),
        (DEBIAN + 'RUN mkdir "/c d"\nENV GOCOVERDIR=" /c d "\n' + CMD, None),
        # COV114
        (
            TESTED + 'RUN mkdir "/c\\"d"\nENV GOCOVERDIR="/c\\"d"\nENTRYPOINT ["/app/till.test"]\n',
            None,
        ),
        # COV110
        (
            'FROM golang:1.24\nCOPY . .\nRUN go build -cover -o /till "cmd/my till/main.go"\n'
            "ENV GOCOVERDIR=/tmp\n" + CMD,
            None,
        ),
    ],
)
def test_a_name_is_one_word_wherever_it_is_written(text: str, new: bytes | None) -> None:
    files = {
        "Dockerfile": text.encode(),
        "go.mod": b"module example.com/till\n\ngo 1.24\n",
        "cmd/my till/main.go": b"package main\n\nfunc main() {}\n",
    }
    outcome, problems = checked(MemoryFiles(files), Registry.builtin(), Options(), unsafe=True)
    assert not problems
    after = b"".join(change.after for change in outcome.changes)
    assert (new is None and not outcome.changes) or (new is not None and new in after)


@pytest.mark.parametrize(
    ("path", "written"),
    [("example.com/till", True), ("example.com/a b", False), ("example.com/$(id)", False)],
)
def test_a_module_path_that_no_module_can_have_is_not_written(path: str, written: bool) -> None:
    files = {
        "Dockerfile": b"FROM golang:1.24\nWORKDIR /src\nCOPY . .\nWORKDIR /src/till\n"
        b"RUN go build -cover -coverpkg=./... -o /till .\n",
        "go.work": b"go 1.24\n\nuse (\n\t./till\n\t./lib\n)\n",
        "till/go.mod": f'module "{path}"\n'.encode(),
        "till/main.go": b'package main\n\nimport "example.com/lib/money"\n\nfunc main() { money.Add() }\n',
        "lib/go.mod": b"module example.com/lib\n",
        "lib/money/money.go": b"package money\n\nfunc Add() {}\n",
    }
    outcome, problems = checked(MemoryFiles(files), Registry.builtin(), Options(), unsafe=True)
    assert not problems
    assert [path.encode() in change.after for change in outcome.changes] == [True] * written
