"""What is learnt from one look to the next: demand, what requests are like, speeds, cold starts, forecasts and misses.

Deciding comes first and uses what was learnt before this look, so that more demand never makes a replica look faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.scaling import (
    arriving,
    exceeding,
    forecasting,
    intervals,
    mixing,
    queueing,
    speeds,
    starting,
    staying,
    straining,
)
from fairlead.scaling.arriving import Arrivals, Rhythm
from fairlead.scaling.exceeding import Excess
from fairlead.scaling.facts import EngineFigures, Facts, Pod
from fairlead.scaling.forecasting import Forecasts
from fairlead.scaling.intervals import Interval, Mark
from fairlead.scaling.mixing import Mixture
from fairlead.scaling.queueing import Queueing
from fairlead.scaling.roster import Roster
from fairlead.scaling.speeds import Fit
from fairlead.scaling.starting import Starts
from fairlead.scaling.straining import Stand, Strain

GRAIN: Final = 1 / 32
"""Of a cold start: how finely arrivals are kept."""
TEACHING: Final = 1 / 16
"""Of the assumed cold start, between two looks at a pod that teach."""
SETTLED: Final = 1 / 4
"""Of a cold start: a replica younger than that still warms its caches, and teaches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Nothing at first."""

    arrivals: Arrivals = field(default_factory=Arrivals)
    forecasts: Forecasts = field(default_factory=Forecasts)
    mixture: Mixture = field(default_factory=Mixture)
    fits: tuple[Fit, ...] = ()
    starts: tuple[Starts, ...] = ()
    marks: tuple[Mark, ...] = ()
    """By the name of the pod; those that are gone are forgotten."""
    strain: Strain = field(default_factory=Strain)
    excess: Excess = field(default_factory=Excess)
    pressed_since: float | None = None
    """Since when more wait than the target allows."""
    queueing: Queueing = field(default_factory=Queueing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was decided at this look, as far as it is learnt from."""

    now: float
    reckoned: float | None
    """Replicas that what comes takes by the arithmetic alone; nothing where nobody could reckon."""
    need: float | None
    """Replicas that were asked for, in parts of one; nothing where a bound answered instead."""
    waiting: float
    pressed_since: float | None


def horizon(learnt: Learnt, facts: Facts) -> float:
    """Seconds from asking for a replica until it serves."""
    return starting.horizon(learnt.starts, facts.revision, facts.policy.cold_start)


def heard(learnt: Learnt, facts: Facts, roster: Roster, now: float) -> Learnt:
    """With arrivals and queues up to now, which is all that a decision takes from this look."""
    grain = GRAIN * max(facts.policy.cold_start.assume_seconds, horizon(learnt, facts))
    rhythm = Rhythm(grain=grain, stale=facts.policy.stale_after_seconds)
    request = mixing.average(learnt.mixture)
    told, listed = arriving.heard(roster, request.prompt_tokens if request else 0.0)
    return replace(
        learnt,
        arrivals=arriving.continued(learnt.arrivals, told, listed, rhythm, now),
        queueing=queueing.heard(learnt.queueing, roster, now),
    )


def after(before: Learnt, facts: Facts, roster: Roster, heard_now: Learnt, moment: Moment) -> Learnt:
    """With all that this look teaches, beside what was heard already."""
    now = moment.now
    ahead = horizon(before, facts)
    came, marks = _came(before, facts, roster, ahead)
    mixture = mixing.learnt(_mixture(before, came), came)
    if came:
        mixture = mixing.weighed(mixture, (figures for _, figures in roster.known))
    fits = speeds.learnt(_fits(before, facts, came), facts.revision, came)
    room = max((figures.kv_tokens for _, figures in _own(facts, roster) if figures.kv_tokens), default=None)
    return replace(
        heard_now,
        forecasts=forecasting.learnt(before.forecasts, heard_now.arrivals.points, ahead, now),
        mixture=_asked(mixture, before.arrivals, heard_now.arrivals),
        fits=speeds.measured(fits, facts.revision, room) if room else fits,
        starts=starting.with_starts(before.starts, facts.revision, roster.ready),
        marks=marks,
        strain=before.strain
        if moment.reckoned is None
        else straining.learnt(
            before.strain,
            came,
            facts.policy.objectives,
            Stand(
                ready=len(roster.ready),
                reckoned=moment.reckoned,
                waiting=moment.waiting,
                horizon=ahead,
                now=now,
            ),
        ),
        excess=exceeding.learnt(before.excess, _serving(facts, roster), moment.need, ahead, now),
        pressed_since=moment.pressed_since,
    )


def _mixture(before: Learnt, came: Sequence[Interval]) -> Mixture:
    """What was learnt of other requests weighs less when those that come stay longer."""
    request = mixing.average(before.mixture)
    return before.mixture if request is None else mixing.lightened(before.mixture, staying.weight(came, request))


def _fits(before: Learnt, facts: Facts, came: Sequence[Interval]) -> tuple[Fit, ...]:
    """The same of the speed that they were served at."""
    speed = speeds.speed(before.fits, facts.revision, facts.assumed)
    if speed is None:
        return before.fits
    return speeds.lightened(before.fits, facts.revision, staying.pace(came, speed))


def _serving(facts: Facts, roster: Roster) -> int:
    """Ready ones beside the spares: those are there whatever is needed."""
    return len(roster.ready) - facts.policy.warm_pool.ready


def _own(facts: Facts, roster: Roster) -> list[tuple[Pod, EngineFigures]]:
    """Those of the wanted revision."""
    return [(pod, figures) for pod, figures in roster.known if pod.revision == facts.revision]


def _came(before: Learnt, facts: Facts, roster: Roster, ahead: float) -> tuple[list[Interval], tuple[Mark, ...]]:
    """What settled pods of the wanted revision did since their marks, and the marks to go on from."""
    kept = {mark.name: mark for mark in before.marks}
    apart = TEACHING * facts.policy.cold_start.assume_seconds
    came: list[Interval] = []
    marks: list[Mark] = []
    for pod, figures in _own(facts, roster):
        mark = kept.get(pod.name)
        if mark is not None and 0 <= figures.at - mark.at < apart:
            marks.append(mark)
            continue
        look = intervals.marked(pod, figures)
        marks.append(look)
        settled = figures.at - (pod.ready_at if pod.ready_at is not None else pod.since) >= SETTLED * ahead
        interval = intervals.between(mark, look) if mark is not None and settled else None
        if interval is not None:
            came.append(interval)
    return came, tuple(marks)


def _asked(mixture: Mixture, before: Arrivals, after_it: Arrivals) -> Mixture:
    """With what routers counted since the last look."""
    if not before.points:
        return mixture
    last, now = before.points[-1], after_it.points[-1]
    return mixing.asked(mixture, now.requests - last.requests, now.prompt_tokens - last.prompt_tokens)
