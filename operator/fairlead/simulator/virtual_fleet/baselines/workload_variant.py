"""llm-d's workload variant autoscaler (WVA) 0.5 by saturation, for one variant, reimplemented.

Sources: `docs/{saturation-analyzer,saturation-scaling-config,integrations/hpa-integration}.md` of
llm-d/llm-d-workload-variant-autoscaler. Every 60 s it takes each ready replica's largest KV cache usage and longest
queue of the last minute. Replicas below 80 % and with fewer than 5 waiting are not saturated. If these have on average
less than 10 % of cache or 3 of queue to spare up to those limits, it requests one more replica than are ready; if one
fewer would still have as much to spare, one fewer; otherwise as many as are ready. An HPA with its chart's behaviour
sets the result: upwards the lowest of 240 s, downwards the highest of 240 s, ten pods in 150 s, a tenth of tolerance.
Spare cache of exactly the trigger counts as too little, as in its documented example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from fairlead.simulator.virtual_fleet.baselines import aibrix, horizontal_pod_autoscaler
from fairlead.simulator.virtual_fleet.baselines.sample_windows import SampleWindow
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaStage

ANALYSED_EVERY_S: Final = 60.0
PEAK_S: Final = 60.0
KV_TRIGGER: Final = 0.1
_NEAR: Final = 1e-9


class ReplicaPeak(NamedTuple):
    """The worst values of one replica's last minute."""

    kv_usage: float
    waiting: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SaturationSettings:
    """The defaults of `saturation-scaling-config`."""

    kv_threshold: float = 0.8
    queue_threshold: float = 5.0
    kv_trigger: float = KV_TRIGGER
    queue_trigger: float = 3.0

    def target(self, peaks: Sequence[ReplicaPeak]) -> int:
        """Return replicas, from the ready ones' peaks."""
        fresh = [one for one in peaks if one.kv_usage < self.kv_threshold and one.waiting < self.queue_threshold]
        if not fresh or not self._spare(fresh, len(fresh)):
            return len(peaks) + 1
        fewer = len(fresh) - 1
        return len(peaks) - 1 if fewer and self._spare(fresh, fewer) else len(peaks)

    def _spare(self, fresh: Sequence[ReplicaPeak], replicas: int) -> bool:
        """Whether this many replicas with their total load would have enough to spare."""
        kv = self.kv_threshold - sum(one.kv_usage for one in fresh) / replicas
        queue = self.queue_threshold - sum(one.waiting for one in fresh) / replicas
        return kv > self.kv_trigger + _NEAR and queue >= self.queue_trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class WvaBehaviour:
    """The chart's `hpa.behavior`."""

    window_s: float = 240.0
    max_pods: int = 10
    period_s: float = 150.0
    tolerance: float = 0.1
    least: int = 1
    most: int = 64


class WorkloadVariantAutoscaler:
    """The autoscaler, called at each sync of the horizontal pod autoscaler, and analysing at every fourth."""

    def __init__(self, settings: SaturationSettings, behaviour: WvaBehaviour) -> None:
        self._settings, self._behaviour = settings, behaviour
        self._usages: dict[int, SampleWindow] = {}
        self._queues: dict[int, SampleWindow] = {}
        self._answers = SampleWindow(behaviour.window_s)
        self._target: int | None = None
        self._before = SampleWindow(behaviour.period_s)

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Return the next number of replicas."""
        peaks = self._peaks(snapshot)
        current = snapshot.ready + snapshot.starting
        if peaks and (self._target is None or snapshot.at % ANALYSED_EVERY_S < horizontal_pod_autoscaler.SYNC_S):
            self._target = self._settings.target(peaks)
        if self._target is None or not current:
            return max(current, self._behaviour.least)
        return self._set(current, self._target, snapshot.at)

    def _peaks(self, snapshot: FleetSnapshot) -> list[ReplicaPeak]:
        found = []
        for one in snapshot.replicas:
            if one.stage is ReplicaStage.READY:
                usages = self._usages.setdefault(one.ordinal, SampleWindow(PEAK_S))
                queues = self._queues.setdefault(one.ordinal, SampleWindow(PEAK_S))
                usages.add(snapshot.at, aibrix.usage(one))
                queues.add(snapshot.at, horizontal_pod_autoscaler.waiting(one))
                found.append(ReplicaPeak(usages.most, queues.most))
        return found

    def _set(self, current: int, target: int, now: float) -> int:
        """Apply the horizontal pod autoscaler, which knows only what its window has seen."""
        behaviour = self._behaviour
        if not len(self._answers):
            self._answers.add(now, current)
        near = abs(target / current - 1) <= behaviour.tolerance
        self._answers.add(now, current if near else target)
        self._before.add(now, current)
        lowest, highest = int(self._answers.least), int(self._answers.most)
        wanted = max(current, lowest) if lowest > current else min(current, highest)
        fastest = int(self._before.least) + behaviour.max_pods
        slowest = int(self._before.most) - behaviour.max_pods
        return min(max(min(wanted, fastest), slowest, behaviour.least), behaviour.most)
