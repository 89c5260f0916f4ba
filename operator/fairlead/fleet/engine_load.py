"""What one engine pod says about itself at one moment: facts read from its metrics, before anybody judges them.

`None` is "the engine does not say", which is not zero: an autoscaler that takes one for the other scales a
busy fleet down.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationHistogram:
    """Durations counted since the engine started; two of them, a while apart, give a distribution."""

    count: float
    total: float
    """Sum of all samples, in seconds."""
    buckets: tuple[tuple[float, float], ...]
    """Upper bound in seconds and how many samples were at most that, ascending; the last bound is infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLoad:
    """One scrape. Pods with several data-parallel engines are summed, use of the KV cache apart."""

    engines: int
    """How many data-parallel engines the pod reported."""
    running: float | None = None
    waiting: float | None = None
    kv_usage: float | None = None
    """Share of the KV cache in use, 0 to 1, the mean over the engines; idle cached prefixes count as free."""
    kv_usage_peak: float | None = None
    """The fullest engine's share: where requests are preempted first."""
    capacity_tokens: int | None = None
    capacity_blocks: int | None = None
    block_tokens: int | None = None
    prefix_queries: float | None = None
    """Tokens looked up in the prefix cache since the start, and of these, tokens found."""
    prefix_hits: float | None = None
    prompt_tokens: float | None = None
    generation_tokens: float | None = None
    finished: float | None = None
    """Requests that ended on the engine's side; clients that went away are in no counter."""
    rejected: float | None = None
    preemptions: float | None = None
    drafts: float | None = None
    draft_tokens: float | None = None
    accepted_tokens: float | None = None
    steps: float | None = None
    """Steps of the scheduler since the start, and tokens computed or generated in them."""
    step_tokens: float | None = None
    time_to_first_token: DurationHistogram | None = None
    inter_token: DurationHistogram | None = None
    request_pace: DurationHistogram | None = None
    """One value a request that ended: its mean time between tokens."""
    end_to_end: DurationHistogram | None = None
    queue: DurationHistogram | None = None


class UnreadableScrapeReason(StrEnum):
    """Why a scrape is worth nothing."""

    NO_METRICS = "NoMetrics"
    """Not one family of this engine: another program answers on the port, or its metrics are off."""
    NOT_A_NUMBER = "NotANumber"
    NEGATIVE = "Negative"
    OUT_OF_RANGE = "OutOfRange"
    """A share above 1, or a bucket that holds fewer samples than a smaller one."""
    BROKEN_LINE = "BrokenLine"
    """A line of a family we need that does not follow the format, or the text ends within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableScrape:
    """A scrape that is not believed; one lying number makes the others suspect."""

    reason: UnreadableScrapeReason
    line: str
    """The line at fault, shortened; empty when there is none."""
