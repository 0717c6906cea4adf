"""The source files of a profile, as they lie in a checkout."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from covlint.covdata.dataset import read_file
from covlint.covdata.fit import fits
from covlint.covdata.layout import BadFile
from covlint.covdata.meta import Unit
from covlint.runner.evidence.checkout import Checkout, checkout_at

_LARGEST = 4 << 20  # bytes; what is longer was written by a program, and read by nobody


class Sources:
    """The files of the checkout at the folder that ``root`` gives; None where there is none.

    A checkout is looked through when a file is first asked for: most reports name none.
    """

    def __init__(self, root: Callable[[], str | None]) -> None:
        self._root = root

    @cached_property
    def root(self) -> str | None:
        return self._root()

    @cached_property
    def _checkout(self) -> Checkout | None:
        return None if self.root is None else checkout_at(self.root)

    def paths(self, files: Iterable[str]) -> dict[str, str]:
        """File as the profile names it → its path from the root, posix, of those that are there."""
        root = self.root or "."
        return {
            file: os.path.relpath(place, root).replace(os.sep, "/")
            for file in files
            if (place := self._find(file)) is not None
        }

    def text(self, file: str) -> bytes | None:
        """The bytes of a file; None for one that is not there or cannot be read."""
        place = self._find(file)
        try:
            return None if place is None else read_file(place, _LARGEST)
        except (BadFile, OSError):
            return None

    def texts(self, files: Iterable[str]) -> Mapping[str, bytes]:
        return {file: text for file in files if (text := self.text(file)) is not None}

    def fits(self, file: str, units: Iterable[Unit]) -> bool | None:
        """Whether blocks can be those of the file here; None when it is not here."""
        text = self.text(file)
        return None if text is None else fits(text, units)

    def _find(self, file: str) -> str | None:
        return None if self._checkout is None else self._checkout.find(file)
