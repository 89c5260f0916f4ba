"""What a played fleet's policy decided: each change of the number of replicas, with its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.policies import ScalingReason
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot

SOON_SECONDS: Final = 300.0
"""As long as a cold start usually takes: growth within it is rather due to the first number than to the traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedDecision:
    """One change of the number of replicas."""

    at: float
    before: int
    after: int
    reason: ScalingReason | None
    """None: a baseline gives none."""
    message: str


class DecisionLog:
    """Records decisions that changed the number of replicas."""

    def __init__(self, first: int, began: float) -> None:
        self.found: list[PlayedDecision] = []
        self._began = began
        self._count = first

    def take(self, facts: ScalingFacts, state: ScalingState, answer: Recommendation, now: float) -> None:  # noqa: ARG002  # a listener gets all
        """Record it if it changed the number."""
        self._keep(round(now - self._began, 3), answer.replicas, answer.reason, answer.message)

    def noted(self, wanted: Callable[[FleetSnapshot], int]) -> Callable[[FleetSnapshot], int]:
        """Record a baseline's answers in the same way."""

        def answer(snapshot: FleetSnapshot) -> int:
            replicas = wanted(snapshot)
            self._keep(snapshot.at, replicas, None, "")
            return replicas

        return answer

    def most_soon(self) -> int:
        """Return the most replicas that it wanted within the first minutes; 0: it changed none."""
        return max((one.after for one in self.found if one.at <= SOON_SECONDS), default=0)

    def _keep(self, now: float, replicas: int, reason: ScalingReason | None, message: str) -> None:
        if replicas != self._count:
            self.found.append(
                PlayedDecision(at=now, before=self._count, after=replicas, reason=reason, message=message)
            )
            self._count = replicas
