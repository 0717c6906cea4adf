"""Which branches of Go code are taken when coverage is switched on."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING

from covlint.documents.assembled import Text, known_text
from covlint.documents.gonames import GoNames
from covlint.documents.gosource import Scope, holds

if TYPE_CHECKING:
    from tree_sitter import Node

_COVERAGE_NAME = re.compile(r"(?i)(?<!dis)(?<!re)cover|gocov")
_OFF = frozenset({"", "false", "0", "no", "off"})
#: How deep names and calls are followed, and how many expressions of a package.
DEPTH = 24
BUDGET = 60_000


class GoBranches(GoNames):
    """Conditions are read by their names: a branch on something that says coverage is known."""

    _spent = 0

    @abstractmethod
    def text(self, node: Node, scope: Scope) -> Text:
        """The text that an expression is."""

    def exhausted(self, scope: Scope) -> bool:
        """Whether no further expression is looked at; counts each that is."""
        self._spent += 1
        return scope.depth > DEPTH or self._spent > BUDGET

    def taken(self, statement: Node, use: Node, scope: Scope) -> bool | None:
        """Whether a statement runs before ``use`` when coverage is on; None: not known."""
        verdict: bool | None = True
        current = statement
        while current.parent is not None and current != scope.function:
            parent = current.parent
            if holds(parent, use):
                break
            if parent.type == "if_statement":
                condition = parent.child_by_field_name("condition")
                truth = self.truth(condition, scope) if condition is not None else None
                if parent.child_by_field_name("alternative") == current and truth is not None:
                    truth = not truth
                if current not in (
                    parent.child_by_field_name("consequence"),
                    parent.child_by_field_name("alternative"),
                ):
                    truth = True  # its initialiser
                if truth is False:
                    return False
                verdict = verdict if truth else None
            elif parent.type in ("for_statement", "func_literal") or parent.type.endswith("_case"):
                verdict = None
            current = parent
        return verdict

    def truth(self, node: Node, scope: Scope) -> bool | None:
        """What a condition is when coverage is on; None when it does not speak of coverage."""
        if self.exhausted(scope):
            return None
        inner = scope.deeper()
        kind = node.type
        if kind == "parenthesized_expression" and node.named_children:
            return self.truth(node.named_children[0], inner)
        if kind in ("true", "false"):
            return kind == "true"
        if kind == "unary_expression":
            operand, operator = node.child_by_field_name("operand"), node.children[0]
            truth = self.truth(operand, inner) if operand is not None else None
            return None if truth is None or operator.type != "!" else not truth
        if kind == "binary_expression":
            return self._compared(node, inner)
        text = scope.file.text(node)
        if text in scope.bindings:
            known = known_text(scope.bindings[text])
            if known in ("true", "false"):
                return known == "true"
        if kind == "identifier" and scope.function is not None:
            bound = list(self.bindings_of(text, node, scope))
            if bound and bound[-1].value is not None and bound[-1].index is None:
                return self.truth(bound[-1].value, inner)
        return True if _COVERAGE_NAME.search(text) else None

    def _compared(self, node: Node, scope: Scope) -> bool | None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return None
        if operator.type in ("||", "&&"):
            both = (self.truth(left, scope), self.truth(right, scope))
            if operator.type == "||":
                return True if True in both else None if None in both else False
            return False if False in both else True if True in both else None
        if operator.type not in ("==", "!="):
            return None
        if not _COVERAGE_NAME.search(scope.file.text(left)):
            left, right = right, left
        if not _COVERAGE_NAME.search(scope.file.text(left)):
            return None
        value = known_text(self.text(right, scope))
        if value is None:
            return None
        return (value.lower() not in _OFF) == (operator.type == "==")
