"""A person's orders to a canary: what each leads to, and why some would change nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from fairlead.fleet.canaries import CanaryFacts, CanaryOrder, CanaryPhase, CanaryState, CanaryVerb
from fairlead.planning import canary, canary_orders
from fairlead.planning.canary_moment import CanaryMoment
from fairlead.planning.canary_orders import AcceptedOrder, OrderEffect, OrderRefusal
from tests.planning.states import T0
from tests.planning.trials import PLAN

SECOND = CanaryState(revision="b", stable="a", plan=PLAN, phase=CanaryPhase.STEPPING, step=1, since=T0, reached_at=T0)
NOW = T0 + timedelta(minutes=5)
WAITING: Final[dict[str, Any]] = {"phase": CanaryPhase.WAITING, "step": 0, "reached_at": None}
LOADING: Final[dict[str, Any]] = WAITING | {"plan": replace(PLAN, start_within_seconds=None)}
WAITED_LONG: Final[dict[str, Any]] = WAITING | {"since": T0 - timedelta(days=2)}
REJECTED: Final[dict[str, Any]] = {"phase": CanaryPhase.REJECTED}
PROMOTED: Final[dict[str, Any]] = {"phase": CanaryPhase.PROMOTED, "step": 2}
CASES: Final[list[tuple[dict[str, Any], str, OrderEffect | OrderRefusal]]] = [
    ({}, "pause", OrderEffect.STAYS),
    ({}, "abort", OrderEffect.REJECTED),
    ({}, "promote", OrderEffect.NEXT_STEP),
    ({"paused": True}, "promote", OrderEffect.NEXT_STEP),
    ({"step": 2}, "promote", OrderEffect.PROMOTED),
    (WAITING, "pause", OrderEffect.STAYS),
    (WAITING, "abort", OrderEffect.REJECTED),
    (WAITING | {"paused": True}, "promote", OrderEffect.FIRST_STEP),
    (WAITED_LONG, "promote", OrderEffect.FIRST_STEP),
    (REJECTED, "retry", OrderEffect.TRIED_AGAIN),
    ({}, "retry", OrderRefusal.NOT_REJECTED),
    (PROMOTED, "retry", OrderRefusal.NOT_REJECTED),
    (REJECTED, "promote", OrderRefusal.OVER),
    (PROMOTED, "abort", OrderRefusal.OVER),
    ({"paused": True}, "pause", OrderRefusal.PAUSED_ALREADY),
    (WAITING, "promote", OrderRefusal.NO_SPARE_REPLICA),
    (LOADING, "promote", OrderRefusal.NOT_LOADED),
]


def answered(state: CanaryState, verb: str, now: datetime = NOW, *, held: bool = False) -> AcceptedOrder | OrderRefusal:
    """What an order leads to, of a spec that holds the canary or does not."""
    facts = CanaryFacts(wanted=0, paused=held)
    return canary_orders.answer(CanaryMoment(state=state, facts=facts, now=now), CanaryVerb(verb))


@pytest.mark.parametrize(("changed", "verb", "expected"), CASES)
def test_an_order_leads_to_something_or_is_refused_with_the_reason(
    changed: dict[str, Any], verb: str, expected: OrderEffect | OrderRefusal
) -> None:
    found = answered(replace(SECOND, **changed), verb)
    accepted = AcceptedOrder(order=CanaryOrder(verb=CanaryVerb(verb), at=NOW), effect=OrderEffect.STAYS)
    assert found == (replace(accepted, effect=expected) if isinstance(expected, OrderEffect) else expected)


@pytest.mark.parametrize(("changed", "verb", "expected"), CASES)
def test_what_is_accepted_changes_the_canary_once_carried_out_and_what_is_refused_does_not(
    changed: dict[str, Any], verb: str, expected: OrderEffect | OrderRefusal
) -> None:
    """No replica can be spared, so that nothing but the order moves it; a first step's time begins anew in any case."""
    state = replace(SECOND, **changed)
    order = CanaryOrder(verb=CanaryVerb(verb), at=NOW)
    after = canary.follow(state, CanaryFacts(wanted=3, spared=False, order=order), NOW)
    moved = (after.phase, after.step, after.paused) != (state.phase, state.step, state.paused)
    waits_again = expected is OrderEffect.FIRST_STEP and after.since == NOW
    assert (moved or waits_again) is isinstance(expected, OrderEffect)


def test_what_the_spec_holds_is_not_promoted_but_can_be_paused_and_aborted() -> None:
    assert answered(SECOND, "promote", held=True) is OrderRefusal.HELD
    assert answered(replace(SECOND, **WAITED_LONG), "promote", held=True) is OrderRefusal.HELD
    assert [isinstance(answered(SECOND, verb, held=True), AcceptedOrder) for verb in ("pause", "abort")] == [True, True]


def test_an_order_is_later_than_all_that_the_canary_has_recorded() -> None:
    """A user's clock may be behind; an order from the past would not be carried out."""
    before, twice = T0 - timedelta(hours=1), replace(SECOND, ordered_at=T0 + timedelta(minutes=2))
    times = []
    for state, now in ((SECOND, before), (twice, before), (twice, NOW + timedelta(microseconds=7))):
        found = answered(state, "abort", now)
        assert isinstance(found, AcceptedOrder)
        times.append(found.order.at - T0)
    assert times == [timedelta(0), timedelta(minutes=2, seconds=1), timedelta(minutes=5)]
