"""The status of policies, which deployments share: whether they work, and their users. Pure."""

from collections.abc import Iterable
from typing import Final

from fairlead.api import object_reader, policy_conversion
from fairlead.api.kinds import POLICY
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.policies import ScalingPolicy
from fairlead.review import deployment_review, schedules
from fairlead.review.context import ReviewContext
from fairlead.review.policies import PolicyWarnings
from fairlead.scaling.lint import policy_refusals

NAMED: Final = 64
"""The most users that are listed by name, as the schema allows."""


def of_policy(
    document: Manifest, users: Iterable[Manifest], context: ReviewContext, remarks: PolicyWarnings
) -> tuple[Manifest, tuple[UntimedCondition, ...]]:
    """Return how many deployments name it, and its conditions."""
    name, namespace = document["metadata"]["name"], document["metadata"]["namespace"]
    there = [one for one in users if _names_policy(one, name) and one["metadata"]["namespace"] == namespace]
    there.sort(key=lambda one: str(one["metadata"]["name"]))
    figures: Manifest = {"deployments": len(there)}
    if there:
        figures["users"] = [one["metadata"]["name"] for one in there[:NAMED]]
    found = object_reader.read_stored(document, POLICY)
    if found.value is None or found.problems:
        return figures, _conditions(deployment_review.joined_findings(found.problems), Why.UNREADABLE)
    policy: ScalingPolicy = policy_conversion.policy(found.value.spec)
    wrong = (*schedules.refusals(policy.schedules, context.time_zones), *policy_refusals.refusals(policy))
    return figures, _conditions(
        deployment_review.joined_findings(wrong), Why.REFUSED, () if wrong else remarks.of(document, policy, there)
    )


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
