"""One scrape of one engine pod: the values read from its metrics, not yet checked against earlier ones.

`None` means that the engine does not report the value, which is not zero: an autoscaler that takes one for the other
shrinks a busy fleet.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationHistogram:
    """A histogram of durations since the engine started; the difference of two scrapes gives a distribution."""

    count: float
    total: float
    """Sum of all samples, in seconds."""
    buckets: tuple[tuple[float, float], ...]
    """Each upper bound in seconds with the number of samples at most that, ascending; the last bound is infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLoad:
    """One scrape. Values of a pod with several data-parallel engines are summed, except the use of the KV cache."""

    engines: int
    """How many data-parallel engines the pod reported."""
    running: float | None = None
    waiting: float | None = None
    kv_usage: float | None = None
    """Share of the KV cache in use, 0 to 1, the mean over the engines; idle cached prefixes count as free."""
    capacity_tokens: int | None = None
    capacity_blocks: int | None = None
    block_tokens: int | None = None
    prefix_queries: float | None = None
    """Tokens looked up in the prefix cache since the start; `prefix_hits` is how many of these were found."""
    prefix_hits: float | None = None
    prompt_tokens: float | None = None
    generation_tokens: float | None = None
    finished: float | None = None
    """Requests that the engine ended; those whose client closed the connection are in no counter."""
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
    """One sample for each request that ended: its mean time between tokens."""
    moves_at_ends: bool = False
    """Whether all figures move when a request ends and never before: that they stand still then says nothing."""


class UnreadableScrapeReason(StrEnum):
    """Why a scrape cannot be used."""

    NO_METRICS = "NoMetrics"
    """It has no metric family of this engine: another program answers on the port, or metrics are off."""
    NOT_A_NUMBER = "NotANumber"
    NEGATIVE = "Negative"
    OUT_OF_RANGE = "OutOfRange"
    """A share above 1, or a histogram bucket that holds fewer samples than a smaller one."""
    BROKEN_LINE = "BrokenLine"
    """A line of a family that we need breaks the format, or the text ends within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableScrape:
    """A scrape that is not used; one impossible value makes the others suspect."""

    reason: UnreadableScrapeReason
    line: str
    """The line at fault, shortened; empty when there is no single one."""
