"""A canary that admission refuses is refused by the reconcile too: the webhook may have been unavailable."""

from typing import Any, Final

from fairlead.cluster.kinds import Manifest
from tests.controller.adapters.adapter_world import FIRST, SECOND
from tests.controller.adapters.test_adapter_canaries import NEW, OLD, STEPS, VersionWorld, edition
from tests.controller.quality_trials import EVALUATION

BY_QUALITY: Final[list[Manifest]] = [{"traffic": 10, "hold": "0s", "gates": ["Quality"]}]
QUALITY: Final[dict[str, Any]] = {"evaluation": EVALUATION.name, "margin": "4"}


def condition(world: VersionWorld, kind: str) -> str:
    """The message of one condition."""
    return str(next(one for one in world.status()["conditions"] if one["type"] == kind)["message"])


def test_a_gate_that_lacks_its_evaluation_begins_no_trial_until_one_is_named() -> None:
    world = VersionWorld(steps=BY_QUALITY)
    world.begun()
    assert world.reason("Accepted") == world.reason() == ("False", "Refused")
    assert world.reason("Stalled") == ("True", "Refused")
    assert condition(world, "Accepted").startswith("spec.canary.quality: absent: gate Quality compares answers")
    assert (world.shares, world.canary) == ({OLD: 100, NEW: 0}, {}), "the version that serves goes on serving"
    world.put_adapter("sql", edition(FIRST), edition(SECOND), canary={"steps": BY_QUALITY, "quality": QUALITY})
    world.turn(4)
    assert world.reason("Accepted") == ("True", "Accepted")
    assert (world.canary["revision"], world.canary["stable"]) == (NEW, OLD)
    assert world.canary["plan"]["quality"]["evaluation"] == EVALUATION.name


def test_a_trial_that_runs_takes_no_step_while_an_edit_is_refused_and_goes_on_when_it_is_corrected() -> None:
    world = VersionWorld(steps=STEPS).begun()
    world.put_adapter("sql", edition(FIRST), edition(SECOND), canary={"steps": BY_QUALITY})
    world.order("promote")
    world.turn(4)
    assert world.shares == {OLD: 90, NEW: 10}
    assert world.reason("Progressing") == ("Unknown", "CanaryHeld")
    assert "gate Quality compares answers to the items of an Evaluation" in condition(world, "Progressing")
    world.put_adapter("sql", edition(FIRST), edition(SECOND), canary=world.spec)
    world.order("promote")
    world.turn(4)
    assert world.shares == {OLD: 50, NEW: 50}
