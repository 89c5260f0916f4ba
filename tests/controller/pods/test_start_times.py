"""`status.revisions[].coldStart` is of starts alone, also after the operator's own restart."""

from datetime import timedelta
from typing import Any, Final, cast

from fairlead.cluster import kinds
from tests.controller.pretend import Pretend, deployment

SLOW: Final = timedelta(minutes=3)


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
    measured = cold_start(world)
    ready_since(world, "2030-01-01T00:00:00Z")
    world.restart()
    world.apply(deployment(replicas=2))
    while len(world.engine_pods()) == 1:
        world.rounds()
    world.now += SLOW
    world.settle()
    assert float(measured["p95"]) < SLOW.total_seconds()
    assert SLOW.total_seconds() <= float(cold_start(world)["last"]) < 3600
    assert cold_start(world)["last"] == cold_start(world)["p95"], "of the first pod nothing is known"
