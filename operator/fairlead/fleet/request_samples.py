"""Users' requests while two revisions serve, as routers report them and as a comparison reads them."""

from dataclasses import dataclass
from enum import StrEnum
from math import log2


class Fault(StrEnum):
    """What may be wrong with a reply."""

    ERROR = "errors"
    CUT = "cut streams"
    INVALID_JSON = "invalid JSON"
    REFUSED = "refused requests"
    """4xx of the engine."""


class Latency(StrEnum):
    """A latency that is compared."""

    TTFT = "first token"
    TPOT = "time per output token"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSample:
    """One request that ended."""

    at: float
    """Seconds on any clock that both sides share."""
    candidate: bool
    conversation: str
    prompt_tokens: int
    cached_tokens: int = 0
    load: int = 0
    """Load band of its replica when it began."""
    ttft_s: float | None = None
    tpot_s: float | None = None
    faults: frozenset[Fault] = frozenset()

    def duration(self, latency: Latency) -> float | None:
        """Return the duration to rank; for the first token, seconds per prompt token that was not cached."""
        if latency is Latency.TPOT:
            return self.tpot_s
        return None if self.ttft_s is None else self.ttft_s / self._uncached

    @property
    def stratum(self) -> tuple[int, int]:
        """Its stratum: prompts within a factor of four, at like load."""
        return int(log2(self._uncached)) // 2, self.load

    @property
    def _uncached(self) -> int:
        return max(1, self.prompt_tokens - self.cached_tokens)
