"""The needs by all signals together, and the figures that go with them.

Each signal is computed by itself. Where the policy uses tokens and enough was learnt, tokens lead, and queue and cache
only correct them: these show load that the forecast already covers, so they add a replica only where pressure lasts
although none is starting, and otherwise ask for no more than the present count.
"""

from dataclasses import dataclass, replace
from math import ceil, fsum
from typing import Final

from fairlead.scaling.decide import pod_signals, queue_time, token_demand
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.recommendation import DecisionFigure, SignalNeed
from fairlead.scaling.decide.sample_trust import SampleTrust
from fairlead.scaling.decide.signal_summary import FleetLoad, SignalSummary
from fairlead.scaling.decide.token_demand import DemandInputs, DemandNeed
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
CORRECTION: Final = 1 / 4
"""Share of the present replicas that such a correction adds at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalInputs:
    """The facts of one decision, with what was learnt before it."""

    facts: ScalingFacts
    roster: PodInventory
    learnt: Estimates
    """Arrivals up to now; all else up to the last decision."""
    now: float

    @property
    def horizon(self) -> float:
        """Seconds from a recommendation of one more replica until it serves."""
        return estimates.horizon(self.learnt, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalResults:
    """The needs by all signals."""

    candidates: tuple[SignalNeed, ...]
    known: DemandInputs | None
    reckoning: DemandNeed | None
    pressed_since: float | None


def evaluate(view: SignalInputs) -> SignalResults:
    """Compute all signals that the policy uses."""
    signals = view.facts.policy.signals
    late = _late(view)
    simple = pod_signals.needs(view.roster, view.facts.policy)
    if signals.token_headroom is None:
        return SignalResults(candidates=(*late, *simple), known=None, reckoning=None, pressed_since=None)
    known = _known(view)
    if isinstance(known, str):
        unknown = token_demand.unknown_need(known)
        return SignalResults(candidates=(unknown, *late, *simple), known=None, reckoning=None, pressed_since=None)
    reckoning = token_demand.evaluate(known, view.roster, view.facts.policy, signals.token_headroom, view.now)
    pressed = any((one.replicas or 0) > len(view.roster.ready) for one in simple)
    since = (view.learnt.pressed_since if view.learnt.pressed_since is not None else view.now) if pressed else None
    corrected = (_corrected(one, view, since) for one in simple)
    candidates = (reckoning.candidate, *late, *corrected)
    return SignalResults(candidates=candidates, known=known, reckoning=reckoning, pressed_since=since)


def _known(view: SignalInputs) -> DemandInputs | str:
    """The inputs of token demand, or what is still missing."""
    speed = replica_speed.speed(view.learnt.fits, view.facts.revision, view.facts.assumed)
    request = request_mix.average(view.learnt.mixture)
    outlook = demand_forecast.forecast(view.learnt.arrivals.points, view.learnt.forecasts, view.horizon, view.now)
    if outlook is None:
        return "requests were not counted for long enough to tell how many arrive each second"
    if request is None:
        return f"fewer than {request_mix.ENOUGH:.0f} requests have been answered, too few to tell how long an answer is"
    if speed is None:
        return "the speed of a replica is neither measured yet nor known for this accelerator"
    felt = slo_correction.fit_misses(view.learnt.strain)
    return DemandInputs(
        speed=speed,
        request=request,
        outlook=outlook,
        horizon=view.horizon,
        strain=slo_correction.factor(felt, view.facts.policy.signals.token_headroom or 0.0),
        excess=overprovisioning.factor(view.learnt.excess, felt.power),
    )


def _late(view: SignalInputs) -> tuple[SignalNeed, ...]:
    """The need by queue time, where the policy limits it."""
    most = queue_time.limit(view.facts.policy)
    if most is None:
        return ()
    return (queue_time.candidate(view.facts, view.roster, view.learnt.queueing, most, view.horizon),)


def _corrected(one: SignalNeed, view: SignalInputs, since: float | None) -> SignalNeed:
    """The need by queue or cache, reduced to what it adds to tokens."""
    there = max(view.roster.supply - view.facts.policy.warm_pool.ready, 0)
    if one.replicas is None or one.replicas <= there:
        return one
    long = since is not None and view.now - since >= CORRECTION_DELAY * view.horizon
    most = there
    because = "tokens decide while replicas start and while this is new"
    if long and not view.roster.coming:
        most = there + max(ceil(there * CORRECTION), 1)
        because = "it lasts, although tokens ask for no more"
    return replace(
        one, replicas=min(one.replicas, most), because=f"{one.because}, which makes {one.replicas}; {because}"
    )


def summarize(view: SignalInputs, wish: SignalResults, trust: SampleTrust) -> SignalSummary:
    """The summary for the limits."""
    roster = view.roster
    held = fsum(figures.held for _, figures in roster.routers)
    return SignalSummary(
        candidates=wish.candidates,
        may_shrink=trust.may_shrink,
        need=wish.reckoning.need if wish.reckoning else None,
        cold_start_seconds=view.horizon,
        ready=len(roster.ready),
        starting=len(roster.coming),
        running=_running(roster),
        waiting=pod_signals.waiting(roster),
        held=held,
        last_arrival=view.learnt.arrivals.last,
        questions=trust.questions,
        load=_load(wish),
    )


def _running(roster: PodInventory) -> float:
    return fsum(figures.running or 0.0 for _, figures in roster.known)


def _load(wish: SignalResults) -> FleetLoad | None:
    if wish.known is None or wish.reckoning is None:
        return None
    return FleetLoad(
        prompt_tokens=wish.reckoning.demand.computed_tokens,
        output_tokens=wish.reckoning.demand.output_tokens,
        tokens_per_sequence=wish.known.request.held_tokens,
        speed=wish.known.speed,
    )


def figures(view: SignalInputs, wish: SignalResults) -> tuple[DecisionFigure, ...]:
    """The figures of the whole decision; unknown ones are left out."""
    roster = view.roster
    shown = [
        DecisionFigure(name="supply.replicas", value=len(roster.known)),
        DecisionFigure(name="supply.starting", value=len(roster.coming)),
        DecisionFigure(name="queue.waiting", value=pod_signals.waiting(roster), unit="requests"),
        DecisionFigure(name="queue.held", value=fsum(figures.held for _, figures in roster.routers), unit="requests"),
        DecisionFigure(name="queue.running", value=_running(roster), unit="requests"),
        DecisionFigure(name="coldStart.seconds", value=view.horizon, unit="s"),
    ]
    usage = pod_signals.usage(roster)
    if usage is not None:
        shown.append(DecisionFigure(name="kv.usage", value=usage))
    if wish.reckoning is not None and wish.known is not None:
        demand, level = wish.reckoning.demand, wish.known.outlook
        shown += (
            DecisionFigure(name="demand.requestsPerSecond", value=demand.requests, unit="1/s"),
            DecisionFigure(name="demand.promptTokensPerSecond", value=demand.computed_tokens, unit="tokens/s"),
            DecisionFigure(name="demand.outputTokensPerSecond", value=demand.output_tokens, unit="tokens/s"),
            DecisionFigure(name="demand.forecastFactor", value=level.factor),
            DecisionFigure(name="need.replicas", value=wish.reckoning.need),
        )
    return tuple(shown)
