"""Objectives of a policy that no replica of a deployment can ever meet: one step already takes longer. Pure."""

from collections.abc import Iterator

from fairlead.controller import fitting
from fairlead.controller.known import Known
from fairlead.controller.review import AdmissionReason
from fairlead.engines import catalogue as engines
from fairlead.fleet.policies import Policy
from fairlead.fleet.refusals import Caution, Refusal
from fairlead.fleet.shapes import ModelShape
from fairlead.fleet.wanted import Wanted
from fairlead.sizing import ceilings


def cautions(wanted: Wanted, policy: Policy, name: str, known: Known) -> Iterator[Caution]:
    """One for each objective below the time in which the GPU can read the weights once; nothing where it is unknown."""
    least = _least_step_seconds(wanted, known)
    if least is None:
        return
    guesses = 1 + wanted.engine.speculation.tokens
    for field, wish, floor in (
        ("ttftP95", policy.objectives.ttft_p95_seconds, least),
        ("tpotP95", policy.objectives.tpot_p95_seconds, least / guesses),
    ):
        if wish is not None and wish < floor:
            yield Caution(
                field="spec.scaling.policy.name",
                value=name,
                reason=AdmissionReason.BELOW_ONE_STEP,
                because=f"its objectives.{field} is {wish * 1000:g} ms, and {wanted.product} needs at least "
                f"{floor * 1000:.3g} ms to read the model's weights once, so no number of replicas meets it",
                remedy=f"raise objectives.{field} well above {floor * 1000:.3g}ms, or use a smaller model or a faster "
                "GPU",
            )


def _least_step_seconds(wanted: Wanted, known: Known) -> float | None:
    asked, shape = fitting.asked(wanted, known)
    engine = engines.describe(wanted.engine.kind)
    if isinstance(engine, Refusal) or asked.accelerator is None or not isinstance(shape, ModelShape):
        return None
    return ceilings.least_step_seconds(fitting.question(asked, shape, asked.accelerator, engine))
