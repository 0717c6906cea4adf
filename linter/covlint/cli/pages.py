"""The pages of the rules as files: ``docs/rules`` and those of a pack."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import Any

from covlint.cli.bundled import fixtures
from covlint.cli.exits import Failure
from covlint.labs.evidence import Evidence, read_evidence
from covlint.labs.page import table_of
from covlint.registry import Registry
from covlint.report.rule_page import index, linked, page
from covlint.rule import Rule
from covlint.suppression import OWN_RULES

Rules = Sequence[type[Rule[Any]]]


def builtin() -> Rules:
    """Every rule that covlint has without a pack, its own COV001 included."""
    return [*OWN_RULES, *Registry.builtin().rules()]


def write_pages(folder: str, rules: Rules) -> None:
    """A page for each rule, and their list. Raises Failure for a folder that cannot be written."""
    pages = {f"{rule.code}.md": linked(page(rule, measured(rule))) for rule in rules}
    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in (*pages.items(), ("README.md", index(rules))):
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
    except OSError as error:
        raise Failure(f"{folder}: cannot be written to: {error.strerror}") from error


def measured(rule: type[Rule[Any]]) -> tuple[str, ...]:
    """What the runs of the rule's lab showed; nothing for a rule of another pack."""
    return table_of(_evidence(), rule.code)


@cache
def _evidence() -> Evidence:
    return read_evidence(fixtures("labs") / "labs" / "evidence.json")
