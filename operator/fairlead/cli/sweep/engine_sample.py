"""One look at the counters of an engine that is swept, whatever its kind calls them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.engines import exposition
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape
from fairlead.simulator.sweep.measurements import KvCapacity


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSample:
    """The counters at one moment."""

    load: EngineLoad
    prefill_s: float
    """Of all requests whose prompts were read, from their first step to their first token."""
    prefills: float
    capacity: KvCapacity | None = None
    """Its KV cache, if the page says how large it is."""

    @property
    def gaps(self) -> tuple[float, float]:
        """How often a token followed another one, and seconds between them."""
        return _figures(self.load.inter_token)

    @property
    def first_tokens(self) -> float:
        """Requests that have got their first token."""
        return _figures(self.load.time_to_first_token)[0]


def added_up(page: str, names: frozenset[str], labels: Mapping[str, str]) -> dict[str, float]:
    """The sum of each family's series that have these labels; what cannot be read counts as absent."""
    found: dict[str, float] = {}
    for one in exposition.samples(page, names):
        if not isinstance(one, UnreadableScrape) and labels.items() <= one.labels.items():
            found[one.name] = found.get(one.name, 0.0) + one.value
    return found


def _figures(histogram: DurationHistogram | None) -> tuple[float, float]:
    return (histogram.count, histogram.total) if histogram else (0.0, 0.0)
