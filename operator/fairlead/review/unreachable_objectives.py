"""Objectives of a policy that no replica of a deployment can meet, since one engine step takes longer. Pure."""

from collections.abc import Iterator

from fairlead.engines import catalogue as engines
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.policies import ScalingPolicy
from fairlead.fleet.shapes import ModelShape
from fairlead.review import memory_fit
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason
from fairlead.sizing import ceilings
from fairlead.sizing.sizing_input import SizingInput


def warnings(
    revision: DesiredRevision, policy: ScalingPolicy, name: str, context: ReviewContext
) -> Iterator[SpecWarning]:
    """Warn of each objective below the time in which the GPU can read the weights once, if that is known."""
    sizing = _sizing(revision, context)
    least = None if sizing is None else ceilings.least_step_seconds(sizing)
    if sizing is None or least is None:
        return
    guesses = 1 + sizing.drafting.tokens
    for field, objective, floor in (
        ("ttftP95", policy.objectives.ttft_p95_seconds, least),
        ("tpotP95", policy.objectives.tpot_p95_seconds, least / guesses),
    ):
        if objective is not None and objective < floor:
            yield SpecWarning(
                field="spec.scaling.policy.name",
                value=name,
                reason=AdmissionReason.BELOW_ONE_STEP,
                because=f"its objectives.{field} is {objective * 1000:g} ms, and {revision.product} needs at least "
                f"{floor * 1000:.3g} ms to read the model's weights once: no number of replicas meets it",
                remedy=f"raise it well above {floor * 1000:.3g}ms, or use a smaller model or a faster GPU",
            )


def _sizing(revision: DesiredRevision, context: ReviewContext) -> SizingInput | None:
    setup, shape = memory_fit.engine_inputs(revision, context)
    engine = engines.describe(revision.engine.kind)
    if isinstance(engine, SpecRefusal) or setup.accelerator is None or not isinstance(shape, ModelShape):
        return None
    return memory_fit.sizing_question(setup, shape, setup.accelerator, engine)
