"""The autoscaler of Knative Serving (KPA) on concurrency, reimplemented as of its main branch of 2026.

Sources: `pkg/autoscaler/scaling/autoscaler.go` and the ConfigMap `config-autoscaler` of knative/serving, and the page
"Additional autoscaling configuration for Knative Pod Autoscaler". Every 2 s it takes the mean requests in flight,
including held ones, over a stable window of 60 s and a panic window of a tenth of it. A replica's target is 100 of them
(`container-concurrency-target-default`) at 70 %. Once the panic window needs at least twice the ready replicas, it does
not scale down until that has not been so for a stable window. It scales up at most a thousandfold at once and down at
most to half. A fleet of several replicas begins as after a panic. Here concurrency is sampled at each tick; Knative
keeps means of each second.
"""

import math
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.virtual_fleet.baselines.sample_windows import SampleWindow
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot

TICK_S: Final = 2.0
CONCURRENCY: Final = 100.0
"""`container-concurrency-target-default`."""
UTILIZATION: Final = 0.7
"""`container-concurrency-target-percentage`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnativeSettings:
    """Knative's defaults, apart from the bounds."""

    target: float = CONCURRENCY * UTILIZATION
    """Requests in flight for each replica."""
    stable_s: float = 60.0
    panic_s: float = 6.0
    panic_threshold: float = 2.0
    up_rate: float = 1000.0
    down_rate: float = 2.0
    least: int = 1
    most: int = 64


class KnativeAutoscaler:
    """The autoscaler, called at each tick."""

    def __init__(self, settings: KnativeSettings) -> None:
        self._settings = settings
        self._stable, self._panic = SampleWindow(settings.stable_s), SampleWindow(settings.panic_s)
        self._panicked_at: float | None = None
        self._panic_most = 0

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Return the next number of replicas."""
        if not len(self._stable) and snapshot.ready > 1:
            self._panicked_at, self._panic_most = snapshot.at, snapshot.ready
        concurrency = float(snapshot.held + snapshot.waiting + snapshot.running)
        for window in (self._stable, self._panic):
            window.add(snapshot.at, concurrency)
        answer = self.answer(snapshot.at, snapshot.ready, self._stable.mean, self._panic.mean)
        return min(max(answer, self._settings.least), self._settings.most)

    def answer(self, now: float, ready: int, stable: float, panic: float) -> int:
        """Return the rule's result for both windows' means, before any bound."""
        settings, there = self._settings, max(ready, 1)
        highest, lowest = math.ceil(settings.up_rate * there), there // settings.down_rate
        in_calm, in_panic = (math.ceil(value / settings.target) for value in (stable, panic))
        if in_panic / there >= settings.panic_threshold:
            self._panicked_at = now
        elif self._panicked_at is not None and now > self._panicked_at + settings.stable_s:
            self._panicked_at, self._panic_most = None, 0
        wanted = int(min(max(in_calm, lowest), highest))
        if self._panicked_at is None:
            return wanted
        self._panic_most = max(self._panic_most, wanted, int(min(max(in_panic, lowest), highest)))
        return self._panic_most
