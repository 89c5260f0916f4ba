"""The status of objects that deployments share: policies and gateways. Whether they can be used, and by whom. Pure."""

from collections.abc import Iterable

from fairlead.api import into_gateways, into_policies, reading
from fairlead.api.kinds import GATEWAY, POLICY
from fairlead.cluster.kinds import Manifest
from fairlead.controller import judging, schedules
from fairlead.controller.known import Known
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, Judgement
from fairlead.fleet.policies import Policy
from fairlead.fleet.refusals import Refusal


def of_policy(document: Manifest, users: Iterable[Manifest], known: Known) -> tuple[Manifest, tuple[Judgement, ...]]:
    """How many deployments name it, and whether it can decide."""
    name, namespace = document["metadata"]["name"], document["metadata"]["namespace"]
    count = sum(_names_policy(one, name) and one["metadata"]["namespace"] == namespace for one in users)
    found = reading.read_stored(document, POLICY)
    if found.value is None or found.problems:
        return {"deployments": count}, _judged(judging.said(found.problems), Why.UNREADABLE)
    policy: Policy = into_policies.policy(found.value.spec)
    wrong = tuple(schedules.refusals(policy.schedules, known.time_zones))
    return {"deployments": count}, _judged(judging.said(wrong), Why.REFUSED)


def of_gateway(document: Manifest) -> tuple[Manifest, tuple[Judgement, ...]]:
    """Whether it can be read; that nobody runs it yet is said aloud."""
    found = reading.read_stored(document, GATEWAY)
    problems: tuple[Refusal, ...] = found.problems
    if found.value is None or problems:
        return {}, _judged(judging.said(problems), Why.UNREADABLE)
    into_gateways.gateway(found.value)
    accepted = Judgement(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message="every setting can work")
    words = "this release does not run gateways yet; give deployments routers of their own by leaving spec.gateway out"
    waits = Judgement(type=ConditionType.READY, holds=False, reason=Why.ROUTERS_NOT_READY, message=words)
    return {}, (waits, accepted)


def _names_policy(deployment: Manifest, name: str) -> bool:
    scaling = (deployment.get("spec") or {}).get("scaling") or {}
    return bool((scaling.get("policy") or {}).get("name") == name)


def _judged(wrong: str, reason: Why) -> tuple[Judgement, ...]:
    if wrong:
        no = Judgement(type=ConditionType.ACCEPTED, holds=False, reason=reason, message=wrong)
        return (
            Judgement(type=ConditionType.READY, holds=False, reason=reason, message=wrong),
            Judgement(type=ConditionType.STALLED, holds=True, reason=reason, message=wrong),
            no,
        )
    words = "every setting can work"
    return (
        Judgement(type=ConditionType.READY, holds=True, reason=Why.ACCEPTED, message=words),
        Judgement(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message=words),
    )
