"""What one engine pod did between two valid samples: differences of its counters.

The samples are some time apart, so that a difference covers enough requests to be meaningful.
"""

from fairlead.fleet.light_dataclass import light
from fairlead.scaling.facts import EngineFigures, EnginePod, LatencyTotals


@light
class EngineCounters:
    """One pod's counters at a sample, or how much they grew between two."""

    running: float
    """Requests in a batch; for an interval, the mean of both ends."""
    prompt_tokens: float
    cached_tokens: float
    output_tokens: float
    finished: float
    first: float
    """Requests whose first token was generated."""
    tokens: float
    """Samples of time per token."""
    token_seconds: float
    """The sum of these samples."""
    paced: float
    """Requests whose mean time per token was counted; tokens, if the engine does not report these."""
    first_late: float | None
    """First tokens that came later than the objective; None without an objective."""
    pace_late: float | None


@light
class EngineBaseline(EngineCounters):
    """One pod's counters at an earlier sample."""

    name: str
    at: float


@light
class EngineInterval(EngineCounters):
    """The differences between a baseline and a later sample."""

    seconds: float
    entered: float
    """How many more requests are in a batch than at the baseline."""

    @property
    def computed_tokens(self) -> float:
        """Prompt tokens that no cache held."""
        return max(self.prompt_tokens - self.cached_tokens, 0.0)

    @property
    def seconds_per_token(self) -> float | None:
        """The mean of the samples; if the engine does not time tokens, running requests x seconds over tokens."""
        if self.tokens > 0:
            return self.token_seconds / self.tokens
        if self.output_tokens > 0 and self.running > 0:
            return self.running * self.seconds / self.output_tokens
        return None


def baseline(pod: EnginePod, figures: EngineFigures) -> EngineBaseline:
    """Make this sample the baseline for a later one."""
    token, pace = figures.per_token, figures.request_pace or figures.per_token
    return EngineBaseline(
        name=pod.name,
        at=figures.at,
        running=figures.running or 0.0,
        prompt_tokens=figures.prompt_tokens or 0.0,
        cached_tokens=figures.cached_tokens or 0.0,
        output_tokens=figures.output_tokens or 0.0,
        finished=figures.finished or 0.0,
        first=figures.first_token.count if figures.first_token else 0.0,
        tokens=token.count if token else 0.0,
        token_seconds=token.total if token else 0.0,
        paced=pace.count if pace else 0.0,
        first_late=_late(figures.first_token),
        pace_late=_late(pace),
    )


def _late(counted: LatencyTotals | None) -> float | None:
    return None if counted is None or counted.kept is None else counted.count - counted.kept


def between(mark: EngineBaseline, current: EngineBaseline) -> EngineInterval | None:
    """Return the differences; None if a counter went down, as the engine restarted then."""
    interval = EngineInterval(
        seconds=current.at - mark.at,
        running=(current.running + mark.running) / 2,
        entered=current.running - mark.running,
        prompt_tokens=current.prompt_tokens - mark.prompt_tokens,
        cached_tokens=current.cached_tokens - mark.cached_tokens,
        output_tokens=current.output_tokens - mark.output_tokens,
        finished=current.finished - mark.finished,
        first=current.first - mark.first,
        tokens=current.tokens - mark.tokens,
        token_seconds=current.token_seconds - mark.token_seconds,
        paced=current.paced - mark.paced,
        first_late=_more(mark.first_late, current.first_late),
        pace_late=_more(mark.pace_late, current.pace_late),
    )
    counted = (interval.prompt_tokens, interval.output_tokens, interval.finished, interval.first, interval.tokens)
    return None if interval.seconds <= 0 or min(counted) < 0 else interval


def _more(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else max(now - before, 0.0)
