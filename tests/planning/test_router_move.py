"""A deployment moves between its own routers and a gateway's, and is served at every step."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import EndpointState, RouterEndpoint, RouterReport
from fairlead.fleet.gateways import GatewayReference
from fairlead.planning import router_move
from fairlead.planning.router_move import MoveFacts, MovePhase, RouterMove

FRONT = GatewayReference(namespace="platform", name="front")
OTHER = GatewayReference(namespace="platform", name="other")
ALONE = MoveFacts(gateway=None, has_own=True, own_serves=True, own_seconds=3600.0)


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
    assert step(MoveFacts(gateway=FRONT)) == (MovePhase.JOINED, ["front"])
    assert not router_move.next_move(MoveFacts(gateway=FRONT)).own_admitted


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
    joined = MoveFacts(gateway=FRONT, admitted=(FRONT,))
    assert step(joined) == (MovePhase.JOINED, ["front"])


def test_leaving_the_gateway_serves_until_its_own_routers_do_and_a_little_longer() -> None:
    leaves = MoveFacts(gateway=None, admitted=(FRONT,))
    assert step(leaves) == (MovePhase.LEAVING, ["front"])
    begun = replace(leaves, has_own=True, own_serves=True, own_seconds=2.0)
    assert router_move.next_move(begun) == RouterMove(phase=MovePhase.SETTLING, admitted=(FRONT,), wait_seconds=8.0)
    assert step(replace(begun, own_seconds=10.0)) == (MovePhase.OWN, [])


def test_between_two_gateways_the_first_serves_until_the_second_does() -> None:
    moves = MoveFacts(gateway=OTHER, admitted=(FRONT,))
    assert step(moves) == (MovePhase.JOINED, ["other", "front"])
    assert step(replace(moves, admitted=(OTHER, FRONT), gateway_serves=True)) == (MovePhase.JOINED, ["other"])


def test_reversing_a_move_half_way_keeps_what_serves() -> None:
    half_way = replace(ALONE, gateway=FRONT, admitted=(FRONT,))
    assert step(replace(half_way, gateway=None)) == (MovePhase.OWN, [])
    back = MoveFacts(gateway=None, admitted=(FRONT,), has_own=True)
    assert step(replace(back, gateway=FRONT)) == (MovePhase.JOINING, ["front"])
    assert step(replace(back, gateway=FRONT, gateway_serves=True)) == (MovePhase.JOINED, ["front"])


FACTS = st.builds(
    MoveFacts,
    gateway=st.sampled_from((None, FRONT, OTHER)),
    admitted=st.sampled_from(((), (FRONT,), (OTHER,), (FRONT, OTHER))),
    has_own=st.booleans(),
    own_drains=st.booleans(),
    own_serves=st.booleans(),
    own_seconds=st.floats(0, 100),
    gateway_serves=st.booleans(),
    settle_seconds=st.floats(0, 60),
)


@given(FACTS)
def test_routers_that_serve_lose_admission_only_when_others_serve(facts: MoveFacts) -> None:
    made = router_move.next_move(facts)
    turned_away = set(facts.admitted) - set(made.admitted)
    assert not turned_away or (facts.own_serves if facts.gateway is None else facts.gateway_serves)
    if facts.has_own and not made.own_admitted:
        assert facts.gateway_serves
    assert made.own_admitted or not facts.own_drains


@given(FACTS)
def test_a_move_that_is_over_stays_over(facts: MoveFacts) -> None:
    made = router_move.next_move(facts)
    if made.phase in (MovePhase.OWN, MovePhase.JOINED):
        again = replace(facts, admitted=made.admitted, has_own=made.phase is MovePhase.OWN)
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
