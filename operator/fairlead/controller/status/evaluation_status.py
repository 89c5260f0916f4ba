"""The status of an evaluation: its items, the lines that cannot be used, and the canary that it judged last. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from fairlead.api import canary_status
from fairlead.api.kinds import ADAPTER
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.item_sets import ItemSet
from fairlead.fleet.canaries import CanaryGate, CanaryState
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.plurals import count

SHOWN: Final = 10
"""Problems, as the schema allows."""
LONGEST: Final = 240


def figures(document: Manifest, items: ItemSet, fleet: Iterable[Manifest]) -> Manifest:
    """Return all fields but conditions; a reported run stays until there is a later one.

    Items that could not be read are not counted: by 0 of them admission would refuse each canary that names this.
    """
    earlier = document.get("status") or {}
    is_counted = items.plan is not None
    status: Manifest = {"items": len(items.items), "badLines": len(items.problems)} if is_counted else {}
    if items.is_being_read:
        status = {name: earlier[name] for name in ("items", "badLines", "digest") if name in earlier}
    if items.digest:
        status["digest"] = items.digest
    if items.problems:
        status["problems"] = [one.sentence[:LONGEST] for one in items.problems[:SHOWN]]
    last = last_run(document, fleet) or earlier.get("lastRun")
    return status | ({"lastRun": last} if last else {})


def conditions(item_set: ItemSet) -> tuple[UntimedCondition, ...]:
    """Whether it can be run."""
    if item_set.is_being_read:
        return (
            *_not_ready(ConditionType.RECONCILING, item_set.reason, item_set.trouble),
            UntimedCondition(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message=item_set.trouble),
        )
    if item_set.trouble:
        return (
            *_not_ready(ConditionType.STALLED, item_set.reason, item_set.trouble),
            UntimedCondition(
                type=ConditionType.ACCEPTED, holds=False, reason=item_set.reason, message=item_set.trouble
            ),
        )
    assert item_set.plan is not None, "a set without a plan has its trouble"
    items, least = len(item_set.items), item_set.plan.min_items
    if items < least:
        words = f"{count(items, 'item')}, and spec.minItems is {least:,}; add {least - items:,}, or lower it"
        return (
            *_not_ready(ConditionType.STALLED, Why.TOO_FEW_ITEMS, words),
            UntimedCondition(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message=words),
        )
    words = f"{count(items, 'item')}, and every line can be used"
    return (
        UntimedCondition(type=ConditionType.READY, holds=True, reason=Why.ACCEPTED, message=words),
        UntimedCondition(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message=words),
    )


def _not_ready(instead: ConditionType, reason: Why, words: str) -> tuple[UntimedCondition, ...]:
    """Report that nothing can be run, what it is instead, and why."""
    return (
        UntimedCondition(type=ConditionType.READY, holds=False, reason=reason, message=words),
        UntimedCondition(type=instead, holds=True, reason=reason, message=words),
    )


def last_run(document: Manifest, fleet: Iterable[Manifest]) -> Manifest | None:
    """Return the last run of all canaries that name it."""
    runs = sorted(_runs(document, fleet), key=lambda one: (one[2].since, one[0]))
    if not runs:
        return None
    name, of, state = runs[-1]
    entry = next(one for one in reversed(state.verdicts) if one.gate is CanaryGate.QUALITY)
    return {
        ("adapter" if of == ADAPTER.name else "deployment"): name,
        "revision": state.revision,
        "verdict": entry.verdict.verdict.value,
        "reason": entry.verdict.reason.value,
        "message": entry.verdict.message[: canary_status.LONGEST],
    }


def _runs(document: Manifest, fleet: Iterable[Manifest]) -> Iterator[tuple[str, str, CanaryState]]:
    """Yield name, kind and state of each canary."""
    metadata = document["metadata"]
    for one in fleet:
        state = canary_status.of(one)
        quality = state.plan.quality if state else None
        if state is None or quality is None or quality.evaluation != metadata["name"]:
            continue
        judged = any(each.gate is CanaryGate.QUALITY for each in state.verdicts)
        if judged and one["metadata"]["namespace"] == metadata["namespace"]:
            yield one["metadata"]["name"], one["kind"], state
