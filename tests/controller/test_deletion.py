"""A deployment is deleted: nothing more is created for it, and nothing of it is left."""

from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.work_queue import ReconcileOutcome
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Faults

WHERE: Final = (kinds.INFERENCE_DEPLOYMENT.title, "default", "chat")


def in_mid_rollout(rounds: int) -> Pretend:
    """Some rounds into a change of what serves."""
    world = Pretend(gpus=3)
    world.apply(deployment())
    world.settle()
    world.apply(deployment(context=4096))
    world.rounds(rounds)
    return world


def owned(world: Pretend) -> list[Manifest]:
    """All objects except nodes."""
    return [one for where, one in world.objects.held.items() if where[0] != kinds.NODE.title]


@pytest.mark.parametrize("rounds", [0, 1, 2, 4])
@pytest.mark.parametrize("asleep", [False, True], ids=["awake", "asleep"])
def test_a_deleted_deployment_leaves_nothing(rounds: int, asleep: bool) -> None:
    """P18: in the background, at any step of a rollout, with the operator awake or not."""
    world = in_mid_rollout(rounds)
    made = +world.server.made
    world.kube.delete(kinds.INFERENCE_DEPLOYMENT, "default", "chat")
    for _ in range(6):
        world.kube.round(world.now)
        if not asleep:
            world.reconcile_now()
        world.now += world.ROUND
    world.restart()
    world.reconcile_now()
    assert owned(world) == []
    assert +world.server.made == made


@pytest.mark.parametrize("rounds", [0, 2])
def test_nothing_is_made_again_while_a_deployment_is_going(rounds: int) -> None:
    """P18: in the foreground the object stays until its children are gone, and they go one by one."""
    world = in_mid_rollout(rounds)
    document = world.document()
    going = document["metadata"] | {"deletionTimestamp": world.objects.moment}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, document | {"metadata": going})
    writes = len(world.server.writes)
    for child in [one for one in owned(world) if one["metadata"].get("ownerReferences")]:
        where = (kinds.of(child).title, "default", child["metadata"]["name"])
        if where in world.objects.held:
            world.kube.delete(kinds.of(child), *where[1:])
        world.rounds()
    world.objects.remove(WHERE, {})
    world.rounds(3)
    assert owned(world) == []
    assert len(world.server.writes) == writes


def test_what_a_deletion_orphaned_is_left_alone() -> None:
    """P18: kubectl delete --cascade=orphan."""
    world = in_mid_rollout(0)
    for child in owned(world):
        bare = {key: value for key, value in child["metadata"].items() if key != "ownerReferences"}
        world.objects.put(kinds.of(child), child | {"metadata": bare})
    world.objects.remove(WHERE, {})
    left, writes = world.fingerprint(), len(world.server.writes)
    world.rounds(4)
    assert (world.fingerprint(), len(world.server.writes)) == (left, writes)


def test_a_deletion_between_read_and_status_write_is_no_failure() -> None:
    """P18: the status of a deleted object is not written."""
    world = in_mid_rollout(0)
    world.apply(deployment(replicas=1))
    world.world.receive()
    world.world.receives = False
    world.objects.remove(WHERE, {})
    for _ in range(3):
        world.settle_or_fail()
    assert WHERE not in world.objects.held


def test_a_deployment_deleted_between_read_and_status_write_is_left_to_its_informer() -> None:
    world = Pretend()
    world.apply(deployment(router={}))
    world.settle()
    live = world.document()
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": live["status"] | {"readyReplicas": 7}})
    world.server.faults = Faults(answers={len(world.server.writes): 404})
    before = list(world.event_sink.published)
    assert world.tick() == ReconcileOutcome()
    assert world.server.writes[-1] == ("patch", f"{kinds.INFERENCE_DEPLOYMENT.title}/status", "chat")
    assert world.event_sink.published == before
