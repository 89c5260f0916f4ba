"""The horizontal pod autoscaler of Kubernetes 1.33 on one metric, reimplemented.

Sources: `pkg/controller/podautoscaler/{replica_calculator,horizontal}.go` of release 1.33 and the page "Horizontal Pod
Autoscaling" of its documentation. It syncs every 15 s; within a tenth of the target nothing changes. Starting pods have
no metric yet: they count as idle when it would scale up and as on target when it would scale down. It scales up at once
by the larger of four pods and the current number, and down only to the largest result of the last 300 s. Syncs are as
far apart as the period of these rates, so no earlier change counts against them. At 0 replicas it does nothing.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaStage, SimulatedReplica

SYNC_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaBehaviour:
    """Kubernetes' defaults."""

    least: int = 1
    most: int = 64
    tolerance: float = 0.1
    down_window_s: float = 300.0
    up_pods: int = 4
    up_factor: float = 2.0

    def within(self, ratio: float) -> bool:
        """Whether a ratio is so near the target that nothing changes."""
        return 1 - self.tolerance <= ratio <= 1 + self.tolerance


DEFAULTS: Final = HpaBehaviour()


class HpaStabilization:
    """The limits of a recommendation: the stabilization window, the rate of growth, the bounds."""

    def __init__(self, behaviour: HpaBehaviour) -> None:
        self._behaviour = behaviour
        self._answers: deque[tuple[float, int]] = deque()

    def steadied(self, current: int, desired: int, now: float) -> int:
        """Return the number of replicas to set."""
        behaviour, answers = self._behaviour, self._answers
        if not answers:
            answers.append((now, current))
        answers.append((now, desired))
        while answers[0][0] <= now - behaviour.down_window_s:
            answers.popleft()
        highest = max(answer for _, answer in answers)
        wanted = desired if desired > current else min(current, highest)
        fastest = max(current + behaviour.up_pods, math.ceil(current * behaviour.up_factor))
        return min(max(min(wanted, fastest), behaviour.least), behaviour.most)


class HorizontalPodAutoscaler:
    """Scales by a pod metric's average: running or waiting requests."""

    def __init__(
        self, target: float, figure: Callable[[SimulatedReplica], float], behaviour: HpaBehaviour = DEFAULTS
    ) -> None:
        self._target = target
        self._figure = figure
        self._behaviour = behaviour
        self._steadied = HpaStabilization(behaviour)

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Return the next number of replicas."""
        current = snapshot.ready + snapshot.starting
        if not current:
            return 0
        figures = [self._figure(one) for one in snapshot.replicas if one.stage is ReplicaStage.READY]
        return self._steadied.steadied(current, self._desired(current, figures, snapshot.starting), snapshot.at)

    def _desired(self, current: int, figures: list[float], missing: int) -> int:
        if not figures:
            return current
        target, within = self._target, self._behaviour.within
        ratio = sum(figures) / len(figures) / target
        if not missing:
            return current if within(ratio) else math.ceil(ratio * len(figures))
        counted = len(figures) + missing
        filled = (sum(figures) + (missing * target if ratio < 1 else 0.0)) / counted / target
        if within(filled) or ratio < 1 < filled or filled < 1 < ratio:
            return current
        desired = math.ceil(filled * counted)
        return current if (filled < 1 and desired > current) or (filled > 1 and desired < current) else desired


def running(replica: SimulatedReplica) -> float:
    """Return a replica's running requests."""
    return float(sum(timeline.engine.running for timeline in replica.courses))


def waiting(replica: SimulatedReplica) -> float:
    """Return a replica's waiting requests."""
    return float(sum(timeline.engine.waiting for timeline in replica.courses))
