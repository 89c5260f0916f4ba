"""`fairlead rollout status` of a canary that is over."""

from dataclasses import replace

from fairlead.cli import rollout_orders, rollout_text
from fairlead.cli.rollout_orders import RolloutView
from fairlead.controller.status import canary_status
from fairlead.fleet.canaries import CanaryPhase
from tests.cli.test_rollout import SECOND, T0, document


def promoted(reason: str) -> RolloutView:
    """A promoted canary of a deployment whose rollout is at this reason."""
    state = canary_status.written(replace(SECOND, phase=CanaryPhase.PROMOTED, step=2))
    moving = {"type": "Progressing", "status": "True", "reason": reason, "message": "1a2b3c4d serves"}
    found = rollout_orders.view(
        document({"rollout": {"strategy": "Canary"}}, {"canary": state, "conditions": [moving]})
    )
    assert isinstance(found, RolloutView)
    return found


def coming(seen: RolloutView) -> str:
    """What is said to come."""
    return next(one for one in rollout_text.lines(seen, T0) if one.startswith("  next"))


def test_nothing_comes_once_the_old_replicas_are_gone() -> None:
    """It said for ever that they are removed and that the rollout is complete then."""
    assert coming(promoted("RollingOut")) == "  next  the last old replicas are removed; then the rollout is complete"
    done = coming(promoted("Complete"))
    assert done == "  next  nothing: 1a2b3c4d alone serves; the next change of the model or engine begins a canary"
    assert '"next": "nothing: 1a2b3c4d alone serves' in rollout_text.as_json(promoted("Complete"))
