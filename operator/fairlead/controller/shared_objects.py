"""The status of objects that deployments share: policies and gateways. Whether they can be used, and by whom. Pure."""

from collections.abc import Iterable
from typing import Final

from fairlead.api import into_gateways, into_policies, reading
from fairlead.api.kinds import GATEWAY, POLICY
from fairlead.cluster.kinds import Manifest
from fairlead.controller import judging, schedules, unbuilt
from fairlead.controller.known import Known
from fairlead.controller.policies import Remarks
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, Judgement
from fairlead.fleet.policies import Policy
from fairlead.fleet.refusals import Refusal
from fairlead.scaling import linting

NAMED: Final = 64
"""Users listed by name, as the schema allows."""


def of_policy(
    document: Manifest, users: Iterable[Manifest], known: Known, remarks: Remarks
) -> tuple[Manifest, tuple[Judgement, ...]]:
    """How many deployments name it, and whether it can decide."""
    name, namespace = document["metadata"]["name"], document["metadata"]["namespace"]
    there = [one for one in users if _names_policy(one, name) and one["metadata"]["namespace"] == namespace]
    there.sort(key=lambda one: str(one["metadata"]["name"]))
    figures: Manifest = {"deployments": len(there)}
    if there:
        figures["users"] = [one["metadata"]["name"] for one in there[:NAMED]]
    found = reading.read_stored(document, POLICY)
    if found.value is None or found.problems:
        return figures, _judged(judging.said(found.problems), Why.UNREADABLE)
    policy: Policy = into_policies.policy(found.value.spec)
    wrong = (*schedules.refusals(policy.schedules, known.time_zones), *linting.refusals(policy))
    return figures, _judged(judging.said(wrong), Why.REFUSED, () if wrong else remarks.of(document, policy, there))


def of_gateway(document: Manifest) -> tuple[Manifest, tuple[Judgement, ...]]:
    """Whether it can be read; that nobody runs it yet is said aloud."""
    found = reading.read_stored(document, GATEWAY)
    problems: tuple[Refusal, ...] = found.problems
    if found.value is None or problems:
        return {}, _judged(judging.said(problems), Why.UNREADABLE)
    gateway = into_gateways.gateway(found.value).gateway
    words = judging.said(unbuilt.of_gateway(gateway))
    accepted = Judgement(type=ConditionType.ACCEPTED, holds=False, reason=Why.REFUSED, message=words)
    waits = Judgement(type=ConditionType.READY, holds=False, reason=Why.ROUTERS_NOT_READY, message=words)
    return {}, (waits, accepted)


def _names_policy(deployment: Manifest, name: str) -> bool:
    scaling = (deployment.get("spec") or {}).get("scaling") or {}
    return bool((scaling.get("policy") or {}).get("name") == name)


def _judged(wrong: str, reason: Why, remarks: Iterable[str] = ()) -> tuple[Judgement, ...]:
    if wrong:
        no = Judgement(type=ConditionType.ACCEPTED, holds=False, reason=reason, message=wrong)
        return (
            Judgement(type=ConditionType.READY, holds=False, reason=reason, message=wrong),
            Judgement(type=ConditionType.STALLED, holds=True, reason=reason, message=wrong),
            no,
        )
    words = " | ".join(("every setting can work", *remarks))
    return (
        Judgement(type=ConditionType.READY, holds=True, reason=Why.ACCEPTED, message=words),
        Judgement(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message=words),
    )
