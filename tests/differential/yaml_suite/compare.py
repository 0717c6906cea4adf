"""The cases of the YAML test suite, one by one."""

from __future__ import annotations

from collections.abc import Iterable

from differential.outcomes import Outcome
from differential.yaml_suite.cases import Case
from differential.yaml_suite.shapes import Refused, misplaced, ours, theirs

#: covlint reads with libyaml, as Kubernetes does with its translation into Go: what that takes
#: for something else than YAML 1.2 has it, runs as it is read here. go.yaml.in/yaml/v2 v2.4.2
#: gives the same for all of them but FRK4/0, which it refuses.
_AS_LIBYAML = frozenset({"4ABK/0", "652Z/0", "FRK4/0", "HM87/1", "JEF9/2", "L24T/1", "Y2GN/0"})


def compare(cases: Iterable[Case]) -> tuple[Outcome, Outcome]:
    """The valid cases, and those that a reader has to refuse."""
    valid = Outcome("YAML, valid cases", "the YAML test suite", "cases")
    invalid = Outcome("YAML, invalid cases", "the YAML test suite", "cases")
    for case in cases:
        outcome = valid if case.valid else invalid
        outcome.inputs += 1
        try:
            found = ours(case.text)
        except Refused as error:
            if case.valid:
                outcome.explained[f"refused, and the refusal is told: {error}"] += 1
            else:
                outcome.same += 1
            continue
        if not case.valid:
            outcome.explained["taken: libyaml is tolerant"] += 1
            continue
        expected = theirs(case.events)
        outcome.compared["nodes"] += _nodes(expected)
        wrong = list(misplaced(case.text))
        if wrong:
            outcome.different.append(f"{case.name}: {wrong[0]}")
        elif found == expected:
            outcome.same += 1
        elif case.name in _AS_LIBYAML:
            outcome.explained["read as libyaml, and Kubernetes, do"] += 1
        else:
            outcome.different.append(f"{case.name}: {found} instead of {expected}")
    return valid, invalid


def _nodes(shape: object) -> int:
    if isinstance(shape, list):
        return sum(map(_nodes, shape))
    if not isinstance(shape, tuple):
        return 0
    return 1 + (sum(map(_nodes, shape[1:])) if shape[0] in ("[", "{") else 0)
