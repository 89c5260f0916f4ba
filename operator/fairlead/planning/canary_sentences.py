"""What a canary waits for, in a sentence."""

from typing import Final

from fairlead.fleet.canaries import CanaryGate
from fairlead.fleet.plurals import count
from fairlead.planning import canary_moment, sentences
from fairlead.planning.canary_moment import CanaryMoment

NEEDS_TWO: Final = "a canary without a spare accelerator needs 2 replicas, and {} desired"
_NOTHING_YET: Final = {
    CanaryGate.SERVICE: "no request was compared yet",
    CanaryGate.QUALITY: "no item was answered yet",
}


def first_step(moment: CanaryMoment) -> str:
    """Return why the first step is not taken."""
    state, facts = moment.state, moment.facts
    if state.paused:
        return "paused before its first step; run `fairlead rollout promote` to go on"
    if moment.lacks_replicas:
        return _needs_two(moment)
    until = moment.gives_up_at
    if until is None:
        return facts.load
    if moment.gave_up:
        hours = (until - state.since).total_seconds() / 3600
        ways = "set rollout.maxSurge above 0, run `fairlead rollout promote` to wait again, or `fairlead rollout abort`"
        return f"no replica could be spared within {hours:g} h ({facts.load}); {ways}"
    return f"no replica can be spared yet ({facts.load}); it waits until {until:%Y-%m-%d %H:%M} UTC"


def step(moment: CanaryMoment) -> str:
    """Return what a step waits for once its replicas serve."""
    state, number = moment.state, f"step {moment.state.step + 1} of {len(moment.state.plan.steps)}"
    if state.paused:
        return f"{number}: paused; run `fairlead rollout promote` to go on"
    if moment.most < 1:
        return f"{number}: {_needs_two(moment) if moment.lacks_replicas else moment.facts.load}"
    if not moment.held:
        return f"{number}: {moment.step.traffic} % of the conversations, held for {_held(moment)}"
    if CanaryGate.MANUAL in moment.open:
        return f"{number}: gate Manual waits for a person; run `fairlead rollout promote` to go on"
    if not moment.open and moment.facts.available < 1:
        return f"{number}: no replica of {state.revision} serves now; it goes on once one does"
    gate = next((one for one in moment.open if one in canary_moment.BY_FIGURES), CanaryGate.SERVICE)
    found = canary_moment.entry(state, gate)
    return f"{number}: gate {gate}: {found.verdict.message if found else _NOTHING_YET[gate]}"


def _needs_two(moment: CanaryMoment) -> str:
    wanted = moment.facts.wanted
    return NEEDS_TWO.format(f"{sentences.replicas(wanted)} {'is' if wanted == 1 else 'are'}")


def _held(moment: CanaryMoment) -> str:
    return count(int(moment.step.hold_seconds), "second")
