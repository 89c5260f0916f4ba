"""What users read of a route: the Gateways' own words, never longer than a condition may be."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster.availability import KindAvailability
from fairlead.controller.status import route_conditions
from fairlead.controller.status.route_conditions import RouteState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
PARENTS: Final = [{"name": "public", "namespace": "infra", "sectionName": "https"}, {"name": "inner"}]


def answer(parent: dict[str, Any], kind: str, status: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """As a Gateway's controller writes it; Gateways here are named with their namespace."""
    about = {"namespace": "team"} | parent
    condition = {"type": kind, "status": status, "reason": "Because", "message": "words", "observedGeneration": 3}
    return {"parentRef": about, "controllerName": "example.com/gateways", "conditions": [condition | more]}


def judged(
    *answers: dict[str, Any], before: dict[str, Any] | None = None, created: str = "2026-11-19T12:00:00Z"
) -> tuple[bool | None, str, str]:
    """The condition about a route to both of them."""
    route = {
        "metadata": {"namespace": "team", "name": "chat-router", "generation": 3, "creationTimestamp": created},
        "spec": {"parentRefs": PARENTS},
        "status": {"parents": list(answers)},
    }
    (found,) = route_conditions.route_accepted(RouteState(route=route), before or {}, NOON)
    return found.holds, found.reason.value, found.message


def test_an_object_without_a_route_has_no_such_condition() -> None:
    assert route_conditions.route_accepted(None, {}, NOON) == ()


def test_all_that_accept_make_it_true() -> None:
    every = [answer(one, kind, "True") for one in PARENTS for kind in ("Accepted", "ResolvedRefs")]
    assert judged(*every) == (True, "RouteAccepted", "2 of 2 Gateways route requests here")


def test_a_gateway_that_refuses_the_route_is_named_with_its_message() -> None:
    no = answer(PARENTS[0], "Accepted", "False", message="no")
    assert judged(no, answer(PARENTS[1], "Accepted", "True")) == (
        False,
        "RouteRefused",
        "1 of 2 Gateways routes requests here; Gateway infra/public, listener https: Accepted False, Because: no",
    )


def test_a_service_that_is_not_found_is_a_refusal_though_the_route_is_accepted() -> None:
    both = answer(PARENTS[1], "Accepted", "True")
    both["conditions"] += answer(PARENTS[1], "ResolvedRefs", "False", reason="BackendNotFound")["conditions"]
    holds, reason, message = judged(answer(PARENTS[0], "Accepted", "True"), both)
    assert (holds, reason) == (False, "RouteRefused")
    assert "Gateway team/inner: ResolvedRefs False, BackendNotFound: words" in message


def test_an_answer_about_an_earlier_edition_or_another_listener_is_none() -> None:
    late = answer(PARENTS[0], "Accepted", "False", observedGeneration=2)
    other = answer(PARENTS[0] | {"sectionName": "http"}, "Accepted", "True")
    assert judged(late, other, {"conditions": None}, answer(PARENTS[1], "Accepted", "True")) == (
        None,
        "RoutePending",
        "1 of 2 Gateways routes requests here; Gateway infra/public, listener https has not answered yet",
    )


def test_who_says_nothing_for_a_minute_is_silent() -> None:
    for seconds, reason in ((59, "RoutePending"), (60, "ParentSilent")):
        since = (NOON - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        stored = {"type": "RouteAccepted", "status": "Unknown", "lastTransitionTime": since}
        assert judged(before={"conditions": [stored]})[:2] == (None, reason)
        assert judged(before={"conditions": [stored | {"status": "False"}]})[1] == "RoutePending"


def test_a_route_that_was_awaited_for_long_gives_its_gateways_a_minute_too() -> None:
    stored = {"type": "RouteAccepted", "status": "Unknown", "lastTransitionTime": "2026-11-20T11:00:00Z"}
    before = {"conditions": [stored]}
    assert judged(before=before, created="2026-11-20T11:59:01Z")[1] == "RoutePending"
    assert judged(before=before, created="2026-11-20T11:59:00Z")[1] == "ParentSilent"


def test_a_gateway_that_wrote_no_verdict_of_ours_has_not_answered() -> None:
    odd = answer(PARENTS[0], "Programmed", "False")
    assert judged(odd)[1] == "RoutePending"


def test_what_keeps_the_route_from_being_accepted_is_reported_with_its_remedy() -> None:
    found = {
        one: route_conditions.route_accepted(RouteState(availability=one), {}, NOON)[0] for one in KindAvailability
    }
    assert {one: (each.holds, each.reason.value) for one, each in found.items()} == {
        KindAvailability.SERVED: (None, "RoutePending"),
        KindAvailability.AWAITED: (None, "RoutePending"),
        KindAvailability.ABSENT: (False, "GatewayApiAbsent"),
        KindAvailability.UNWATCHED: (False, "GatewayApiOff"),
        KindAvailability.FORBIDDEN: (False, "NoRight"),
    }
    assert "install the CRDs of the Gateway API, v1.2 or later" in found[KindAvailability.ABSENT].message
    assert "rbac.gatewayAPI" in found[KindAvailability.UNWATCHED].message


@given(words=st.text(max_size=2000))
def test_a_message_never_has_more_than_240_characters(words: str) -> None:
    assert len(judged(answer(PARENTS[0], "Accepted", "False", message=words))[2]) <= 240
    blocked = RouteState(obstacle=Obstacle(reason=ConditionReason.CLUSTER_REFUSES, message=words))
    (found,) = route_conditions.route_accepted(blocked, {}, NOON)
    assert len(found.message) <= 240
