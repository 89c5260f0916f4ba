"""Applies an object's HTTPRoute, separately from all other children: what blocks it stops no router.

A route of the same name that is not ours is left alone. Without the Gateway API, nothing is sent at all.
"""

from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import NotFound, Unreachable
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.children import foreign_changes, obstacles
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.children.obstacles import ChildTerminating, StillTerminating
from fairlead.controller.children.separate_child import SeparateChild
from fairlead.controller.status.route_conditions import RouteState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason
from fairlead.objects import applied_hash
from fairlead.objects.owner import Owner

BROKEN: Final = 500
"""How API servers answer an apply with a field that a kind's definition lacks; a retry does not help."""


class RouteApplier(SeparateChild):
    """The only writer of HTTPRoutes."""

    kind = kinds.HTTP_ROUTE

    def as_it_is(self, owner: Owner) -> RouteState | None:
        """Return the current route, if the spec does not say whether to have one."""
        if self._cluster.availability(kinds.HTTP_ROUTE) is not KindAvailability.SERVED:
            return None
        live = self._stored(owner)
        return RouteState(route=live) if live is not None and snapshot.owned(live, owner) else None

    async def carry_out(
        self, intent: Manifest | None, owner: Owner, report: OnForeignChange, *, deleted: bool = False
    ) -> RouteState | None:
        """Create, repair or remove the route; `deleted`: another client deleted it, which is reported."""
        there = self._cluster.availability(kinds.HTTP_ROUTE)
        if there is not KindAvailability.SERVED:
            return None if intent is None else RouteState(availability=there)
        try:
            with obstacles.caught(owner) as met:
                if intent is None:
                    await self._remove(owner)
                elif await self._ensured(applied_hash.with_applied_hash(intent), owner, report) and deleted:
                    report(kinds.HTTP_ROUTE, foreign_changes.recreation_note(intent))
        except StillTerminating as wait:
            return RouteState(obstacle=wait.obstacle if isinstance(wait, ChildTerminating) else None)
        except NotFound:
            return RouteState(availability=KindAvailability.ABSENT)
        except Unreachable as problem:
            if problem.status != BROKEN:
                raise
            return RouteState(obstacle=_unwritten(problem), route=self._stored(owner))
        if intent is None and met.obstacle is None:
            return None
        return RouteState(obstacle=met.obstacle, route=self._stored(owner))

    def _stored(self, owner: Owner) -> Manifest | None:
        return self._cluster.of(kinds.HTTP_ROUTE).find(owner.namespace, owner.router_name)

    def _taken(self, owner: Owner, whose: str) -> Obstacle:
        return Obstacle(
            reason=ConditionReason.NAME_TAKEN,
            message=f"httpRoute: HTTPRoute {owner.router_name} exists already and {whose}; it is left alone, and "
            "routers serve without a route: delete it, or remove httpRoute",
        )


def _unwritten(problem: Unreachable) -> Obstacle:
    return Obstacle(
        reason=ConditionReason.CLUSTER_REFUSES,
        message=f"httpRoute: the API server failed: {problem.message}; where a field is not declared, install the CRDs "
        "of the Gateway API, v1.2 or later",
    )
