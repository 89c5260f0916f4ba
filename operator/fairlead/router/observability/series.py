"""The counters under one set of labels, and the bounded maps that hold such sets."""

from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeVar

from fairlead.router.observability import metric_families
from fairlead.router.observability.histogram import RequestHistogram

HISTOGRAMS: Final = (
    metric_families.FIRST_TOKEN,
    metric_families.PER_TOKEN,
    metric_families.DURATION,
    metric_families.QUEUED,
    metric_families.PREFILL,
    metric_families.DECODE,
)


class SeriesEntry(Protocol):
    """A set of labels under which requests are counted."""

    used_at: float
    """When a request was last counted."""


class RequestSeries:
    """Counters of one model, revision, band and lane."""

    __slots__ = (
        "blocks_asked",
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
        "prompt",
        "queued",
        "used_at",
    )

    def __init__(self, key: tuple[str, ...], now: float) -> None:
        self.key = key
        """Values of the labels `metric_families.SERIES`."""
        self.used_at = now
        self.forwarded = self.prompt = self.output = self.cached = self.blocks_asked = self.blocks_held = 0
        self.first_token = RequestHistogram(metric_families.TTFT)
        self.per_token = RequestHistogram(metric_families.TPOT)
        self.duration = RequestHistogram(metric_families.WHOLE)
        self.queued = RequestHistogram(metric_families.WAIT)
        self.prefill = RequestHistogram(metric_families.TTFT)
        self.decode = RequestHistogram(metric_families.WHOLE)

    @property
    def told(self) -> bool:
        """Whether it has anything to show: requests refused at once do not count here."""
        return bool(self.forwarded or any(self.queued.counts))

    @property
    def histograms(self) -> tuple[RequestHistogram, ...]:
        """Histograms in the order of `HISTOGRAMS`."""
        return (self.first_token, self.per_token, self.duration, self.queued, self.prefill, self.decode)


class TenantSeries:
    """Counters of one tenant and model."""

    __slots__ = ("by_class", "cached", "first_token_seconds", "first_tokens", "key", "output", "prompt", "used_at")

    def __init__(self, key: tuple[str, ...], now: float) -> None:
        self.key = key
        self.used_at = now
        self.by_class = [0] * 6
        """Requests by the first digit of their status."""
        self.prompt = self.output = self.cached = self.first_tokens = 0
        self.first_token_seconds = 0.0


class ModelDemand:
    """Requests and prompt tokens that arrived for one model."""

    __slots__ = ("asked", "key", "prompt_tokens", "used_at")

    def __init__(self, key: tuple[str, ...], now: float) -> None:
        self.key = key
        self.used_at = now
        self.asked = self.prompt_tokens = 0


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=SeriesEntry)


class BoundedSeries(dict[Key, Value], Generic[Key, Value]):
    """A map of at most `most` entries; one more replaces the entry that is unused for longest.

    Labels come from configuration and pods, so the bound is reached after many rollouts only. A series that is dropped
    and returns begins at zero, which Prometheus takes for a restart.
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
        """The entry of this key, created if missing; most lookups use `get` first."""
        found = self.get(key)
        if found is None:
            if self.full:
                del self[min(self, key=lambda one: self[one].used_at)]
            found = self[key] = self._made(key, now)
        return found
