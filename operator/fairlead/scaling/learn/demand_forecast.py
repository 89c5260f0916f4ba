"""Forecasts arrivals one cold start ahead by one of three methods: the level, a damped trend, the hour of the week.

A method other than the level is used only after its forecasts have been closer than the level's.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

from fairlead.scaling.learn import arrival_rates
from fairlead.scaling.learn.arrival_rates import ArrivalRate, ArrivalTotals

STRETCHES: Final = (4.0, 2.0, 1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Periods in cold starts: long ones are steady, short ones recent; a short one counts if it differs significantly."""
SHORT: Final = 1 / 8
"""In cold starts: two neighbouring periods of this length show how much counts scatter."""
SURELY: Final = 3.0
"""Deviations by which a short period must differ from a long one, given how much counts have scattered so far."""
DAMPED: Final = 0.5
"""Share of a trend that is extrapolated, as it rarely goes on for a whole cold start."""
SPACING: Final = 1 / 8
"""In cold starts: the time between two forecasts that are checked later."""
CHECKED: Final = 1 / 4
"""In cold starts: the period that a forecast is compared with."""
FARTHEST: Final = 10.0
"""In cold starts: a forecast due later than this was made before the clock was set back."""
MAX_PENDING: Final = 12
FADING: Final = 0.98
"""Factor per check: the last fifty count, about six cold starts."""
ENOUGH: Final = 8.0
"""Checks after which a method's error is meaningful."""
BETTER: Final = 0.9
"""Share of the level's error that another method must stay below to be used."""
HOUR: Final = 3600.0
WEEK: Final = 168
"""Hours of a week: daily habits follow the clock, so only this does not scale with the policy's times."""
NEARLY: Final = 0.9
UNSEEN: Final = -1.0
LEARNING: Final = 0.5
"""Weight of the newest hour in the mean of its hour of the week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingForecast:
    """A forecast that is not due yet."""

    due: float
    """When the period that it is compared with ends."""
    level: float
    """Requests a second."""
    trend: float
    hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastErrors:
    """Squared relative errors of one method, with exponential forgetting."""

    checks: float = 0.0
    squares: float = 0.0

    def after(self, error: float) -> "ForecastErrors":
        """Add one error."""
        return ForecastErrors(checks=self.checks * FADING + 1, squares=self.squares * FADING + error * error)

    @property
    def usual(self) -> float:
        """The root mean square error; 0 before the first check."""
        return sqrt(self.squares / self.checks) if self.checks > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HourInProgress:
    """The hour that is being counted."""

    since: float
    """When counting began."""
    requests: float
    """The series' sum of requests at that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastHistory:
    """What forecasts remember; initially empty."""

    pending: tuple[PendingForecast, ...] = ()
    level: ForecastErrors = ForecastErrors()
    trend: ForecastErrors = ForecastErrors()
    hour: ForecastErrors = ForecastErrors()
    scatter: float = 1.0
    """Variance of counts over their mean; 1 for a Poisson process."""
    token_scatter: float = 2.0
    """The same for prompt tokens, in mean prompts: 2 for Poisson arrivals with lengths that deviate by as much as their
    mean."""
    hours: tuple[float, ...] = ()
    """Mean requests a second by hour of the week; negative for hours not counted yet."""
    current_hour: HourInProgress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandForecast:
    """Arrivals now, and one cold start ahead."""

    level: ArrivalRate
    """The current rate: short periods count if they differ significantly."""
    factor: float
    """The forecast over the level."""
    by: str
    """The method: level, trend or hour of the week."""


def forecast(
    points: tuple[ArrivalTotals, ...], history: ForecastHistory, horizon: float, now: float
) -> DemandForecast | None:
    """Forecast from past arrivals; None before two samples."""
    level = _level(points, history, horizon, now)
    if level is None:
        return None
    guess = _guess(points, history, horizon, now)
    ways = {"level": 1.0}
    base = max(guess.level, level.requests)
    if base > 0 and _helps(history.trend, history.level):
        ways["trend"] = max(guess.trend / base, 1.0)
    if base > 0 and _helps(history.hour, history.level):
        ways["hour of the week"] = max(guess.hour / base, 1.0)
    by = max(ways, key=lambda way: ways[way])
    return DemandForecast(level=level, factor=ways[by], by=by)


def _helps(misses: ForecastErrors, level: ForecastErrors) -> bool:
    return misses.checks >= ENOUGH and misses.usual < BETTER * level.usual


def _level(
    points: tuple[ArrivalTotals, ...], history: ForecastHistory, horizon: float, now: float
) -> ArrivalRate | None:
    """Return the rate over a long period, moved by shorter ones as far as they differ from it significantly."""
    rates = [rate for part in STRETCHES if (rate := arrival_rates.rate(points, now - part * horizon, now)) is not None]
    if not rates:
        return None
    requests, tokens = rates[0].requests, rates[0].prompt_tokens
    for rate in rates[1:]:
        requests = _moved(requests, rate.requests, rate, history.scatter)
        tokens = _moved(tokens, rate.prompt_tokens, rate, history.token_scatter)
    return ArrivalRate(requests=requests, prompt_tokens=tokens, seconds=rates[0].seconds)


def _moved(level: float, value: float, rate: ArrivalRate, scatter: float) -> float:
    """Move the level into the range of the true rate; a count deviates by the root of the count times the scatter."""
    count = rate.requests * rate.seconds
    if count <= 0:
        return level
    off = SURELY * sqrt(scatter / count)
    return min(max(level, value * max(1 - off, 0.0)), value * (1 + off))


def _guess(points: tuple[ArrivalTotals, ...], history: ForecastHistory, horizon: float, now: float) -> PendingForecast:
    """Forecast one cold start ahead by each method."""
    late = arrival_rates.rate(points, now - horizon / 2, now)
    early = arrival_rates.rate(points, now - horizon, now - horizon / 2)
    whole = arrival_rates.rate(points, now - horizon, now)
    level = whole.requests if whole and whole.seconds >= horizon / 2 else 0.0
    trend = level
    if late is not None and early is not None:
        trend = max(late.requests + DAMPED * 2 * (late.requests - early.requests), 0.0)
    return PendingForecast(
        due=_due(horizon, now),
        level=level,
        trend=trend,
        hour=level * _hourly(history, now, now + horizon),
    )


def _due(horizon: float, now: float) -> float:
    """Return when a forecast made now can be checked."""
    return now + horizon + CHECKED * horizon / 2


def _hourly(history: ForecastHistory, now: float, then: float) -> float:
    """Return the mean of that hour of the week over this one's, if both were counted."""
    if not history.hours:
        return 1.0
    here, there = history.hours[_hour(now)], history.hours[_hour(then)]
    return there / here if here > 0 and there >= 0 else 1.0


def _hour(moment: float) -> int:
    return int(moment // HOUR) % WEEK


def updated(before: ForecastHistory, points: tuple[ArrivalTotals, ...], horizon: float, now: float) -> ForecastHistory:
    """Check forecasts that are due, and add a new one at each interval."""
    checked = before
    for guess in before.pending:
        if guess.due <= now:
            checked = _checked(checked, guess, points, horizon)
    set_back = now + FARTHEST * horizon
    pending = tuple(guess for guess in before.pending if now < guess.due < set_back)
    spaced = not pending or _due(horizon, now) - pending[-1].due >= SPACING * horizon
    if spaced and len(points) > 1:
        pending = (*pending, _guess(points, before, horizon, now))[-MAX_PENDING:]
    hours, in_progress = _hours(before, points, now)
    return replace(checked, pending=pending, hours=hours, current_hour=in_progress)


def _checked(
    before: ForecastHistory, guess: PendingForecast, points: tuple[ArrivalTotals, ...], horizon: float
) -> ForecastHistory:
    came = arrival_rates.rate(points, guess.due - CHECKED * horizon, guess.due)
    if came is None or guess.level <= 0:
        return before
    scatter, token_scatter = _scatter(before, points, guess.due, horizon)
    return replace(
        before,
        level=before.level.after(came.requests / guess.level - 1),
        trend=before.trend.after((came.requests - guess.trend) / guess.level),
        hour=before.hour.after((came.requests - guess.hour) / guess.level),
        scatter=scatter,
        token_scatter=token_scatter,
    )


def _scatter(
    before: ForecastHistory, points: tuple[ArrivalTotals, ...], end: float, horizon: float
) -> tuple[float, float]:
    """Return variance over mean from two neighbouring short periods: how far their counts differ, compared with
    chance."""
    middle, begin = end - SHORT * horizon, end - 2 * SHORT * horizon
    late, early = arrival_rates.rate(points, middle, end), arrival_rates.rate(points, begin, middle)
    if late is None or early is None or late.requests + early.requests <= 0:
        return before.scatter, before.token_scatter
    count = (late.requests + early.requests) * late.seconds
    requests = _differing(late.requests, early.requests) * count
    tokens = _differing(late.prompt_tokens, early.prompt_tokens) * count
    return (
        max(before.scatter * FADING + (1 - FADING) * requests, 1.0),
        max(before.token_scatter * FADING + (1 - FADING) * tokens, 1.0),
    )


def _differing(one: float, other: float) -> float:
    """Return the squared difference over the squared sum."""
    return ((one - other) / (one + other)) ** 2 if one + other > 0 else 0.0


def _hours(
    before: ForecastHistory, points: tuple[ArrivalTotals, ...], now: float
) -> tuple[tuple[float, ...], HourInProgress | None]:
    """Record an hour that was counted nearly in full."""
    if not points:
        return before.hours, before.current_hour
    fresh = HourInProgress(since=now, requests=points[-1].requests)
    current = before.current_hour
    if current is None:
        return before.hours, fresh
    if now // HOUR == current.since // HOUR:
        return before.hours, current
    seen = now - current.since
    if not NEARLY * HOUR <= seen <= HOUR / NEARLY:
        return before.hours, fresh
    hours = before.hours or (UNSEEN,) * WEEK
    hour = _hour(current.since)
    mean = (fresh.requests - current.requests) / seen
    mixed = mean if hours[hour] < 0 else hours[hour] + LEARNING * (mean - hours[hour])
    return (*hours[:hour], mixed, *hours[hour + 1 :]), fresh
