"""The counters for one set of labels, and the bounded maps that hold such sets."""

from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeVar

from fairlead.accounting.request_cost import AttemptRecord
from fairlead.fleet.tenants import Lane
from fairlead.telemetry import router_buckets, router_families
from fairlead.telemetry.histogram import MetricHistogram

HISTOGRAMS: Final = (
    router_families.FIRST_TOKEN,
    router_families.PER_TOKEN,
    router_families.DURATION,
    router_families.QUEUED,
    router_families.PREFILL,
    router_families.DECODE,
)


class SeriesEntry(Protocol):
    """A set of labels under which requests are counted."""

    used_at: float
    """When a request was last counted."""


class RequestSeries:
    """Counters of one model, revision, band, lane and target."""

    __slots__ = (
        "blocks_held",
        "cached",
        "decode",
        "duration",
        "first_token",
        "forwarded",
        "key",
        "output",
        "per_token",
        "prefill",
        "prefix_blocks",
        "prompt",
        "queued",
        "used_at",
    )

    def __init__(self, key: tuple[str, ...], now: float) -> None:
        self.key = key
        """Values of the labels `router_families.SERIES`."""
        self.used_at = now
        self.forwarded = self.prompt = self.output = self.cached = self.prefix_blocks = self.blocks_held = 0
        self.first_token = MetricHistogram(router_buckets.TTFT)
        self.per_token = MetricHistogram(router_buckets.TPOT)
        self.duration = MetricHistogram(router_buckets.WHOLE)
        self.queued = MetricHistogram(router_buckets.WAIT)
        self.prefill = MetricHistogram(router_buckets.TTFT)
        self.decode = MetricHistogram(router_buckets.WHOLE)

    @property
    def has_samples(self) -> bool:
        """Whether it has anything to show: requests refused at once do not count here."""
        return bool(self.forwarded or any(self.queued.counts))

    @property
    def histograms(self) -> tuple[MetricHistogram, ...]:
        """Histograms in the order of `HISTOGRAMS`."""
        return (self.first_token, self.per_token, self.duration, self.queued, self.prefill, self.decode)


class TenantTotal:
    """One tenant's use of all models since the start."""

    __slots__ = ("requests", "tokens")

    def __init__(self) -> None:
        self.requests = self.tokens = 0


class TenantSeries:
    """Counters of one tenant and model."""

    __slots__ = (
        *("by_class", "cached", "cost", "first_token_seconds", "first_tokens", "key", "output", "prompt", "total"),
        "used_at",
    )

    def __init__(self, key: tuple[str, ...], now: float, total: TenantTotal) -> None:
        self.key = key
        self.used_at = now
        self.total = total
        self.by_class = [0] * 6
        """Requests by the first digit of their status."""
        self.prompt = self.output = self.cached = self.first_tokens = 0
        self.first_token_seconds = self.cost = 0.0


class CostSeries:
    """Attempts and their cost, for one model, target and revision."""

    __slots__ = ("attempts", "cost", "invalid", "key", "retries", "unanswered", "used_at", "validated")

    def __init__(self, key: tuple[str, ...], now: float) -> None:
        self.key = key
        self.used_at = now
        self.attempts = self.retries = self.validated = self.invalid = 0
        self.cost = self.unanswered = 0.0

    def add(self, attempt: AttemptRecord, now: float) -> None:
        """Count an attempt that ended."""
        self.used_at = now
        self.attempts += 1
        self.retries += attempt.retry
        self.validated += attempt.invalid is not None
        self.invalid += attempt.invalid is True
        self.cost += attempt.cost
        if not attempt.answered:
            self.unanswered += attempt.cost


class TargetSeries:
    """Counters of one route and target of a gateway."""

    __slots__ = ("by_class", "key", "left", "output", "prompt", "used_at")

    def __init__(self, key: tuple[str, ...], now: float) -> None:
        self.key = key
        self.used_at = now
        self.by_class = [0] * 6
        """Requests whose last target it was, by the first digit of their status."""
        self.prompt = self.output = 0
        """Tokens of those that it answered or was answering."""
        self.left: dict[str, int] = {}
        """Requests that left it for another target, by reason."""


class CountSeries:
    """One number."""

    __slots__ = ("count", "key", "used_at")

    def __init__(self, key: tuple[str, ...], now: float) -> None:
        self.key = key
        self.used_at = now
        self.count = 0

    def add(self, now: float) -> None:
        """Add one."""
        self.count += 1
        self.used_at = now


class ModelDemand:
    """Requests and prompt tokens that arrived for one model, in one lane."""

    __slots__ = ("arrivals", "key", "prompt_tokens", "used_at")

    def __init__(self, key: tuple[str, Lane], now: float) -> None:
        self.key = key
        self.used_at = now
        self.arrivals = self.prompt_tokens = 0


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=SeriesEntry)


class BoundedSeries(dict[Key, Value], Generic[Key, Value]):
    """A map of at most `most` entries; one more replaces the entry unused for longest.

    Labels come from configuration and pods, so the bound is reached only after many rollouts. A series that is dropped
    and returns starts at zero, which Prometheus treats as a restart.
    """

    def __init__(self, most: int, made: Callable[[Key, float], Value]) -> None:
        super().__init__()
        self._most = most
        self._made = made

    @property
    def full(self) -> bool:
        """Whether one more entry would replace another."""
        return len(self) >= self._most

    def place(self, key: Key, now: float) -> Value:
        """Return or create this key's entry; most lookups use `get` first."""
        found = self.get(key)
        if found is None:
            if self.full:
                del self[min(self, key=lambda one: self[one].used_at)]
            found = self[key] = self._made(key, now)
        return found
