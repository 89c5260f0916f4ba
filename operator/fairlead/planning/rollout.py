"""The next step of a rollout, from what is observed and nothing else.

Rules stand in a fixed order and the first that speaks wins. A plan remembers nothing, so a crash anywhere resumes, and
an edit or a revert in the middle is only another question.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from fairlead.fleet import counts
from fairlead.fleet.rollouts import Ask, GiveUp, Hold, HoldReason, Phase, Plan, Retire, Rollout, Step, StepReason
from fairlead.planning import growing, returning, shrinking, situation, waiting
from fairlead.planning.situation import Situation

RULES: Final = (
    growing.new,  # the target exists before anything gives way to it
    shrinking.idle,  # what serves nobody is free
    shrinking.older,  # older revisions give up before the current one, wherever enough stay available
    shrinking.surplus,
    growing.step,
)


def next_step(rollout: Rollout, now: datetime) -> Plan:
    """One step towards the wanted count of the current revision, or a wait that says what for."""
    at = situation.of(rollout, now)
    step = _hopeless(at) or next((step for rule in RULES if (step := rule(at))), None) or _retire(at) or _wait(at)
    return Plan(
        step=step,
        phase=_phase(at),
        current=at.current.name,
        wake_at=waiting.wake_at(at) if isinstance(step, Hold) else None,
        short=_short(at, step),
    )


def _hopeless(at: Situation) -> GiveUp | None:
    """A start that cannot go well is given up at once, where something else can serve."""
    why = at.current.revision.hopeless
    if at.rollout.rules.paused or not at.way_back or not why:
        return None
    failure = replace(returning.failed(at.current.revision, at.now), early=True)
    because = f"{at.current.name} cannot start: {why}; {at.way_back.name} serves instead"
    return GiveUp(revision=at.current.name, failure=failure, reason=StepReason.START_FAILED, because=because)


def _retire(at: Situation) -> Retire | None:
    """A revision without replicas goes, unless it is the target with its memory or what one would go back to."""
    if at.rollout.rules.paused:
        return None
    settled = at.complete and (at.wanted > 0 or at.current.revision.served)
    best = None if settled else returning.fallback(at.rollout)
    needed = {at.rollout.target} | ({best.name} if best else set())
    gone = next((each for each in at.others if each.gone and each.name not in needed), None)
    if gone is None:
        return None
    because = f"{gone.name} has no replica left, and no rollout would return to it"
    return Retire(revision=gone.name, reason=StepReason.EMPTY_REVISION, because=because)


def _wait(at: Situation) -> Hold | GiveUp:
    hold = waiting.hold(at)
    if at.rollout.rules.paused or not at.way_back or hold.reason not in waiting.STUCK:
        return hold
    if at.now < returning.due(at.rollout, at.current.revision):
        return hold
    seconds, target, back = at.rollout.rules.progress_deadline_seconds, at.current, at.way_back.name
    available = counts.part(target.available, at.wanted, "replica", "is")
    because = f"{available} available and nothing moved for {seconds} s; {back} serves instead"
    failure = returning.failed(target.revision, at.now)
    return GiveUp(revision=target.name, failure=failure, reason=StepReason.DEADLINE_EXCEEDED, because=because)


def _phase(at: Situation) -> Phase:
    if at.rollout.rules.paused:
        return Phase.PAUSED
    if at.going_back:
        return Phase.RETURNED if at.complete else Phase.RETURNING
    return Phase.STEADY if at.complete or not at.others else Phase.ROLLING


def _short(at: Situation, step: Step) -> str:
    """Which GPU is short, when that limits the step or is what is waited for."""
    match step:
        case Hold(reason=HoldReason.UNPLACED):
            return at.rollout.room.because
        case Hold(reason=HoldReason.NO_FREE_GPU):
            return growing.short(at)
        case Ask(revision=name, replicas=replicas):
            wishes = (wish for wish in growing.wishes(at) if wish.of.name == name and replicas < wish.count)
            return growing.short(at) if any(growing.scant(at, wish) for wish in wishes) else ""
        case _:
            return ""
