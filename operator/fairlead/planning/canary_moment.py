"""One canary at one moment: what its step gives the new revision, how long it is held, and which gates are open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fairlead.fleet.canaries import CanaryFacts, CanaryGate, CanaryState, CanaryStep, StepVerdict
from fairlead.fleet.gate_verdicts import Verdict

BY_FIGURES: Final = (CanaryGate.SERVICE, CanaryGate.QUALITY)
"""Gates that judge by figures, not by a person's order."""
SHORTEST_RENEWAL_S: Final = 60.0
"""How often the time to start in begins anew at most, however short it is: each time is a write."""
_NEVER: Final = 100 * 365 * 86_400.0
"""A hundred years: a longer time is meant as never, and Python has no moment after the year 9999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryMoment:
    """One canary at one moment."""

    state: CanaryState
    facts: CanaryFacts
    now: datetime

    @property
    def step(self) -> CanaryStep:
        """The current step."""
        return self.state.plan.steps[self.state.step]

    @property
    def replicas(self) -> int:
        """The replicas that the step gives the new revision."""
        return self.step.replicas_of(self.facts.wanted, self.facts.spare)

    @property
    def most(self) -> int:
        """The most replicas that the new revision may have while on trial."""
        return max(0, min(self.facts.wanted, self.facts.wanted + self.facts.spare - 1))

    @property
    def lacks_replicas(self) -> bool:
        """Whether only a person can change that it may have none: an adapter's version starts none of its own."""
        return self.most < 1 and self.state.plan.starts_replicas

    @property
    def held_until(self) -> datetime | None:
        """The earliest end of the step."""
        reached = self.state.reached_at
        return _after(reached, self.step.hold_seconds) if reached else None

    @property
    def held(self) -> bool:
        """Whether the step has lasted long enough."""
        return self.held_until is not None and self.held_until <= self.now

    @property
    def undecided_at(self) -> datetime | None:
        """When an open gate finally counts as undecided."""
        reached = self.state.reached_at
        return _after(reached, self.state.plan.undecided_seconds) if reached else None

    @property
    def gives_up_at(self) -> datetime | None:
        """When the first step is no longer taken automatically; None: never, since no replica has to be spared."""
        within = self.state.plan.start_within_seconds
        return None if within is None or self.facts.spare else _after(self.state.since, within)

    @property
    def gave_up(self) -> bool:
        """Whether the first step is no longer taken automatically."""
        return not self.facts.paused and self.gives_up_at is not None and self.now >= self.gives_up_at

    @property
    def renews_at(self) -> datetime | None:
        """While the spec holds the rollout: when the time to start in begins anew, long before it is used up."""
        within = self.state.plan.start_within_seconds
        if within is None or self.facts.spare or not self.facts.paused:
            return None
        return _after(self.state.since, max(within / 2, SHORTEST_RENEWAL_S))

    @property
    def stays(self) -> bool:
        """Whether a person or the spec keeps it at its step."""
        return self.state.paused or self.facts.paused

    @property
    def open(self) -> tuple[CanaryGate, ...]:
        """Gates of this step that have not passed."""
        return tuple(one for one in self.step.gates if verdict(self.state, one) is not Verdict.PASSED)

    @property
    def undecided(self) -> CanaryGate | None:
        """The first open gate that judges by figures, once it has had its time."""
        if self.undecided_at is None or self.now < self.undecided_at:
            return None
        return next((one for one in self.open if one in BY_FIGURES), None)


def _after(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=min(seconds, _NEVER))


def entry(state: CanaryState, gate: CanaryGate) -> StepVerdict | None:
    """Return a gate's result at this step."""
    return next((one for one in state.verdicts if (one.step, one.gate) == (state.step, gate)), None)


def verdict(state: CanaryState, gate: CanaryGate) -> Verdict | None:
    """Return a gate's verdict."""
    found = entry(state, gate)
    return found.verdict.verdict if found else None
