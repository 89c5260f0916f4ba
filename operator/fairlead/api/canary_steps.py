"""Validation rules of a canary's steps and limits, of a deployment's revision and of an adapter's version alike."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.lifecycle import CanaryService
from fairlead.fleet.canaries import CanaryGate

MAX_UNJUDGED: Final = 50
"""Most traffic, in percent, that a step may have before gate Service has compared users' requests."""


class _Step(Protocol):
    @property
    def traffic(self) -> int: ...

    @property
    def gates(self) -> tuple[CanaryGate, ...]: ...


def step_rules(canary: type[Any], step: type[Any], newcomer: str) -> tuple[FieldRule[Any], ...]:
    """Return the rules of the steps; `newcomer` names in words what is rolled out."""
    return (
        FieldRule[Any](
            on=canary,
            field="steps",
            fault=FieldErrorReason.INVALID,
            cel="!has(self.steps) || self.steps.map(step, has(step.traffic) ? step.traffic : 0).isSorted()",
            holds=lambda it: list(it.steps) == sorted(it.steps, key=lambda one: one.traffic),
            because="the traffic of a canary must not shrink from step to step",
            remedy="order the steps by traffic",
        ),
        FieldRule[Any](
            on=canary,
            field="steps",
            fault=FieldErrorReason.INVALID,
            cel=f"!has(self.steps) || !self.steps.exists(step, has(step.traffic) && step.traffic > {MAX_UNJUDGED}) || "
            f"self.steps.exists(step, has(step.traffic) && step.traffic <= {MAX_UNJUDGED} && has(step.gates) && "
            "'Service' in step.gates)",
            holds=lambda it: all(one.traffic <= MAX_UNJUDGED for one in it.steps) or any(map(_judges_early, it.steps)),
            because=f"no step may have more than {MAX_UNJUDGED} percent of the traffic before gate Service has passed",
            remedy=f"give a step with at most {MAX_UNJUDGED} percent gates: [Service]",
        ),
        FieldRule[Any](
            on=step,
            field="gates",
            fault=FieldErrorReason.INVALID,
            cel="!has(self.gates) || !('Service' in self.gates) || (has(self.traffic) && self.traffic > 0)",
            holds=lambda it: CanaryGate.SERVICE not in it.gates or it.traffic > 0,
            because=f"gate Service compares users' requests, and with traffic 0 none reaches the {newcomer}",
            remedy="set traffic to 5 or more, or remove gate Service from this step",
        ),
    )


def _judges_early(step: _Step) -> bool:
    return step.traffic <= MAX_UNJUDGED and CanaryGate.SERVICE in step.gates


def _ratio_rule(field: str, ratio: Callable[[CanaryService], str]) -> FieldRule[CanaryService]:
    return FieldRule[CanaryService](
        on=CanaryService,
        field=field,
        fault=FieldErrorReason.INVALID,
        cel=f"!has(self.{field}) || double(self.{field}) > 1.0",
        holds=lambda it: float(ratio(it)) > 1,
        because="no test can prove that nothing got slower, so a ratio of 1 would never pass",
        remedy='write 1.1 or more, for instance "1.3"',
    )


LIMIT_RULES: Final[tuple[FieldRule[Any], ...]] = (
    _ratio_rule("maxTtftRatio", lambda it: it.max_ttft_ratio),
    _ratio_rule("maxTpotRatio", lambda it: it.max_tpot_ratio),
)
