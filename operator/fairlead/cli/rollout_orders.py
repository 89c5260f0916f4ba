"""Which canary an argument names, and what an order to it leads to, in words with what to do instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairlead.api import canary_status
from fairlead.api.kinds import ADAPTER, DEPLOYMENT
from fairlead.cli.explanation import TargetNameError
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Resource
from fairlead.fleet.canaries import CanaryFacts, CanaryPhase, CanaryState, CanaryVerb
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.fleet.desired_state import RolloutStrategy
from fairlead.planning import canary, canary_orders
from fairlead.planning.canary_moment import CanaryMoment
from fairlead.planning.canary_orders import OrderEffect, OrderRefusal
from fairlead.review.order_annotation import ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutTarget:
    """The object that an argument names."""

    resource: Resource
    name: str

    @property
    def title(self) -> str:
        """In the written form: infd/NAME or adp/NAME."""
        return _title(self.resource.kind, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutView:
    """A deployment or an adapter that has a canary."""

    place: str
    """For people: infd/NAME in NAMESPACE, or adp/NAME."""
    state: CanaryState
    stored: Mapping[str, Any]
    """The same state, as stored in the status."""
    progress: str = ""
    """The message of the condition Progressing."""
    old_replicas: int = 0
    """Of other revisions, without those that end already."""
    ready: int = 0
    """Ready replicas of the canary's revision."""
    held: bool = False
    """Whether `spec.rollout.paused` keeps it at its step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCanary:
    """There is nothing to show, with the reason."""

    because: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOrder:
    """An order that would change nothing, with the reason."""

    because: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutOrder:
    """An order, as written on the object."""

    value: str
    follows: str
    """What the operator does in response."""
    annotation: str = ORDER


def target(written: str) -> RolloutTarget:
    """Parse a deployment, infd/NAME or NAME alone, or an adapter, adp/NAME."""
    kind, slash, name = written.rpartition("/")
    if not name:
        raise TargetNameError(f"{written}: the name is missing: write infd/NAME or adp/NAME")
    if ADAPTER.is_called(kind):
        return RolloutTarget(resource=kinds.ADAPTER, name=name)
    if slash and not DEPLOYMENT.is_called(kind):
        raise TargetNameError(
            f"{written}: only deployments and adapters have canaries: write infd/{name} or adp/{name}"
        )
    return RolloutTarget(resource=kinds.INFERENCE_DEPLOYMENT, name=name)


def view(document: Mapping[str, Any]) -> RolloutView | NoCanary:
    """Read the state of the canary from a deployment or an adapter."""
    metadata, status = document["metadata"], document.get("status") or {}
    place = f"{_title(document['kind'], metadata['name'])} in {metadata['namespace']}"
    lacking = _lacking(document, place)
    if lacking is not None:
        return lacking
    state = canary_status.read(status.get("canary"))
    if state is None:
        ways = {ADAPTER.name: "one begins when spec.versions has a second version"}
        remedy = ways.get(document["kind"], "one begins when the model, engine or accelerator is changed")
        return NoCanary(because=f"{place} has no canary yet", remedy=remedy)
    revisions = status.get("revisions") or ()
    return RolloutView(
        place=place,
        state=state,
        stored=status["canary"],
        progress=str(_moving(document).get("message", "")),
        old_replicas=sum(one.get("replicas", 0) for one in revisions if one.get("hash") != state.revision),
        ready=sum(one.get("ready", 0) for one in revisions if one.get("hash") == state.revision),
        held=((document.get("spec") or {}).get("rollout") or {}).get("paused") is True,
    )


def _moving(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the condition Progressing."""
    conditions = (document.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] == ConditionType.PROGRESSING), {})


def _title(kind: str, name: str) -> str:
    return f"{(ADAPTER if kind == ADAPTER.name else DEPLOYMENT).short}/{name}"


def _lacking(document: Mapping[str, Any], place: str) -> NoCanary | None:
    """The reason if the spec asks for no canary."""
    spec = document.get("spec") or {}
    if document["kind"] == ADAPTER.name:
        if spec.get("canary") is not None:
            return None
        because = f"{place} has no canary: spec.canary is not set"
        return NoCanary(because=because, remedy="set it to {}, and remove traffic of the versions")
    strategy = (spec.get("rollout") or {}).get("strategy", RolloutStrategy.REPLACE)
    if strategy == RolloutStrategy.CANARY:
        return None
    because = f"{place} has no canary: spec.rollout.strategy is {strategy}"
    if _moving(document).get("reason") == ConditionReason.CANARY_REJECTED:
        remedy = "its revision was rejected: set it to Canary again and order retry, or change the model or engine"
        return NoCanary(because=because, remedy=remedy)
    return NoCanary(because=because, remedy="set it to Canary before the next change of the model or engine")


def order(view: RolloutView, verb: str, now: datetime) -> RolloutOrder | NoOrder:
    """Return the order as it is written on the object, with what follows; else why it would change nothing."""
    facts = CanaryFacts(wanted=0, paused=view.held)
    found = canary_orders.answer(CanaryMoment(state=view.state, facts=facts, now=now), CanaryVerb(verb))
    if isinstance(found, OrderRefusal):
        return _refused(view, found)
    at = found.order.at.isoformat().replace("+00:00", "Z")
    return RolloutOrder(value=f"{found.order.verb} {at}", follows=_follows(view.state, found.effect))


def _refused(view: RolloutView, reason: OrderRefusal) -> NoOrder:
    """Say why an order would change nothing, and what to do instead."""
    state, place = view.state, view.place
    match reason:
        case OrderRefusal.NOT_REJECTED:
            because = f"the canary of {place} was not rejected; it is {state.phase}"
            return NoOrder(because=because, remedy="only what was rejected can be tried again")
        case OrderRefusal.OVER:
            rejected = state.phase is CanaryPhase.REJECTED
            remedy = "order retry, or change the spec" if rejected else "change the spec back"
            return NoOrder(because=f"the canary of {place} is over: {state.phase}", remedy=remedy)
        case OrderRefusal.PAUSED_ALREADY:
            return NoOrder(
                because=f"the canary of {place} is paused already", remedy="promote it to go on, or abort it"
            )
        case OrderRefusal.HELD:
            because = f"the canary of {place} stays at its step: spec.rollout.paused is true"
            return NoOrder(because=because, remedy="set it to false, and the canary goes on")
        case OrderRefusal.NO_SPARE_REPLICA:
            because = f"the canary of {place} waits for a replica that can be spared, and no order makes one"
            return NoOrder(because=because, remedy="set spec.rollout.maxSurge to 1 (needs a spare GPU), or wait")
    because = f"{state.revision} of {place} is not loaded on all replicas, and no order loads it"
    return NoOrder(because=because, remedy=f"wait; the condition Ready of {place} says what is missing")


def _follows(state: CanaryState, effect: OrderEffect) -> str:
    """What the operator does, in words."""
    number, steps = state.step + 1, len(state.plan.steps)
    match effect:
        case OrderEffect.STAYS:
            return f"ordered to stay at step {number} of {steps}; a gate that fails still rolls back"
        case OrderEffect.REJECTED:
            then = ", then its replicas are removed" if state.plan.starts_replicas else ""
            return f"ordered to reject {state.revision}: routers stop sending it requests{then}"
        case OrderEffect.TRIED_AGAIN:
            return f"ordered to try {state.revision} again from step 1; the results of its gates are discarded"
        case OrderEffect.FIRST_STEP:
            once = "a replica can be spared" if state.plan.starts_replicas else "all replicas have loaded it"
            return f"ordered to go on: the first step begins once {once}"
        case OrderEffect.NEXT_STEP:
            return f"ordered to go on to step {number + 1} of {steps}, whatever the gates of step {number} say"
    return f"ordered to give {state.revision} all of the traffic, whatever the gates of step {number} say"


def coming(view: RolloutView) -> str:
    """What comes after this step, if it passes."""
    state = view.state
    if state.phase is CanaryPhase.REJECTED:
        return f"{state.stable} serves; a change of the spec or an order to retry gives {state.revision} another try"
    moves = state.plan.starts_replicas
    if state.phase is CanaryPhase.PROMOTED:
        return _last(view) if moves else _leaves(state)
    place = state.step if state.phase is CanaryPhase.WAITING else state.step + 1
    if place >= len(state.plan.steps):
        last = ", and the last old replicas are removed" if moves else f"; {_leaves(state)}"
        return f"{state.revision} gets all of the traffic{last}"
    following = state.plan.steps[place]
    return f"step {place + 1}: {following.traffic} % of the conversations, held for {int(following.hold_seconds)} s"


def _last(view: RolloutView) -> str:
    """What follows its promotion, by the replicas that are left: a pause, a lack of room or a scale to zero is none."""
    if view.old_replicas:
        return "the last old replicas are removed; then the rollout is complete"
    serves = f"{view.state.revision} alone serves" if view.ready else f"no replica of {view.state.revision} is ready"
    return f"nothing: {serves}; the next change of the model or engine begins a canary"


def _leaves(state: CanaryState) -> str:
    """An adapter's old version stays loaded as a fallback, until its owner removes it."""
    return f"{state.stable} stays loaded until you remove it from spec.versions"


def share(state: CanaryState) -> int:
    """Percent of the conversations that routers should send to it now."""
    found = canary.share(state)
    return 100 if found is None else found.percent
