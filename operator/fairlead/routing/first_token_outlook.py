"""Who of those that wait can still have a first token within the objective, by the engines' learnt speed.

Without an objective, or before enough first tokens were seen, there is no outlook and requests keep their order.
"""

from math import inf
from typing import Final

from fairlead.routing.first_token_speed import FirstTokenSpeed
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.work_pace import WorkPace

QUEUED_SHARE: Final = 0.10
"""Share of the objective that prompts may take up in an engine's own queue, where the order can change no more."""
LEAST_UNREAD: Final = 1
"""An engine with nothing to compute always gets the next prompt."""


class FirstTokenOutlook:
    """The objective, the speed and the time; one for all queues of a router's target."""

    __slots__ = ("given_up", "now", "objective_seconds", "pace", "refuses", "speed", "waiting")

    def __init__(self, speed: FirstTokenSpeed) -> None:
        self.speed = speed
        self.pace = WorkPace()
        self.waiting = 0
        """Requests in all queues that are ordered by this."""
        self.now = 0.0
        """The time of the current act."""
        self.objective_seconds: float | None = None
        self.refuses = False
        """Who cannot be in time any more is refused, not served last."""
        self.given_up: list[RoutingRequest] = []
        """With `refuses`: those that became hopeless and are to be refused."""

    @property
    def is_learnt(self) -> bool:
        """Whether there is an objective, and enough was learnt to say who can keep it."""
        return self.objective_seconds is not None and self.speed.is_learnt

    def latest_start(self, request: RoutingRequest) -> float:
        """The latest time to send it to an engine for a first token within the objective."""
        if self.objective_seconds is None or not self.speed.is_learnt:
            return inf
        return request.arrived + self.objective_seconds - self.speed.estimate(request.uncached)

    @property
    def most_unread(self) -> float:
        """Prompt tokens that an engine may have to compute before it gets another request."""
        if self.objective_seconds is None or not self.speed.is_learnt:
            return inf
        return max(self.speed.tokens_within(QUEUED_SHARE * self.objective_seconds), LEAST_UNREAD)
