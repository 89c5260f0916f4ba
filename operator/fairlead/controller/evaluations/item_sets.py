"""The items of evaluations, read from their ConfigMaps by name and kept by version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.api import object_reader
from fairlead.api.kinds import EVALUATION
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerApiClient
from fairlead.evaluating import item_file
from fairlead.evaluating import items as item_order
from fairlead.evaluating.item_problems import ItemProblem
from fairlead.evaluating.items import EvaluationItem
from fairlead.fleet.conditions import ConditionReason
from fairlead.review import deployment_review, evaluations
from fairlead.review.context import ObjectKey
from fairlead.review.evaluations import EvaluationPlan

MOST_ITEMS: Final = 5000
"""Of one evaluation that a canary asks; a ConfigMap holds a mebibyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSet:
    """One evaluation, ready to be run, or why it is not."""

    plan: EvaluationPlan | None = None
    items: tuple[EvaluationItem, ...] = ()
    """In the order in which they are asked."""
    problems: tuple[ItemProblem, ...] = ()
    digest: str = ""
    trouble: str = ""
    """Why nothing can be run; empty: it can."""
    reason: ConditionReason = ConditionReason.ACCEPTED


class ItemSets:
    """All of them, by name."""

    def __init__(self, server: ControllerApiClient) -> None:
        self._server = server
        self._sets: dict[ObjectKey, tuple[tuple[object, ...], ItemSet]] = {}

    def find(self, key: ObjectKey) -> ItemSet | None:
        """As it was read last; None where it was not read yet, or is gone."""
        found = self._sets.get(key)
        return found[1] if found else None

    def forget(self, key: ObjectKey) -> None:
        """The evaluation is gone."""
        self._sets.pop(key, None)

    async def read(self, key: ObjectKey, document: Manifest) -> ItemSet:
        """As it is now; parsed only where evaluation or ConfigMap changed."""
        read = object_reader.read_stored(document, EVALUATION)
        if read.value is None or read.problems:
            words = deployment_review.joined_remarks(read.problems)
            return self._keep(key, (), ItemSet(trouble=words, reason=ConditionReason.UNREADABLE))
        plan = evaluations.plan(read.value.spec)
        named = plan.source
        try:
            live = await self._server.read(kinds.CONFIG_MAP, key.namespace, named.name)
        except RequestRefused as no:
            return self._keep(key, (), ItemSet(trouble=str(no), reason=ConditionReason.NOT_FOUND))
        if live is None:
            words = f"spec.items.configMap.name: there is no ConfigMap {named.name} in namespace {key.namespace}"
            words = f"{words}; create it, or name one of this namespace"
            return self._keep(key, (), ItemSet(trouble=words, reason=ConditionReason.NOT_FOUND))
        version = (document["metadata"]["uid"], document["metadata"]["generation"], live["metadata"]["resourceVersion"])
        kept = self._sets.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
        return self._keep(key, version, _parsed(plan, live))

    def _keep(self, key: ObjectKey, version: tuple[object, ...], found: ItemSet) -> ItemSet:
        self._sets[key] = version, found
        return found


def _parsed(plan: EvaluationPlan, live: Mapping[str, object]) -> ItemSet:
    data, name, key = live.get("data"), plan.source.name, plan.source.key
    text = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(text, str):
        words = f"spec.items.configMap.key: ConfigMap {name} has no key {key}; add it, or name one that it has"
        return ItemSet(plan=plan, trouble=words, reason=ConditionReason.KEY_MISSING)
    items, problems = item_file.read(text.encode().splitlines(), plan.scorer)
    trouble = _trouble(f"ConfigMap {name}, key {key}", len(items), problems)
    return ItemSet(
        plan=plan,
        items=tuple(item_order.in_order(items)),
        problems=tuple(problems),
        digest=item_order.set_digest(items),
        trouble=trouble,
        reason=ConditionReason.BAD_ITEMS if trouble else ConditionReason.ACCEPTED,
    )


def _trouble(place: str, items: int, problems: list[ItemProblem]) -> str:
    if problems:
        return f"{place}: {len(problems)} of {items + len(problems)} lines cannot be used: {problems[0].sentence}"
    if not items:
        return f'{place}: it holds no item; write lines such as {{"input": "...", "target": "..."}}'
    if items > MOST_ITEMS:
        return f"{place}: {items:,} items, and a canary asks at most {MOST_ITEMS:,}; split it"
    return ""
