"""Arrivals over time: the counters of routers (or of engines, if there is no router) summed into one series.

The series holds a few points of two running sums, so that the rate over any period is a subtraction. A counter that
cannot be read is assumed to grow at its last rate until its sample would be stale.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import fsum
from operator import attrgetter
from typing import Final

from fairlead.fleet.light_dataclass import light
from fairlead.scaling.decide.pod_inventory import PodInventory

_MOMENT: Final = attrgetter("at")
MAX_POINTS: Final = 160
"""The points are a 32nd of a cold start apart, so they reach back five cold starts."""


@light
class ArrivalTotals:
    """Sums since the series began."""

    at: float
    requests: float
    prompt_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalCounter:
    """The counter of one router or engine, at its last sample."""

    name: str
    at: float
    requests: float
    prompt_tokens: float
    batch: float = 0.0
    """Requests of the batch lane, which are not in `requests`."""
    mean_prompt: float | None = None
    """Tokens of a prompt, for an engine's requests, whose prompts nothing counts on arrival; None for a router."""
    request_rate: float = 0.0
    prompt_rate: float = 0.0
    ahead: float = 0.0
    """Requests assumed while no sample came, which must not be counted again when one does."""
    ahead_tokens: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """The series and the counters behind it; initially empty."""

    points: tuple[ArrivalTotals, ...] = ()
    tellers: tuple[ArrivalCounter, ...] = ()
    last: float | None = None
    """When requests last arrived, as far as counters show; if they came in a pause, its end."""


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


def counters(roster: PodInventory, mean_prompt: float) -> tuple[tuple[ArrivalCounter, ...], frozenset[str]]:
    """Return counters with a sample now, and the names of all that could have one; an engine's requests are those that
    run, wait or ended."""
    if roster.routers or roster.silent:
        routers = tuple(
            ArrivalCounter(
                name=one.name,
                at=figures.at,
                requests=figures.asked,
                prompt_tokens=figures.prompt_tokens,
                batch=figures.batch_arrivals,
            )
            for one, figures in roster.routers
        )
        return routers, frozenset(one.name for one in (*(one for one, _ in roster.routers), *roster.silent))
    engines = []
    for pod, figures in (*roster.measured, *roster.leaving):
        sent = (figures.finished or 0.0) + (figures.running or 0.0) + (figures.waiting or 0.0)
        engines.append(
            ArrivalCounter(name=pod.name, at=figures.at, requests=sent, prompt_tokens=0.0, mean_prompt=mean_prompt)
        )
    return tuple(engines), frozenset(one.name for one in (*(one for one, _ in roster.measured), *roster.unknown))


def updated(
    before: Arrivals,
    reported: tuple[ArrivalCounter, ...],
    listed: frozenset[str],
    rhythm: ArrivalResolution,
    now: float,
) -> Arrivals:
    """Add what was counted since."""
    kept = {counter.name: counter for counter in before.tellers}
    spoken = {counter.name for counter in reported}
    elapsed = max(now - before.points[-1].at, 0.0) if before.points else 0.0
    increases = [_counted(kept.get(one.name), one, rhythm) for one in reported]
    silent = [counter for name, counter in kept.items() if name in listed and name not in spoken]
    granted = [_granted(counter, elapsed, rhythm, now) for counter in silent]
    requests = fsum(more for _, more, _ in (*increases, *granted))
    tokens = fsum(more for _, _, more in (*increases, *granted))
    following = sorted((counter for counter, _, _ in (*increases, *granted)), key=_name)
    last = now if requests > 0 or _came_uncounted(kept, reported, elapsed, rhythm.stale) else before.last
    return Arrivals(
        points=_points(before.points, ArrivalTotals(at=now, requests=requests, prompt_tokens=tokens), rhythm.grain),
        tellers=tuple(following),
        last=last,
    )


def _name(one: ArrivalCounter) -> str:
    return one.name


def _came_uncounted(
    kept: Mapping[str, ArrivalCounter], reported: tuple[ArrivalCounter, ...], elapsed: float, stale: float
) -> bool:
    """Return whether requests came that add no rate, although the fleet was not idle: batch work, or any in a pause too
    long to count them."""
    for one in reported:
        before = kept.get(one.name)
        if before is None:  # it may have replaced a counter during the pause
            came = elapsed > stale and one.requests + one.batch > 0
        else:
            long = one.at - before.at > stale
            came = one.batch != before.batch or (long and one.requests != before.requests)
        if came:
            return True
    return False


def _counted(
    before: ArrivalCounter | None, now: ArrivalCounter, rhythm: ArrivalResolution
) -> tuple[ArrivalCounter, float, float]:
    """Return a sampled counter and its increase."""
    if before is None:
        return now, 0.0, 0.0
    gap = now.at - before.at
    if gap <= 0:
        return before, 0.0, 0.0
    requests, tokens = _increase(before, now)
    weight = gap / (gap + rhythm.grain)
    following = replace(
        now,
        request_rate=before.request_rate + weight * (requests / gap - before.request_rate),
        prompt_rate=before.prompt_rate + weight * (tokens / gap - before.prompt_rate),
    )
    if gap > rhythm.stale:
        return following, 0.0, 0.0
    return following, max(requests - before.ahead, 0.0), max(tokens - before.ahead_tokens, 0.0)


def _increase(before: ArrivalCounter, now: ArrivalCounter) -> tuple[float, float]:
    """Return more requests and prompt tokens. A router's counter that went down restarted from zero; an engine's sum
    also goes down when a client disconnects, since no engine counts such a request as ended."""
    if now.mean_prompt is not None:
        requests = max(now.requests - before.requests, 0.0)
        return requests, requests * now.mean_prompt
    if now.requests < before.requests or now.prompt_tokens < before.prompt_tokens:
        return now.requests, now.prompt_tokens
    return now.requests - before.requests, now.prompt_tokens - before.prompt_tokens


def _granted(
    counter: ArrivalCounter, elapsed: float, rhythm: ArrivalResolution, now: float
) -> tuple[ArrivalCounter, float, float]:
    """Return a counter without a sample and its assumed increase: it keeps its last rate for a while."""
    if now - counter.at > rhythm.stale:
        return counter, 0.0, 0.0
    requests, tokens = counter.request_rate * elapsed, counter.prompt_rate * elapsed
    following = replace(counter, ahead=counter.ahead + requests, ahead_tokens=counter.ahead_tokens + tokens)
    return following, requests, tokens


def _points(before: tuple[ArrivalTotals, ...], more: ArrivalTotals, grain: float) -> tuple[ArrivalTotals, ...]:
    """Append a point; the newest point moves on until it is a grain away from the one before it."""
    if not before:
        return (more,)
    last = before[-1]
    newest = ArrivalTotals(
        at=more.at, requests=last.requests + more.requests, prompt_tokens=last.prompt_tokens + more.prompt_tokens
    )
    settled = before[:-1] if len(before) > 1 and last.at - before[-2].at < grain else before
    return (*settled, newest)[-MAX_POINTS:]


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
