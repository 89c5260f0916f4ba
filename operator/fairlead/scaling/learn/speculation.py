"""Whether speculation gains more than it costs, from accepted tokens and the fill of batches.

A step without speculation gives each of b running sequences one token and takes step + b x sequence. With k tokens
drafted for each, of which a are accepted, it gives 1 + a tokens; it computes k more tokens a sequence, each at the time
of a prompt token, and waits for the draft: k x DRAFT x step of a model, or k times its launch time if that is longer,
or the time of a lookup. The gain is

    (1 + a) x (step + b x sequence) / (step + b x (sequence + k x prompt token) + draft)

With few running sequences, reading the weights dominates and the gain is near 1 + a; in full batches computation
dominates, and refused tokens are wasted work. A switch means new pods, so the gain is measured over spans of one cold
start, a switch needs several in a row, and there are at least ten cold starts between two switches.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import fsum
from typing import Final

from fairlead.scaling.decide.answer_history import SpeculationBaseline, SpeculationState
from fairlead.scaling.decide.recommendation import ScalingAdvice
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import EnginePodPhase, ReplicaSpeed, ScalingFacts

DRAFT: Final = 0.05
"""Share of a model step that a draft step takes: a draft with a twentieth of the weights."""
LOSS: Final = 0.95
PROFIT: Final = 1.10
"""No switch between the two thresholds: the arithmetic is not more exact than that."""
SPANS: Final = 3
REST: Final = 10
"""Cold starts between two switches."""


def updated(
    summary: SignalSummary, facts: ScalingFacts, before: SpeculationState, now: float
) -> tuple[SpeculationState, tuple[ScalingAdvice, ...]]:
    """Decide whether speculation should be off now, and return the advice for people."""
    if not facts.speculates:
        return SpeculationState(), ()
    state = before
    if before.marked_at is None or now - before.marked_at >= summary.cold_start_seconds:
        state = _switched(_measured(summary, facts, before, now), summary, facts, now)
    if not _may(facts):
        state = replace(state, off=False)
    return state, _advice(state, facts)


def gain(speed: ReplicaSpeed, batch: float, state: SpeculationState, facts: ScalingFacts) -> float:
    """Return the throughput with speculation over throughput without."""
    drafted = state.drafted or 0.0
    plain = speed.step_seconds + batch * speed.seconds_per_sequence
    each = max(DRAFT * speed.step_seconds, facts.draft_pass_seconds)
    draft = facts.draft_lookup.seconds(batch) if facts.draft_lookup else drafted * each
    return (1 + state.accepted) * plain / (plain + drafted * batch * speed.seconds_per_prompt_token + draft)


def _measured(summary: SignalSummary, facts: ScalingFacts, before: SpeculationState, now: float) -> SpeculationState:
    """Measure the span that ends now."""
    marks = tuple(_marks(facts))
    began = {one.pod: one for one in before.marks}
    pairs = [(began[one.pod], one) for one in marks if one.pod in began and one.drafts >= began[one.pod].drafts]
    drafts = fsum(end.drafts - then.drafts for then, end in pairs)
    state = replace(before, marked_at=now, marks=marks)
    if drafts > 0:
        drafted = fsum(end.draft_tokens - then.draft_tokens for then, end in pairs) / drafts
        accepted = fsum(end.accepted_tokens - then.accepted_tokens for then, end in pairs) / drafts
        state = replace(state, drafted=drafted, accepted=accepted)
    speed = facts.assumed or (summary.load.speed if summary.load else None)
    if speed is None or state.drafted is None or summary.ready == 0:
        return replace(state, gain=None)
    batch = summary.running / summary.ready
    return replace(state, gain=gain(speed, batch, state, facts))


def _marks(facts: ScalingFacts) -> Iterator[SpeculationBaseline]:
    for pod in sorted(facts.pods, key=lambda one: one.name):
        figures = pod.figures
        if (
            figures is None
            or pod.problem is not None
            or pod.phase is not EnginePodPhase.READY
            or pod.revision != facts.revision
        ):
            continue
        if figures.drafts is not None and figures.draft_tokens is not None and figures.accepted_tokens is not None:
            yield SpeculationBaseline(
                pod=pod.name,
                drafts=figures.drafts,
                draft_tokens=figures.draft_tokens,
                accepted_tokens=figures.accepted_tokens,
            )


def _switched(state: SpeculationState, summary: SignalSummary, facts: ScalingFacts, now: float) -> SpeculationState:
    rested = state.switched_at is None or now - state.switched_at >= REST * summary.cold_start_seconds
    if state.off and state.drafted is None and rested:
        # After a restart that lost what was measured, it can only be measured while it is on.
        return replace(state, off=False, switched_at=now, against=0)
    if state.gain is None:
        return replace(state, against=0)
    speaks_against = state.gain > PROFIT if state.off else state.gain < LOSS
    state = replace(state, against=state.against + 1 if speaks_against else 0)
    if state.against < SPANS or not rested or not _may(facts):
        return state
    return replace(state, off=not state.off, switched_at=now, against=0)


def _may(facts: ScalingFacts) -> bool:
    return facts.policy.switches_speculation and facts.policy.active


def _advice(state: SpeculationState, facts: ScalingFacts) -> tuple[ScalingAdvice, ...]:
    if state.gain is None or state.drafted is None or (state.gain >= LOSS and not state.off):
        return ()
    words = (
        f"of {state.drafted:.1f} tokens drafted a step {state.accepted:.1f} are accepted; at this load "
        f"speculation gives {state.gain:.2f} times the tokens"
    )
    if state.off:
        return (
            ScalingAdvice(subject="speculation", because=f"{words}: it is switched off until that is above {PROFIT:g}"),
        )
    end = "it is switched off if that lasts" if _may(facts) else "set spec.speculation.switchOff to WhenItCosts"
    return (ScalingAdvice(subject="speculation", because=f"{words}: {end}"),)
