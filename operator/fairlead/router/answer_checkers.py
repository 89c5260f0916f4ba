"""What a router judges answers by: the schemas in requests, and the checks and budgets of its cascades."""

from collections.abc import Iterable
from functools import partial

from fairlead.fleet.model_routes import ModelRoute, RouteStrategy
from fairlead.routing.answers.answer_check import CascadeCheck
from fairlead.routing.answers.compiled_schemas import CompiledSchemas
from fairlead.routing.models.escalation_budget import EscalationBudget


class AnswerCheckers:
    """The judges of one router. Budgets outlast changes of the routes."""

    __slots__ = ("_budgets", "_checks", "_kept", "schemas")

    def __init__(self) -> None:
        self.schemas = CompiledSchemas()
        self._checks: dict[str, CascadeCheck] = {}
        self._kept: dict[str, ModelRoute] = {}
        self._budgets: dict[str, EscalationBudget] = {}

    def apply(self, routes: Iterable[ModelRoute]) -> None:
        """Apply other routes; a check is created at its first answer."""
        cascades = {one.name: one for one in routes if one.strategy is RouteStrategy.CASCADE}
        for name in [one for one in self._kept if self._kept[one] != cascades.get(one)]:
            del self._kept[name]
            self._checks.pop(name, None)
        self._budgets = {name: self._budgets.get(name) or EscalationBudget() for name in cascades}
        self._kept = cascades

    def check(self, route: ModelRoute) -> CascadeCheck | None:
        """Return the check for a route's smaller models; None if it is not a cascade."""
        if route.cascade is None:
            return None
        made = partial(CascadeCheck, route.cascade, self.schemas)
        if self._kept.get(route.name) != route:
            return made()  # a request that began before the routes changed
        if route.name not in self._checks:
            self._checks[route.name] = made()
        return self._checks[route.name]

    def budget(self, route: ModelRoute) -> EscalationBudget:
        """Return the budget of a cascade's escalations."""
        return self._budgets.get(route.name) or EscalationBudget()
