"""`fairlead rollout status` of a canary that is over, or that the spec holds."""

from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.api import canary_status
from fairlead.cli import rollout_orders, rollout_text
from fairlead.cli.rollout_orders import NoCanary, NoOrder, RolloutView
from fairlead.fleet.canaries import CanaryPhase
from tests.cli.test_rollout import SECOND, T0, document

NEW: Final[dict[str, Any]] = {"hash": "1a2b3c4d", "replicas": 3, "ready": 3}
OLD: Final[dict[str, Any]] = {"hash": "0f0f0f0f", "replicas": 1, "ready": 1}
DONE: Final = "  next  nothing: 1a2b3c4d alone serves; the next change of the model or engine begins a canary"


def promoted(reason: str, *revisions: dict[str, Any]) -> RolloutView:
    """A promoted canary of a deployment whose rollout is at this reason, with these replicas."""
    state = canary_status.written(replace(SECOND, phase=CanaryPhase.PROMOTED, step=2))
    moving = {"type": "Progressing", "status": "True", "reason": reason, "message": "1a2b3c4d serves"}
    status = {"canary": state, "conditions": [moving], "revisions": list(revisions)}
    found = rollout_orders.view(document({"rollout": {"strategy": "Canary"}}, status))
    assert isinstance(found, RolloutView)
    return found


def coming(view: RolloutView) -> str:
    """What is said to come."""
    return next(one for one in rollout_text.lines(view, T0) if one.startswith("  next"))


def test_nothing_comes_once_the_old_replicas_are_gone() -> None:
    """It said for ever that they are removed and that the rollout is complete then."""
    rolling = coming(promoted("RollingOut", NEW, OLD))
    assert rolling == "  next  the last old replicas are removed; then the rollout is complete"
    assert coming(promoted("Complete", NEW, OLD | {"replicas": 0, "ready": 0})) == DONE
    assert '"next": "nothing: 1a2b3c4d alone serves' in rollout_text.as_json(promoted("Complete", NEW))


@pytest.mark.parametrize("reason", ["Paused", "ChildTerminating", "NoRight", "ClusterRefuses", "Starting"])
def test_nothing_old_is_left_to_remove_whatever_else_the_deployment_waits_for(reason: str) -> None:
    """Scaled up without room, or paused since, it was to remove old replicas that did not exist."""
    assert coming(promoted(reason, NEW)) == DONE


def test_a_promoted_revision_without_a_ready_replica_is_not_said_to_serve() -> None:
    for replicas in (0, 2):
        assert coming(promoted("Complete", NEW | {"replicas": replicas, "ready": 0})) == (
            "  next  nothing: no replica of 1a2b3c4d is ready; the next change of the model or engine begins a canary"
        )


def test_a_canary_that_the_spec_holds_is_shown_as_paused_and_not_promoted() -> None:
    """Its step begins once the spec lets it: an order to promote would be reported as done, and nothing would move."""
    status = {"canary": canary_status.written(SECOND)}
    found = rollout_orders.view(document({"rollout": {"strategy": "Canary", "paused": True}}, status))
    assert isinstance(found, RolloutView)
    assert next(rollout_text.lines(found, T0)).startswith("infd/chat in team: Stepping, paused for 0 s: ")
    assert rollout_orders.order(found, "promote", T0) == NoOrder(
        because="the canary of infd/chat in team stays at its step: spec.rollout.paused is true",
        remedy="set it to false, and the canary goes on",
    )


def test_a_rejected_revision_under_another_strategy_says_how_it_is_tried_again() -> None:
    """The advice was to set the strategy before the next change, as if nothing had been rejected."""
    moving = {"type": "Progressing", "status": "False", "reason": "CanaryRejected", "message": "1a2b3c4d was given up"}
    found = rollout_orders.view(document({"rollout": {"strategy": "Surge"}}, {"conditions": [moving]}))
    assert found == NoCanary(
        because="infd/chat in team has no canary: spec.rollout.strategy is Surge",
        remedy="its revision was rejected: set it to Canary again and order retry, or change the model or engine",
    )
