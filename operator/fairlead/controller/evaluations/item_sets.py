"""The items of evaluations as last read, kept by version."""

from dataclasses import dataclass, replace
from typing import Final

from fairlead.api import object_reader
from fairlead.api.kinds import EVALUATION
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.item_reads import ItemReads, ItemsUnchanged, ItemText, ItemTrouble
from fairlead.evaluating import item_file
from fairlead.evaluating import items as item_order
from fairlead.evaluating.items import EvaluationItem
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.evaluation_runners import RunnerKind
from fairlead.fleet.line_problems import LineProblem
from fairlead.review import deployment_review, evaluations
from fairlead.review.context import ObjectKey
from fairlead.review.evaluations import EvaluationPlan

MAX_ITEMS: Final = 5000
"""For an evaluation that a canary uses."""
MAX_JUDGED: Final = 2500
"""With a judge: answers are kept whole, or their first 4,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSet:
    """One evaluation, ready to be run, or why it is not."""

    plan: EvaluationPlan | None = None
    items: tuple[EvaluationItem, ...] = ()
    """In the order in which they are sent: the harness goes by the file, and a part of it is the file's first lines."""
    problems: tuple[LineProblem, ...] = ()
    digest: str = ""
    groups: str = ""
    """The digest of their tags, by which verdicts group them, and which no answer depends on."""
    content: str = ""
    """The digest of the file itself."""
    trouble: str = ""
    """Why nothing can be run; empty: it can."""
    reason: ConditionReason = ConditionReason.ACCEPTED

    @property
    def is_being_read(self) -> bool:
        """A pod reads it: the result of an earlier read still holds."""
        return self.reason is ConditionReason.READING_ITEMS


READ_BY_PODS: Final = frozenset({ConditionReason.READING_ITEMS, ConditionReason.ITEMS_NOT_READ})
"""Why items that a pod reads are not here: perhaps only since the pod that had read them is gone, with its node."""


class ItemSets:
    """All of them, by name."""

    def __init__(self, reads: ItemReads) -> None:
        self._reads = reads
        self._sets: dict[ObjectKey, tuple[tuple[object, ...], ItemSet]] = {}

    def find(self, key: ObjectKey) -> ItemSet | None:
        """Return the set as last read, also while it is read again; None if it was not read yet, or is gone."""
        found = self._sets.get(key)
        return found[1] if found else None

    def forget(self, key: ObjectKey) -> None:
        """Drop a deleted evaluation."""
        self._sets.pop(key, None)

    async def read(self, key: ObjectKey, document: Manifest) -> ItemSet:
        """Read the current set; parse it only if evaluation or file changed."""
        read = object_reader.read_stored(document, EVALUATION)
        if read.value is None or read.problems:
            words = deployment_review.joined_findings(read.problems)
            return self._keep(key, (), ItemSet(trouble=words, reason=ConditionReason.UNREADABLE))
        plan = evaluations.plan(read.value.spec)
        assert plan.source is not None, "an object without one has problems"
        of = (document["metadata"]["uid"], document["metadata"]["generation"])
        kept = self._sets.get(key)
        last_version = str(kept[0][2]) if kept is not None and kept[0][:2] == of else ""
        item_text = await self._reads.read(
            document, plan.source, last_version, beside=plan.runner.kind is RunnerKind.LM_EVAL
        )
        if isinstance(item_text, ItemTrouble):
            missing = ItemSet(trouble=item_text.words, reason=item_text.reason)
            if last_version and item_text.reason in READ_BY_PODS:
                return missing  # the set that was read before is found on: runs of hours go on with it
            return self._keep(key, (), missing)
        if kept is not None and (isinstance(item_text, ItemsUnchanged) or item_text.version == last_version):
            return kept[1]
        assert isinstance(item_text, ItemText), "there is no last version without a kept one"
        if not last_version:
            await self._reads.tidy(document, plan.source)
        return self._keep(key, (*of, item_text.version), _parsed(plan, item_text))

    def _keep(self, key: ObjectKey, version: tuple[object, ...], items: ItemSet) -> ItemSet:
        self._sets[key] = version, items
        return items


def _parsed(plan: EvaluationPlan, item_text: ItemText) -> ItemSet:
    lines, numbered = item_text.content.splitlines(), plan.runner.kind is RunnerKind.LM_EVAL
    if plan.runner.in_pods:
        items, problems = item_file.read_named(lines, _work(plan, item_text), numbered=numbered)
    else:
        items, problems = item_file.read(lines, plan.scorer)
    trouble = _trouble(item_text.place, len(items), problems, MAX_ITEMS if plan.judge is None else MAX_JUDGED)
    return ItemSet(
        plan=plan,
        items=tuple(items if numbered else item_order.in_order(items)),
        problems=tuple(problems),
        digest=_digest(plan, items),
        groups=item_order.digest_of(sorted((one.name, one.tags) for one in items)),
        content=item_text.digest,
        trouble=trouble,
        reason=ConditionReason.BAD_ITEMS if trouble else ConditionReason.ACCEPTED,
    )


def _work(plan: EvaluationPlan, item_text: ItemText) -> list[str]:
    """Return what verdicts depend on beyond an item: the files beside it, and the runner without its limits."""
    program = replace(plan.runner.program, cpu="", memory="", deadline_seconds=0, pull_secrets=())
    return [repr(replace(plan.runner, program=program)), item_text.beside]


def _digest(plan: EvaluationPlan, items: list[EvaluationItem]) -> str:
    """Digest items and scorer; another judge comes to another verdict on the same answers."""
    found = item_order.set_digest(items)
    return found if plan.judge is None else item_order.digest_of([found, plan.judge.digest])


def _trouble(place: str, items: int, problems: list[LineProblem], most: int) -> str:
    if problems:
        return f"{place}: {len(problems)} of {items + len(problems)} lines cannot be used: {problems[0].sentence}"
    if not items:
        return f'{place}: it contains no items; write lines such as {{"input": "...", "target": "..."}}'
    if items > most:
        return f"{place}: {items:,} items, and a canary uses at most {most:,}; split it"
    return ""
