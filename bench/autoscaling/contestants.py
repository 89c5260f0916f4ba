"""The contestants: Fairlead's own decisions with its default policy, and two baselines of `fairlead simulate`.

All see samples that are one second old and may use the same number of replicas. Only the objectives, and whether the
fleet may scale to zero, differ between traffics.
"""

from typing import Final

from bench.autoscaling.traffic import Traffic
from fairlead.backtest import baselines
from fairlead.backtest.baselines import DELAY_S, ZERO_AFTER_S, Baseline
from fairlead.fleet.policies import Objectives, ReplicaBounds, ScalingPolicy, WarmPool
from fairlead.simulator.timing import catalogue
from fairlead.simulator.timing.catalogue import RatesUnknown
from fairlead.simulator.virtual_fleet import simulated_autoscaler
from fairlead.simulator.virtual_fleet.replicas import ScalingHook
from fairlead.simulator.virtual_fleet.simulated_autoscaler import (
    DecisionListener,
    ScaledDeployment,
    SimulatedAutoscaler,
)

MOST: Final = 40
OURS_EVERY_S: Final = 5.0
"""The product decides each second; every five seconds is enough here, and a handicap."""
NO_WARM: Final = WarmPool()
KINDS: Final[tuple[Baseline, ...]] = (baselines.HPA, baselines.KEDA)


def bounds_of(traffic: Traffic) -> ReplicaBounds:
    """The fewest and the most replicas allowed."""
    return ReplicaBounds(least=0 if traffic.to_zero else 1, most=MOST)


def ours(traffic: Traffic, listener: DecisionListener | None = None, warm: WarmPool = NO_WARM) -> ScalingHook:
    """Fairlead with the default policy and this warm pool."""
    promised = traffic.lived.objectives
    policy = ScalingPolicy(
        objectives=Objectives(ttft_p95_seconds=promised.ttft_p95_s, tpot_p95_seconds=promised.tpot_p95_s),
        zero_after_seconds=ZERO_AFTER_S if traffic.to_zero else None,
        warm_pool=warm,
    )
    scaled = deployment(traffic, policy, bounds_of(traffic))
    return hook(SimulatedAutoscaler(scaled, listener), policy.objectives, traffic)


def deployment(traffic: Traffic, policy: ScalingPolicy, bounds: ReplicaBounds) -> ScaledDeployment:
    """What Fairlead scales: the traffic's replicas, with the speed from the data sheet."""
    sheet = catalogue.step_times(traffic.lived.sizing)
    speed = (
        None if isinstance(sheet, RatesUnknown) else simulated_autoscaler.assumed_speed(sheet, traffic.lived.settings())
    )
    return ScaledDeployment(bounds=bounds, policy=policy, delay_s=DELAY_S, speed=speed)


def hook(autoscaler: SimulatedAutoscaler, objectives: Objectives, traffic: Traffic) -> ScalingHook:
    """Decisions from engines' counts within the policy's objectives, or within the traffic's if it has none."""
    promised = traffic.lived.objectives
    return ScalingHook(
        wanted=autoscaler.wanted,
        every_s=OURS_EVERY_S,
        delay_s=DELAY_S,
        first_s=objectives.ttft_p95_seconds or promised.ttft_p95_s,
        pace_s=objectives.tpot_p95_seconds or promised.tpot_p95_s,
    )
