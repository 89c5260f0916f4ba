"""A fake fleet with sleeping replicas: how a test sets their number, and reads which ones sleep."""

from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.objects import labels
from tests.controller.pretend import Pretend, deployment

MOST: Final = 6
BOUNDS: Final = {"minReplicas": 0, "maxReplicas": MOST, "policy": {"name": "warm"}}
SLEEPS: Final = {"kind": "Simulated", "context": {"maxTokens": 8192}, "sleep": {"enabled": True}}


def warm(world: Pretend, *, awake: int, asleep: int) -> None:
    """Set the counts as the autoscaler does."""
    live = world.document()
    status = (live.get("status") or {}) | {"scaling": {"recommended": awake, "asleep": asleep}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": status})


def marks(world: Pretend) -> dict[str, str]:
    """Marked pods, and the text of the mark."""
    notes = {pod["metadata"]["name"]: pod["metadata"].get("annotations") or {} for pod in world.engine_pods()}
    return {name: found[labels.ASLEEP] for name, found in notes.items() if labels.ASLEEP in found}


def fleet(*, awake: int = 2, asleep: int = 1, engine: Manifest = SLEEPS) -> Pretend:
    """A settled deployment with this many of each."""
    world = Pretend()
    world.apply(deployment(replicas=None, scaling=BOUNDS, engine=engine))
    warm(world, awake=awake, asleep=asleep)
    world.settle()
    return world


def counts(world: Pretend) -> tuple[int, int, int | None]:
    """All pods, those that are ready and awake, and those that sleep according to the status."""
    status = world.document()["status"]
    return status["replicas"], status["readyReplicas"], status.get("asleepReplicas")
