"""What the signals pass to the limits. Values only."""

from dataclasses import dataclass

from fairlead.scaling.decide.recommendation import SignalNeed, UntrustedSample
from fairlead.scaling.decide.token_demand import DemandNeed
from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.learn.demand_forecast import DemandForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLoad:
    """Demand a second on the whole fleet, and the speed of a present replica: for comparing accelerators."""

    prompt_tokens: float
    """Prompt tokens a second that no cache holds."""
    output_tokens: float
    tokens_per_sequence: float
    """Tokens of the KV cache that a running request holds on average."""
    speed: ReplicaSpeed
    """Of one present replica: learnt, or assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSummary:
    """The needs by all signals, before any limit."""

    candidates: tuple[SignalNeed, ...]
    may_shrink: bool
    """Whether enough is known to shrink."""
    need: float | None = None
    """Replicas for the objectives, headroom included, in fractions; None where the arithmetic cannot be done."""
    cold_start_seconds: float
    """Seconds until a new replica serves: learnt, or assumed."""
    ready: int
    starting: int = 0
    running: float = 0.0
    """Requests that engines run, as far as known."""
    waiting: float = 0.0
    """In the interactive and long lanes of routers, and in engines."""
    held: float = 0.0
    """In routers, because no replica is ready."""
    last_arrival: float | None = None
    """When a request last arrived; None: not since counting began."""
    questions: tuple[UntrustedSample, ...] = ()
    load: FleetLoad | None = None
    reckoning: DemandNeed | None = None
    """The arithmetic behind `need`."""
    outlook: DemandForecast | None = None
    """The forecast behind it."""
    pressed_since: float | None = None
    """Since when queue or cache ask for more than is ready."""

    @property
    def leading(self) -> SignalNeed | None:
        """The signal with the largest need; of equal ones the first."""
        counted = [one for one in self.candidates if one.replicas is not None]
        return max(counted, key=_replicas) if counted else None

    @property
    def replicas(self) -> int | None:
        """The largest need; 0 where there is nothing to do, None where no signal has one."""
        leading = self.leading
        return leading.replicas if leading else None

    @property
    def is_sure(self) -> bool:
        """Whether the answer may be smaller than the present count."""
        return self.may_shrink and self.replicas is not None


def _replicas(one: SignalNeed) -> int:
    return one.replicas or 0
