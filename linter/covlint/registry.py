"""The rules that exist, and the modules they are loaded from.

A pack is a package with a ``RULES`` table. The table names each rule's module
and the kind of fact it judges, so that a module is imported only when such a
fact turns up, and start-up does not grow with the number of rules.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from covlint.frozen import dataclass
from covlint.rule import Rule, subject_of
from covlint.selection import nearest

#: The pack that comes with covlint; loaded by name, since scanning entry points takes 30 ms.
BUILTIN = "covlint_rules"
ENTRY_POINTS = "covlint.rules"

#: What a rule can judge: the facts, chains and groups that a project yields.
SUBJECTS = frozenset(
    {
        "Chain",
        "Collection",
        "Container",
        "GoBuild",
        "Image",
        "KindCluster",
        "Release",
        "SharedDirectory",
    }
)

_CODE = re.compile(r"[A-Z]+[0-9]+")
_REQUIRED = ("code", "name", "severity", "evidence", "since")

#: What the engine itself reports, and no pack: shown by ``covlint rule`` like the others.
UNUSED_SUPPRESSION = "COV001"
UNEXPLAINED_SUPPRESSION = "COV002"
OWN_CODES = (UNUSED_SUPPRESSION, UNEXPLAINED_SUPPRESSION)


class RegistryError(Exception):
    """The rules cannot be loaded: an internal error, never a clean run."""


class PackError(RegistryError):
    """A pack that the configuration names cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a RULES table.

    ``subject`` is the name of the fact type, or ``Chain``. ``needs`` names the part
    of the subject without which the rule has nothing to say (a chain's
    ``container``, say): its module is not imported for a subject without it.
    """

    code: str
    module: str
    rule: str
    subject: str
    needs: str = ""


class Registry:
    """Rules by code and by subject; a module is imported at its first use."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Raises RegistryError when there is no rule at all or a code is there twice."""
        self._entries: dict[str, Entry] = {}
        for entry in sorted(entries, key=lambda entry: entry.code):
            if entry.code in self._entries:
                other = self._entries[entry.code].module
                raise RegistryError(f"two rules are called {entry.code}: {other}, {entry.module}")
            self._entries[entry.code] = entry
        if not self._entries:
            raise RegistryError("there are no rules")
        self._loaded: dict[str, type[Rule[Any]]] = {}

    @classmethod
    def builtin(cls) -> Registry:
        return cls(_table(BUILTIN))

    @classmethod
    def with_packs(cls, names: Sequence[str]) -> Registry:
        """The built-in rules and those of the packs that the configuration names.

        The rules of a pack are all imported here, so that a broken one is told at
        once and not when its first fact turns up. Raises PackError for a pack that is
        not installed, cannot be imported, or takes the code of another rule.
        """
        if not names:
            return cls.builtin()
        installed = installed_packs()
        entries = list(_table(BUILTIN))
        taken = (*OWN_CODES, *(entry.code for entry in entries))
        owners = dict.fromkeys(taken, "covlint itself")
        added: list[tuple[str, str]] = []
        for name in dict.fromkeys(names):
            if name not in installed:
                hint = nearest(name, installed)
                known = ", ".join(sorted(installed)) or "none"
                advice = f"did you mean {hint}?" if hint else f"installed: {known}"
                raise PackError(f"the rule pack {name!r} is not installed ({advice})")
            if installed[name] == BUILTIN:
                continue
            for entry in _pack_table(name, installed[name]):
                if entry.code in owners:
                    raise PackError(
                        f"the rule pack {name!r} has a rule {entry.code}, a code that "
                        f"{owners[entry.code]} has already: give it another one"
                    )
                owners[entry.code] = f"the pack {name!r}"
                entries.append(entry)
                added.append((name, entry.code))
        registry = cls(entries)
        for name, code in added:
            registry.load_from_pack(name, code)
        return registry

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def entry(self, code: str) -> Entry | None:
        return self._entries.get(code)

    def of_subject(self, subject: str) -> Iterator[Entry]:
        return (entry for entry in self._entries.values() if entry.subject == subject)

    def rule(self, code: str) -> type[Rule[Any]]:
        """The class of a rule. Raises RegistryError when its module cannot be loaded."""
        if code not in self._loaded:
            entry = self._entries[code]
            try:
                found = getattr(importlib.import_module(entry.module), entry.rule)
            except (ImportError, AttributeError, SyntaxError) as error:
                raise RegistryError(f"{code} cannot be loaded: {error}") from error
            if not (isinstance(found, type) and issubclass(found, Rule)):
                raise RegistryError(f"{code}: {entry.module}.{entry.rule} is not a Rule")
            self._loaded[code] = found
        return self._loaded[code]

    def load_from_pack(self, pack: str, code: str) -> None:
        """Import a rule of a pack. Raises PackError, whatever its module does."""
        try:
            fault = _fault(self._entries[code], self.rule(code))
        except Exception as error:
            raise PackError(f"the rule pack {pack!r} cannot be used: {_told(error)}") from error
        if fault is not None:
            raise PackError(f"the rule pack {pack!r} cannot be used: {code}: {fault}")

    def rules(self) -> Iterator[type[Rule[Any]]]:
        """Every rule, by code; loads them all."""
        return (self.rule(code) for code in self._entries)


def installed_packs() -> Mapping[str, str]:
    """Names and packages of the packs that are installed; takes some 30 ms."""
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def family_of(entry: Entry) -> str:
    """The package that a rule's module stands in: ``image``, ``workload``, or a pack's name."""
    parts = entry.module.split(".")
    return parts[-2] if len(parts) > 1 else parts[0]


def _fault(entry: Entry, rule: type[Rule[Any]]) -> str | None:
    """What a row of a pack's table and its rule say differently, or leave out."""
    missing = [name for name in _REQUIRED if not hasattr(rule, name)]
    if missing:
        return f"{rule.__name__} lacks {', '.join(missing)}"
    if not _CODE.fullmatch(entry.code):
        return "a code is made of capital letters and digits"
    if rule.code != entry.code:
        return f"the code of {rule.__name__} is {rule.code}"
    if entry.subject not in SUBJECTS:
        return f"nothing is called {entry.subject}; a rule judges {', '.join(sorted(SUBJECTS))}"
    if subject_of(rule) != entry.subject:
        return f"{rule.__name__} judges {subject_of(rule)}, and the table says {entry.subject}"
    return None


def _pack_table(name: str, package: str) -> Sequence[Entry]:
    """A pack's table; what fails in the pack's own code fails the pack, not covlint."""
    try:
        return _table(package)
    except Exception as error:
        raise PackError(f"the rule pack {name!r} cannot be used: {_told(error)}") from error


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, RegistryError) else f"{type(error).__name__}: {error}"


def _table(package: str) -> Sequence[Entry]:
    try:
        table = importlib.import_module(package).RULES
    except (ImportError, AttributeError, SyntaxError) as error:
        raise RegistryError(f"{package} cannot be loaded: {error}") from error
    if not isinstance(table, Sequence) or not all(isinstance(entry, Entry) for entry in table):
        raise RegistryError(f"{package}.RULES is not a table of entries")
    return tuple(table)
