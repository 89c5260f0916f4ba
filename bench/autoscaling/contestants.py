"""Who is compared: Fairlead's own deciding with its default policy, and what others run, with their settings.

All see figures that are one second old and may have up to as many replicas. Nothing differs between traffics but what
its users were promised, and whether the fleet may go to zero.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bench.autoscaling.traffic import Traffic
from fairlead.fleet.policies import Objectives, ReplicaBounds, ScalingPolicy
from fairlead.simulator.timing import catalogue
from fairlead.simulator.timing.catalogue import RatesUnknown
from fairlead.simulator.virtual_fleet import simulated_autoscaler
from fairlead.simulator.virtual_fleet.baselines import horizontal_pod_autoscaler
from fairlead.simulator.virtual_fleet.baselines.horizontal_pod_autoscaler import (
    SYNC_S,
    HorizontalPodAutoscaler,
    HpaBehaviour,
)
from fairlead.simulator.virtual_fleet.baselines.keda import THRESHOLD, KedaAutoscaler, KedaTrigger
from fairlead.simulator.virtual_fleet.replicas import ScalingHook
from fairlead.simulator.virtual_fleet.simulated_autoscaler import (
    DecisionListener,
    ScaledDeployment,
    SimulatedAutoscaler,
)

MOST: Final = 40
DELAY_S: Final = 1.0
OURS_EVERY_S: Final = 5.0
"""The product decides each second; every fifth is enough here, and disfavours it."""
ZERO_AFTER_S: Final = 300.0
"""Where a fleet may go to zero: KEDA's default, for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One baseline, and the settings of it that are tried."""

    name: str
    knob: str
    default: float
    tried: tuple[float, ...]
    make: Callable[[float, bool], ScalingHook]
    """From a setting, and whether the fleet may go to zero."""


def ours(traffic: Traffic, listener: DecisionListener | None = None) -> ScalingHook:
    """The default policy."""
    promised = traffic.lived.objectives
    policy = ScalingPolicy(
        objectives=Objectives(ttft_p95_seconds=promised.ttft_p95_s, tpot_p95_seconds=promised.tpot_p95_s),
        zero_after_seconds=ZERO_AFTER_S if traffic.to_zero else None,
    )
    bounds = ReplicaBounds(least=0 if traffic.to_zero else 1, most=MOST)
    sheet = catalogue.step_times(traffic.lived.question)
    speed = (
        None if isinstance(sheet, RatesUnknown) else simulated_autoscaler.assumed_speed(sheet, traffic.lived.settings())
    )
    autoscaler = SimulatedAutoscaler(
        ScaledDeployment(bounds=bounds, policy=policy, delay_s=DELAY_S, assumed=speed), listener
    )
    return ScalingHook(
        wanted=autoscaler.wanted,
        every_s=OURS_EVERY_S,
        delay_s=DELAY_S,
        first_s=promised.ttft_p95_s,
        pace_s=promised.tpot_p95_s,
    )


def _on_running(target: float, to_zero: bool) -> ScalingHook:  # noqa: ARG001  # it cannot go there
    behaviour = replace(horizontal_pod_autoscaler.DEFAULTS, most=MOST)
    return _rival(HorizontalPodAutoscaler(target, horizontal_pod_autoscaler.running, behaviour).wanted)


def _on_queue(threshold: float, to_zero: bool) -> ScalingHook:
    behaviour = HpaBehaviour(most=MOST)
    trigger = KedaTrigger(threshold=threshold, to_zero=to_zero, cooldown_s=ZERO_AFTER_S)
    return _rival(KedaAutoscaler(trigger, behaviour).wanted)


def _rival(wanted: Callable[..., int]) -> ScalingHook:
    return ScalingHook(wanted=wanted, every_s=SYNC_S, delay_s=DELAY_S)


RUNNING: Final = Kind(
    name="HPA on running",
    knob="requests a replica",
    default=250.0,
    tried=(3.0, 4.0, 6.0, 8.0, 12.0, 16.0),
    make=_on_running,
)
"""An HPA has no target of its own; 250 is the one in llm-d's guide "Autoscaling Workloads with HPA and IGW Metrics"."""
QUEUE: Final = Kind(
    name="KEDA on queue",
    knob="waiting a replica",
    default=THRESHOLD,
    tried=(0.05, 0.1, 0.25, 0.5, 1.0),
    make=_on_queue,
)
KINDS: Final = (RUNNING, QUEUE)
