"""Parses tokens into a checked part that can be evaluated: operators, lists, parentheses.

or    := and ('||' and)*
and   := test ('&&' test)*
test  := value (('==' | '!=' | '<' | '<=' | '>' | '>=' | 'in') value)?
value := '!' value | primary ('.' name '(' value ')')*
primary := '(' or ')' | '[' literals ']' | size '(' value ')' | literal | name
"""

from collections.abc import Callable, Iterator
from typing import Final

from fairlead.routing.models.expressions import functions
from fairlead.routing.models.expressions.part import Part, expect, literal
from fairlead.routing.models.expressions.problems import ExpressionError, ExpressionFault
from fairlead.routing.models.expressions.tokens import Token, TokenKind
from fairlead.routing.models.expressions.variables import VARIABLES, ValueType

MAX_DEPTH: Final = 16
MAX_LIST: Final = 64
Joiner = Callable[[Part, Part], Part]


class Parser:
    """One pass over the tokens of one expression."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._next = next(tokens)
        self._depth = 0

    def whole(self) -> Part:
        """Parse the whole expression; nothing may follow it."""
        part = self._joined("||", self._all, functions.either)
        if self._next.kind is not TokenKind.END:
            raise self._unexpected("an operator or the end")
        return part

    def _all(self) -> Part:
        return self._joined("&&", self._test, functions.both)

    def _joined(self, sign: str, operand: Callable[[], Part], joiner: Joiner) -> Part:
        part = operand()
        while self._next.kind is TokenKind.SIGN and self._next.text == sign:
            self._advance()
            part = joiner(expect(part, ValueType.BOOL), expect(operand(), ValueType.BOOL))
        return part

    def _test(self) -> Part:
        left = self._value()
        sign = self._next
        if sign.text not in functions.COMPARISONS or sign.kind not in (TokenKind.SIGN, TokenKind.NAME):
            return left
        self._advance()
        return functions.compared(left, sign, self._value())

    def _value(self) -> Part:
        if self._takes("!"):
            return self._deeper(lambda: functions.negated(expect(self._value(), ValueType.BOOL)))
        part = self._primary()
        while self._takes("."):
            part = self._method(part)
        return part

    def _method(self, subject: Part) -> Part:
        name = self._advance()
        self._require("(")
        argument = None if self._next.text == ")" and self._next.kind is TokenKind.SIGN else self._value()
        self._require(")")
        return functions.method(subject, name, argument)

    def _primary(self) -> Part:
        token = self._advance()
        match token.kind, token.text:
            case TokenKind.SIGN, "(":
                part = self._deeper(lambda: self._joined("||", self._all, functions.either))
                self._require(")")
                return part
            case TokenKind.SIGN, "[":
                return self._list(token.column)
            case TokenKind.NUMBER, text:
                return literal(ValueType.NUMBER, int(text), token.column)
            case TokenKind.TEXT, text:
                return literal(ValueType.TEXT, text, token.column)
            case TokenKind.NAME, name:
                return self._named(token, name)
        raise self._unexpected("a fact or a literal", token)

    def _named(self, token: Token, name: str) -> Part:
        if name in ("true", "false"):
            return literal(ValueType.BOOL, name == "true", token.column)
        if name == "size":
            self._require("(")
            part = self._deeper(self._value)
            self._require(")")
            return functions.sized(part)
        variable = VARIABLES.get(name)
        if variable is None:
            message = f"there is no fact {name[:40]}; the facts are {', '.join(VARIABLES)}"
            raise ExpressionError(ExpressionFault.UNKNOWN_NAME, token.column, message)
        return Part(kind=variable.kind, evaluate=variable.evaluate, column=token.column, values=variable.values)

    def _list(self, column: int) -> Part:
        members: list[bool | int | str] = []
        kind: ValueType | None = None
        while not self._takes("]"):
            if members:
                self._require(",")
            one = self._deeper(self._primary)
            if one.constant is None or isinstance(one.constant, tuple) or one.kind is not (kind or one.kind):
                message = "a list holds texts or numbers, all of one kind; put single values there"
                raise ExpressionError(ExpressionFault.WRONG_TYPE, one.column, message)
            kind = one.kind
            members.append(one.constant)
            if len(members) > MAX_LIST:
                message = f"a list has at most {MAX_LIST} members; use a rule for each group"
                raise ExpressionError(ExpressionFault.TOO_LONG, one.column, message)
        return literal(ValueType.LIST, tuple(members), column)

    def _deeper(self, inner: Callable[[], Part]) -> Part:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} deep; make it several rules"
            raise ExpressionError(ExpressionFault.TOO_DEEP, self._next.column, message)
        part = inner()
        self._depth -= 1
        return part

    def _advance(self) -> Token:
        token = self._next
        self._next = next(self._tokens, token)
        return token

    def _takes(self, sign: str) -> bool:
        if self._next.kind is TokenKind.SIGN and self._next.text == sign:
            self._advance()
            return True
        return False

    def _require(self, sign: str) -> None:
        if not self._takes(sign):
            raise self._unexpected(sign)

    def _unexpected(self, wanted: str, token: Token | None = None) -> ExpressionError:
        token = token or self._next
        found = f"{token.text[:40]!r} stands" if token.kind is not TokenKind.END else "the expression ends"
        return ExpressionError(
            ExpressionFault.NOT_UNDERSTOOD, token.column, f"{found} where {wanted} should be; write {wanted}"
        )
