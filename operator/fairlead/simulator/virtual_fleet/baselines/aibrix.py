"""AIBrix's pod autoscaler (APA) on KV cache usage, reimplemented as of its main branch of 2026.

Sources: `pkg/controller/podautoscaler/{algorithm/apa,autoscaler,context/context,podautoscaler_controller}.go` of
vllm-project/aibrix, `samples/autoscaling/apa.yaml`, and its page "Metric-based Autoscaling". Every 10 s it takes the
mean usage of ready pods over an observe window of 180 s. A tenth above the target it grows in proportion, at most to
twice; a tenth below it shrinks in proportion, at most to half, and only to the largest result of the last 300 s.
Starting pods count as idle when it would grow and as on target when it would shrink. The target of 0.5 is the sample's.
"""

import math
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.virtual_fleet.baselines.sample_windows import SampleWindow
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaStage, SimulatedReplica

SYNC_S: Final = 10.0
TARGET: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AibrixSettings:
    """AIBrix's defaults, apart from the bounds."""

    target: float = TARGET
    up_tolerance: float = 0.1
    down_tolerance: float = 0.1
    up_rate: float = 2.0
    down_rate: float = 2.0
    observe_s: float = 180.0
    down_window_s: float = 300.0
    least: int = 1
    most: int = 64

    def answer(self, current: int, usage: float) -> int:
        """Return pods, from their number and mean usage."""
        ratio = usage / self.target
        if ratio > 1 + self.up_tolerance:
            return min(math.ceil(current * ratio), math.ceil(self.up_rate * current))
        if ratio < 1 - self.down_tolerance:
            return max(math.ceil(current * ratio), math.floor(current / self.down_rate))
        return current


class AibrixAutoscaler:
    """The autoscaler, called at each sync."""

    def __init__(self, settings: AibrixSettings) -> None:
        self._settings = settings
        self._usage = SampleWindow(settings.observe_s)
        self._answers = SampleWindow(settings.down_window_s)

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Return the next number of replicas."""
        settings, current = self._settings, snapshot.ready + snapshot.starting
        usages = [usage(one) for one in snapshot.replicas if one.stage is ReplicaStage.READY]
        if not usages:
            return max(current, settings.least)
        self._usage.add(snapshot.at, sum(usages) / len(usages))
        answer = self._guarded(current, snapshot.ready)
        answer = min(max(answer, settings.least), settings.most)
        self._answers.add(snapshot.at, answer)
        return answer if answer > current else min(current, int(self._answers.most))

    def _guarded(self, current: int, ready: int) -> int:
        """Count starting pods as idle or on target, whichever changes less."""
        settings, mean = self._settings, self._usage.mean
        answer = settings.answer(current, mean)
        if current in {ready, answer}:
            return answer
        if answer > current:
            return min(max(math.ceil(mean * ready / settings.target), current), answer)
        filled = (mean * ready + settings.target * (current - ready)) / settings.target
        return max(min(math.ceil(filled), current), answer)


def usage(replica: SimulatedReplica) -> float:
    """Return a replica's KV cache usage, the mean of its engines."""
    return sum(timeline.engine.usage for timeline in replica.courses) / len(replica.courses)
