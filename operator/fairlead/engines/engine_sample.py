"""One sample of a swept engine's counters, under the same names for every kind of engine."""

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.engines import exposition
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape
from fairlead.fleet.sweeps import KvCapacity


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSample:
    """The counters at one moment."""

    load: EngineLoad
    prefill_s: float
    """Sum over all requests whose prompts were read, from their first step to their first token."""
    prefills: float
    capacity: KvCapacity | None = None
    """Size of its KV cache, if the page has it."""

    @property
    def gaps(self) -> tuple[float, float]:
        """The number of inter-token gaps, and their sum in seconds."""
        return _figures(self.load.inter_token)

    @property
    def first_tokens(self) -> float:
        """Requests that have produced their first token."""
        return _figures(self.load.time_to_first_token)[0]


def added_up(page: str, names: frozenset[str], labels: Mapping[str, str]) -> dict[str, float]:
    """Sum each family's series that have these labels; unreadable ones count as absent."""
    found: dict[str, float] = {}
    for one in exposition.samples(page, names):
        if not isinstance(one, UnreadableScrape) and labels.items() <= one.labels.items():
            found[one.name] = found.get(one.name, 0.0) + one.value
    return found


def _figures(histogram: DurationHistogram | None) -> tuple[float, float]:
    return (histogram.count, histogram.total) if histogram else (0.0, 0.0)
