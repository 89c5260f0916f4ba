"""The condition RouteAccepted: what the Gateways of an HTTPRoute answer, or why there is no route. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pods import moment
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.plurals import count as counted
from fairlead.fleet.plurals import verb

LONGEST: Final = 240
"""Characters of a message; what a Gateway reports may be a page."""
SILENT_AFTER: Final = timedelta(seconds=60)
"""After this time, a Gateway without an answer is reported as silent."""

_JUDGED: Final = ("Accepted", "ResolvedRefs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteState:
    """The HTTPRoute of one object that requests one."""

    availability: KindAvailability = KindAvailability.SERVED
    obstacle: Obstacle | None = None
    """Why it could not be created, changed or removed."""
    route: Manifest | None = None
    """The stored route; None if there is none yet."""


def route_accepted(state: RouteState | None, before: Manifest, now: datetime) -> tuple[UntimedCondition, ...]:
    """Return the condition if the object has a route or requests one; `before` is the stored status."""
    if state is None:
        return ()
    if state.obstacle is not None:
        holds = None if state.obstacle.reason is Why.CHILD_TERMINATING else False
        return (_condition(holds, state.obstacle.reason, state.obstacle.message),)
    if state.availability in _UNAVAILABLE:
        return (_condition(False, *_UNAVAILABLE[state.availability]),)
    if state.route is None:
        return (_condition(None, Why.ROUTE_PENDING, "the HTTPRoute does not exist yet"),)
    return (_answered(state.route, before, now),)


_NOT_SERVED: Final = "this cluster does not serve httproutes of gateway.networking.k8s.io/v1, so there is no route"
_NO_RIGHT: Final = "the operator was installed without the right to create HTTPRoutes, so there is none"
_NO_LIST: Final = "Fairlead is not permitted to list httproutes.gateway.networking.k8s.io, so there is no route"
_UNAVAILABLE: Final = {
    KindAvailability.ABSENT: (
        Why.GATEWAY_API_ABSENT,
        f"httpRoute: {_NOT_SERVED}; install the CRDs of the Gateway API, v1.2 or later, or remove httpRoute",
    ),
    KindAvailability.UNWATCHED: (
        Why.GATEWAY_API_OFF,
        f"httpRoute: {_NO_RIGHT}; set the chart's rbac.gatewayAPI to true, or remove httpRoute",
    ),
    KindAvailability.FORBIDDEN: (
        Why.NO_RIGHT,
        f"httpRoute: {_NO_LIST}; run `helm upgrade`, which rewrites its roles",
    ),
}


def _answered(route: Manifest, before: Manifest, now: datetime) -> UntimedCondition:
    """Combine the answers of all its Gateways."""
    parents: Sequence[Manifest] = route["spec"].get("parentRefs") or ()
    answers = [(one, _answer(one, route)) for one in parents]
    accepted, every = sum(answer is True for _, answer in answers), len(parents)
    words = f"{accepted} of {counted(every, 'Gateway')} {verb(accepted, 'routes')} requests here"
    refused = next(((parent, answer) for parent, answer in answers if isinstance(answer, str)), None)
    if refused is not None:
        return _condition(False, Why.ROUTE_REFUSED, f"{words}; {_named(refused[0], route)}: {refused[1]}")
    silent = next((parent for parent, answer in answers if answer is None), None)
    if silent is None:
        return _condition(True, Why.ROUTE_ACCEPTED, words)
    if not _long_unknown(route, before, now):
        return _condition(None, Why.ROUTE_PENDING, f"{words}; {_named(silent, route)} has not answered yet")
    remedy = "see whether it exists, and whether the controller of its class runs"
    return _condition(
        None, Why.PARENT_SILENT, f"{words}; {_named(silent, route)} has not answered for a minute: {remedy}"
    )


def _answer(parent: Manifest, route: Manifest) -> bool | str | None:
    """Whether a Gateway accepts the route; its message if it does not, None without an answer."""
    entries = [one for one in (route.get("status") or {}).get("parents") or () if _is_about(one, parent, route)]
    generation = route["metadata"].get("generation", 0)
    found = [
        condition
        for one in entries
        for condition in one.get("conditions") or ()
        if condition.get("type") in _JUDGED and condition.get("observedGeneration", generation) == generation
    ]
    wrong = next((one for one in found if one.get("status") == "False"), None)
    if wrong is not None:
        return f"{wrong['type']} False, {wrong.get('reason', '')}: {wrong.get('message', '')}"
    accepted = any(one["type"] == _JUDGED[0] and one.get("status") == "True" for one in found)
    return True if accepted else None


def _is_about(entry: Manifest, parent: Manifest, route: Manifest) -> bool:
    return _identity(entry.get("parentRef") or {}, route) == _identity(parent, route)


def _identity(parent: Manifest, route: Manifest) -> tuple[object, ...]:
    return (*_place(parent, route), parent.get("sectionName"), parent.get("port"))


def _place(parent: Manifest, route: Manifest) -> tuple[object, object]:
    return parent.get("namespace") or route["metadata"]["namespace"], parent.get("name")


def _named(parent: Manifest, route: Manifest) -> str:
    namespace, name = _place(parent, route)
    section = f", listener {parent['sectionName']}" if "sectionName" in parent else ""
    return f"Gateway {namespace}/{name}{section}"


def _long_unknown(route: Manifest, before: Manifest, now: datetime) -> bool:
    """Whether it was unknown for a minute, by the time of the stored condition, and there was a route to answer to."""
    kind = ConditionType.ROUTE_ACCEPTED.value
    stored = (one for one in before.get("conditions") or () if one.get("type") == kind and one["status"] == "Unknown")
    since = moment(next((one.get("lastTransitionTime") for one in stored), None))
    made = moment(route["metadata"].get("creationTimestamp"))
    return since is not None and now - max(since, made or since) >= SILENT_AFTER


def _condition(holds: bool | None, reason: Why, message: str) -> UntimedCondition:
    words = message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…"
    return UntimedCondition(type=ConditionType.ROUTE_ACCEPTED, holds=holds, reason=reason, message=words)
