"""The building blocks of expressions: comparisons, membership, text functions. Types are checked here, once."""

import operator
from collections.abc import Callable
from typing import Any, Final

from fairlead.routing import linear_patterns
from fairlead.routing.models.expressions.part import Part, expect
from fairlead.routing.models.expressions.problems import ExpressionError, ExpressionFault
from fairlead.routing.models.expressions.tokens import Token
from fairlead.routing.models.expressions.variables import Constant, Evaluation, ValueType

_EQUALITIES: Final[dict[str, Callable[[Any, Any], Any]]] = {"==": operator.eq, "!=": operator.ne}
_ORDERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARISONS: Final = frozenset((*_EQUALITIES, *_ORDERS, "in"))
_METHODS: Final[dict[str, Callable[[str, str], bool]]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
}


def both(left: Part, right: Part) -> Part:
    """Combine two conditions with and."""
    one, other = left.evaluate, right.evaluate
    return _condition(lambda facts: one(facts) and other(facts), left, right)


def either(left: Part, right: Part) -> Part:
    """Combine two conditions with or."""
    one, other = left.evaluate, right.evaluate
    return _condition(lambda facts: one(facts) or other(facts), left, right)


def negated(part: Part) -> Part:
    """Negate a condition."""
    inner = part.evaluate
    return _condition(lambda facts: not inner(facts), part)


def compared(left: Part, sign: Token, right: Part) -> Part:
    """Compare two values of one type, or test membership."""
    if sign.text == "in":
        return _member(left, right)
    if sign.text in _ORDERS:
        expect(left, ValueType.NUMBER)
    elif left.kind is ValueType.LIST:
        raise ExpressionError(ExpressionFault.WRONG_TYPE, left.column, "lists are not compared; write: fact in [...]")
    expect(right, left.kind)
    _possible(left, (right.constant,))
    _possible(right, (left.constant,))
    test = _EQUALITIES.get(sign.text) or _ORDERS[sign.text]
    one, other = left.evaluate, right.evaluate
    return _condition(lambda facts: test(one(facts), other(facts)), left, right)


def _member(left: Part, right: Part) -> Part:
    members = expect(right, ValueType.LIST).constant
    assert isinstance(members, tuple)
    if not members:
        raise ExpressionError(ExpressionFault.NO_FACT, right.column, "an empty list matches nothing; name its members")
    if left.kind is ValueType.LIST or any(_kind(one) is not left.kind for one in members):
        message = f"the list's members are not {left.kind}, as the left side is; put such there"
        raise ExpressionError(ExpressionFault.WRONG_TYPE, right.column, message)
    _possible(left, members)
    listed, one = frozenset(members), left.evaluate
    return _condition(lambda facts: one(facts) in listed, left)


def _kind(constant: bool | int | str) -> ValueType:
    return {bool: ValueType.BOOL, int: ValueType.NUMBER, str: ValueType.TEXT}[type(constant)]


def _possible(fact: Part, constants: tuple[Constant | None, ...]) -> None:
    """Check that each literal compared with a closed list is a member of it."""
    for one in constants:
        if fact.values is not None and one is not None and one not in fact.values:
            message = (
                f"{str(one)[:40]!r} is not a value of the fact at column {fact.column}; write {_listed(fact.values)}"
            )
            raise ExpressionError(ExpressionFault.WRONG_TYPE, fact.column, message)


def _listed(values: frozenset[str]) -> str:
    return " or ".join(repr(one) for one in sorted(values))


def sized(part: Part) -> Part:
    """Return the number of characters, or of members."""
    if part.kind not in (ValueType.TEXT, ValueType.LIST):
        message = f"size() takes a string or a list, and this is {part.kind}; compare it as it is"
        raise ExpressionError(ExpressionFault.WRONG_TYPE, part.column, message)
    inner = part.evaluate
    return Part(
        kind=ValueType.NUMBER,
        evaluate=lambda facts: len(inner(facts)),
        column=part.column,
        names_fact=part.names_fact,
    )


def method(subject: Part, name: Token, argument: Part | None) -> Part:
    """Apply a method of a text."""
    if name.text == "size" and argument is None:
        return sized(subject)
    if name.text not in _METHODS and name.text != "matches":
        functions = ", ".join((*_METHODS, "matches", "size"))
        message = f"there is no function {name.text[:40]!r}; there are {functions}"
        raise ExpressionError(ExpressionFault.UNKNOWN_NAME, name.column, message)
    if argument is None:
        message = f"{name.text} needs a string; write {name.text}('...')"
        raise ExpressionError(ExpressionFault.WRONG_TYPE, name.column, message)
    one = expect(subject, ValueType.TEXT).evaluate
    expect(argument, ValueType.TEXT)
    if name.text == "matches":
        return _condition(_matching(one, argument), subject)
    test, other = _METHODS[name.text], argument.evaluate
    return _condition(lambda facts: test(one(facts), other(facts)), subject, argument)


def _matching(one: Evaluation, pattern: Part) -> Evaluation:
    """Match with an engine whose time grows only with the text, whatever the pattern."""
    if not isinstance(pattern.constant, str):
        message = "a pattern is written out, as in task.matches(r'^sort-[0-9]+$'); put its text there"
        raise ExpressionError(ExpressionFault.BAD_PATTERN, pattern.column, message)
    found = linear_patterns.compiled(pattern.constant)
    if isinstance(found, str):
        raise ExpressionError(ExpressionFault.BAD_PATTERN, pattern.column, found)
    return lambda facts: found(one(facts))


def _condition(evaluate: Evaluation, *parts: Part) -> Part:
    return Part(
        kind=ValueType.BOOL,
        evaluate=evaluate,
        column=parts[0].column,
        names_fact=any(one.names_fact for one in parts),
    )
