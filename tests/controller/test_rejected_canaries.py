"""A rejected canary can be tried again, whatever happened to its status since."""

from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from tests.controller.trials import TrialWorld

CANARY: Final[dict[str, Any]] = {"strategy": "Canary", "canary": {"steps": [{"traffic": 5, "hold": "10m"}]}}


def rejected() -> TrialWorld:
    """Its only step began, and a person aborted it."""
    world = TrialWorld(CANARY)
    world.rounds(20)
    world.order("abort")
    world.settle()
    assert (world.canary["phase"], world.counts) == ("Rejected", (3, 0))
    return world


def set_strategy(world: TrialWorld, rollout: dict[str, Any]) -> None:
    """Change spec.rollout, which is no change of the revision."""
    world.spec["rollout"] = rollout
    world.apply(world.changed())
    world.settle()


def test_another_strategy_does_not_start_what_was_rejected_and_a_retry_under_canary_does() -> None:
    """After that change no order ever reached it."""
    world = rejected()
    set_strategy(world, {"strategy": "Surge"})
    world.order("retry")
    world.rounds(10)
    assert (world.counts, world.condition("Progressing")) == ((3, 0), ("False", "CanaryRejected"))
    set_strategy(world, CANARY)
    assert world.counts == (3, 0)
    world.order("retry")
    world.rounds(20)
    assert (world.canary["phase"], world.counts) == ("Stepping", (2, 1))


def test_it_stays_rejected_under_canary_until_a_person_orders_a_retry() -> None:
    world = rejected()
    set_strategy(world, {"strategy": "Surge"})
    set_strategy(world, CANARY)
    world.restart()
    world.rounds(60)
    assert (world.canary["phase"], world.canary["message"]) == ("Rejected", "a person aborted it")
    assert world.event_sink.published.count("CanaryRejected") == 1
    assert world.counts == (3, 0)
    world.order("retry")
    world.rounds(20)
    assert (world.canary["phase"], world.counts) == ("Stepping", (2, 1))


def test_a_retry_is_judged_by_the_limits_and_steps_of_the_spec_as_it_is_now() -> None:
    world = rejected()
    steps = [{"traffic": 5, "hold": "1m"}, {"traffic": 30, "hold": "1m"}]
    set_strategy(world, {"strategy": "Canary", "canary": {"steps": steps, "service": {"maxTtftRatio": "2"}}})
    assert (world.canary["phase"], len(world.canary["plan"]["steps"])) == ("Rejected", 1)
    world.order("retry")
    world.rounds(2)
    plan = world.canary["plan"]
    assert (len(plan["steps"]), plan["service"]["maxTtftRatio"]) == (2, "2")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_order_of_a_time_that_no_clock_has_stops_nothing(at: str) -> None:
    """It was carried out and could not be written, so each reconcile of the deployment failed from then on."""
    world = TrialWorld(CANARY)
    world.rounds(20)
    document = world.document()
    metadata = document["metadata"] | {"annotations": {"fairlead.dev/rollout": f"abort {at}"}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, document | {"metadata": metadata})
    world.rounds(2)
    assert world.canary["phase"] == "Stepping"
    world.order("abort")
    world.settle()
    assert world.canary["phase"] == "Rejected"


def test_an_order_to_abort_during_a_pause_gives_the_gpu_back_and_is_reported_as_ever() -> None:
    """The condition said `Paused`, and the old revision stayed a replica short until a person ended the pause."""
    world = TrialWorld(CANARY)
    world.rounds(20)
    set_strategy(world, CANARY | {"paused": True})
    assert (world.counts, world.condition("Progressing")) == ((2, 1), ("Unknown", "Paused"))
    world.order("promote")
    world.rounds(20)
    assert world.counts == (2, 1)
    world.order("abort")
    world.settle()
    assert (world.canary["phase"], world.counts) == ("Rejected", (3, 0))
    assert world.condition("Progressing") == ("False", "CanaryRejected")
    writes = len(world.server.writes)
    world.rounds(5)
    assert len(world.server.writes) == writes
