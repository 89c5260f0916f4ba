"""Which waiting requests can still get a first token within the objective, by the engines' learnt speed.

Without an objective, or before enough first tokens were seen, there is no outlook and requests keep their order.
"""

from math import inf
from typing import Final

from fairlead.routing.first_token_speed import FirstTokenSpeed
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.work_pace import WorkPace

QUEUED_SHARE: Final = 0.10
"""Share of the objective that prompts may spend in an engine's own queue, where their order can no longer change."""
MIN_UNREAD: Final = 1
"""An engine with nothing to compute always gets the next prompt."""


class FirstTokenOutlook:
    """The objective, the speed and the time; one for all queues of a router's target."""

    __slots__ = ("given_up", "now", "objective_seconds", "pace", "refuses", "speed", "waiting")

    def __init__(self, speed: FirstTokenSpeed) -> None:
        self.speed = speed
        self.pace = WorkPace()
        self.waiting = 0
        """Requests in all queues that this outlook orders."""
        self.now = 0.0
        """Time of the current operation."""
        self.objective_seconds: float | None = None
        self.refuses = False
        """Whether requests that can no longer be in time are refused, not served last."""
        self.given_up: list[RoutingRequest] = []
        """With `refuses`: hopeless requests that are to be refused."""

    @property
    def is_learnt(self) -> bool:
        """Whether there is an objective, and enough was learnt to tell which requests can meet it."""
        return self.objective_seconds is not None and self.speed.is_learnt

    def latest_start(self, request: RoutingRequest) -> float:
        """Return the latest time to send it to an engine for a first token within the objective."""
        if self.objective_seconds is None or not self.speed.is_learnt:
            return inf
        return request.arrived + self.objective_seconds - self.speed.estimate(request.uncached)

    @property
    def max_unread(self) -> float:
        """Prompt tokens that an engine may have to compute before it gets another request."""
        if self.objective_seconds is None or not self.speed.is_learnt:
            return inf
        return max(self.speed.tokens_within(QUEUED_SHARE * self.objective_seconds), MIN_UNREAD)

    @property
    def objective_work(self) -> float:
        """Tokens that all engines together get within one objective, by the measured pace; 0 without an objective."""
        return (self.objective_seconds or 0.0) * self.pace.per_second
