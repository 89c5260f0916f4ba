"""Whether the gates of a deployment's or an adapter's canary can judge as they are written. Pure."""

from collections.abc import Iterator

from fairlead.api.kinds import EVALUATION
from fairlead.api.read_problems import ABSENT
from fairlead.fleet.adapters import ServedAdapter
from fairlead.fleet.canaries import CanaryGate, CanaryPlan
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.review import evaluations
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.result import AdmissionReason

OF_DEPLOYMENT = "spec.rollout.canary"
OF_ADAPTER = "spec.canary"


def refusals(plan: CanaryPlan, field: str) -> Iterator[SpecRefusal]:
    """Refuse gates that lack what they judge by."""
    if plan.quality is None and _has_quality_gate(plan):
        yield SpecRefusal(
            field=f"{field}.quality",
            value=ABSENT,
            reason=AdmissionReason.WITHOUT_EVALUATION,
            because="gate Quality compares answers to the items of an Evaluation, and none is named",
            remedy='set quality: {evaluation: NAME, margin: "2"}, or use gate Service or Manual',
        )


def item_refusals(plan: CanaryPlan, field: str, namespace: str, context: ReviewContext) -> Iterator[SpecRefusal]:
    """Refuse an evaluation with too few items, once they were counted."""
    if plan.quality is None:
        return
    count = context.evaluations.get(ObjectKey(EVALUATION.name, namespace, plan.quality.evaluation))
    found = None if count is None else evaluations.size_refusal(plan.quality, count, f"{field}.quality")
    if found is not None:
        yield found


def warnings(plan: CanaryPlan, field: str, newcomer: str) -> Iterator[SpecWarning]:
    """Warn of what judges nothing, which is hardly intended."""
    if plan.quality is not None and not _has_quality_gate(plan):
        yield SpecWarning(
            field=f"{field}.quality",
            value=plan.quality.evaluation,
            reason=AdmissionReason.WITHOUT_EVALUATION,
            because="no step has gate Quality, so this Evaluation is not used",
            remedy="give the first step gates: [Quality], or remove quality",
        )
    if not any(one.gates for one in plan.steps):
        yield SpecWarning(
            field=f"{field}.steps[].gates",
            value="none",
            reason=AdmissionReason.NOTHING_JUDGED,
            because=f"no step has a gate, so the {newcomer} is promoted after its hold times even if it is worse",
            remedy="give a step with traffic gates: [Service]",
        )


def of_adapter(
    adapter: ServedAdapter, context: ReviewContext
) -> tuple[tuple[SpecRefusal, ...], tuple[SpecWarning, ...]]:
    """Return both for an adapter's canary."""
    plan = adapter.canary
    if plan is None:
        return (), ()
    refused = *refusals(plan, OF_ADAPTER), *item_refusals(plan, OF_ADAPTER, adapter.namespace, context)
    return refused, tuple(warnings(plan, OF_ADAPTER, "new version"))


def _has_quality_gate(plan: CanaryPlan) -> bool:
    return any(CanaryGate.QUALITY in one.gates for one in plan.steps)
