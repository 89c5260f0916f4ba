"""Which target comes next, when one cannot answer or its answer does not pass."""

from collections.abc import Container

from fairlead.fleet.model_routes import FallbackReason
from fairlead.routing.models.route_choice import RouteChoice


def next_target(choice: RouteChoice, tried: Container[str], reason: FallbackReason) -> str | None:
    """The target after one that could not answer; nothing when the chain is at its end or not meant for this reason.

    A cascade's next target is larger and would have got a poor answer's request, so it gets that of no answer, whatever
    the reason; the fallback's targets are for the reasons that it lists.
    """
    fallback = choice.settings.fallback
    listed = fallback is not None and reason in fallback.reasons
    open_to_it = choice.chain if listed else choice.chain[: choice.escalations]
    return _first_untried(open_to_it, tried)


def next_escalation(choice: RouteChoice, tried: Container[str]) -> str | None:
    """The target of the cascade after one whose answer did not pass; nothing: that answer is given."""
    return _first_untried(choice.chain[: choice.escalations], tried)


def next_for_invalid(choice: RouteChoice, tried: Container[str]) -> str | None:
    """The target of the whole chain after one whose structured output was invalid, where the route says Escalate."""
    return _first_untried(choice.chain, tried)


def _first_untried(targets: tuple[str, ...], tried: Container[str]) -> str | None:
    return next((one for one in targets if one not in tried), None)
