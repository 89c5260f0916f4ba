"""Sleeping replicas: marked, dropped by routers, put to sleep; woken before anything starts, unmarked last."""

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.next_reconcile import SLEEP_POLL_S
from fairlead.objects import labels
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.pretend import deployment
from tests.controller.warm import BOUNDS, SLEEPS, counts, fleet, marks, warm


def test_one_more_is_started_and_put_to_sleep_and_then_all_rests() -> None:
    world = fleet()
    assert (counts(world), len(world.pod_client.asleep)) == ((3, 2, 1), 1)
    assert set(marks(world)) == world.pod_client.asleep
    assert world.condition("Available") == ("True", "Available")
    assert world.condition("Ready") == ("True", "Serving")
    writes = len(world.server.writes)
    world.rounds(5)
    assert len(world.server.writes) == writes


def test_a_sleeper_wakes_at_once_when_more_replicas_are_needed_and_another_replaces_it() -> None:
    world = fleet()
    warm(world, awake=3, asleep=1)
    world.reconcile_now()
    assert (marks(world), world.pod_client.asleep) == ({}, set())
    assert len(world.serving()) == 3
    world.settle()
    assert (counts(world), len(world.pod_client.asleep)) == ((4, 3, 1), 1)


def test_from_zero_a_sleeper_serves_without_any_start() -> None:
    world = fleet(awake=0, asleep=1)
    assert (counts(world), world.condition("Available")) == ((1, 0, 1), ("True", "ScaledToZero"))
    sleeper = set(marks(world))
    warm(world, awake=1, asleep=0)
    world.reconcile_now()
    world.reconcile_now()
    assert (counts(world), marks(world)) == ((1, 1, None), {})
    assert {pod["metadata"]["name"] for pod in world.engine_pods()} == sleeper


def test_only_one_that_every_router_dropped_is_put_to_sleep() -> None:
    world = fleet(awake=3, asleep=0)
    world.pod_client.busy = {pod["metadata"]["name"]: 1 for pod in world.engine_pods()}
    warm(world, awake=2, asleep=1)
    world.rounds(3)
    assert (list(marks(world).values()), world.pod_client.asleep) == ([labels.FALLING_ASLEEP], set())
    world.pod_client.busy = {}
    world.pod_client.silent = True
    world.rounds(3)
    assert world.pod_client.asleep == set()
    world.pod_client.silent = False
    world.settle()
    assert set(marks(world)) == world.pod_client.asleep
    assert len(world.pod_client.asleep) == 1


def test_behind_a_gateway_a_replica_sleeps_as_soon_as_every_router_of_the_gateway_dropped_it() -> None:
    world = GatewayWorld()
    world.put_gateway()
    world.apply(deployment(replicas=None, scaling=BOUNDS, engine=SLEEPS, gateway={"name": "front"}))
    warm(world, awake=2, asleep=1)
    world.settle()
    assert (counts(world), len(world.pod_client.asleep)) == ((3, 2, 1), 1)
    assert set(marks(world)) == world.pod_client.asleep
    assert world.tick().after_s != SLEEP_POLL_S


def test_an_operator_that_starts_anew_goes_on_with_what_is_marked() -> None:
    world = fleet(awake=3, asleep=0)
    world.pod_client.stubborn = True
    warm(world, awake=2, asleep=1)
    world.rounds(2)
    world.restart()
    world.pod_client.stubborn = False
    world.settle()
    assert set(marks(world)) == world.pod_client.asleep
    assert len(world.pod_client.asleep) == 1


def test_a_replica_that_does_not_wake_keeps_its_mark_and_is_retried() -> None:
    world = fleet()
    world.pod_client.stubborn = True
    warm(world, awake=3, asleep=1)
    world.rounds(2)
    assert len(marks(world)) == 1
    world.pod_client.stubborn = False
    world.settle()
    assert counts(world) == (4, 3, 1)


def test_an_engine_that_began_anew_in_its_pod_is_put_to_sleep_again() -> None:
    world = fleet()
    (name,) = marks(world)
    pod = world.objects.held[(kinds.POD.title, "default", name)]
    began = [{"name": "engine", "containerID": "containerd://2"}]
    world.pod_client.asleep.clear()
    world.objects.put(kinds.POD, pod | {"status": pod["status"] | {"containerStatuses": began}})
    world.settle()
    assert (marks(world), world.pod_client.asleep) == ({name: "containerd://2"}, {name})


def test_one_that_began_anew_needs_no_waking() -> None:
    world = fleet()
    (name,) = marks(world)
    pod = world.objects.held[(kinds.POD.title, "default", name)]
    began = [{"name": "engine", "containerID": "containerd://2"}]
    world.objects.put(kinds.POD, pod | {"status": pod["status"] | {"containerStatuses": began}})
    world.pod_client.stubborn = True
    warm(world, awake=3, asleep=0)
    world.settle()
    assert (marks(world), counts(world)) == ({}, (3, 3, None))


def test_those_awake_and_those_asleep_stay_within_the_most_that_is_paid_for() -> None:
    assert counts(fleet(awake=5, asleep=4)) == (6, 5, 1)


@pytest.mark.parametrize("engine", [{"kind": "Simulated", "context": {"maxTokens": 8192}}])
def test_an_engine_that_cannot_sleep_gets_no_sleep_request(engine: Manifest) -> None:
    assert counts(fleet(engine=engine)) == (2, 2, None)


def test_while_nothing_is_recommended_all_stays_as_it_is() -> None:
    """A policy that only recommends changes nothing, and sleeping replicas are not woken for it."""
    world = fleet()
    before = marks(world)
    live = world.document()
    document = {"mode": "Recommend", "advised": 5, "asleep": 3}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": live["status"] | {"scaling": document}})
    world.settle()
    assert (marks(world), counts(world)) == (before, (3, 2, 1))


@pytest.mark.parametrize("nonsense", ["1", True, 1.5, None, []])
def test_what_is_no_count_of_sleepers_is_none(nonsense: object) -> None:
    world = fleet(awake=2, asleep=0)
    live = world.document()
    document = {"recommended": 2, "asleep": nonsense}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": live["status"] | {"scaling": document}})
    world.settle()
    assert counts(world) == (2, 2, None)


def test_no_replica_sleeps_where_the_spec_fixes_the_replica_count() -> None:
    world = fleet()
    world.apply(deployment(replicas=3, engine=SLEEPS))
    world.settle()
    assert (counts(world), marks(world)) == ((3, 3, None), {})


def test_shrinking_the_warm_pool_removes_only_replicas_without_requests() -> None:
    world = fleet(awake=2, asleep=2)
    served = world.serving() - {
        pod["metadata"]["uid"] for pod in world.engine_pods() if pod["metadata"]["name"] in marks(world)
    }
    world.pod_client.busy = {
        pod["metadata"]["name"]: 1 for pod in world.engine_pods() if pod["metadata"]["uid"] in served
    }
    warm(world, awake=2, asleep=0)
    world.settle()
    assert (counts(world), world.serving()) == ((2, 2, None), served)


def test_scaling_down_never_removes_a_sleeper_that_is_still_requested() -> None:
    world = fleet(awake=3, asleep=1)
    (sleeper,) = marks(world)
    warm(world, awake=1, asleep=1)
    world.settle()
    assert (list(marks(world)), counts(world)) == ([sleeper], (2, 1, 1))


def test_a_new_revision_gets_sleepers_of_its_own() -> None:
    world = fleet()
    old = marks(world)
    world.apply(deployment(replicas=None, scaling=BOUNDS, engine=SLEEPS | {"context": {"maxTokens": 4096}}))
    warm(world, awake=2, asleep=1)
    world.settle(most=120)
    assert counts(world) == (3, 2, 1)
    assert not marks(world).keys() & old.keys()
    assert len(world.engines()) == 1
