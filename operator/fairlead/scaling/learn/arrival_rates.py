"""Arrivals over time: the counters of routers (or of engines, if there is no router) summed into one series.

The series holds a few points of two running sums, so that the rate over any period is a subtraction. What a counter
gained between two samples is spread evenly over the time between them, so that a long scrape interval is no burst.
Between samples it is assumed to grow at its last rate: until the sample would be stale, or for as long as no counter
can be read. The next sample corrects what was assumed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import fsum, inf
from operator import attrgetter
from typing import Final

from fairlead.fleet.light_dataclass import light
from fairlead.scaling.learn import arrival_counters
from fairlead.scaling.learn.arrival_counters import ArrivalCounter

_MOMENT: Final = attrgetter("at")
MAX_POINTS: Final = 160
"""The points are a 32nd of a cold start apart, so they reach back five cold starts."""
SELDOM: Final = 2.0
"""Times between two decisions: only what came in a longer interval between samples is spread over earlier decisions."""
GRAINS: Final = 32
"""Points in a cold start."""


@light
class ArrivalTotals:
    """Sums since the series began."""

    at: float
    requests: float
    prompt_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """The series and the counters behind it; initially empty."""

    points: tuple[ArrivalTotals, ...] = ()
    counters: tuple[ArrivalCounter, ...] = ()
    last: float | None = None
    """When requests last arrived, as far as counters show; if they came in a pause, its end."""
    unread_seconds: float = 0.0
    """Age of the oldest sample that is stale and has no successor; 0 if each counter was read in time."""


@light
class ArrivalRate:
    """The rate over one period."""

    requests: float
    prompt_tokens: float
    seconds: float
    """Length of the period; shorter than requested if the series does not reach back that far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalResolution:
    """The distance of points in the series, and how long a missing counter is assumed to keep its last rate."""

    grain: float
    stale: float

    @property
    def reach(self) -> float:
        """How far back the series reaches; what came in a longer pause says nothing of the present."""
        return max(MAX_POINTS * self.grain, self.stale)


@light
class CounterIncrease:
    """What one counter adds to the series, evenly from one time to another."""

    counter: ArrivalCounter
    """As it is afterwards, with what is assumed since its last sample."""
    since: float
    until: float
    requests: float = 0.0
    prompt_tokens: float = 0.0
    assumed: float = 0.0
    """Requests assumed earlier, which are in the series already."""
    assumed_tokens: float = 0.0
    came: bool = False
    """Whether a sample shows that requests came."""

    def by(self, at: float, newest: float) -> tuple[float, float]:
        """Return what to add to a point between `since` and the newest one, up to which requests were assumed."""
        counted = min((at - self.since) / (self.until - self.since), 1.0) if at < self.until else 1.0
        assumed = (at - self.since) / (newest - self.since)
        return (
            self.requests * counted - self.assumed * assumed,
            self.prompt_tokens * counted - self.assumed_tokens * assumed,
        )


def updated(
    before: Arrivals,
    reported: tuple[ArrivalCounter, ...],
    listed: frozenset[str],
    resolution: ArrivalResolution,
    now: float,
) -> Arrivals:
    """Add what was counted since; where the clock was set back, counting begins anew."""
    if before.points and before.points[-1].at > now:
        before = _set_back(before, now)
    kept = {counter.name: counter for counter in before.counters}
    spoken = {counter.name for counter in reported}
    elapsed = max(now - before.points[-1].at, 0.0) if before.points else 0.0
    # while none of new routers can be read, as on the way from a gateway's to others, the former ones' traffic goes on
    there = kept.keys() if listed and not reported and listed.isdisjoint(kept) else listed
    silent = [counter for name, counter in kept.items() if name in there and name not in spoken]
    increases = [_counted(kept.get(one.name), one, before.points, resolution, now) for one in reported]
    if reported:
        increases += [_assumed(one, before.points, resolution, now) for one in silent]
    elif silent:
        increases += _all_assumed(silent, before.points, resolution, now)
    came = any(one.came for one in increases) or arrival_counters.uncounted_arrivals(
        kept, reported, elapsed, resolution.stale
    )
    return Arrivals(
        points=_points(before.points, increases, resolution.grain, now),
        counters=tuple(sorted((one.counter for one in increases), key=_name)),
        last=now if came else before.last,
        unread_seconds=max((now - one.at for one in silent if now - one.at > resolution.stale), default=0.0),
    )


def _set_back(before: Arrivals, now: float) -> Arrivals:
    """Forget times that are still to come, which would count what arrives until then as having come at once."""
    last = None if before.last is None else min(before.last, now)
    return Arrivals(points=(replace(before.points[-1], at=now),), last=last)


def _name(one: ArrivalCounter) -> str:
    return one.name


def _counted(
    before: ArrivalCounter | None,
    now: ArrivalCounter,
    points: tuple[ArrivalTotals, ...],
    resolution: ArrivalResolution,
    moment: float,
) -> CounterIncrease:
    """Return a sampled counter and its increase since the sample before."""
    if before is None:
        return CounterIncrease(counter=now, since=now.at, until=now.at)
    gap = now.at - before.at
    if gap <= 0:
        return _assumed(before, points, resolution, moment)
    requests, tokens = _increase(before, now)
    came, restarted = requests > 0, now.requests < before.requests
    weight = gap / (gap + resolution.grain)
    following = replace(
        now,
        request_rate=before.request_rate + weight * (requests / gap - before.request_rate),
        prompt_rate=before.prompt_rate + weight * (tokens / gap - before.prompt_rate),
    )
    if not _is_continuous(points, before.at, resolution.reach, moment):
        return CounterIncrease(counter=following, since=now.at, until=now.at)
    requests, tokens = _at_least(requests, before.ahead, restarted), _at_least(tokens, before.ahead_tokens, restarted)
    seldom = gap > SELDOM * (moment - points[-1].at)
    lag = min(max(moment - now.at, 0.0), resolution.stale) if seldom else 0.0
    return CounterIncrease(
        counter=replace(following, ahead=following.request_rate * lag, ahead_tokens=following.prompt_rate * lag),
        since=before.at if seldom else points[-1].at,
        until=now.at,
        requests=requests,
        prompt_tokens=tokens,
        assumed=before.ahead,
        assumed_tokens=before.ahead_tokens,
        came=came,
    )


def _at_least(increase: float, assumed: float, restarted: bool) -> float:
    """Return the increase; a counter that restarted does not show that too much was assumed."""
    return max(increase, assumed) if restarted else increase


def _is_continuous(points: tuple[ArrivalTotals, ...], since: float, reach: float, now: float) -> bool:
    """Return whether there was no pause of decisions since then that is longer than the series."""
    first = max(bisect_right(points, since, key=_MOMENT) - 1, 0)
    times = [*(one.at for one in points[first:]), now]
    return all(later - earlier <= reach for earlier, later in pairwise(times))


def _increase(before: ArrivalCounter, now: ArrivalCounter) -> tuple[float, float]:
    """Return more requests and prompt tokens. A router's counter that went down restarted from zero; an engine's sum
    also goes down when a client disconnects, since no engine counts such a request as ended."""
    if now.mean_prompt is not None:
        requests = max(now.requests - before.requests, 0.0)
        return requests, requests * now.mean_prompt
    if now.requests < before.requests or now.prompt_tokens < before.prompt_tokens:
        return now.requests, now.prompt_tokens
    return now.requests - before.requests, now.prompt_tokens - before.prompt_tokens


def _assumed(
    counter: ArrivalCounter, points: tuple[ArrivalTotals, ...], resolution: ArrivalResolution, now: float
) -> CounterIncrease:
    """Return a counter without a new sample and its assumed increase: it keeps its last rate for a while. For longer,
    it would count again what clients send to other routers meanwhile."""
    elapsed = now - points[-1].at if now - counter.at <= resolution.stale else 0.0
    return _extended(counter, counter.request_rate * elapsed, counter.prompt_rate * elapsed, (points[-1].at, now))


def _all_assumed(
    silent: Sequence[ArrivalCounter], points: tuple[ArrivalTotals, ...], resolution: ArrivalResolution, now: float
) -> list[CounterIncrease]:
    """Return all counters while none can be read: after a while they keep the rate of the last cold start."""
    since, newest = points[-1].at, max(one.at for one in silent)
    level = rate(points, since - GRAINS * resolution.grain, since)
    if now - newest <= resolution.stale or level is None or not _is_continuous(points, newest, resolution.reach, now):
        return [_assumed(one, points, resolution, now) for one in silent]
    each = (now - since) / len(silent)
    return [_extended(one, level.requests * each, level.prompt_tokens * each, (since, now)) for one in silent]


def _extended(counter: ArrivalCounter, requests: float, tokens: float, during: tuple[float, float]) -> CounterIncrease:
    """Return a counter with this much assumed in addition."""
    following = replace(counter, ahead=counter.ahead + requests, ahead_tokens=counter.ahead_tokens + tokens)
    since, until = during
    return CounterIncrease(
        counter=following, since=since, until=until, assumed=counter.ahead, assumed_tokens=counter.ahead_tokens
    )


def _points(
    before: tuple[ArrivalTotals, ...], increases: Sequence[CounterIncrease], grain: float, now: float
) -> tuple[ArrivalTotals, ...]:
    """Append a point; the newest point moves on until it is a grain away from the one before it."""
    if not before:
        return (ArrivalTotals(at=now, requests=0.0, prompt_tokens=0.0),)
    corrected, last = _corrected(before, increases), before[-1]
    requests = last.requests + fsum(one.requests + one.counter.ahead - one.assumed for one in increases)
    tokens = last.prompt_tokens + fsum(
        one.prompt_tokens + one.counter.ahead_tokens - one.assumed_tokens for one in increases
    )
    newest = ArrivalTotals(
        at=now,
        requests=max(requests, corrected[-1].requests),
        prompt_tokens=max(tokens, corrected[-1].prompt_tokens),
    )
    settled = corrected[:-1] if len(before) > 1 and last.at - before[-2].at < grain else corrected
    return (*settled, newest)[-MAX_POINTS:]


def _corrected(points: tuple[ArrivalTotals, ...], increases: Sequence[CounterIncrease]) -> tuple[ArrivalTotals, ...]:
    """Replace what was assumed since the last samples by what was counted; no sum goes down."""
    first = bisect_right(points, min((one.since for one in increases), default=inf), key=_MOMENT)
    corrected = list(points[:first])
    least = corrected[-1] if corrected else ArrivalTotals(at=-inf, requests=-inf, prompt_tokens=-inf)
    for point in points[first:]:
        more = [one.by(point.at, points[-1].at) for one in increases if one.since < point.at]
        least = ArrivalTotals(
            at=point.at,
            requests=max(point.requests + fsum(requests for requests, _ in more), least.requests),
            prompt_tokens=max(point.prompt_tokens + fsum(tokens for _, tokens in more), least.prompt_tokens),
        )
        corrected.append(least)
    return tuple(corrected)


def rate(points: tuple[ArrivalTotals, ...], begin: float, end: float) -> ArrivalRate | None:
    """Return the rate between two times, as far as the series reaches back; None if it does not."""
    if not points:
        return None
    begin = max(begin, points[0].at)
    if end <= begin:
        return None
    first, last = _at(points, begin), _at(points, end)
    seconds = end - begin
    return ArrivalRate(
        requests=(last.requests - first.requests) / seconds,
        prompt_tokens=(last.prompt_tokens - first.prompt_tokens) / seconds,
        seconds=seconds,
    )


def _at(points: tuple[ArrivalTotals, ...], moment: float) -> ArrivalTotals:
    """Return the sums at a time, interpolated between two points."""
    right = bisect_left(points, moment, key=_MOMENT)
    if right == len(points):
        return points[-1]
    after = points[right]
    if right == 0 or after.at == moment:
        return after
    before = points[right - 1]
    share = (moment - before.at) / (after.at - before.at)
    return ArrivalTotals(
        at=moment,
        requests=before.requests + share * (after.requests - before.requests),
        prompt_tokens=before.prompt_tokens + share * (after.prompt_tokens - before.prompt_tokens),
    )
