"""What users ask for, by the second: counters of routers (or of engines, where no router tells) made into one course.

The course is kept as a few points of two sums, so that the rate over any stretch of it is a subtraction. Whoever does
not tell is taken to go on as before, until its figures would be stale.
"""

from bisect import bisect_left
from dataclasses import dataclass
from math import fsum
from typing import Final

from fairlead.scaling.pod_inventory import PodInventory

MAX_POINTS: Final = 160
"""At a 32nd of a cold start apart: the last five cold starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalTotals:
    """Sums since the course began."""

    at: float
    requests: float
    prompt_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalCounter:
    """One that counts, as it was last heard."""

    name: str
    at: float
    requests: float
    prompt_tokens: float
    request_rate: float = 0.0
    prompt_rate: float = 0.0
    ahead: float = 0.0
    """Requests that were taken for granted while it was silent, and are not to be counted twice."""
    ahead_tokens: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Nothing at first."""

    points: tuple[ArrivalTotals, ...] = ()
    tellers: tuple[ArrivalCounter, ...] = ()
    last: float | None = None
    """When somebody last asked, as far as anybody saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRate:
    """Over one stretch."""

    requests: float
    prompt_tokens: float
    seconds: float
    """How long the stretch was: shorter than asked for when nobody looked for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalResolution:
    """How finely the course is kept, and how long the silent are taken to go on."""

    grain: float
    stale: float


def counters(roster: PodInventory, mean_prompt: float) -> tuple[tuple[ArrivalCounter, ...], frozenset[str]]:
    """Who tells now, and the names of all who might; engines count what they were sent as what they hold and ended."""
    if roster.routers or roster.silent:
        told = tuple(
            ArrivalCounter(name=one.name, at=figures.at, requests=figures.asked, prompt_tokens=figures.prompt_tokens)
            for one, figures in roster.routers
        )
        return told, frozenset(one.name for one in (*(one for one, _ in roster.routers), *roster.silent))
    engines = []
    for pod, figures in (*roster.known, *roster.leaving):
        sent = (figures.finished or 0.0) + (figures.running or 0.0) + (figures.waiting or 0.0)
        engines.append(ArrivalCounter(name=pod.name, at=figures.at, requests=sent, prompt_tokens=sent * mean_prompt))
    return tuple(engines), frozenset(one.name for one in (*(one for one, _ in roster.known), *roster.unknown))


def updated(
    before: Arrivals, told: tuple[ArrivalCounter, ...], listed: frozenset[str], rhythm: ArrivalResolution, now: float
) -> Arrivals:
    """The course with what was heard since."""
    kept = {teller.name: teller for teller in before.tellers}
    spoken = {teller.name for teller in told}
    elapsed = max(now - before.points[-1].at, 0.0) if before.points else 0.0
    tellers = [_counted(kept.get(one.name), one, rhythm) for one in told]
    silent = [teller for name, teller in kept.items() if name in listed and name not in spoken]
    granted = [_granted(teller, elapsed, rhythm, now) for teller in silent]
    requests = fsum(more for _, more, _ in (*tellers, *granted))
    tokens = fsum(more for _, _, more in (*tellers, *granted))
    following = sorted((teller for teller, _, _ in (*tellers, *granted)), key=_name)
    last = now if requests > 0 else before.last
    return Arrivals(
        points=_points(before.points, ArrivalTotals(at=now, requests=requests, prompt_tokens=tokens), rhythm.grain),
        tellers=tuple(following),
        last=last,
    )


def _name(one: ArrivalCounter) -> str:
    return one.name


def _counted(
    before: ArrivalCounter | None, now: ArrivalCounter, rhythm: ArrivalResolution
) -> tuple[ArrivalCounter, float, float]:
    """One that tells: what it counted more than before; a counter that went back began anew."""
    if before is None:
        return now, 0.0, 0.0
    gap = now.at - before.at
    if gap <= 0:
        return before, 0.0, 0.0
    again = now.requests < before.requests or now.prompt_tokens < before.prompt_tokens
    requests = now.requests if again else now.requests - before.requests
    tokens = now.prompt_tokens if again else now.prompt_tokens - before.prompt_tokens
    weight = gap / (gap + rhythm.grain)
    following = ArrivalCounter(
        name=now.name,
        at=now.at,
        requests=now.requests,
        prompt_tokens=now.prompt_tokens,
        request_rate=before.request_rate + weight * (requests / gap - before.request_rate),
        prompt_rate=before.prompt_rate + weight * (tokens / gap - before.prompt_rate),
    )
    if gap > rhythm.stale:
        return following, 0.0, 0.0
    return following, max(requests - before.ahead, 0.0), max(tokens - before.ahead_tokens, 0.0)


def _granted(
    teller: ArrivalCounter, elapsed: float, rhythm: ArrivalResolution, now: float
) -> tuple[ArrivalCounter, float, float]:
    """One that is silent: it goes on as before, for a while."""
    if now - teller.at > rhythm.stale:
        return teller, 0.0, 0.0
    requests, tokens = teller.request_rate * elapsed, teller.prompt_rate * elapsed
    following = ArrivalCounter(
        name=teller.name,
        at=teller.at,
        requests=teller.requests,
        prompt_tokens=teller.prompt_tokens,
        request_rate=teller.request_rate,
        prompt_rate=teller.prompt_rate,
        ahead=teller.ahead + requests,
        ahead_tokens=teller.ahead_tokens + tokens,
    )
    return following, requests, tokens


def _points(before: tuple[ArrivalTotals, ...], more: ArrivalTotals, grain: float) -> tuple[ArrivalTotals, ...]:
    """The newest point moves on until it is a grain away from the one before it."""
    if not before:
        return (more,)
    last = before[-1]
    newest = ArrivalTotals(
        at=more.at, requests=last.requests + more.requests, prompt_tokens=last.prompt_tokens + more.prompt_tokens
    )
    settled = before[:-1] if len(before) > 1 and last.at - before[-2].at < grain else before
    return (*settled, newest)[-MAX_POINTS:]


def rate(points: tuple[ArrivalTotals, ...], begin: float, end: float) -> ArrivalRate | None:
    """Between two moments, as far as the course reaches back; nothing where it does not."""
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
    """Between two points things went evenly."""
    right = bisect_left(points, moment, key=_moment)
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


def _moment(point: ArrivalTotals) -> float:
    return point.at
