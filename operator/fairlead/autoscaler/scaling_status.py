"""`status.scaling`, the recommendation in status: written when something that matters changes, never at rest. Pure.

The controller owns the rest of the status and follows only `recommended`; in mode Recommend the same number is written
to `advised`, which the controller ignores.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from fairlead.api.kinds import API_VERSION, DEPLOYMENT, POLICY
from fairlead.api.policy import PolicyMode
from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.policies import UNDECIDED, ScalingReason
from fairlead.scaling.decide.recommendation import Recommendation

MANAGER: Final = "fairlead-autoscaler"
MAX_KEPT: Final = 10
"""Decisions kept in status; all of them are in the log and, if enabled, in the records."""
WORDS_AFTER_S: Final = 60.0
"""Least seconds between writes that change only the message; numbers and reasons are written at once."""
LONGEST_MESSAGE: Final = 1024

ScalingFields = dict[str, Any]
"""`status.scaling` as it is stored."""


def scaling(case: ScalingCase, recommendation: Recommendation, before: ScalingFields, at: float) -> ScalingFields:
    """Return the new `status.scaling`, with the last decisions."""
    found, decisions = _now(case, recommendation), before.get("decisions") or []
    if _stays_over_budget(case, recommendation) and _was_over_budget(before):
        found["overBudget"] = True
    was = count(before)
    desired = (case.document.get("status") or {}).get("desiredReplicas")
    was = desired if was is None and isinstance(desired, int) else was
    if was != count(found) or _acts(found, before):
        decisions = [_made(found, was, at), *decisions][:MAX_KEPT]
    return found | {"at": moment(at)} | ({"decisions": decisions} if decisions else {})


def differs(found: ScalingFields, before: ScalingFields, now: float) -> bool:
    """Return whether the difference is worth a write."""
    if _without_words(found) != _without_words(before):
        return True
    is_recent = 0 <= now - _seconds(before.get("at")) < WORDS_AFTER_S  # a clock that stepped back is not
    return bool(found["message"] != before.get("message")) and not is_recent


def count(scaled: ScalingFields) -> int | None:
    """Return the replicas that it recommends or advises."""
    found = scaled.get("recommended", scaled.get("advised"))
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def stored(document: Manifest) -> ScalingFields:
    """Return `status.scaling` as it is stored; empty if there is none."""
    found = (document.get("status") or {}).get("scaling")
    return found if isinstance(found, dict) else {}


def held(before: ScalingFields, replicas: int, because: str) -> Recommendation:
    """Return the recommendation that changes nothing: what sleeps goes on sleeping, and speculation stays as it is."""
    asleep = before.get("asleep")
    return Recommendation(
        replicas=replicas,
        asleep=asleep if isinstance(asleep, int) and not isinstance(asleep, bool) else 0,
        speculates=not is_switched_off(before),
        reason=ScalingReason.NO_POLICY,
        message=f"not scaled: {because}",
    )


def failing(before: ScalingFields, replicas: int) -> Recommendation:
    """Return the recommendation that changes nothing since each decision raises."""
    return replace(
        held(before, replicas, ""),
        reason=ScalingReason.INTERNAL_ERROR,
        message="not scaled: internal error in each decision; please report it with the log of the operator",
    )


def is_switched_off(scaled: ScalingFields) -> bool:
    """Return whether it says that speculation is off."""
    return scaled.get("speculation") == "Off"


def of_deployment(document: Manifest, found: ScalingFields) -> Manifest:
    """Build the manifest to apply to a deployment; an empty `found` removes all fields that we ever wrote."""
    return _sent(DEPLOYMENT.name, document, {"scaling": found} if found else {})


def of_policy(document: Manifest, effects: list[Manifest]) -> Manifest:
    """Build the manifest to apply to a policy: its last effects, by deployment."""
    return _sent(POLICY.name, document, {"effects": effects})


def effect(case: ScalingCase, found: ScalingFields) -> Manifest:
    """Convert one decision to an entry of the policy's effects."""
    last = found["decisions"][0]
    fields = ("at", "before", "after", "reason", "mode")
    return {"deployment": case.name} | {name: last[name] for name in fields if name in last}


def with_effects(document: Manifest, new: list[Manifest]) -> list[Manifest]:
    """Return the policy's last effects with more, newest first."""
    earlier = (document.get("status") or {}).get("effects") or []
    return [*new, *earlier][:MAX_KEPT]


def moment(at: float) -> str:
    """Format a time as objects store it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now(case: ScalingCase, recommendation: Recommendation) -> ScalingFields:
    active = case.policy.active
    guesses = (
        {"speculation": "On" if recommendation.speculates else "Off"} if case.subject.speculates and active else {}
    )
    return {
        "mode": (PolicyMode.ACTIVE if active else PolicyMode.RECOMMEND).value,
        "recommended" if active else "advised": recommendation.replicas,
        "asleep": recommendation.asleep,
        "reason": recommendation.reason.value,
        "message": recommendation.message[:LONGEST_MESSAGE],
        **guesses,
    }


def _made(found: ScalingFields, was: int | None, at: float) -> ScalingFields:
    """Return one entry of the last decisions; of advice it says that nothing followed it."""
    made = {"at": moment(at), "after": count(found), "reason": found["reason"], "message": found["message"]}
    advised = found["mode"] == PolicyMode.RECOMMEND
    return made | ({} if was is None else {"before": was}) | ({"mode": found["mode"]} if advised else {})


def _stays_over_budget(case: ScalingCase, recommendation: Recommendation) -> bool:
    """Return whether nothing is decided and followed now, and nothing says that more could be paid."""
    reason = recommendation.reason
    return reason in UNDECIDED or (not case.policy.active and reason is ScalingReason.OVER_BUDGET)


def _was_over_budget(before: ScalingFields) -> bool:
    """Return whether a budget limited the last decision of a policy that acted, which may be several writes ago."""
    followed = "recommended" in before and before.get("reason") == ScalingReason.OVER_BUDGET.value
    return before.get("overBudget") is True or followed


def _acts(found: ScalingFields, before: ScalingFields) -> bool:
    """Return whether anything but the count changes; a field's first value counts only if it is not the usual one."""
    usual: ScalingFields = {"asleep": 0, "speculation": "On"}
    return any(found.get(name, one) != before.get(name, one) for name, one in usual.items())


def _without_words(scaled: ScalingFields) -> ScalingFields:
    return {name: value for name, value in scaled.items() if name not in {"message", "at", "decisions"}}


def _seconds(text: object) -> float:
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else 0.0
    except ValueError:
        return 0.0


def _sent(kind: str, document: Manifest, status: Manifest) -> Manifest:
    """Build a manifest for the status subresource; with the uid, a write to a new object of the same name conflicts."""
    metadata = {name: document["metadata"][name] for name in ("namespace", "name", "uid")}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "status": status}
