"""A canary whose recorded times lie in the future, since a clock was set back: they count as now."""

from dataclasses import replace
from datetime import timedelta

from fairlead.fleet.canaries import CanaryFacts, CanaryPhase
from fairlead.planning import canary
from tests.planning.states import T0
from tests.planning.trials import PLAN

LATER = T0 + timedelta(hours=1)
BEFORE = T0 - timedelta(seconds=60)
FACTS = CanaryFacts(wanted=3, available=1)
AHEAD = replace(
    canary.begun("b", "a", PLAN, LATER),
    phase=CanaryPhase.STEPPING,
    reached_at=LATER,
    ordered_at=LATER,
    retried_at=LATER,
)


def test_times_in_the_future_become_now_but_for_that_of_an_order_which_would_count_twice() -> None:
    found = canary.follow(AHEAD, FACTS, T0)
    assert found == replace(AHEAD, since=T0, reached_at=T0, retried_at=T0)
    limit = canary.limit(AHEAD, FACTS, T0, diverted=True)
    assert limit is not None
    assert (limit.since, limit.retried_at, limit.wake_at) == (T0, T0, T0 + timedelta(seconds=120))


def test_times_in_the_past_and_times_that_there_are_not_stay() -> None:
    past = replace(AHEAD, since=BEFORE, reached_at=BEFORE, retried_at=None)
    assert canary.follow(past, FACTS, T0) == past
    waiting = canary.begun("b", "a", PLAN, BEFORE)
    assert canary.follow(waiting, replace(FACTS, spared=False), T0) == waiting
