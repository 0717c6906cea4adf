"""`covlint --fix` on 1,000 files with one fix each, beside `covlint check` on the same.

A fix is found as a check finds it; then the edited file is checked once more, and is written and
kept safe on the disk. Every run begins with a new tree, and has to leave nothing to fix.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, beside, rounded
from benchmarks.growth import LIMIT, File, write
from benchmarks.measuring import Failed, Usage, covlint, measure

TABLE = "fixes"
SIZES = (100, 1_000)
RUNS = 3

#: `-a` has to go (COV107).
_DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -cover -a -o /{name} ./cmd/{name}

FROM gcr.io/distroless/static
COPY --from=build /{name} /{name}
ENTRYPOINT ["/{name}"]
"""


def figures() -> list[Figure]:
    few, many = SIZES
    start, checked = _least(0, "check"), _least(many, "check")
    fixed = {size: _least(size, "check", "--fix") for size in SIZES}
    each, small = ((fixed[size].cpu - start.cpu) / size * 1e6 for size in (many, few))
    title = f"{many:,} fixes beside {few:,}: CPU time of one"
    ratio = rounded(each / small)
    return [
        beside(TABLE, f"{many:,} fixes, beside checking the files", fixed[many].cpu, checked.cpu),
        Figure(TABLE, title, f"{each:.0f} µs", f"{small:.0f} µs", ratio, LIMIT),
    ]


def _files(count: int) -> Iterator[File]:
    yield "go.mod", "module example.org/many\n\ngo 1.22\n"
    for number in range(count):
        name = f"service{number}"
        yield f"services/{name}/Dockerfile", _DOCKERFILE.format(name=name)


def _least(count: int, *words: str) -> Usage:
    """The least of several runs on a tree with ``count`` files that have something to fix. Raises
    Failed when a fix is left."""
    found: list[Usage] = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as place:
            tree = Path(place, "tree")
            write(tree, _files(count))
            found.append(measure(covlint(tree, *words, ".")))
            left = sum(" -a " in path.read_text() for path in tree.rglob("Dockerfile"))
        if left != (0 if "--fix" in words else count):
            raise Failed(f"{' '.join(words)}: {left} of {count} files still have what was fixed")
    least = found[0]
    for one in found[1:]:
        least = least.least(one)
    return least
