"""A deployment moves between its own routers and a gateway's, and is served at every step."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import EndpointState, RouterEndpoint, RouterReport
from fairlead.fleet.gateways import GatewayReference
from fairlead.planning import router_move
from fairlead.planning.router_move import MoveFacts, MovePhase, RouterMove

FRONT = GatewayReference(namespace="platform", name="front")
OTHER = GatewayReference(namespace="platform", name="other")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALONE = MoveFacts(gateway=None, now=NOON, has_own=True, own_serves=True)
JOINS = MoveFacts(gateway=FRONT, now=NOON)


def step(facts: MoveFacts) -> tuple[MovePhase, list[str]]:
    """The phase, and who is admitted beside its own routers."""
    made = router_move.next_move(facts)
    return made.phase, [one.name for one in made.admitted]


def seen(pod: str, state: EndpointState = EndpointState.ROUTABLE) -> RouterEndpoint:
    """One engine as one router sees it."""
    return RouterEndpoint(pod=pod, address="198.18.0.9:8000", state=state, inflight=0)


def test_a_deployment_that_never_named_a_gateway_has_its_own_routers() -> None:
    assert router_move.next_move(ALONE) == RouterMove()
    assert router_move.next_move(replace(ALONE, has_own=False, own_serves=False)) == RouterMove()


def test_a_new_deployment_of_a_gateway_never_gets_a_router() -> None:
    assert step(JOINS) == (MovePhase.JOINED, ["front"])
    assert not router_move.next_move(JOINS).own_admitted


def test_its_own_routers_stay_until_the_gateways_take_requests() -> None:
    joins = replace(ALONE, gateway=FRONT)
    assert step(joins) == (MovePhase.JOINING, ["front"])
    assert router_move.next_move(joins).own_admitted
    assert step(replace(joins, admitted=(FRONT,), gateway_serves=True)) == (MovePhase.JOINED, ["front"])


def test_its_own_routers_reach_the_engines_until_the_last_of_them_has_drained() -> None:
    """Clients that have not noticed still send them requests, for which they may need new connections."""
    joined = replace(ALONE, gateway=FRONT, admitted=(FRONT,), gateway_serves=True, own_drains=True)
    assert step(joined) == (MovePhase.JOINED, ["front"])
    assert router_move.next_move(joined).own_admitted
    assert router_move.next_move(replace(joined, has_own=False, own_serves=False)).own_admitted
    assert router_move.next_move(replace(joined, has_own=False, own_serves=False, gateway_serves=False)).own_admitted
    assert not router_move.next_move(replace(joined, has_own=False, own_serves=False, own_drains=False)).own_admitted


def test_a_gateway_that_fails_later_brings_no_router_back() -> None:
    assert step(replace(JOINS, admitted=(FRONT,))) == (MovePhase.JOINED, ["front"])


def after(facts: MoveFacts, seconds: float) -> MoveFacts:
    """The same so much later, with what the move before stored."""
    made = router_move.next_move(facts)
    now = facts.now + timedelta(seconds=seconds)
    return replace(facts, admitted=made.admitted, left=made.left, taken_over_at=made.taken_over_at, now=now)


def test_leaving_the_gateway_serves_until_its_own_routers_do_and_a_little_longer() -> None:
    leaves = MoveFacts(gateway=None, now=NOON, admitted=(FRONT,))
    assert step(leaves) == (MovePhase.LEAVING, ["front"])
    begun = replace(leaves, has_own=True, own_serves=True)
    settles = RouterMove(phase=MovePhase.SETTLING, admitted=(FRONT,), taken_over_at=NOON, wait_seconds=10.0)
    assert router_move.next_move(begun) == settles
    assert router_move.next_move(after(begun, 2.0)) == replace(settles, wait_seconds=8.0)
    assert router_move.next_move(after(begun, 10.0)) == RouterMove(left=(FRONT,))


def test_between_two_gateways_the_first_serves_until_the_second_does_and_a_little_longer() -> None:
    moves = replace(JOINS, gateway=OTHER, admitted=(FRONT,))
    assert step(moves) == (MovePhase.MOVING, ["other", "front"])
    begun = replace(after(moves, 30.0), gateway_serves=True)
    assert step(begun) == step(after(begun, 9.0)) == (MovePhase.JOINED, ["other", "front"])
    settled = router_move.next_move(after(begun, 10.0))
    assert (settled.admitted, settled.left, settled.wait_seconds) == ((OTHER,), (FRONT,), None)


def test_a_gateway_that_is_left_is_admitted_until_its_routers_have_ended_their_last_request() -> None:
    left = replace(JOINS, gateway=OTHER, admitted=(OTHER,), left=(FRONT,), gateway_serves=True)
    assert router_move.next_move(left).left == (FRONT,)
    assert router_move.next_move(replace(left, gateway=None)).left == (FRONT,)
    assert router_move.next_move(replace(left, left=())) == RouterMove(
        phase=MovePhase.JOINED, admitted=(OTHER,), own_admitted=False
    )


def test_a_gateway_that_is_joined_again_meanwhile_sends_requests_again() -> None:
    back = replace(JOINS, admitted=(OTHER,), left=(FRONT,))
    made = router_move.next_move(back)
    assert (made.phase, made.admitted, made.left) == (MovePhase.MOVING, (FRONT, OTHER), ())


def test_requests_that_wait_at_the_gateway_that_is_left_are_waited_for() -> None:
    """Its routers hold them while no engine is ready, which takes minutes; without a target they would be refused."""
    moves = replace(JOINS, gateway=OTHER, admitted=(OTHER, FRONT), gateway_serves=True, others_queue=True)
    late = router_move.next_move(after(moves, 120.0))
    assert (late.admitted, late.wait_seconds) == ((OTHER, FRONT), router_move.QUEUE_POLL_SECONDS)
    assert router_move.next_move(replace(after(moves, 120.0), others_queue=False)).admitted == (OTHER,)


def test_the_time_counts_from_when_the_second_serves_again_if_it_failed_meanwhile() -> None:
    moves = replace(JOINS, gateway=OTHER, admitted=(OTHER, FRONT), gateway_serves=True)
    failed = replace(after(moves, 8.0), gateway_serves=False)
    assert router_move.next_move(failed).taken_over_at is None
    assert router_move.next_move(replace(after(failed, 8.0), gateway_serves=True)).wait_seconds == 10.0


def test_the_time_counts_from_when_its_service_leads_to_the_second() -> None:
    """The Service is written after the policy, and a webhook may refuse it: its clients would reach nobody."""
    moves = replace(JOINS, gateway=OTHER, admitted=(OTHER, FRONT), gateway_serves=True, address_leads=False)
    made = router_move.next_move(after(moves, 60.0))
    assert (made.phase, made.admitted, made.taken_over_at) == (MovePhase.JOINED, (OTHER, FRONT), None)
    assert made.wait_seconds == router_move.ADDRESS_POLL_SECONDS
    assert router_move.next_move(replace(after(moves, 60.0), address_leads=True)).wait_seconds == 10.0


def test_the_time_of_one_move_is_not_that_of_the_move_back() -> None:
    to_other = replace(JOINS, gateway=OTHER, admitted=(OTHER, FRONT), gateway_serves=True, others_queue=True)
    back = replace(after(to_other, 60.0), gateway=FRONT, others_queue=False)
    made = router_move.next_move(back)
    assert (made.admitted, made.wait_seconds) == ((FRONT, OTHER), 10.0)
    assert router_move.next_move(after(back, 10.0)).left == (OTHER,)


def test_a_time_in_the_future_holds_up_no_move_for_longer_than_the_settling_takes() -> None:
    moves = replace(JOINS, gateway=OTHER, admitted=(OTHER, FRONT), gateway_serves=True)
    set_back = replace(moves, taken_over_at=NOON + timedelta(days=1))
    assert router_move.next_move(set_back).wait_seconds == 10.0
    assert router_move.next_move(after(set_back, 10.0)).admitted == (OTHER,)


def test_reversing_a_move_half_way_keeps_what_serves() -> None:
    half_way = replace(ALONE, gateway=FRONT, admitted=(FRONT,))
    assert step(replace(half_way, gateway=None)) == (MovePhase.SETTLING, ["front"])
    back = MoveFacts(gateway=None, now=NOON, admitted=(FRONT,), has_own=True)
    assert step(replace(back, gateway=FRONT)) == (MovePhase.JOINING, ["front"])
    assert step(replace(back, gateway=FRONT, gateway_serves=True)) == (MovePhase.JOINED, ["front"])


GATEWAYS = st.sampled_from(((), (FRONT,), (OTHER,), (FRONT, OTHER)))
FACTS = st.builds(
    MoveFacts,
    gateway=st.sampled_from((None, FRONT, OTHER)),
    now=st.just(NOON),
    admitted=GATEWAYS,
    left=GATEWAYS,
    has_own=st.booleans(),
    own_drains=st.booleans(),
    own_serves=st.booleans(),
    gateway_serves=st.booleans(),
    address_leads=st.booleans(),
    taken_over_at=st.none() | st.datetimes(NOON.replace(tzinfo=None) - timedelta(minutes=2), timezones=st.just(UTC)),
    others_queue=st.booleans(),
    settle_seconds=st.floats(0, 60),
)


@given(FACTS)
def test_routers_stop_sending_only_when_others_serve_and_nothing_waits_for_them(facts: MoveFacts) -> None:
    made = router_move.next_move(facts)
    stopped = set(facts.admitted) - set(made.admitted)
    serves = facts.own_serves if facts.gateway is None else facts.gateway_serves
    assert not stopped or (serves and facts.address_leads and not facts.others_queue)
    if facts.has_own and not made.own_admitted:
        assert facts.gateway_serves
    assert made.own_admitted or not facts.own_drains


@given(FACTS)
def test_no_gateway_that_may_have_a_request_in_flight_ever_loses_its_admission(facts: MoveFacts) -> None:
    made = router_move.next_move(facts)
    assert {*facts.admitted, *facts.left} <= {*made.admitted, *made.left}
    assert not set(made.admitted) & set(made.left)


@given(FACTS)
def test_a_move_that_is_over_stays_over(facts: MoveFacts) -> None:
    made = router_move.next_move(facts)
    if made.phase in (MovePhase.OWN, MovePhase.JOINED) and made.taken_over_at is None:
        again = replace(facts, admitted=made.admitted, left=made.left, has_own=made.phase is MovePhase.OWN)
        assert router_move.next_move(again) == made


@pytest.mark.parametrize(
    ("reports", "ready", "expected"),
    [
        ([], ["a"], False),
        ([None], [], False),
        ([(), ()], [], True),
        ([(), None], [], False),
        ([(seen("a"),), (seen("a"), seen("b", EndpointState.PROBING))], ["a", "b"], True),
        ([(seen("a"),), (seen("b", EndpointState.PROBING),)], ["a", "b"], False),
        ([(seen("gone"),)], ["a"], False),
    ],
    ids=["no router", "silent", "nothing to send to", "one silent", "all send", "one does not", "to another pod"],
)
def test_routers_serve_when_a_request_to_any_of_them_is_answered(
    reports: list[tuple[RouterEndpoint, ...] | None], ready: list[str], expected: bool
) -> None:
    found = [None if one is None else RouterReport(endpoints=one) for one in reports]
    assert router_move.serves(found, ready) is expected
