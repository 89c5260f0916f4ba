"""Other projects' autoscalers as shipped, each with one knob to tune, to compare a policy with.

All see figures that are one second old. A fleet that may scale to zero does so after five minutes without a request, if
the project supports it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fairlead.fleet.policies import ReplicaBounds
from fairlead.simulator.virtual_fleet.baselines import (
    aibrix,
    horizontal_pod_autoscaler,
    keda,
    knative,
    workload_variant,
)
from fairlead.simulator.virtual_fleet.baselines.aibrix import AibrixAutoscaler, AibrixSettings
from fairlead.simulator.virtual_fleet.baselines.horizontal_pod_autoscaler import (
    SYNC_S,
    HorizontalPodAutoscaler,
    HpaBehaviour,
)
from fairlead.simulator.virtual_fleet.baselines.keda import KedaAutoscaler, KedaTrigger
from fairlead.simulator.virtual_fleet.baselines.knative import KnativeAutoscaler, KnativeSettings
from fairlead.simulator.virtual_fleet.baselines.workload_variant import (
    SaturationSettings,
    WorkloadVariantAutoscaler,
    WvaBehaviour,
)
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replicas import ScalingHook

DELAY_S: Final = 1.0
ZERO_AFTER_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """One autoscaler, and the settings that are tried."""

    name: str
    knob: str
    default: float
    source: str
    """The source of the default."""
    tried: tuple[float, ...]
    make: Callable[[float, ReplicaBounds], ScalingHook]
    """Makes the hook from a setting and the replica bounds."""

    @property
    def words(self) -> str:
        """The baseline for messages."""
        return f"{self.name}, {self.default:g} {self.knob} as {self.source}"


def _hpa(target: float, bounds: ReplicaBounds) -> ScalingHook:
    behaviour = HpaBehaviour(least=max(bounds.least, 1), most=bounds.most)
    return _hook(HorizontalPodAutoscaler(target, horizontal_pod_autoscaler.running, behaviour).wanted, SYNC_S)


def _keda(threshold: float, bounds: ReplicaBounds) -> ScalingHook:
    trigger = KedaTrigger(threshold=threshold, to_zero=not bounds.least, cooldown_s=ZERO_AFTER_S)
    behaviour = HpaBehaviour(least=max(bounds.least, 1), most=bounds.most)
    return _hook(KedaAutoscaler(trigger, behaviour).wanted, SYNC_S)


def _knative(target: float, bounds: ReplicaBounds) -> ScalingHook:
    settings = KnativeSettings(target=target, least=bounds.least, most=bounds.most)
    return _hook(KnativeAutoscaler(settings).wanted, knative.TICK_S)


def _aibrix(target: float, bounds: ReplicaBounds) -> ScalingHook:
    settings = AibrixSettings(target=target, least=max(bounds.least, 1), most=bounds.most)
    return _hook(AibrixAutoscaler(settings).wanted, aibrix.SYNC_S)


def _wva(trigger: float, bounds: ReplicaBounds) -> ScalingHook:
    behaviour = WvaBehaviour(least=max(bounds.least, 1), most=bounds.most)
    return _hook(WorkloadVariantAutoscaler(SaturationSettings(kv_trigger=trigger), behaviour).wanted, SYNC_S)


def _hook(wanted: Callable[[FleetSnapshot], int], every_s: float) -> ScalingHook:
    return ScalingHook(wanted=wanted, every_s=every_s, delay_s=DELAY_S)


HPA: Final = Baseline(
    name="HPA on running",
    knob="requests a replica",
    default=250.0,
    source="llm-d's guide to autoscaling by HPA and IGW metrics has it",
    tried=(3.0, 4.0, 6.0, 8.0, 12.0, 16.0),
    make=_hpa,
)
"""An HPA has no target of its own."""
KEDA: Final = Baseline(
    name="KEDA on queue",
    knob="waiting a replica",
    default=keda.THRESHOLD,
    source="vLLM's production stack has it",
    tried=(0.05, 0.1, 0.25, 0.5, 1.0),
    make=_keda,
)
KNATIVE: Final = Baseline(
    name="Knative KPA",
    knob="requests in flight a replica",
    default=knative.CONCURRENCY * knative.UTILIZATION,
    source="Knative ships it (70 % of 100)",
    tried=(4.0, 8.0, 12.0, 16.0, 24.0),
    make=_knative,
)
AIBRIX: Final = Baseline(
    name="AIBrix APA",
    knob="KV cache usage",
    default=aibrix.TARGET,
    source="AIBrix's sample has it",
    tried=(0.1, 0.2, 0.3, 0.4, 0.6),
    make=_aibrix,
)
WVA: Final = Baseline(
    name="llm-d WVA",
    knob="of KV cache to spare",
    default=workload_variant.KV_TRIGGER,
    source="llm-d ships it",
    tried=(0.2, 0.3, 0.4, 0.5, 0.6),
    make=_wva,
)
BASELINES: Final[Mapping[str, Baseline]] = MappingProxyType(
    {"hpa": HPA, "keda": KEDA, "knative": KNATIVE, "aibrix": AIBRIX, "wva": WVA}
)
"""By the words of `--against`."""
