"""What the signals pass to the limits. Values only."""

from dataclasses import dataclass

from fairlead.scaling.decide.recommendation import SignalNeed, UntrustedSample
from fairlead.scaling.decide.token_demand import DemandNeed
from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.learn.demand_forecast import DemandForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLoad:
    """Demand a second on the whole fleet and the speed of a present replica, for comparing accelerators."""

    prompt_tokens: float
    """Prompt tokens a second that no cache holds."""
    output_tokens: float
    tokens_per_sequence: float
    """Mean KV cache tokens that a running request holds."""
    speed: ReplicaSpeed
    """Speed of one present replica: learnt, or assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSummary:
    """The needs by all signals, before any limit."""

    candidates: tuple[SignalNeed, ...]
    may_shrink: bool
    """Whether enough is known to shrink."""
    need: float | None = None
    """Replicas for the objectives, headroom included, in fractions; None if it cannot be computed."""
    cold_start_seconds: float
    """Seconds until a new replica serves: learnt, or assumed."""
    ready: int
    starting: int = 0
    running: float = 0.0
    """Requests that engines run, as far as known."""
    waiting: float = 0.0
    """Requests in the routers' interactive and long lanes, and in engines."""
    held: float = 0.0
    """Requests held in routers because no replica is ready."""
    last_arrival: float | None = None
    """When a request last arrived; None if none has since counting began."""
    questions: tuple[UntrustedSample, ...] = ()
    arrivals_unread: bool = False
    """Whether some counter of arrivals could not be read for so long that the present need is not certain."""
    load: FleetLoad | None = None
    reckoning: DemandNeed | None = None
    """The arithmetic behind `need`."""
    forecast: DemandForecast | None = None
    """The forecast behind it."""
    pressed_since: float | None = None
    """Since when queue or cache need more than is ready."""

    @property
    def leading(self) -> SignalNeed | None:
        """The signal with the largest need, the first of equal ones."""
        counted = [one for one in self.candidates if one.replicas is not None]
        return max(counted, key=_replicas) if counted else None

    @property
    def replicas(self) -> int | None:
        """The largest need; 0 if there is nothing to do, None if no signal has one."""
        leading = self.leading
        return leading.replicas if leading else None

    @property
    def is_sure(self) -> bool:
        """Whether the answer may be smaller than the present count."""
        return self.may_shrink and self.replicas is not None


def _replicas(one: SignalNeed) -> int:
    return one.replicas or 0
