"""Which rules speak, and how loud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from covlint.diagnostics import Diagnostic, Evidence, Severity
from covlint.frozen import dataclass

#: Standards that a team may enforce: the codes that they raise to errors.
POLICIES = {"dd-test-007": frozenset({"COV107", "COV108", "COV109"})}


class SelectionError(Exception):
    """A code, prefix or policy that names nothing; the message says what is near."""


@dataclass(frozen=True, slots=True)
class Selection:
    """``select`` and ``ignore`` hold codes or prefixes (``COV1``); empty ``select``: all.

    ``per_file`` holds patterns as in ``.gitignore``, and the codes or prefixes that are not
    wanted in the files that match.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    proven: bool = False  # only rules whose claim was measured
    policy: str | None = None
    per_file: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def wants(self, code: str) -> bool:
        """The longest prefix decides, so that ``--ignore COV1 --select COV103`` keeps one."""
        chosen = max((len(prefix) for prefix in self.select if code.startswith(prefix)), default=-1)
        dropped = max(
            (len(prefix) for prefix in self.ignore if code.startswith(prefix)), default=-1
        )
        if self.select:
            return chosen > dropped
        return dropped < 0

    def admits(self, diagnostic: Diagnostic) -> bool:
        if self.proven and diagnostic.evidence is not Evidence.REPRODUCED:
            return False
        return self.wants_at(diagnostic.code, diagnostic.span.path)

    def wants_at(self, code: str, path: str) -> bool:
        """Whether the code is wanted, and in this file."""
        prefixes = (prefixes for pattern, prefixes in self.per_file if _matches(pattern, path))
        return self.wants(code) and not any(map(code.startswith, prefixes))

    def adjusted(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the severity that the policy gives it.

        A notice stays one: it speaks of a build that takes no part in coverage.
        """
        raised = POLICIES.get(self.policy or "", frozenset())
        if diagnostic.code in raised and diagnostic.severity is Severity.WARNING:
            return replace(diagnostic, severity=Severity.ERROR)
        return diagnostic

    def check(self, codes: Iterable[str]) -> None:
        """Raises SelectionError for a prefix that none of ``codes`` starts with."""
        known = list(codes)
        local = (prefix for _, prefixes in self.per_file for prefix in prefixes)
        for prefix in (*self.select, *self.ignore, *local):
            if not any(code.startswith(prefix) for code in known):
                hint = nearest(prefix, known)
                raise SelectionError(
                    f"no rule is called {prefix!r}" + (f"; did you mean {hint}?" if hint else "")
                )
        if self.policy is not None and self.policy not in POLICIES:
            hint = nearest(self.policy, POLICIES) or ", ".join(POLICIES)
            raise SelectionError(f"no policy is called {self.policy!r}; did you mean {hint}?")


def _matches(pattern: str, path: str) -> bool:
    return bool(_patterns(pattern).match_file(path))


@lru_cache(maxsize=256)
def _patterns(pattern: str) -> Any:
    import pathspec  # only where there are patterns

    return pathspec.PathSpec.from_lines("gitignore", [pattern])


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was probably meant to be."""
    from difflib import get_close_matches  # only for mistakes

    matches = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def split_codes(values: Sequence[str]) -> tuple[str, ...]:
    """``["COV1,cov203", "COV5"]`` as ``("COV1", "COV203", "COV5")``."""
    parts = (part.strip().upper() for value in values for part in value.split(","))
    return tuple(part for part in parts if part)
