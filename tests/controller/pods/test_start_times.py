"""`status.revisions[].coldStart` is of starts alone, also after the operator's own restart."""

from typing import Any, cast

from fairlead.cluster import kinds
from fairlead.controller import snapshot
from tests.controller.pretend import Pretend, deployment


def cold_start(world: Pretend) -> dict[str, str]:
    return cast("dict[str, str]", world.document()["status"]["revisions"][0]["coldStart"])


def ready_since(world: Pretend, moment: str) -> None:
    """Let the kubelet say that the first pod has been ready since then."""
    [pod, *_] = world.engine_pods()
    status: dict[str, Any] = pod["status"]
    conditions = [
        one | {"lastTransitionTime": moment} if one["type"] == "Ready" else one for one in status["conditions"]
    ]
    world.objects.put(kinds.POD, pod | {"status": status | {"conditions": conditions}})


def test_a_pod_that_lost_readiness_before_the_operator_began_leaves_the_known_start_alone() -> None:
    world = Pretend()
    world.apply(deployment(replicas=1))
    world.settle()
    measured = cold_start(world)
    assert float(measured["last"]) < 3600
    ready_since(world, "2030-01-01T00:00:00Z")
    world.rounds(2)
    assert cold_start(world) == measured, "it was unready for a moment, years after its start"
    world.restart()
    world.rounds(2)
    assert cold_start(world) == measured, "a new process cannot tell, so it keeps what the first one saw"


def test_a_pod_that_starts_after_the_operator_did_is_measured() -> None:
    world = Pretend()
    world.apply(deployment(replicas=1))
    world.settle()
    world.restart()
    before = {one["metadata"]["uid"] for one in world.engine_pods()}
    world.apply(deployment(replicas=2))
    world.settle()
    [new] = {one["metadata"]["uid"] for one in world.engine_pods()} - before
    observed = snapshot.observe(world.world, world.key())
    assert observed is not None
    assert set(world.operator._starts.measured(observed)) == {new}
