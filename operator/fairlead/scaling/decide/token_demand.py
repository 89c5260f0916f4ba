"""The need by tokens, one cold start ahead.

Demand is arrivals x tokens of the average request; supply is the measured speed of a replica. Replicas without idle
time must work off the backlog that waits by then within one more cold start.
"""

from dataclasses import dataclass
from math import fsum, sqrt
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.fleet.policies import ScalingPolicy, ScalingSignal
from fairlead.scaling.decide import pod_signals, replica_need
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.recommendation import DecisionFigure, SignalNeed
from fairlead.scaling.decide.replica_need import FleetDemand, ReplicaNeed
from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.learn import cold_starts
from fairlead.scaling.learn.demand_forecast import DemandForecast
from fairlead.scaling.learn.overprovisioning import NO_CORRECTION, OverprovisioningCorrection
from fairlead.scaling.learn.request_mix import AverageRequest

MAX_HEADROOM: Final = 0.9
"""Most headroom: a share of 1 would need infinitely many replicas."""
WORTH_SHOWING: Final = 0.005
"""Distance from 1 below which a factor is left out of the message, as it would read 1.00."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandInputs:
    """The estimates that this signal uses."""

    speed: ReplicaSpeed
    request: AverageRequest
    forecast: DemandForecast
    horizon: float
    correction: float = 1.0
    """The SLO correction: how much more the fleet needs than computed."""
    excess: OverprovisioningCorrection = NO_CORRECTION
    """The over-provisioning correction, which divides out the usual surplus of ready replicas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandNeed:
    """The candidate, and the numbers that later steps use."""

    candidate: SignalNeed
    demand: FleetDemand
    """The present demand."""
    need: float
    """Replicas for the objectives, headroom included, in fractions."""
    reckoned: float
    """Replicas for the present demand by the arithmetic and headroom, before any correction."""


def unknown_need(because: str) -> SignalNeed:
    """Return the candidate while something is still to be learnt."""
    return SignalNeed(signal=ScalingSignal.TOKENS, replicas=None, because=because)


def demand(inputs: DemandInputs) -> FleetDemand:
    """Return the present demand, a second."""
    level, request = inputs.forecast.level, inputs.request
    return FleetDemand(
        requests=level.requests,
        computed_tokens=level.prompt_tokens * request.true_share * request.computed_share,
        output_tokens=level.requests * request.output_tokens,
    )


def evaluate(
    inputs: DemandInputs, inventory: PodInventory, policy: ScalingPolicy, headroom: float, now: float
) -> DemandNeed:
    """Compute the need and everything that goes with it."""
    here = demand(inputs)
    fleet_demand = here.times(inputs.forecast.factor)
    least = replica_need.least(inputs.speed, inputs.request, fleet_demand, policy.objectives)
    now_least = (
        least if here == fleet_demand else replica_need.least(inputs.speed, inputs.request, here, policy.objectives)
    )
    kept_free = _kept_free(inputs, least, fleet_demand, headroom)
    need, why = _needed(inputs, fleet_demand, least, kept_free)
    backlog = _backlog(inputs, inventory, here, now)
    paying = replica_need.busy(inputs.speed, inputs.request, fleet_demand) + backlog / inputs.horizon
    more = max(need, paying)
    replicas = replica_need.whole(more) + len(inventory.hung)
    because = (
        f"{_because(inputs, fleet_demand, least)}{why}" if need >= paying else _because_backlog(inputs, backlog, paying)
    )
    shown = _figures(inputs, kept_free, backlog)
    return DemandNeed(
        candidate=SignalNeed(signal=ScalingSignal.TOKENS, replicas=replicas, because=because, figures=shown),
        demand=here,
        need=need,
        reckoned=kept_free * now_least.replicas,
    )


def _needed(inputs: DemandInputs, demand: FleetDemand, least: ReplicaNeed, kept_free: float) -> tuple[float, str]:
    """Return the need after headroom and corrections, and its derivation.

    The over-provisioning correction leaves out the first replica: in a fleet of two, nearly all surplus comes from
    rounding.
    """
    corrected = kept_free * least.replicas * inputs.correction
    excess = inputs.excess.at(corrected) if corrected > 1 else 1.0
    needed = corrected if corrected <= 1 else 1 + (corrected - 1) * excess
    room = replica_need.replicas_for_cache(inputs.speed, inputs.request, demand)
    if room > needed:
        return room, f"; their batches need at least {room:.2f}"
    factors = ((inputs.correction, "SLO correction"), (excess, "over-provisioning correction"))
    corrections = "".join(f", x {factor:.2f} {words}" for factor, words in factors if abs(factor - 1) >= WORTH_SHOWING)
    return needed, f"; x {kept_free:.2f} headroom{corrections}: {needed:.2f}"


def _kept_free(inputs: DemandInputs, least: ReplicaNeed, demand: FleetDemand, headroom: float) -> float:
    """Return the larger of the policy's headroom and one deviation of the number of running requests under Poisson
    arrivals; burstier arrivals show as misses, and so in the SLO correction."""
    running = max(demand.output_tokens * inputs.speed.step_seconds, least.replicas)
    chance = sqrt(1 / running) if running > 0 else 0.0
    return max(1 / (1 - min(headroom, MAX_HEADROOM)), 1 + min(chance, 1.0))


def _backlog(inputs: DemandInputs, inventory: PodInventory, here: FleetDemand, now: float) -> float:
    """Return the replica-seconds of requests that still wait one cold start from now, after all ready and starting
    replicas have worked on them."""
    waiting = pod_signals.waiting(inventory)
    each = replica_need.busy(inputs.speed, inputs.request, _one(inputs.request))
    load = replica_need.busy(inputs.speed, inputs.request, here)
    spare = len(inventory.ready) - load
    served = spare * inputs.horizon + fsum(
        inputs.horizon - min(cold_starts.remaining(pod, inputs.horizon, now), inputs.horizon)
        for pod in inventory.coming
    )
    return max(waiting * each - served, 0.0)


def _one(request: AverageRequest) -> FleetDemand:
    return FleetDemand(requests=1.0, computed_tokens=request.computed_tokens, output_tokens=request.output_tokens)


def _because(inputs: DemandInputs, demand: FleetDemand, least: ReplicaNeed) -> str:
    return (
        f"{demand.requests:.2f} requests/s ({demand.computed_tokens:,.0f} prompt and {demand.output_tokens:,.0f} "
        f"output tokens/s), expected in {inputs.horizon:.0f} s, need {count(least.replicas, 'replica')} for {least.by}"
    )


def _because_backlog(inputs: DemandInputs, backlog: float, paying: float) -> str:
    work = f"the requests that will wait in {inputs.horizon:.0f} s are {backlog:.0f} s of work for one replica"
    return f"{work}: {count(paying, 'replica')} would clear them in another {inputs.horizon:.0f} s"


def _figures(inputs: DemandInputs, kept_free: float, backlog: float) -> tuple[DecisionFigure, ...]:
    speed, request = inputs.speed, inputs.request
    return (
        DecisionFigure(name="speed.stepSeconds", value=speed.step_seconds, unit="s"),
        DecisionFigure(name="speed.secondsPerSequence", value=speed.seconds_per_sequence, unit="s"),
        DecisionFigure(name="speed.secondsPerPromptToken", value=speed.seconds_per_prompt_token, unit="s"),
        DecisionFigure(name="request.promptTokens", value=request.prompt_tokens, unit="tokens"),
        DecisionFigure(name="request.computedShare", value=request.computed_share),
        DecisionFigure(name="request.outputTokens", value=request.output_tokens, unit="tokens"),
        DecisionFigure(name="headroom.factor", value=kept_free),
        DecisionFigure(name="sloCorrection.factor", value=inputs.correction),
        DecisionFigure(name="excess.factor", value=inputs.excess.factor),
        DecisionFigure(name="backlog.replicaSeconds", value=backlog, unit="s"),
    )
