"""KEDA 2.15 on the queue depth, reimplemented: it feeds the horizontal pod autoscaler, and scales to zero.

Sources: the ScaledObject specification of KEDA 2.15 (polling every 30 s; a cooldown of 300 s only for scaling to zero)
and `GetExternalPerPodMetricReplicas` in `replica_calculator.go` of Kubernetes 1.33: the whole queue over one replica's
threshold, unless the ratio for the current replicas is within the tolerance. The threshold of 5 is that of vLLM's
production stack (use case "Autoscaling with KEDA"). Fleets that may scale to zero have a second trigger that is active
while any request is in flight, since the queue alone would cut off running requests.
"""

import math
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.virtual_fleet.baselines.horizontal_pod_autoscaler import (
    DEFAULTS,
    SYNC_S,
    HpaBehaviour,
    HpaStabilization,
)
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot

THRESHOLD: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KedaTrigger:
    """The settings of a ScaledObject."""

    threshold: float = THRESHOLD
    polling_s: float = 30.0
    cooldown_s: float = 300.0
    to_zero: bool = False


class KedaAutoscaler:
    """The autoscaler, called at each sync of the horizontal pod autoscaler; some of these are also KEDA's polls."""

    def __init__(self, trigger: KedaTrigger, behaviour: HpaBehaviour = DEFAULTS) -> None:
        self._trigger = trigger
        self._behaviour = behaviour
        self._steadied = HpaStabilization(behaviour)
        self._active_at = 0.0

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Return the next number of replicas."""
        current = snapshot.ready + snapshot.starting
        polled = snapshot.at % self._trigger.polling_s < SYNC_S
        if snapshot.held + snapshot.waiting + snapshot.running:
            self._active_at = snapshot.at
        elif self._trigger.to_zero and polled and snapshot.at > self._active_at + self._trigger.cooldown_s:
            return 0
        if not current:
            return max(self._behaviour.least, 1) if polled and snapshot.held else 0
        return self._steadied.steadied(current, self._desired(current, snapshot.held + snapshot.waiting), snapshot.at)

    def _desired(self, current: int, queued: int) -> int:
        ratio = queued / (self._trigger.threshold * current)
        return current if self._behaviour.within(ratio) else math.ceil(queued / self._trigger.threshold)
