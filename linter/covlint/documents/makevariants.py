"""With which variables the recipe of a target runs: what targets set for themselves and
for what they need, and what ``$(MAKE) target NAME=value`` passes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from covlint.documents.makebranches import Given
from covlint.documents.makefile import Makefile

#: A target is read with at most that many sets of variables.
_LIMIT = 8
#: So many targets are followed from one: pattern rules can make new ones for ever.
_TARGETS = 1000


def variants_of(
    makefile: Makefile, passed: Mapping[str, tuple[Given, ...]] | None = None
) -> dict[str, tuple[Given, ...]]:
    """The sets of variables of each target that has others than the plain ones.

    ``passed`` are those that recipes of this Makefile pass to a target. A target
    that sets a variable itself never runs without it.
    """
    own: dict[str, dict[str, bytes | None]] = {}
    for variable in makefile.own:
        own.setdefault(variable.target, {})[variable.name] = variable.value
    needs = _Needs(makefile)
    found: dict[str, list[Given]] = {}
    starts: list[tuple[str, Given]] = [(target, {}) for target in own]
    starts += [(target, given) for target, sets in (passed or {}).items() for given in sets]
    for start, given in starts:
        pending: list[tuple[str, Given]] = [(start, given)]
        seen: set[str] = set()
        while pending:
            target, outer = pending.pop()
            if target in seen or len(seen) >= _TARGETS:
                continue
            seen.add(target)
            # What make is called with wins over what the Makefile says.
            inner = {**outer, **own.get(target, {}), **given}
            sets = found.setdefault(target, [])
            if inner not in sets and len(sets) < _LIMIT:
                sets.append(inner)
            pending.extend((needed, inner) for needed in needs.of(target))
            if rule_name := needs.pattern_of(target):
                same = found.setdefault(rule_name, [])
                if inner not in same and len(same) < _LIMIT:
                    same.append(inner)
    for target, sets in found.items():
        if target not in own and {} not in sets:
            sets.insert(0, {})
    return {target: tuple(sets) for target, sets in found.items()}


def reached(makefile: Makefile, targets: Iterable[str]) -> frozenset[str]:
    """The targets with all that they need, pattern rules by their pattern."""
    needs = _Needs(makefile)
    pending = list(targets)
    found: set[str] = set()
    while pending:
        target = pending.pop()
        if target not in found and len(found) < _TARGETS:
            found.add(target)
            found.update(filter(None, [needs.pattern_of(target)]))
            pending.extend(needs.of(target))
    return frozenset(found)


class _Needs:
    """What targets need, by explicit rules and by pattern rules."""

    def __init__(self, makefile: Makefile) -> None:
        self.explicit: dict[str, list[str]] = {}
        self.patterns: list[tuple[str, tuple[str, ...]]] = []
        for rule in makefile.rules:
            for target in rule.targets:
                if "%" in target:
                    self.patterns.append((target, rule.prerequisites))
                else:
                    self.explicit.setdefault(target, []).extend(rule.prerequisites)

    def of(self, target: str) -> list[str]:
        found = list(self.explicit.get(target, ()))
        for pattern, prerequisites in self.patterns:
            stem = _stem(pattern, target)
            if stem is not None:
                needed = (one.replace("%", stem, 1) for one in prerequisites)
                # no pattern rule is used twice in a chain (GNU make manual, 10.4)
                found.extend(one for one in needed if _stem(pattern, one) is None)
                break
        return found

    def pattern_of(self, target: str) -> str | None:
        """The pattern rule by which a target is made."""
        return next((one for one, _ in self.patterns if _stem(one, target)), None)


def _stem(pattern: str, target: str) -> str | None:
    """What ``%`` stands for, if the pattern has the target (GNU make manual, 10.5.4)."""
    before, _, after = pattern.partition("%")
    if len(target) <= len(before) + len(after):
        return None
    if not target.startswith(before) or not target.endswith(after):
        return None
    return target[len(before) : len(target) - len(after)]
