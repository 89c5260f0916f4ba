"""Who sets the replica count: the scale subresource, a user, a recommendation that may be invalid. Nothing flaps."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.endpoints import HourSpend
from tests.controller import points
from tests.controller.pretend import Pretend, deployment

NONSENSE: Final[tuple[Any, ...]] = ("NaN", "Infinity", "3", 2.5, None, [], {}, True, float("nan"))
BOUNDS: Final = {"minReplicas": 1, "maxReplicas": 4}


def scaled() -> Manifest:
    """A deployment whose count something recommends."""
    return deployment(scaling=BOUNDS, replicas=None)


def recommend(world: Pretend, count: object) -> None:
    """As the autoscaler writes it: into the status, under its own field manager."""
    live = world.document()
    status = (live.get("status") or {}) | {"scaling": {"recommended": count}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": status})


def requested(world: Pretend) -> int:
    """Requested replicas over all revisions."""
    return sum(world.engines().values())


@points.DEAR
@given(counts=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_a_count_set_by_the_scale_subresource_is_obeyed_and_not_overwritten(counts: list[int]) -> None:
    """P26: kubectl scale, an HPA or GitOps; the spec stays theirs, and each count is requested once."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    for count in counts:
        live = world.document()
        world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"spec": live["spec"] | {"replicas": count}})
        world.settle()
        assert (requested(world), len(world.serving())) == (count, count)
        assert world.document()["spec"]["replicas"] == count
        assert world.condition("ScalingActive") == ("False", "Fixed")


def test_two_who_disagree_change_each_count_once_and_no_more() -> None:
    """P26: bounded by what they write, however often the operator reconciles."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    (engine,) = world.engines()
    max_changes = 0
    for count in (3, 2) * 4:
        world.apply(deployment(replicas=count))
        before = len([one for one in world.server.writes if one[2].endswith(engine)])
        world.rounds(1)
        after = len([one for one in world.server.writes if one[2].endswith(engine)])
        max_changes = max(max_changes, after - before)
    assert max_changes <= 2


def test_without_a_count_and_without_scaling_there_is_one_replica() -> None:
    """P26: a template without replicas leaves the count to whoever uses the scale subresource."""
    world = Pretend()
    world.apply(deployment(replicas=None))
    world.settle()
    assert requested(world) == 1


@pytest.mark.trial(10)
@pytest.mark.parametrize("drained_for", range(4))
def test_load_that_rises_during_a_rollout_starts_the_new_revision_only(drained_for: int) -> None:
    """One autoscaled replica is replaced, and three more are recommended at any moment of it."""
    world = Pretend(gpus=4)
    world.apply(scaled())
    recommend(world, 1)
    world.settle()
    (old,) = world.engines()
    world.apply(deployment(scaling=BOUNDS, replicas=None, context=4096))
    world.rounds(drained_for)
    recommend(world, 4)
    before = world.engines().get(old, 0)
    for _ in range(12):
        world.rounds()
        assert world.engines().get(old, 0) <= before
        before = world.engines().get(old, 0)
    world.settle()
    assert (old in world.engines(), len(world.serving_of(4096))) == (False, 4)


@points.DEAR
@given(entries=st.lists(st.one_of(st.sampled_from(NONSENSE), st.integers(-(10**9), 10**9)), min_size=1, max_size=5))
def test_a_recommendation_of_nonsense_moves_nothing_beyond_the_bounds(entries: list[Any]) -> None:
    """P27: an invalid count is no recommendation; a count is bounded."""
    world = Pretend()
    world.apply(scaled())
    world.settle()
    for one in entries:
        before = requested(world)
        recommend(world, one)
        world.settle()
        is_count = isinstance(one, int) and not isinstance(one, bool)
        assert requested(world) == (min(4, max(1, one)) if is_count else before)
        assert len(world.serving()) == requested(world)


@pytest.mark.parametrize(("first", "then"), [(1, 4), (4, 1)])
def test_an_oscillating_recommendation_is_followed_within_its_bounds(first: int, then: int) -> None:
    """P27: no more writes than recommendations, and the last one wins."""
    world = Pretend()
    world.apply(scaled())
    world.settle()
    for turn in range(10):
        recommend(world, (first, then)[turn % 2])
        world.reconcile_now()
        assert 1 <= requested(world) <= 4
    world.settle()
    assert requested(world) == len(world.serving()) == then


def test_the_operator_never_takes_the_recommendation_away() -> None:
    """P27: another process owns that part of the status."""
    world = Pretend()
    world.apply(scaled())
    world.settle()
    recommend(world, 3)
    world.settle()
    assert world.document()["status"]["scaling"] == {"recommended": 3}
    assert world.condition("ScalingActive") == ("True", "Recommended")


def test_scaled_to_zero_is_reported_and_is_no_failure() -> None:
    world = Pretend()
    world.apply(deployment(replicas=0))
    world.settle()
    assert world.condition("Available") == ("True", "ScaledToZero")
    assert world.condition("Routable") == ("True", "ScaledToZero")
    assert world.condition("Scheduled") == ("True", "NothingToSchedule")
    assert world.condition("Ready") == ("True", "ScaledToZero")


def test_what_a_thousand_tokens_cost_is_written_once_an_hour_and_stays_while_no_router_answers() -> None:
    world = Pretend()
    world.apply(deployment())
    world.settle()
    assert world.document()["status"]["cost"].keys() == {"perHour"}
    world.pod_client.hour = HourSpend(cost=0.0012345, tokens=500)
    world.settle()
    assert world.document()["status"]["cost"]["perThousandTokens"] == "0.00247"
    version = world.objects.version
    world.settle()
    assert world.objects.version == version
    world.pod_client.silent = True
    world.settle()
    assert world.document()["status"]["cost"]["perThousandTokens"] == "0.00247"
    world.pod_client.silent, world.pod_client.hour = False, HourSpend(cost=1.0)
    world.settle()
    assert world.document()["status"]["cost"].keys() == {"perHour"}, "nobody asked for anything"
