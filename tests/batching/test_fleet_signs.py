"""When an address is lost, and when a request is at fault rather than the address."""

import pytest

from fairlead.batching.attempt_outcomes import TAKEN_S, Outcome
from fairlead.batching.fleet_signs import MAX_IN_A_ROW, FleetSigns

GIVE_UP = 1800.0


@pytest.fixture
def signs() -> FleetSigns:
    return FleetSigns(GIVE_UP)


def one(signs: FleetSigns, outcome: Outcome, began: float, took: float) -> None:
    assert signs.ended(signs.sent(began), outcome, began + took) == took


def test_an_address_that_only_fails_is_lost_after_the_time_that_is_given(signs: FleetSigns) -> None:
    assert not signs.is_lost(1e9)
    one(signs, Outcome.UNREACHABLE, 0.0, 1.0)
    one(signs, Outcome.BUSY, 1700.0, 1.0)
    assert not signs.is_lost(GIVE_UP)
    assert signs.is_lost(GIVE_UP + 2)
    assert not signs.may_fail(GIVE_UP + 2)


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.REFUSED, Outcome.SPENT])
def test_an_address_that_answers_anything_is_not_lost(signs: FleetSigns, outcome: Outcome) -> None:
    one(signs, Outcome.FAULT, 0.0, 1.0)
    one(signs, outcome, GIVE_UP, 1.0)
    one(signs, Outcome.FAULT, GIVE_UP + 100, 1.0)
    assert not signs.is_lost(GIVE_UP + 110)


def test_the_end_of_a_long_wait_is_a_sign_and_a_proxys_time_out_is_none(signs: FleetSigns) -> None:
    one(signs, Outcome.FAULT, 0.0, TAKEN_S + 15)
    assert signs.is_lost(GIVE_UP + TAKEN_S + 16)
    one(signs, Outcome.BUSY, GIVE_UP, TAKEN_S + 1)
    assert not signs.is_lost(GIVE_UP + 100)


def test_a_wait_for_a_first_replica_is_no_sign_neither_while_it_lasts_nor_when_it_ends(signs: FleetSigns) -> None:
    """A router holds each request for five minutes, so that some request is always in flight for longer than one."""
    one(signs, Outcome.NO_REPLICA, 0.0, 300.0)
    one(signs, Outcome.NO_REPLICA, 310.0, 300.0)
    signs.sent(GIVE_UP)
    assert not signs.is_lost(300.0 + GIVE_UP)
    assert signs.is_lost(301.0 + GIVE_UP)
    assert not signs.is_lost(GIVE_UP + 601.0)


def test_a_request_that_waits_in_the_router_is_a_sign(signs: FleetSigns) -> None:
    signs.sent(0.0)
    one(signs, Outcome.BUSY, 1.0, 1.0)
    assert not signs.is_lost(2 * GIVE_UP)


def test_requests_that_wait_for_a_proxys_next_time_out_are_none(signs: FleetSigns) -> None:
    """Each 504 takes 75 s, so some request is always in flight for longer than a minute."""
    one(signs, Outcome.FAULT, 0.0, 75.0)
    signs.sent(GIVE_UP + 10)
    assert signs.is_lost(GIVE_UP + 84)
    assert not signs.is_lost(GIVE_UP + 10 + 2 * 75 + 1)


def test_many_failures_in_a_row_are_the_addresss_and_not_each_requests(signs: FleetSigns) -> None:
    for _ in range(MAX_IN_A_ROW):
        assert signs.may_fail(0.0)
        signs.failed()
    assert not signs.may_fail(0.0)
    one(signs, Outcome.ANSWERED, 0.0, 1.0)
    assert signs.may_fail(1.0)
