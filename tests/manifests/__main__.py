"""Judges every manifest and every Kind config of the fixtures, and prints the figures.

An API server is asked where --kubeconfig leads to a cluster: nothing is kept there, but the
namespaces that manifests name are made, and deleted again. kind, and helm for charts, are taken
from PATH. The exit code is 1 where anything is refused for no listed reason.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.reliability import Cell, record

from manifests import schemas
from manifests.documents import Document, Sort, collected
from manifests.judgement import Judgement, judged
from manifests.kind_config import Kind
from manifests.projects import Stage, of_breakit, projects
from manifests.refused import TEMPLATES, rightly
from manifests.server import Server

_COLUMNS = ["judged by", "what", "as written", "after fixes", "refused rightly", "refused wrongly", "less valid after a fix"]  # fmt: skip
_REASONS = ["refused rightly, or not asked about", "texts", "why"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="manifests", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, help="of a cluster to ask")
    parser.add_argument("--record", action="store_true", help="into fixtures/reliability")
    chosen = parser.parse_args()
    documents = collected([*projects(), *of_breakit()])
    judgements, versions = {}, []
    for name, judgement, version in _judgements(documents, chosen.kubeconfig):
        judgements[name] = judgement
        versions.append(version)
    rows = [row(name, judgement) for name, judgement in judgements.items()]
    reasons = reasons_of(documents, [*judgements.values()])
    for line in (_COLUMNS, *rows, _REASONS, *reasons):
        print(" | ".join(map(str, line)))
    wrong = [text for one in judgements.values() for text in (*one.unexplained(), *one.worse())]
    print(*wrong, sep="\n")
    if chosen.record:
        record("validators", _COLUMNS, rows, ", ".join(versions))
        record("refused", _REASONS, reasons)
    return 1 if wrong else 0


def _judgements(
    documents: Sequence[Document], kubeconfig: Path | None
) -> Iterator[tuple[str, Judgement, str]]:
    """The name of each validator that is here, what it says, and its version."""
    manifests = [one for one in documents if one.sort is Sort.MANIFEST]
    by_schema = judged(manifests, lambda texts: [schemas.error(text) for text in texts])
    yield "kubernetes-validate, strict", by_schema, f"schemas of Kubernetes {schemas.VERSION}"
    if kubeconfig is not None:
        server = Server.of(kubeconfig)
        known = server.resources()
        asked = [one for one in manifests if (one.version, one.kind) in known]
        with server.namespaces({one.text for one in asked}):
            yield "`kubectl apply --dry-run=server`", judged(asked, server.errors), server.versions
    program = shutil.which("kind")
    if program is not None:
        configs = [one for one in documents if one.sort is Sort.KIND]
        with tempfile.TemporaryDirectory(prefix="covlint-kind-") as folder:
            kind = Kind.beside(program, Path(folder))
            found = judged(configs, lambda texts: [kind.refusal(text) for text in texts])
        said = subprocess.run(
            [program, "version", "-q"], capture_output=True, text=True, check=True
        )
        yield "`kind create cluster`", found, f"kind {said.stdout.strip()}"


def row(name: str, judgement: Judgement) -> list[Cell]:
    """A row of figures; documents with the same text count once."""
    written = {
        (one.project.name, one.text) for one, _ in judgement.said if one.stage is Stage.BEFORE
    }
    fixed = {(one.project.name, one.text) for one, _ in judgement.said} - written
    (sort,) = {document.sort for document, _ in judgement.said}
    refused = {document.text for document, _ in judgement.refused()}
    wrongly = {
        document.text
        for document, error in judgement.refused()
        if rightly(document.origin, error) is None
    }
    counts = [len({text for _, text in texts}) for texts in (written, fixed)]
    counts += [len(refused - wrongly), len(wrongly)]
    return [name, f"{sort.value}s", *counts, len(judgement.worse())]


def reasons_of(documents: Sequence[Document], judgements: Sequence[Judgement]) -> list[list[Cell]]:
    """Where, how many texts, and why: of what is refused, and of templates."""
    found: dict[tuple[str, str], set[str]] = {}
    for judgement in judgements:
        for document, error in judgement.refused():
            one = rightly(document.origin, error)
            if one is not None:
                found.setdefault((one.where, one.why), set()).add(document.text)
    found[TEMPLATES] = {one.text for one in documents if one.sort is Sort.TEMPLATE}
    return [[where, len(texts), why] for (where, why), texts in found.items()]


if __name__ == "__main__":
    sys.exit(main())
