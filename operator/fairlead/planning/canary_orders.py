"""What a person's order to a canary leads to now, or why it would change nothing."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from fairlead.fleet.canaries import CanaryOrder, CanaryPhase, CanaryVerb
from fairlead.planning.canary_moment import CanaryMoment


class OrderRefusal(StrEnum):
    """Why an order would change nothing."""

    NOT_REJECTED = "NotRejected"
    """Only what was rejected can be tried again."""
    OVER = "Over"
    """The canary was promoted or rejected."""
    PAUSED_ALREADY = "PausedAlready"
    HELD = "Held"
    """The spec keeps it at its step."""
    NO_SPARE_REPLICA = "NoSpareReplica"
    """Its first step waits for a replica that can be spared, and no order makes one."""
    NOT_LOADED = "NotLoaded"
    """Its first step waits until all replicas have loaded an adapter's version, and no order loads it."""


class OrderEffect(StrEnum):
    """What an order that is carried out leads to."""

    STAYS = "Stays"
    REJECTED = "Rejected"
    TRIED_AGAIN = "TriedAgain"
    FIRST_STEP = "FirstStep"
    """It waits for its first step again."""
    NEXT_STEP = "NextStep"
    PROMOTED = "Promoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedOrder:
    """An order to write, and what it leads to."""

    order: CanaryOrder
    effect: OrderEffect


def answer(moment: CanaryMoment, verb: CanaryVerb) -> AcceptedOrder | OrderRefusal:
    """Return the order, timed after everything that the canary has recorded: users' clocks differ from ours."""
    refused, state = _refused(moment, verb), moment.state
    if refused is not None:
        return refused
    later = [state.since, *([state.ordered_at + timedelta(seconds=1)] if state.ordered_at else [])]
    at = max(moment.now.replace(microsecond=0), *later)
    return AcceptedOrder(order=CanaryOrder(verb=verb, at=at), effect=_effect(moment, verb))


def _refused(moment: CanaryMoment, verb: CanaryVerb) -> OrderRefusal | None:
    state = moment.state
    if verb is CanaryVerb.RETRY:
        return None if state.phase is CanaryPhase.REJECTED else OrderRefusal.NOT_REJECTED
    if not state.running:
        return OrderRefusal.OVER
    if verb is CanaryVerb.PAUSE and state.paused:
        return OrderRefusal.PAUSED_ALREADY
    return _unmoved(moment) if verb is CanaryVerb.PROMOTE else None


def _unmoved(moment: CanaryMoment) -> OrderRefusal | None:
    """Refuse to promote what the spec holds, or what waits for its first step and will go on waiting."""
    state = moment.state
    if moment.facts.paused:
        return OrderRefusal.HELD
    if state.phase is not CanaryPhase.WAITING or state.paused or moment.gave_up:
        return None
    return OrderRefusal.NO_SPARE_REPLICA if state.plan.starts_replicas else OrderRefusal.NOT_LOADED


def _effect(moment: CanaryMoment, verb: CanaryVerb) -> OrderEffect:
    state = moment.state
    match verb:
        case CanaryVerb.PAUSE:
            return OrderEffect.STAYS
        case CanaryVerb.ABORT:
            return OrderEffect.REJECTED
        case CanaryVerb.RETRY:
            return OrderEffect.TRIED_AGAIN
        case _ if state.phase is CanaryPhase.WAITING:
            return OrderEffect.FIRST_STEP
    return OrderEffect.NEXT_STEP if state.step + 1 < len(state.plan.steps) else OrderEffect.PROMOTED
