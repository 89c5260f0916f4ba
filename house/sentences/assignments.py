"""Finds the assignments that may give a local name its value at a place."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from house.sentences.sources import Assigning, Function, SourceModule


@dataclass(frozen=True, slots=True)
class Assignment:
    """One value of a local name."""

    value: ast.expr
    added: bool
    """By `+=`: appended to the value before."""


def assigned(name: ast.Name, function: Function, module: SourceModule) -> list[Assignment]:
    """The values of a name at its use, earliest first.

    Goes back from the use to the first assignment that must have run: one in a block around the use.
    """
    before = [
        (statement, each)
        for statement, each in _assignments(module.assignments.get(function, ()), name.id)
        if (statement.end_lineno or 0, statement.end_col_offset or 0) <= (name.lineno, name.col_offset)
    ]
    around = {(id(owner), block) for owner, block in module.blocks_of(name)}
    found: list[Assignment] = []
    for statement, each in sorted(before, key=lambda one: -one[0].lineno):
        found.insert(0, each)
        owner, block = next(module.blocks_of(statement))
        if not each.added and (id(owner), block) in around:
            break
    return found


def _assignments(nodes: Iterable[Assigning], name: str) -> Iterator[tuple[ast.stmt, Assignment]]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from ((node, Assignment(value, added=False)) for value in _given(target, node.value, name))
        elif node.value is not None and _is(node.target, name):
            yield node, Assignment(node.value, added=isinstance(node, ast.AugAssign))


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _given(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """What an assignment gives to one name, also by its place in a tuple and in both branches of a condition."""
    if _is(target, name):
        yield value
    elif isinstance(target, ast.Tuple):
        for place, one in enumerate(target.elts):
            if _is(one, name):
                yield from _at(value, place)


def _at(value: ast.expr, place: int) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from _at(value.body, place)
        yield from _at(value.orelse, place)
    elif isinstance(value, ast.Tuple) and place < len(value.elts):
        yield value.elts[place]
    elif isinstance(value, ast.Call):
        index = ast.copy_location(ast.Constant(place), value)
        yield ast.copy_location(ast.Subscript(value=value, slice=index, ctx=ast.Load()), value)
