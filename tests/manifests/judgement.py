"""What a validator says to many documents: each text is shown to it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from manifests.documents import Document
from manifests.projects import Stage
from manifests.refused import rightly

#: The error of each text, None for none.
Validator = Callable[[Sequence[str]], Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The documents with what is said against them."""

    said: tuple[tuple[Document, str | None], ...]

    @property
    def texts(self) -> int:
        """How many different texts were judged."""
        return len({document.text for document, _ in self.said})

    def refused(self) -> Iterator[tuple[Document, str]]:
        for document, error in self.said:
            if error is not None:
                yield document, error

    def unexplained(self) -> list[str]:
        """What is refused for no reason that ``refused.py`` lists."""
        return [
            f"{document.origin} {document.stage.value}: {error}"
            for document, error in self.refused()
            if rightly(document.origin, error) is None
        ]

    def worse(self) -> list[str]:
        """What is said after a fix, and not before it, of a project."""
        before = {
            (document.project.group, document.project.name, error)
            for document, error in self.refused()
            if document.stage is Stage.BEFORE
        }
        return [
            f"{document.origin} {document.stage.value}: {error}"
            for document, error in self.refused()
            if (document.project.group, document.project.name, error) not in before
        ]


def judged(documents: Sequence[Document], validator: Validator) -> Judgement:
    texts = list(dict.fromkeys(document.text for document in documents))
    found = dict(zip(texts, validator(texts), strict=True))
    return Judgement(tuple((document, found[document.text]) for document in documents))
