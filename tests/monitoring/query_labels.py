"""The labels of a query's result, from its parsed form; a query for what no process exposes is refused."""

from collections.abc import Mapping
from typing import Final, NoReturn

import promql_parser
from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    LabelModifierType,
    MatchOp,
    MatrixSelector,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from tests.monitoring.exposed import ExposedSeries

KEEPS_FIRST: Final = frozenset({"and", "unless"})
NO_LABELS: Final[frozenset[str]] = frozenset()


class NotExposed(Exception):
    """A series, a label or a value that none of our processes has."""


class QueryLabels:
    """Checks queries against what is exposed."""

    def __init__(self, exposed: Mapping[str, ExposedSeries]) -> None:
        self._exposed = exposed
        self.used: set[str] = set()
        """Names of the series that queries used."""

    def of(self, query: str) -> frozenset[str]:
        """The labels of the result; Grafana's variables must be replaced before."""
        return self._of(promql_parser.parse(query))

    def _of(self, node: Expr) -> frozenset[str]:
        labels = NO_LABELS
        match node:
            case VectorSelector():
                labels = self._selected(node)
            case MatrixSelector():
                labels = self._selected(node.vector_selector)
            case ParenExpr() | UnaryExpr() | SubqueryExpr():
                labels = self._of(node.expr)
            case AggregateExpr():
                labels = self._aggregated(node)
            case BinaryExpr():
                labels = self._joined(node)
            case Call():
                labels = self._called(node)
        return labels

    def _selected(self, node: VectorSelector) -> frozenset[str]:
        found = self._exposed.get(node.name or "")
        if found is None:
            _refuse(f"{node.name}: no process exposes it")
        self.used.add(str(node.name))
        for one in node.matchers.matchers:
            if one.name not in found.labels:
                _refuse(f"{node.name}: has no label {one.name}")
            exact = one.op == MatchOp.Equal or one.op == MatchOp.NotEqual  # noqa: PLR1714 (the enum has no hash)
            values = [one.value] if exact else one.value.split("|")
            closed = found.closed.get(one.name)
            if closed is not None and (wrong := set(values) - closed):
                _refuse(f"{node.name}: {one.name} is never {', '.join(sorted(wrong))}")
        return found.labels

    def _aggregated(self, node: AggregateExpr) -> frozenset[str]:
        inner = self._of(node.expr)
        if str(node.op) == "topk":
            return inner
        if node.modifier is None:
            return NO_LABELS
        listed = frozenset(node.modifier.labels)
        if missing := listed - inner:
            _refuse(f"{node}: its operand has no label {', '.join(sorted(missing))}")
        return listed if node.modifier.type == AggModifierType.By else inner - listed

    def _joined(self, node: BinaryExpr) -> frozenset[str]:
        left, right = self._of(node.lhs), self._of(node.rhs)
        listed = node.modifier.matching if node.modifier is not None else None
        if listed is not None and listed.type == LabelModifierType.Include:
            if missing := frozenset(listed.labels) - (left & right):
                _refuse(f"{node}: not on both sides: {', '.join(sorted(missing))}")
        elif left and right and left != right and str(node.op) != "or":
            _refuse(f"{node}: the sides have other labels, so they never match: {sorted(left ^ right)}")
        if str(node.op) == "or":
            return left | right
        return left if str(node.op) in KEEPS_FIRST else left or right

    def _called(self, node: Call) -> frozenset[str]:
        name = node.func.name
        labels = [self._of(one) for one in node.args if isinstance(one, Expr)]
        if name == "label_replace":
            new, source = (str(node.args[place]).strip('"') for place in (1, 3))
            if source not in labels[0]:
                _refuse(f"{node}: its operand has no label {source}")
            return labels[0] | {new}
        if name == "histogram_quantile":
            if "le" not in labels[1]:
                _refuse(f"{node}: a quantile needs the label le")
            return labels[1] - {"le"}
        return NO_LABELS if name.startswith("absent") else max(labels, key=len, default=NO_LABELS)


def _refuse(words: str) -> NoReturn:
    raise NotExposed(words)
