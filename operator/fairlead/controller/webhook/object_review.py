"""The webhook's review of one object, beside the policy, the gateway and the evaluation that it names."""

import time
from dataclasses import replace
from typing import Any

from fairlead.api import kinds as ours
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.api_server import ApiServer
from fairlead.controller.reference_cache import ReferenceCache, TrustingReferences
from fairlead.controller.webhook.kopf_host import ReviewHandler
from fairlead.review import (
    admission,
    change_warnings,
    evaluations,
    gateway_membership,
    gateway_review,
    policies,
    shared_claims,
    speculation_switch,
    webhook,
)
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.webhook import AdmissionResponse
from fairlead.telemetry.operator_metrics import OperatorMetrics


def handler(api: ApiServer, context: ReviewContext, metrics: OperatorMetrics) -> ReviewHandler:
    """Return the webhook's review function; every object that the spec names is read, those of our kinds too."""
    existence = ReferenceCache(api)

    async def review(document: dict[str, Any], before: dict[str, Any] | None) -> AdmissionResponse:
        if before is not None and before.get("spec") == document.get("spec"):
            return webhook.of_order(document)
        started, named = time.monotonic(), TrustingReferences(existence)
        extended = await _with_gateway(document, await _with_policy(document, context, named), named)
        extended = await _with_evaluation(document, extended, named)
        reviewed = admission.review(document, extended)
        present = await named.present([one.key for one in reviewed.named])
        changed = change_warnings.warnings(before, document, context) if before is not None else ()
        verdict = webhook.response(reviewed, present, (*changed, *shared_claims.warnings(document, present, extended)))
        metrics.reviewed(not verdict.refused, time.monotonic() - started)
        return verdict if named.error is None else _with_doubt(verdict, named.error)

    return review


def _with_doubt(verdict: AdmissionResponse, error: ApiError) -> AdmissionResponse:
    """Add a warning that not all was checked."""
    words = f"not every object that this one names could be checked now: {error}; its conditions show a missing one"
    return replace(verdict, warnings=(*verdict.warnings, words))


async def _with_policy(
    document: dict[str, Any], context: ReviewContext, existence: TrustingReferences
) -> ReviewContext:
    """Add the policy that a deployment names to the review context."""
    namespace, name = (document.get("metadata") or {}).get("namespace"), speculation_switch.policy_of(document)
    if name is None or not isinstance(namespace, str):
        return context
    found = policies.read(await existence.whole(ObjectKey(ours.POLICY.name, namespace, name)))
    return replace(context, policies=dict([found])) if found else context


async def _with_gateway(
    document: dict[str, Any], context: ReviewContext, existence: TrustingReferences
) -> ReviewContext:
    """Add the gateway that a deployment names to the review context."""
    if not isinstance((document.get("metadata") or {}).get("namespace"), str):
        return context
    for one in gateway_membership.named(document):
        found = gateway_review.read(await existence.whole(gateway_membership.key_of(one)))
        context = replace(context, gateways=dict([found])) if found else context
    return context


async def _with_evaluation(
    document: dict[str, Any], context: ReviewContext, existence: TrustingReferences
) -> ReviewContext:
    """Add the number of items of the evaluation that a canary names to the review context."""
    namespace, name = (document.get("metadata") or {}).get("namespace"), evaluations.named(document)
    if name is None or not isinstance(namespace, str):
        return context
    key = ObjectKey(ours.EVALUATION.name, namespace, name)
    count = evaluations.count_of(await existence.whole(key))
    return context if count is None else replace(context, evaluations={key: count})
