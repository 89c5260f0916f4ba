"""One scrape of one engine pod: the values read from its metrics, not yet checked against earlier ones.

`None` means that the engine does not report the value, which is not zero: an autoscaler that confuses the two shrinks a
busy fleet.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_OVER_FIT: Final = 1.5
"""Above the fit's span: within it the engine's own figure is the better one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationHistogram:
    """Histogram of durations since the engine started; the difference of two scrapes gives a distribution."""

    count: float
    total: float
    """Sum of all samples, in seconds."""
    buckets: tuple[tuple[float, float], ...]
    """Upper bounds in seconds with the number of samples up to each, ascending; the last bound is infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLoad:
    """One scrape. Values of a pod with several data-parallel engines are summed, except the use of the KV cache."""

    engines: int
    """How many data-parallel engines the pod reported."""
    running: float | None = None
    waiting: float | None = None
    kv_usage: float | None = None
    """Share of the KV cache in use, 0 to 1, averaged over the engines; idle cached prefixes count as free."""
    capacity_tokens: int | None = None
    capacity_blocks: int | None = None
    block_tokens: int | None = None
    prefix_queries: float | None = None
    """Tokens looked up in the prefix cache since the start; `prefix_hits` of these were found."""
    prefix_hits: float | None = None
    loaded: float | None = None
    """Tokens that were loaded from main memory or another instance; also counted while the prefix cache is off."""
    prompt_tokens: float | None = None
    generation_tokens: float | None = None
    finished: float | None = None
    """Requests that the engine ended; requests whose client closed the connection are in no counter."""
    preemptions: float | None = None
    drafts: float | None = None
    draft_tokens: float | None = None
    accepted_tokens: float | None = None
    steps: float | None = None
    """Scheduler steps since the start; `step_tokens` is the tokens computed or generated in them."""
    step_tokens: float | None = None
    time_to_first_token: DurationHistogram | None = None
    inter_token: DurationHistogram | None = None
    request_pace: DurationHistogram | None = None
    """One sample for each finished request: its mean time between tokens."""
    moves_at_ends: bool = False
    """Whether all figures change only when a request ends, so that unchanged figures mean nothing."""


class UnreadableScrapeReason(StrEnum):
    """Why a scrape cannot be used."""

    NO_METRICS = "NoMetrics"
    """It has no metric family of this engine: another program answers on the port, or metrics are disabled."""
    NOT_A_NUMBER = "NotANumber"
    NEGATIVE = "Negative"
    OUT_OF_RANGE = "OutOfRange"
    """A share above 1, or a histogram bucket that holds fewer samples than a smaller one."""
    BROKEN_LINE = "BrokenLine"
    """A line of a required family breaks the format, or the text ends within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableScrape:
    """A scrape that is discarded; one impossible value makes the others suspect."""

    reason: UnreadableScrapeReason
    line: str
    """The offending line, shortened; empty if there is no single one."""


def cache_tokens(in_blocks: int, fitted: float | None) -> int:
    """Return what a cache holds whose engine reports blocks alone, which the fit of its revision expects to hold so
    much. Blocks times their length are exact where all layers keep the same tokens, and flags set them; where layers
    keep different ones, they are far more than it holds."""
    return in_blocks if fitted is None or in_blocks <= fitted * MAX_OVER_FIT else int(fitted)
