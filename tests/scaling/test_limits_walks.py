"""Invariants of every recommendation, whatever signals, pods, bounds and policies are: tested on random walks."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.policies import ReplicaBounds, ScalingPace, ScalingPolicy, WarmPool
from fairlead.scaling.decide import limit_rules
from fairlead.scaling.decide.bounds import affordable
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import EnginePod, EnginePodPhase, ScalingFacts
from tests.scaling.limits import FACTS, START, SUMMARY, Fleet, pods, summary_with

SMALL: Final = st.integers(0, 12)
POLICIES: Final = st.builds(
    ScalingPolicy,
    pace=st.builds(
        ScalingPace,
        up_max_step=st.integers(1, 4),
        up_max_factor=st.sampled_from((1.0, 1.5, 2.0)),
        down_after_seconds=st.sampled_from((0.0, 60.0, 300.0)),
        down_max_step=st.integers(1, 3),
    ),
    zero_after_seconds=st.sampled_from((None, 100.0, 900.0)),
    max_cost_per_hour=st.sampled_from((None, Decimal(3), Decimal("7.5"), Decimal(40))),
    warm_pool=st.builds(WarmPool, ready=st.integers(0, 2), asleep=st.integers(0, 3)),
)
PODS: Final = st.builds(
    lambda ready, unplaceable, age: (
        pods(EnginePodPhase.READY, ready) + pods(EnginePodPhase.UNPLACEABLE, unplaceable, START - age)
    ),
    SMALL,
    st.integers(0, 3),
    st.sampled_from((0.0, 50.0, 500.0)),
)
ROOM: Final = st.none() | st.integers(0, 4)
FACTS_OF: Final = st.builds(
    lambda policy, least, more, wanted: replace(
        FACTS,
        policy=policy,
        bounds=ReplicaBounds(least=least, most=max(1, least + more)),
        wanted=wanted,
        price_per_hour=1.0,
        sleeps=True,
    ),
    POLICIES,
    st.integers(0, 4),
    SMALL,
    SMALL,
)
SUMMARIES: Final = st.builds(
    lambda need, may_shrink, waiting, held: summary_with(
        need, replace(SUMMARY, may_shrink=may_shrink, waiting=waiting, held=held, last_arrival=None)
    ),
    st.none() | SMALL,
    st.booleans(),
    st.sampled_from((0.0, 0.0, 3.0)),
    st.sampled_from((0.0, 0.0, 2.0)),
)
ROUNDS: Final = st.lists(
    st.tuples(SUMMARIES, PODS, ROOM, st.sampled_from((1.0, 7.0, 40.0, 400.0))), min_size=1, max_size=12
)
Rounds = list[tuple[SignalSummary, tuple[EnginePod, ...], int | None, float]]


def walked(facts: ScalingFacts, values: Rounds) -> list[tuple[SignalSummary, ScalingFacts, Recommendation]]:
    """Every round with its recommendation."""
    fleet, found = Fleet(facts=facts), []
    for summary, some, room, later in values:
        fleet.now += later
        fleet.facts = replace(fleet.facts, pods=some, room=room)
        seen = fleet.facts
        found.append((summary, seen, fleet.decides(summary)))
    return found


@given(facts=FACTS_OF, values=ROUNDS)
def test_the_answer_is_always_within_bounds_and_budget(facts: ScalingFacts, values: Rounds) -> None:
    for _, seen, answer in walked(facts, values):
        paid = affordable(seen)
        most = seen.bounds.most if paid is None else min(seen.bounds.most, paid)
        assert min(seen.bounds.least, most) <= answer.replicas <= most
        assert 0 <= answer.asleep <= max(0, most - answer.replicas)


@given(facts=FACTS_OF, values=ROUNDS)
def test_nothing_ever_shrinks_on_what_is_not_known(facts: ScalingFacts, values: Rounds) -> None:
    for summary, seen, answer in walked(facts, values):
        paid = affordable(seen)
        most = seen.bounds.most if paid is None else min(seen.bounds.most, paid)
        if not summary.may_shrink or summary.replicas is None:
            assert answer.replicas >= min(seen.wanted, most)


@given(facts=FACTS_OF, values=ROUNDS, more=SMALL)
def test_a_larger_need_never_brings_fewer_replicas(facts: ScalingFacts, values: Rounds, more: int) -> None:
    *before, (last, some, room, later) = values
    fleet = Fleet(facts=facts)
    for summary, *_ in before:
        fleet.passes(1, summary)
    fleet.facts = replace(fleet.facts, pods=some, room=room)
    if last.replicas is None:
        return
    raised = summary_with(last.replicas + more, last)
    few, many = (
        limit_rules.apply_limits(one, fleet.facts, fleet.history, fleet.now + later)[0].replicas
        for one in (last, raised)
    )
    assert few <= many
    busier = replace(raised, waiting=last.waiting + more, held=last.held + more)
    assert many <= limit_rules.apply_limits(busier, fleet.facts, fleet.history, fleet.now + later)[0].replicas


@given(facts=FACTS_OF, values=ROUNDS, exponent=st.integers(-3, 6))
def test_measuring_time_in_another_unit_changes_nothing(facts: ScalingFacts, values: Rounds, exponent: int) -> None:
    unit = 2.0**exponent
    pace = replace(facts.policy.pace, down_after_seconds=facts.policy.pace.down_after_seconds * unit)
    zero = facts.policy.zero_after_seconds
    policy = replace(
        facts.policy,
        pace=pace,
        zero_after_seconds=None if zero is None else zero * unit,
        stale_after_seconds=facts.policy.stale_after_seconds * unit,
    )
    one, other = Fleet(facts=facts), Fleet(facts=replace(facts, policy=policy), now=START * unit)
    for summary, some, room, later in values:
        one.now, other.now = one.now + later, other.now + later * unit
        moved = tuple(replace(pod, since=pod.since * unit) for pod in some)
        one.facts = replace(one.facts, pods=some, room=room)
        other.facts = replace(other.facts, pods=moved, room=room)
        this = one.decides(summary)
        that = other.decides(replace(summary, cold_start_seconds=summary.cold_start_seconds * unit))
        assert (this.replicas, this.asleep, this.reason) == (that.replicas, that.asleep, that.reason)


@given(needs=st.lists(st.tuples(SMALL, st.sampled_from((1.0, 30.0, 100.0))), min_size=2, max_size=30))
def test_after_growing_a_fleet_never_shrinks_within_the_window(needs: list[tuple[int, float]]) -> None:
    fleet, grew, before = Fleet(), None, 4
    for need, later in needs:
        fleet.now += later
        answer = fleet.decides(summary_with(need)).replicas
        if answer < before:
            assert grew is None or fleet.now - grew >= fleet.facts.policy.pace.down_after_seconds
        grew, before = (fleet.now if answer > before else grew), answer


@given(entries=st.lists(SMALL, min_size=1, max_size=200))
def test_what_is_remembered_stays_small(entries: list[int]) -> None:
    fleet = Fleet()
    for need in entries:
        fleet.passes(1, summary_with(need))
    history = fleet.history
    assert max(len(history.required), len(history.most_wanted), len(history.least_wanted)) <= FACTS.bounds.most + 3
