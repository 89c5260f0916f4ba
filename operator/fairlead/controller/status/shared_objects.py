"""The status of objects that deployments share, policies and gateways: whether they work, and their users. Pure."""

from collections.abc import Iterable
from typing import Final

from fairlead.api import object_reader, policy_conversion
from fairlead.api.kinds import GATEWAY, POLICY
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.policies import ScalingPolicy
from fairlead.review import deployment_review, schedules, unsupported_fields
from fairlead.review.context import ReviewContext
from fairlead.review.policies import PolicyRemarks
from fairlead.scaling.lint import policy_lint

NAMED: Final = 64
"""The most users that are listed by name, as the schema allows."""


def of_policy(
    document: Manifest, users: Iterable[Manifest], context: ReviewContext, remarks: PolicyRemarks
) -> tuple[Manifest, tuple[UntimedCondition, ...]]:
    """How many deployments name it, and its conditions."""
    name, namespace = document["metadata"]["name"], document["metadata"]["namespace"]
    there = [one for one in users if _names_policy(one, name) and one["metadata"]["namespace"] == namespace]
    there.sort(key=lambda one: str(one["metadata"]["name"]))
    figures: Manifest = {"deployments": len(there)}
    if there:
        figures["users"] = [one["metadata"]["name"] for one in there[:NAMED]]
    found = object_reader.read_stored(document, POLICY)
    if found.value is None or found.problems:
        return figures, _conditions(deployment_review.joined_remarks(found.problems), Why.UNREADABLE)
    policy: ScalingPolicy = policy_conversion.policy(found.value.spec)
    wrong = (*schedules.refusals(policy.schedules, context.time_zones), *policy_lint.refusals(policy))
    return figures, _conditions(
        deployment_review.joined_remarks(wrong), Why.REFUSED, () if wrong else remarks.of(document, policy, there)
    )


def of_gateway(document: Manifest) -> tuple[Manifest, tuple[UntimedCondition, ...]]:
    """Its conditions; they also report that this release does not run gateways."""
    found = object_reader.read_stored(document, GATEWAY)
    problems: tuple[SpecRefusal, ...] = found.problems
    if found.value is None or problems:
        return {}, _conditions(deployment_review.joined_remarks(problems), Why.UNREADABLE)
    words = deployment_review.joined_remarks(unsupported_fields.of_gateway(found.value.name))
    accepted = UntimedCondition(type=ConditionType.ACCEPTED, holds=False, reason=Why.REFUSED, message=words)
    waits = UntimedCondition(type=ConditionType.READY, holds=False, reason=Why.ROUTERS_NOT_READY, message=words)
    return {}, (waits, accepted)


def _names_policy(deployment: Manifest, name: str) -> bool:
    scaling = (deployment.get("spec") or {}).get("scaling") or {}
    return bool((scaling.get("policy") or {}).get("name") == name)


def _conditions(wrong: str, reason: Why, remarks: Iterable[str] = ()) -> tuple[UntimedCondition, ...]:
    if wrong:
        no = UntimedCondition(type=ConditionType.ACCEPTED, holds=False, reason=reason, message=wrong)
        return (
            UntimedCondition(type=ConditionType.READY, holds=False, reason=reason, message=wrong),
            UntimedCondition(type=ConditionType.STALLED, holds=True, reason=reason, message=wrong),
            no,
        )
    words = " | ".join(("every setting can work", *remarks))
    return (
        UntimedCondition(type=ConditionType.READY, holds=True, reason=Why.ACCEPTED, message=words),
        UntimedCondition(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message=words),
    )
