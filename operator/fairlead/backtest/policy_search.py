"""The cheapest policy that keeps the objectives on one part of the traffic, found by local search.

Of all policies that differ in one field by one step the best is taken, until none is better; so every step could be
taken by hand, and there are few. The result is judged on another part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.backtest.advice import spent
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate
from fairlead.backtest.policy_fields import FIELDS, PolicyField
from fairlead.fleet.policies import ScalingPolicy

MARGIN: Final = 0.01
"""Required above the goal on the searched part, since a policy chosen there does worse elsewhere."""
BETTER: Final = 0.002
"""As a share of the requests, if the goal is missed: less is no gain."""
CHEAPER: Final = 0.995
MAX_STEPS: Final = 12

PlayAll = Callable[[Sequence[Candidate]], Sequence[PlayedCandidate]]
"""Plays candidates on the searched part, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningStep:
    """One change that was taken."""

    field: str
    before: float
    after: float
    played: PlayedCandidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The steps from a policy to the best that was found."""

    first: PlayedCandidate
    steps: tuple[TuningStep, ...]
    candidate: Candidate
    """With the policy that was found."""
    plays: int

    @property
    def last(self) -> PlayedCandidate:
        """The result of the found policy on the searched part."""
        return self.steps[-1].played if self.steps else self.first


class NothingToTune(ValueError):
    """The deployment has no policy whose fields could be searched; the message says what to give."""


def tune(one: Candidate, play_all: PlayAll, fields: Sequence[PolicyField] = FIELDS) -> Tuning:
    """Search from the current policy; nothing is played twice."""
    seen: dict[ScalingPolicy, PlayedCandidate] = {}
    (first,) = _played([one], play_all, seen)
    current, steps = one, list[TuningStep]()
    while len(steps) < MAX_STEPS:
        moves = [(field, value) for field in fields for value in field.neighbours(current.policy)]
        tried = [replace(current, policy=field.with_value(current.policy, value)) for field, value in moves]
        found = _played(tried, play_all, seen)
        present = steps[-1].played if steps else first
        ranked = sorted(zip(found, moves, tried, strict=True), key=lambda each: rank(each[0]))
        if not ranked or not is_better(ranked[0][0], present):
            break
        played, (field, value), chosen = ranked[0]
        before = field.value(current.policy)
        assert before is not None
        steps.append(TuningStep(field=field.name, before=before, after=value, played=played))
        current = chosen
    return Tuning(first=first, steps=tuple(steps), candidate=current, plays=len(seen))


def keeps(one: PlayedCandidate) -> bool:
    """Whether it keeps the objectives with a margin for other parts."""
    return one.report.kept >= KEPT_GOAL + MARGIN


def rank(one: PlayedCandidate) -> tuple[bool, float, float]:
    """Sort key, least first: keeps the objectives, then cost, otherwise the share kept."""
    return (not keeps(one), spent(one) if keeps(one) else 0.0, -one.report.kept)


def is_better(one: PlayedCandidate, present: PlayedCandidate) -> bool:
    """Whether it is better beyond a run's noise."""
    if keeps(one) != keeps(present):
        return keeps(one)
    if keeps(one):
        return spent(one) < CHEAPER * spent(present)
    return one.report.kept > present.report.kept + BETTER


def _played(
    wanted: Sequence[Candidate], play_all: PlayAll, seen: dict[ScalingPolicy, PlayedCandidate]
) -> list[PlayedCandidate]:
    fresh = [one for one in wanted if one.policy not in seen]
    for one, played in zip(fresh, play_all(fresh) if fresh else (), strict=True):
        seen[one.policy] = played
    return [seen[one.policy] for one in wanted]
