"""The needs by all signals together, and the figures that go with them.

Signals are computed independently. If the policy uses tokens and enough was learnt, tokens lead, and queue and cache
only correct them. Those two show load that the forecast already covers, so they add a replica only if pressure lasts
although none is starting, and otherwise need no more than the present count.
"""

from dataclasses import replace
from math import ceil, fsum
from typing import Final

from fairlead.fleet.policies import ScalingSignal
from fairlead.scaling.decide import pod_signals, queue_time, token_demand
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.recommendation import DecisionFigure, SignalNeed
from fairlead.scaling.decide.sample_trust import SampleTrust
from fairlead.scaling.decide.signal_summary import FleetLoad, SignalSummary
from fairlead.scaling.decide.token_demand import DemandInputs
from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.learn import (
    demand_forecast,
    estimates,
    overprovisioning,
    replica_speed,
    request_mix,
    slo_correction,
)
from fairlead.scaling.learn.estimates import Estimates

CORRECTION_DELAY: Final = 1 / 4
"""In cold starts: how long pressure must last before queue and cache correct tokens."""
SETTLING: Final = 1.0
"""In cold starts: how long new replicas get to work off what waited before them, as token demand plans it."""
UNREAD: Final = 3.0
"""Times the age at which samples are stale: for less, a scrape interval that is as long makes no need uncertain."""
CORRECTION: Final = 1 / 4
"""Share of the present replicas that one correction adds."""


def evaluate(roster: PodInventory, learnt: Estimates, trust: SampleTrust) -> SignalSummary:
    """Compute all signals that the policy uses; `learnt` has arrivals up to now, the rest up to the last decision."""
    facts = roster.facts
    headroom, horizon = facts.policy.signals.token_headroom, estimates.horizon(learnt, facts)
    late, simple = _late(roster, learnt, horizon), pod_signals.needs(roster, facts.policy)
    blank = _blank(roster, learnt, trust, horizon)
    if headroom is None:
        return replace(blank, candidates=(*late, *simple))
    inputs = _inputs(facts, learnt, horizon, roster.now)
    if isinstance(inputs, str):
        return replace(blank, candidates=(token_demand.unknown_need(inputs), *late, *simple))
    reckoning = token_demand.evaluate(inputs, roster, facts.policy, headroom, roster.now)
    pressed = any((one.replicas or 0) > roster.settled for one in simple)
    since = (roster.now if learnt.pressed_since is None else learnt.pressed_since) if pressed else None
    corrected = (_corrected(one, roster, learnt, since, horizon) for one in simple)
    return replace(
        blank,
        candidates=(reckoning.candidate, *late, *corrected),
        need=reckoning.need,
        reckoning=reckoning,
        outlook=inputs.outlook,
        pressed_since=since,
        load=FleetLoad(
            prompt_tokens=reckoning.demand.computed_tokens,
            output_tokens=reckoning.demand.output_tokens,
            tokens_per_sequence=inputs.request.held_tokens,
            speed=inputs.speed,
        ),
    )


def _blank(roster: PodInventory, learnt: Estimates, trust: SampleTrust, horizon: float) -> SignalSummary:
    """Return what is known without any signal."""
    return SignalSummary(
        candidates=(),
        may_shrink=trust.may_shrink,
        cold_start_seconds=horizon,
        ready=len(roster.ready),
        starting=len(roster.coming),
        running=fsum(figures.running or 0.0 for _, figures in roster.measured),
        waiting=pod_signals.waiting(roster),
        held=fsum(figures.held for _, figures in roster.routers),
        last_arrival=learnt.arrivals.last,
        questions=trust.questions,
        arrivals_unread=learnt.arrivals.unread_seconds > UNREAD * roster.facts.policy.stale_after_seconds,
    )


def _inputs(facts: ScalingFacts, learnt: Estimates, horizon: float, now: float) -> DemandInputs | str:
    """Return the inputs of token demand, or what is still missing."""
    speed = replica_speed.speed(learnt.fits, facts.revision, facts.assumed)
    request = request_mix.average(learnt.mixture)
    outlook = demand_forecast.forecast(learnt.arrivals.points, learnt.forecasts, horizon, now)
    if outlook is None:
        return "requests have not been counted for long enough to know how many arrive each second"
    if request is None:
        return f"fewer than {request_mix.ENOUGH:.0f} requests have been answered, too few to know how long answers are"
    if speed is None:
        return "the speed of a replica is neither measured yet nor known for this accelerator"
    felt = slo_correction.fit_misses(learnt.strain)
    return DemandInputs(
        speed=speed,
        request=request,
        outlook=outlook,
        horizon=horizon,
        correction=slo_correction.factor(felt, facts.policy.signals.token_headroom or 0.0),
        excess=overprovisioning.correction(learnt.excess, felt.power),
    )


def _late(roster: PodInventory, learnt: Estimates, horizon: float) -> tuple[SignalNeed, ...]:
    """Return the need by queue time, if the policy limits it."""
    most = queue_time.limit(roster.facts.policy)
    return () if most is None else (queue_time.candidate(roster.facts, roster, learnt.queueing, most, horizon),)


def _is_load(one: SignalNeed, roster: PodInventory, learnt: Estimates) -> bool:
    """Return whether more replicas would help. A queue at some engines beside others without one is a matter of
    placement: those requests were sent before the others were ready, and new replicas would not get them either."""
    if one.signal is not ScalingSignal.QUEUE_DEPTH:
        return True
    return pod_signals.in_routers(roster) > 0 or learnt.queueing.seconds > 0


def _corrected(
    one: SignalNeed, roster: PodInventory, learnt: Estimates, since: float | None, horizon: float
) -> SignalNeed:
    """Return the need by queue or cache, reduced to what it adds to tokens."""
    there = max(roster.counted - roster.facts.policy.warm_pool.ready, 0)
    if one.replicas is None or one.replicas <= there:
        return one
    settled = roster.now - roster.newest_ready_at(0.0) >= SETTLING * horizon
    long = settled and since is not None and roster.now - since >= CORRECTION_DELAY * horizon
    most = there
    because = "tokens decide while this is new, or while replicas start or work off the queue"
    if not _is_load(one, roster, learnt):
        because = "other engines have no queue, and new ones would not take over these requests"
    elif long and not roster.coming:
        most = there + max(ceil(there * CORRECTION), 1)
        because = "it lasts although tokens ask for no more"
    return replace(
        one, replicas=min(one.replicas, most), because=f"{one.because}, which makes {one.replicas}; {because}"
    )


def figures(roster: PodInventory, summary: SignalSummary) -> tuple[DecisionFigure, ...]:
    """Return the figures of the whole decision, without unknown ones."""
    shown = [
        DecisionFigure(name="supply.replicas", value=len(roster.measured)),
        DecisionFigure(name="supply.starting", value=len(roster.coming)),
        DecisionFigure(name="queue.waiting", value=summary.waiting, unit="requests"),
        DecisionFigure(name="queue.held", value=summary.held, unit="requests"),
        DecisionFigure(name="queue.running", value=summary.running, unit="requests"),
        DecisionFigure(name="coldStart.seconds", value=summary.cold_start_seconds, unit="s"),
    ]
    usage = pod_signals.usage(roster)
    if usage is not None:
        shown.append(DecisionFigure(name="kv.usage", value=usage))
    if summary.reckoning is not None and summary.outlook is not None:
        demand = summary.reckoning.demand
        shown += (
            DecisionFigure(name="demand.requestsPerSecond", value=demand.requests, unit="1/s"),
            DecisionFigure(name="demand.promptTokensPerSecond", value=demand.computed_tokens, unit="tokens/s"),
            DecisionFigure(name="demand.outputTokensPerSecond", value=demand.output_tokens, unit="tokens/s"),
            DecisionFigure(name="demand.forecastFactor", value=summary.outlook.factor),
            DecisionFigure(name="need.replicas", value=summary.reckoning.need),
        )
    return tuple(shown)
