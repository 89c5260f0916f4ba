"""The status to write: fields, counts and conditions, with times kept where nothing changed. Pure.

Everything but recorded facts can be rebuilt from the cluster. The autoscaler's part is never in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from fairlead.api import canary_status
from fairlead.api.kinds import API_VERSION, GATEWAY
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import (
    conditions,
    hung_status,
    pre_pull_status,
    replica_counts,
    replica_prices,
)
from fairlead.controller.status.status_inputs import StartDurations, StatusInputs
from fairlead.fleet.conditions import ConditionReason, ConditionType, UntimedCondition
from fairlead.fleet.endpoints import HourSpend
from fairlead.fleet.fit import Estimate
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, DesiredGateway
from fairlead.fleet.rollouts import RevisionState
from fairlead.objects import labels, router_service
from fairlead.objects.owner import Owner
from fairlead.planning import canary
from fairlead.planning.router_move import MovePhase, RouterMove
from fairlead.review.context import ReviewContext
from fairlead.review.deployment_review import DeploymentReview

Manifest = dict[str, Any]

NOT_OURS: Final = frozenset({"scaling", "effects"})
"""Fields of the status that another process writes."""
MAX_REVISIONS: Final = 16
_OF_THE_SPEC: Final = ("endpoint", "cost", "fit")
"""Fields that stay as they were while the spec cannot be read, since the deployment serves as before."""
_KEYED: Final = ("conditions", "revisions", "models", "tenants", "versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFields:
    """The fields of a status other than conditions and counts."""

    generation: int
    selector: str
    endpoint: str | None
    prices: Mapping[str, float]
    """The price of one replica for an hour, by revision."""


def status(inputs: StatusInputs, fields: StatusFields, before: Manifest, at: datetime) -> Manifest:
    """Return all status fields that the controller owns."""
    count = replica_counts.tally(inputs)
    live = sum(not one.ending for state in inputs.states for one in state.replicas)
    asleep = sum(one.asleep and not one.ending for state in inputs.states for one in state.replicas)
    found: Manifest = {
        "observedGeneration": fields.generation,
        "replicas": live,
        "desiredReplicas": count.wanted,
        "readyReplicas": count.ready,
        "routableReplicas": count.routable,
        "selector": fields.selector,
        "conditions": timed(conditions.untimed(inputs), before, fields.generation, at),
        "revisions": [_revision(state, inputs, before) for state in inputs.states[:MAX_REVISIONS]],
    }
    if inputs.canary is not None:
        found["canary"] = canary_status.written(inputs.canary)
    stay = {one.name for state in inputs.states for one in state.replicas if not one.ending}
    if (hung := hung_status.written(inputs.hung, before, stay, at)) is not None:
        found[hung_status.FIELD] = hung
    if inputs.pre_pull is not None:
        found[pre_pull_status.FIELD] = dict(inputs.pre_pull)
    if inputs.tenants:
        found["tenants"] = list(inputs.tenants)
    if asleep:
        found["asleepReplicas"] = asleep
    if fields.endpoint:
        found["endpoint"] = fields.endpoint
    if fit := _fit(inputs):
        found["fit"] = fit
    if (cost := replica_prices.per_hour(inputs.states, fields.prices)) is not None:
        found["cost"] = {"perHour": _decimal(cost)} | _token_price(inputs.spend, before)
    if inputs.review.deployment is None:
        return {key: before[key] for key in _OF_THE_SPEC if key in before} | found
    return found


def _token_price(spend: HourSpend | None, before: Manifest) -> Manifest:
    """The price of 1,000 tokens in the last full hour: none without tokens, unchanged while no router answers."""
    if spend is None:
        written = (before.get("cost") or {}).get("perThousandTokens")
        return {} if written is None else {"perThousandTokens": written}
    if not spend.tokens:
        return {}
    price = Decimal(f"{1000 * spend.cost / spend.tokens:.3g}")
    return {"perThousandTokens": f"{price:f}"}


def timed(judged: Iterable[UntimedCondition], before: Manifest, generation: int, at: datetime) -> list[Manifest]:
    """Return conditions with their lastTransitionTime, which changes only with their status."""
    old = {one.get("type"): one for one in before.get("conditions") or ()}
    return [_condition(one, old.get(one.type.value, {}), generation, at) for one in judged]


def manifest(document: Manifest, found: Manifest) -> Manifest:
    """Return the status subresource's manifest; its UID makes a write to a later object of that name conflict."""
    metadata = {name: document["metadata"][name] for name in ("namespace", "name", "uid")}
    return {"apiVersion": API_VERSION, "kind": document["kind"], "metadata": metadata, "status": found}


def differs(found: Manifest, before: Manifest) -> bool:
    """Whether there is anything to write; the server orders lists with keys in its own way."""
    return _unordered(found) != _unordered({key: value for key, value in before.items() if key not in NOT_OURS})


def changed(found: Manifest, before: Manifest) -> tuple[Manifest, ...]:
    """Return conditions whose status or reason changed: candidates for an Event."""
    old = {one.get("type"): (one.get("status"), one.get("reason")) for one in before.get("conditions") or ()}
    return tuple(one for one in found["conditions"] if old.get(one["type"]) != (one["status"], one["reason"]))


def with_internal_error(document: Manifest, words: str, at: datetime) -> Manifest:
    """Return the stored status with the conditions of an internal error; nothing else in it changes."""
    remedy = "the operator's log has the details: report it"
    message = f"Fairlead failed on this object and changes nothing of it: {words}; {remedy}"
    return _with_failure(document, ConditionReason.INTERNAL_ERROR, message, at)


def with_lasting_failure(document: Manifest, words: str, at: datetime) -> Manifest:
    """Likewise with those of an object of which each reconcile has failed for minutes."""
    message = f"each reconcile of the last minutes failed, and this status is not kept up to date: {words}"
    return _with_failure(document, ConditionReason.RECONCILE_FAILS, message, at)


def _with_failure(document: Manifest, reason: ConditionReason, message: str, at: datetime) -> Manifest:
    before, metadata = document.get("status") or {}, document["metadata"]
    errors = [
        UntimedCondition(type=kind, holds=kind is not ConditionType.READY, reason=reason, message=message)
        for kind in (ConditionType.READY, ConditionType.STALLED)
    ]
    fresh = timed(errors, before, metadata["generation"], at)
    names = {one["type"] for one in fresh}
    rest = [one for one in before.get("conditions") or () if one["type"] not in names]
    found = {key: value for key, value in before.items() if key not in NOT_OURS} | {"conditions": [*fresh, *rest]}
    return manifest(document, found)


def _unordered(found: Manifest) -> Manifest:
    lists = {name: found[name] for name in _KEYED if isinstance(found.get(name), list)}
    return found | {name: sorted(some, key=_which) for name, some in lists.items()}


def _which(element: Manifest) -> str:
    return str(element.get("type") or element.get("hash") or element.get("name"))


def _condition(judged: UntimedCondition, old: Manifest, generation: int, at: datetime) -> Manifest:
    word = {True: "True", False: "False", None: "Unknown"}[judged.holds]
    same = old.get("status") == word and isinstance(old.get("lastTransitionTime"), str)
    return {
        "type": judged.type.value,
        "status": word,
        "reason": judged.reason.value,
        "message": judged.message,
        "observedGeneration": generation,
        "lastTransitionTime": old["lastTransitionTime"] if same else at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _revision(state: RevisionState, inputs: StatusInputs, before: Manifest) -> Manifest:
    live = [one for one in state.replicas if not one.ending]
    ready = [one for one in live if one.ready_since is not None]
    found: Manifest = {
        "name": inputs.names.get(state.name, state.name),
        "hash": state.name,
        "replicas": len(live),
        "ready": len(ready),
        "routable": len([one for one in ready if one.routable]),
        "startedAt": state.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if (weight := _weight(state, inputs)) is not None:
        found["weight"] = weight
    if start := _start(inputs.starts.get(state.name), _before(state.name, before)):
        found["coldStart"] = start
    return found


def _weight(state: RevisionState, inputs: StatusInputs) -> int | None:
    """Return the percent of the conversations that it gets; None while revisions share them by their replicas."""
    share = canary.share(inputs.canary) if inputs.canary is not None else None
    if inputs.canary is not None and share is not None:
        return {inputs.canary.revision: share.percent, inputs.canary.stable: 100 - share.percent}.get(state.name)
    serving = [each.name for each in inputs.states if any(one.routable and not one.ending for one in each.replicas)]
    if len(serving) != 1:
        return None
    return 100 if state.name in serving else 0


def _start(measured: StartDurations | None, earlier: Manifest) -> Manifest | None:
    """Keep measured starts, which outlive their pods."""
    if measured is None:
        return earlier.get("coldStart")
    waits = {"nodeWait": measured.node_s, "imagePull": measured.image_s}
    figures = {"last": measured.last_s, "p95": measured.p95_s} | waits
    return {name: _decimal(seconds) for name, seconds in figures.items()}


def _before(revision: str, before: Manifest) -> Manifest:
    return next((one for one in before.get("revisions") or () if one.get("hash") == revision), {})


def _fit(inputs: StatusInputs) -> Manifest | None:
    review = inputs.review.review
    estimate = review.replica_fit if review is not None else None
    context = review.setup.context_tokens if review is not None and review.setup is not None else None
    measured = inputs.measured_tokens
    tokens = _band(estimate.kv_tokens if estimate else None, measured)
    held = measured // context if measured is not None and context else None
    concurrency = _band(estimate.sequences if estimate else None, held)
    bands: Mapping[str, Manifest] = {"kvTokens": tokens, "concurrency": concurrency}
    return {name: band for name, band in bands.items() if band} or None


def _band(estimate: Estimate | None, measured: int | None) -> Manifest:
    estimated = (
        {}
        if estimate is None
        else {"low": int(estimate.low), "likely": int(estimate.likely), "high": int(estimate.high)}
    )
    return estimated | ({} if measured is None else {"measured": measured})


def _decimal(value: float) -> str:
    """Use two decimals only: a figure that varies in the third would cause endless writes."""
    return format(Decimal(value).quantize(Decimal("0.01")).normalize(), "f")


def fields_of(
    observed: DeploymentSnapshot,
    review: DeploymentReview,
    context: ReviewContext,
    move: RouterMove,
    gateway: DesiredGateway | None,
) -> StatusFields:
    """Return the fields of one deployment, by its spec, its routers and the catalogue's prices."""
    owner = observed.owner
    revision = review.deployment.revision if review.deployment else None
    return StatusFields(
        generation=observed.document["metadata"]["generation"],
        selector=labels.as_text(labels.engines(owner.name)),
        endpoint=_endpoint(observed, review.deployment, move, gateway),
        prices=replica_prices.by_revision(observed.engines, revision, context),
    )


def _endpoint(
    observed: DeploymentSnapshot, deployment: DesiredDeployment | None, move: RouterMove, gateway: DesiredGateway | None
) -> str | None:
    """Return the address for clients; while routers change, the previous one, which still answers."""
    owner, router = observed.owner, deployment.router if deployment else None
    changes = move.phase in (MovePhase.JOINING, MovePhase.MOVING, MovePhase.LEAVING)
    if changes and (before := observed.status.get("endpoint")):
        return str(before)
    if isinstance(router, DeploymentRouter):
        return router_service.url(owner, router.routing.connections)
    if gateway is None or not gateway.allows(owner.namespace):
        return None
    reference = gateway.reference
    whose = Owner(namespace=reference.namespace, name=reference.name, uid="", kind=GATEWAY.name)
    return router_service.url(whose, gateway.routing.connections)
