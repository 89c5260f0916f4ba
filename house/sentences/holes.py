"""Names placeholders on the page by the name that the source has for the value."""

import ast
import re
from typing import Final

from house.sentences.patterns import Hole

_VAGUE: Final = frozenset({"value", "name", "message", "because", "replicas", "count", "reason", "remedy", "kind"})
"""Attributes that say little without their owner."""
_NUMBERS: Final = {"len": "number", "sum": "sum", "max": "most", "min": "least", "int": "number", "round": "number"}


def hole(node: ast.AST) -> Hole:
    """Make a placeholder named after the expression."""
    return Hole(re.sub(r"[^\w.]", "", _name(node)).strip("._") or "text")


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}" if node.attr in _VAGUE else node.attr
    if isinstance(node, ast.Call):
        return _called(node)
    inner = _inner(node)
    return "text" if inner is None else inner if isinstance(inner, str) else _name(inner)


def _inner(node: ast.AST) -> ast.AST | str | None:
    """The part of a compound expression that names it best; a text is a name."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return node.slice.value
    if isinstance(node, ast.IfExp):
        return node.body
    if isinstance(node, ast.BinOp):
        return node.right if isinstance(node.left, ast.Constant) else node.left
    several = getattr(node, "values", None) or getattr(node, "elts", None)
    single = several[0] if several else None
    for part in ("value", "elt", "operand"):
        single = single or getattr(node, part, None)
    return single if isinstance(single, ast.AST) else None


def _called(node: ast.Call) -> str:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "text")
    if name in _NUMBERS:
        return _NUMBERS[name]
    if name == "get" and node.args:
        return str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else _name(node.args[0])
    if node.args and (name in {"str", "join", "sorted", "list", "tuple", "repr", "set"} or name.startswith("_")):
        return _name(node.args[0])
    if isinstance(node.func, ast.Attribute) and not name.startswith("_") and not node.args:
        return (
            _name(node.func.value) if name in {"items", "decode", "split", "strip", "lower", "total_seconds"} else name
        )
    return name
