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


def evaluate(inventory: PodInventory, learnt: Estimates, trust: SampleTrust) -> SignalSummary:
    """Compute all signals that the policy uses; `learnt` has arrivals up to now, the rest up to the last decision."""
    facts = inventory.facts
    headroom, horizon = facts.policy.signals.token_headroom, estimates.horizon(learnt, facts)
    late, simple = _late(inventory, learnt, horizon), pod_signals.needs(inventory, facts.policy)
    blank = _blank(inventory, learnt, trust, horizon)
    if headroom is None:
        return replace(blank, candidates=(*late, *simple))
    inputs = _inputs(facts, learnt, horizon, inventory.now)
    if isinstance(inputs, str):
        return replace(blank, candidates=(token_demand.unknown_need(inputs), *late, *simple))
    reckoning = token_demand.evaluate(inputs, inventory, facts.policy, headroom, inventory.now)
    pressed = any((one.replicas or 0) > inventory.settled for one in simple)
    began = inventory.now if learnt.pressed_since is None else min(learnt.pressed_since, inventory.now)
    since = began if pressed else None  # the earlier one: a clock may be set back
    corrected = (_corrected(one, inventory, learnt, since, horizon) for one in simple)
    return replace(
        blank,
        candidates=(reckoning.candidate, *late, *corrected),
        need=reckoning.need,
        reckoning=reckoning,
        forecast=inputs.forecast,
        pressed_since=since,
        load=FleetLoad(
            prompt_tokens=reckoning.demand.computed_tokens,
            output_tokens=reckoning.demand.output_tokens,
            tokens_per_sequence=inputs.request.held_tokens,
            speed=inputs.speed,
        ),
    )


def _blank(inventory: PodInventory, estimates: Estimates, trust: SampleTrust, horizon: float) -> SignalSummary:
    """Return what is known without any signal."""
    return SignalSummary(
        candidates=(),
        may_shrink=trust.may_shrink,
        cold_start_seconds=horizon,
        ready=len(inventory.ready),
        starting=len(inventory.coming),
        running=fsum(figures.running or 0.0 for _, figures in inventory.measured),
        waiting=pod_signals.waiting(inventory),
        held=fsum(figures.held for _, figures in inventory.routers),
        last_arrival=estimates.arrivals.last,
        questions=trust.questions,
        arrivals_unread=estimates.arrivals.unread_seconds > UNREAD * inventory.facts.policy.stale_after_seconds,
    )


def _inputs(facts: ScalingFacts, estimates: Estimates, horizon: float, now: float) -> DemandInputs | str:
    """Return the inputs of token demand, or what is still missing."""
    speed = replica_speed.speed(estimates.fits, facts.revision, facts.assumed)
    request = request_mix.average(estimates.mixture)
    forecast = demand_forecast.forecast(estimates.arrivals.points, estimates.forecasts, horizon, now)
    if forecast is None:
        return "requests have not been counted for long enough to know how many arrive each second"
    if request is None:
        return f"fewer than {request_mix.ENOUGH:.0f} requests have been answered, too few to know how long answers are"
    if speed is None:
        return "the speed of a replica is neither measured yet nor known for this accelerator"
    misses = slo_correction.fit_misses(estimates.slo_correction)
    return DemandInputs(
        speed=speed,
        request=request,
        forecast=forecast,
        horizon=horizon,
        correction=slo_correction.factor(misses, facts.policy.signals.token_headroom or 0.0),
        excess=overprovisioning.correction(estimates.excess, misses.power),
    )


def _late(inventory: PodInventory, estimates: Estimates, horizon: float) -> tuple[SignalNeed, ...]:
    """Return the need by queue time, if the policy limits it."""
    most = queue_time.limit(inventory.facts.policy)
    return (
        () if most is None else (queue_time.candidate(inventory.facts, inventory, estimates.queueing, most, horizon),)
    )


def _is_load(one: SignalNeed, inventory: PodInventory, estimates: Estimates) -> bool:
    """Return whether more replicas would help. A queue at some engines beside others without one is a matter of
    placement: those requests were sent before the others were ready, and new replicas would not get them either."""
    if one.signal is not ScalingSignal.QUEUE_DEPTH:
        return True
    return pod_signals.in_routers(inventory) > 0 or estimates.queueing.seconds > 0


def _corrected(
    one: SignalNeed, inventory: PodInventory, estimates: Estimates, since: float | None, horizon: float
) -> SignalNeed:
    """Return the need by queue or cache, reduced to what it adds to tokens."""
    there = max(inventory.counted - inventory.facts.policy.warm_pool.ready, 0)
    if one.replicas is None or one.replicas <= there:
        return one
    settled = inventory.now - inventory.newest_ready_at(0.0) >= SETTLING * horizon
    long = settled and since is not None and inventory.now - since >= CORRECTION_DELAY * horizon
    most = there
    because = "tokens decide while this is new, or while replicas start or work off the queue"
    if not _is_load(one, inventory, estimates):
        because = "other engines have no queue, and new ones would not take over these requests"
    elif long and not inventory.coming:
        most = there + max(ceil(there * CORRECTION), 1)
        because = "it lasts although tokens ask for no more"
    return replace(
        one, replicas=min(one.replicas, most), because=f"{one.because}, which makes {one.replicas}; {because}"
    )


def figures(inventory: PodInventory, summary: SignalSummary) -> tuple[DecisionFigure, ...]:
    """Return the figures of the whole decision, without unknown ones."""
    shown = [
        DecisionFigure(name="supply.replicas", value=len(inventory.measured)),
        DecisionFigure(name="supply.starting", value=len(inventory.coming)),
        DecisionFigure(name="queue.waiting", value=summary.waiting, unit="requests"),
        DecisionFigure(name="queue.held", value=summary.held, unit="requests"),
        DecisionFigure(name="queue.running", value=summary.running, unit="requests"),
        DecisionFigure(name="coldStart.seconds", value=summary.cold_start_seconds, unit="s"),
    ]
    usage = pod_signals.usage(inventory)
    if usage is not None:
        shown.append(DecisionFigure(name="kv.usage", value=usage))
    if summary.reckoning is not None and summary.forecast is not None:
        demand = summary.reckoning.demand
        shown += (
            DecisionFigure(name="demand.requestsPerSecond", value=demand.requests, unit="1/s"),
            DecisionFigure(name="demand.promptTokensPerSecond", value=demand.computed_tokens, unit="tokens/s"),
            DecisionFigure(name="demand.outputTokensPerSecond", value=demand.output_tokens, unit="tokens/s"),
            DecisionFigure(name="demand.forecastFactor", value=summary.forecast.factor),
            DecisionFigure(name="need.replicas", value=summary.reckoning.need),
        )
    return tuple(shown)
