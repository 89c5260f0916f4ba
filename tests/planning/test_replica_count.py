"""How many replicas are requested, from the spec and the recommendation."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.policies import ReplicaBounds
from fairlead.planning import replica_count
from fairlead.planning.replica_count import CountReason, ReplicaCount

BOUNDS = ReplicaBounds(least=1, most=8)


def test_a_fixed_count_is_what_it_says() -> None:
    count = ReplicaCount(replicas=3, reason=CountReason.FIXED, because="spec.replicas asks for 3")
    assert replica_count.wanted(3, 7, 1) == count
    assert replica_count.wanted(0, None, 1).replicas == 0


def test_a_recommendation_within_the_bounds_holds() -> None:
    assert replica_count.wanted(BOUNDS, 5, 1) == ReplicaCount(
        replicas=5, reason=CountReason.RECOMMENDED, because="5 replicas recommended, 1 to 8 allowed"
    )


def test_a_recommendation_beyond_the_bounds_stops_at_them() -> None:
    assert replica_count.wanted(BOUNDS, 12, 1) == ReplicaCount(
        replicas=8, reason=CountReason.BOUNDED, because="12 recommended, 1 to 8 allowed: 8 replicas"
    )
    assert replica_count.wanted(BOUNDS, 0, 1) == ReplicaCount(
        replicas=1, reason=CountReason.BOUNDED, because="0 recommended, 1 to 8 allowed: 1 replica"
    )


def test_a_budget_that_pays_for_fewer_than_the_lower_bound_wins() -> None:
    poor = ReplicaBounds(least=3, most=8)
    assert replica_count.wanted(poor, 2, 3, over_budget=True) == ReplicaCount(
        replicas=2,
        reason=CountReason.OVER_BUDGET,
        because="the budget pays for 2 replicas, 3 to 8 allowed: the budget wins",
    )
    assert replica_count.wanted(poor, -4, 3, over_budget=True).replicas == 0
    assert replica_count.wanted(ReplicaBounds(least=9, most=4), 6, 3, over_budget=True).replicas == 4
    assert replica_count.wanted(poor, 3, 3, over_budget=True).reason is CountReason.RECOMMENDED


def test_without_a_recommendation_what_is_there_stays() -> None:
    assert replica_count.wanted(BOUNDS, None, 5) == ReplicaCount(
        replicas=5, reason=CountReason.NO_RECOMMENDATION, because="nothing recommended yet, 1 to 8 allowed: 5 replicas"
    )
    assert replica_count.wanted(BOUNDS, None, 20).replicas == 8


def test_the_first_time_starts_at_least_one_even_where_zero_is_allowed() -> None:
    to_zero = ReplicaBounds(least=0, most=8)
    assert replica_count.wanted(to_zero, None, 0).replicas == 1
    assert replica_count.wanted(to_zero, 0, 3).replicas == 0
    assert replica_count.wanted(ReplicaBounds(least=4, most=8), None, 0).replicas == 4


def test_a_policy_that_only_advises_leaves_the_count_at_zero_too() -> None:
    to_zero = ReplicaBounds(least=0, most=8)
    assert replica_count.wanted(to_zero, None, 0, advised=True) == ReplicaCount(
        replicas=0, reason=CountReason.ADVISED, because="the policy only recommends, 0 to 8 allowed: 0 replicas"
    )
    assert replica_count.wanted(BOUNDS, None, 20, advised=True).replicas == 8


def test_a_policy_that_only_advises_lifts_no_count_that_its_budget_led_below_the_lower_bound() -> None:
    poor = ReplicaBounds(least=3, most=8)
    assert replica_count.wanted(poor, None, 2, advised=True, over_budget=True) == ReplicaCount(
        replicas=2,
        reason=CountReason.ADVISED,
        because="the policy only recommends, 3 to 8 allowed, its budget pays for fewer: 2 replicas",
    )
    assert replica_count.wanted(poor, None, 2, advised=True).replicas == 3, "a raised minReplicas lifts"
    assert replica_count.wanted(poor, None, 2, over_budget=True).replicas == 3, "the first start"
    assert replica_count.wanted(poor, None, 9, advised=True, over_budget=True).replicas == 8


numbers = st.integers(-9, 99)


@given(st.builds(ReplicaBounds, least=numbers, most=numbers), st.integers(0, 99))
def test_over_budget_a_policy_that_begins_to_only_advise_never_adds_a_replica(
    bounds: ReplicaBounds, current: int
) -> None:
    followed = replica_count.wanted(bounds, current, current, over_budget=True).replicas
    assert replica_count.wanted(bounds, None, followed, advised=True, over_budget=True).replicas == followed


@given(numbers | st.builds(ReplicaBounds, least=numbers, most=numbers), st.none() | numbers, numbers)
def test_whatever_is_written_the_count_is_never_negative(
    replicas: int | ReplicaBounds, recommended: int | None, request_now: int
) -> None:
    count = replica_count.wanted(replicas, recommended, request_now)
    assert count.replicas >= 0
    assert not isinstance(replicas, ReplicaBounds) or count.replicas <= max(0, replicas.most)
