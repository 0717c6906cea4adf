"""The built-in rules of covlint: one file per rule, named after the pattern it finds."""

from __future__ import annotations

from covlint.registry import Entry

#: Sorted by code. The last word is the kind of fact that the rule judges; the
#: rule's module is imported when such a fact turns up.
RULES = tuple(
    Entry(code, f"covlint_rules.{module}", rule, subject) for code, module, rule, subject in ()
)
