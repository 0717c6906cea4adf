"""What kind of object an expression of Python writes down."""

from __future__ import annotations

import libcst as cst

from covlint.documents.python import dotted


def is_yaml(node: cst.SimpleString, written: str) -> bool:
    """Whether a literal means the same in YAML."""
    return (
        not node.prefix and len(node.quote) == 1 and "\\" not in written and written.isprintable()
    )


def is_mapping(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Call):
        name = dotted(node.func).rpartition(".")[2]
        return name == "dict" or (
            name[:2] == "V1" and not any(a.keyword is None for a in node.args)
        )
    return isinstance(node, cst.Dict)


def is_sum(node: cst.BaseExpression) -> bool:
    if not isinstance(node, cst.BinaryOperation) or not isinstance(node.operator, cst.Add):
        return False
    return any(
        isinstance(side, (cst.List, cst.Tuple, cst.IfExp)) or is_sum(side)
        for side in (node.left, node.right)
    )


def is_object(node: cst.BaseExpression, *, or_name: bool = False) -> bool:
    """Whether it is a mapping or a list; ``or_name``: or what may stand for one."""
    if or_name and isinstance(node, (cst.Name, cst.Call, cst.IfExp)):
        return True
    return is_mapping(node) or isinstance(node, (cst.List, cst.Tuple)) or is_sum(node)


def literal_list(node: cst.BaseExpression) -> cst.List | None:
    """The list literal that a new element goes into."""
    while isinstance(node, cst.BinaryOperation):
        node = node.left
    return node if isinstance(node, cst.List) else None


def value_of(part: cst.CSTNode) -> cst.BaseExpression | None:
    if isinstance(part, cst.Arg):
        return part.value if not part.star else None
    return part.value if isinstance(part, (cst.DictElement, cst.Element)) else None
