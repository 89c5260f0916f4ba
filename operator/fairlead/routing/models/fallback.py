"""Which target comes next when one cannot answer or its answer does not pass."""

from collections.abc import Container

from fairlead.fleet.model_routes import FallbackReason
from fairlead.routing.models.route_choice import RouteChoice


def next_target(choice: RouteChoice, tried: Container[str], reason: FallbackReason) -> str | None:
    """Return the target after one that could not answer; None if the chain ends or is not meant for this reason.

    A cascade's next target is larger and would have got the request after a poor answer, so it also gets it after none,
    whatever the reason; the fallback's targets are only for the reasons that it lists.
    """
    fallback = choice.settings.fallback
    listed = fallback is not None and reason in fallback.reasons
    open_to_it = choice.chain if listed else choice.chain[: choice.escalations]
    return _first_untried(open_to_it, tried)


def next_escalation(choice: RouteChoice, tried: Container[str]) -> str | None:
    """Return the cascade's target after one whose answer did not pass; None if that answer is to be returned."""
    return _first_untried(choice.chain[: choice.escalations], tried)


def next_for_invalid(choice: RouteChoice, tried: Container[str]) -> str | None:
    """Return the chain's target after one whose structured output was invalid, if the route says Escalate."""
    return _first_untried(choice.chain, tried)


def _first_untried(targets: tuple[str, ...], tried: Container[str]) -> str | None:
    return next((one for one in targets if one not in tried), None)
