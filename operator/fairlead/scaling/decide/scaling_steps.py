"""How far one decision may change the count; steps are counted over a period, since there is a decision every second.

Up: the larger of maxStep and maxFactor, counted from the smallest count within a tenth of a cold start. That is too
short for the last step to show an effect, and adds little to the cold start itself; 12 s at a cold start of two
minutes, near the 15 s of HorizontalPodAutoscaler. Down: maxStep, counted from the largest count within a twentieth of
the stabilization window; 15 s at the usual 300 s.
"""

from math import floor
from typing import Final

from fairlead.scaling.decide.limit_context import LimitContext, limit
from fairlead.scaling.decide.recommendation import AppliedLimit, ScalingBound

UP_SHARE: Final = 1 / 10
DOWN_SHARE: Final = 1 / 20


def up_while(cold_start: float) -> float:
    """Return the seconds over which steps up are counted."""
    return cold_start * UP_SHARE


def down_while(down_after: float) -> float:
    """Return the seconds over which steps down are counted."""
    return down_after * DOWN_SHARE


def step_down(n: int, context: LimitContext) -> AppliedLimit | None:
    """Remove few replicas at a time, since each takes a warm cache with it."""
    step, wanted = context.facts.policy.pace.down_max_step, context.facts.wanted
    base = context.history.most_wanted[0].replicas
    held = max(n, min(wanted, base - step))
    return limit(
        ScalingBound.STEP_DOWN, n, held, f"one step down removes at most {step} (scaleDown.maxStep), from {base}"
    )


def step_up(n: int, context: LimitContext) -> AppliedLimit | None:
    """Limit growth: a wrong figure must not lead to a thousand GPUs at once."""
    pace, wanted = context.facts.policy.pace, context.facts.wanted
    base = context.history.least_wanted[0].replicas
    top = max(base + pace.up_max_step, floor(base * pace.up_max_factor), wanted)
    by_step, by_factor = f"{base} + {pace.up_max_step} (maxStep)", f"{base} x {pace.up_max_factor:g} (maxFactor)"
    words = f"one step up reaches at most {top}, the larger of {by_step} and {by_factor}"
    return limit(ScalingBound.STEP_UP, n, min(n, top), words)
