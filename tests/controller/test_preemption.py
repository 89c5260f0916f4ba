"""Deployments of different priorities on one node: who gets its GPUs, and what both statuses say."""

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.kube_priorities import priority_class
from tests.controller.pretend import Pretend, deployment


def cluster(*classes: Manifest, gpus: int = 2) -> Pretend:
    """A node of two GPUs, and these classes beside the one that every cluster has."""
    world = Pretend(gpus=gpus)
    for one in (priority_class("system-cluster-critical", 2_000_000_000), *classes):
        world.objects.put(kinds.PRIORITY_CLASS, one)
    return world


URGENT = priority_class("urgent", 1000)
FILLER = priority_class("filler", -10)


def both(world: Pretend, rounds: int = 1) -> None:
    """Let the cluster and the operator work on both deployments."""
    for _ in range(rounds):
        world.rounds(1, "night")
        world.reconcile_now()


def full(world: Pretend, placement: Manifest | None = None) -> None:
    """Deployment `night` holds two GPUs."""
    world.apply(deployment("night", placement=placement))
    world.settle("night")
    assert len(world.serving("night")) == 2


def urgent(name: str = "urgent", *, replicas: int = 1, gpus: int = 1) -> Manifest:
    """A deployment with a priority class."""
    return deployment(replicas=replicas, placement={"priorityClassName": name}, parallelism={"tensor": gpus})


def test_a_higher_priority_gets_a_gpu_though_none_is_free_and_both_say_so() -> None:
    world = cluster(URGENT)
    full(world)
    world.apply(urgent())
    world.reconcile_now()
    assert list(world.engines().values()) == [1], "a pod that does not exist preempts nothing"
    both(world)
    assert world.condition("Scheduled") == ("False", "Unschedulable")
    assert world.message("Scheduled").endswith(
        "; node node-1 is kept for it, and pods of a lower priority end there first"
    )
    world.reconcile_now("night")
    assert world.condition("Scheduled", "night") == ("False", "Preempted")
    message = world.message("Scheduled", "night")
    assert ": the scheduler preempted it for default/chat with priority 1000, and it has priority 0; " in message
    both(world, 6)
    assert (len(world.serving()), len(world.serving("night"))) == (1, 1)
    assert world.condition("Ready") == ("True", "Serving")
    assert world.condition("Scheduled", "night") == ("False", "Preempted"), "for as long as there is no room"
    assert "default/chat with priority 1000 holds 1 GPU of this kind" in world.message("Scheduled", "night")
    writes = len(world.server.writes)
    both(world, 4)
    assert len(world.server.writes) == writes, "and nothing is tried again and again"


def test_what_was_preempted_comes_back_when_there_is_room_again() -> None:
    world = cluster(URGENT)
    full(world)
    world.apply(urgent())
    both(world, 8)
    world.apply(urgent(replicas=0))
    both(world, 8)
    assert (len(world.serving()), len(world.serving("night"))) == (0, 2)
    assert world.condition("Scheduled", "night") == ("True", "Scheduled")


@pytest.mark.parametrize(
    ("classes", "named"),
    [
        ((priority_class("urgent", 1000, preemptionPolicy="Never"),), "urgent"),
        ((priority_class("urgent", 0),), "urgent"),
        ((FILLER,), "filler"),
        ((), "absent"),
    ],
    ids=["a class that preempts nothing", "an equal priority", "a lower priority", "no such class"],
)
def test_without_a_higher_priority_no_pod_is_requested(classes: tuple[Manifest, ...], named: str) -> None:
    world = cluster(*classes)
    full(world)
    world.apply(urgent(named))
    both(world, 4)
    assert list(world.engines().values()) == [0]
    assert world.condition("Scheduled") == ("False", "NoFreeGpu")
    assert len(world.serving("night")) == 2


def test_where_classes_may_not_be_read_no_pod_is_requested() -> None:
    world = Pretend(gpus=2)
    full(world)
    world.apply(urgent())
    both(world, 4)
    assert world.condition("Scheduled") == ("False", "NoFreeGpu")


@pytest.mark.parametrize("default", [False, True])
def test_a_deployment_without_a_class_has_the_clusters_default(default: bool) -> None:
    world = cluster(FILLER, *([priority_class("usual", 5, globalDefault=True)] if default else []))
    full(world, placement={"priorityClassName": "filler"})
    world.apply(deployment(replicas=1))
    both(world, 8)
    assert (len(world.serving()), len(world.serving("night"))) == (1, 1)
    assert "and this one has priority -10; " in world.message("Scheduled", "night")


def test_a_replica_of_two_gpus_takes_the_place_of_two_pods_and_no_more_than_fits() -> None:
    world = cluster(URGENT, gpus=4)
    full(world)
    world.apply(urgent(gpus=2))
    world.reconcile_now()
    both(world, 6)
    assert (len(world.serving()), len(world.serving("night"))) == (1, 2), "two GPUs were free"
    world.apply(urgent(replicas=3, gpus=2))
    world.reconcile_now()
    assert list(world.engines().values()) == [2]
    both(world, 10)
    assert (len(world.serving()), len(world.serving("night"))) == (2, 0)
    assert world.message("Scheduled").startswith("NVIDIA-L4: 4 on 1 node, 4 in use, 0 free")


def test_a_rollout_to_a_higher_priority_does_not_preempt_its_own_older_revision() -> None:
    """The scheduler would end a replica that serves, although nothing else has its place yet."""
    world = cluster(URGENT)
    full(world)
    world.apply(deployment("night", placement={"priorityClassName": "urgent"}, rollout={"strategy": "Surge"}))
    world.settle("night")
    assert sorted(world.engines("night").values()) == [0, 2]
    assert world.condition("Scheduled", "night") == ("False", "NoFreeGpu")


def test_a_pod_that_waits_for_a_higher_priority_says_who_holds_the_gpus() -> None:
    """It was never preempted: it came when there was no room, because nodes were not read."""
    world = cluster(URGENT)
    world.apply(urgent(replicas=2))
    world.settle()
    world.world.blind = frozenset({kinds.NODE})
    world.apply(deployment("night", replicas=1))
    both(world, 4)
    assert world.condition("Scheduled", "night") == ("False", "Unschedulable")
    assert world.message("Scheduled", "night").endswith(
        "; default/chat with priority 1000 holds 2 GPUs of this kind, and this one has priority 0; "
        "add a node, lower the other's replicas, or raise spec.placement.priorityClassName"
    )
