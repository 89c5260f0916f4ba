"""The fields of a policy, three values of each, and the hours they are shown on. Values only."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bench.autoscaling import contestants, traffic
from bench.autoscaling.traffic import Part, Traffic
from fairlead.fleet.policies import Objectives, ReplicaBounds, ScalingPolicy, ScheduleWindow, SignalTargets, WarmPool
from fairlead.simulator.traffic import gaps, lengths
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.rate_profiles import RateSlice

BEGIN_S: Final = 900.0
END_S: Final = 6300.0
BURST: Final = (4200.0, 4500.0, 3.0)
"""From, until, and the additional requests a second."""
CHAT: Final = ScalingPolicy(objectives=Objectives(ttft_p95_seconds=2.0, tpot_p95_seconds=0.1))
BOUNDS: Final = ReplicaBounds(least=1, most=contestants.MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value of a field."""

    label: str
    policy: ScalingPolicy = CHAT
    bounds: ReplicaBounds = BOUNDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One field, as users write it, and what to look for in its picture."""

    name: str
    field: str
    expectation: str
    settings: tuple[Setting, ...]
    make: Callable[[], Traffic]


def busy_hours() -> Traffic:
    """An hour's wave from one to seven requests a second, with a five-minute burst in its middle."""

    def rate(at: float) -> float:
        begins, ends, more = BURST
        return 4.0 + 3.0 * math.sin(2 * math.pi * at / 3600) + (more if begins <= at < ends else 0.0)

    def profile() -> Iterator[RateSlice]:
        return (RateSlice(60.0, rate(minute * 60.0)) for minute in range(int(END_S // 60)))

    def arrivals() -> list[RequestArrival]:
        sizes = lengths.lognormal(traffic.PROMPTS, traffic.REPLIES, 8192, random.Random("knobs/sizes"))  # noqa: S311  # recorded
        return list(gaps.requests(profile(), gaps.poisson(random.Random("knobs/gaps")), sizes))  # noqa: S311  # recorded

    part = Part(arrivals=arrivals, since=BEGIN_S, until=END_S)
    words = "1 to 7 requests/s within the hour, 3 more for five minutes"
    return Traffic(name="busy hours", words=words, lived=traffic.chat_replica(), tuning=part, reported=part)


def _objective(seconds: float) -> Setting:
    return Setting(
        label=f"{seconds:g}s", policy=replace(CHAT, objectives=replace(CHAT.objectives, tpot_p95_seconds=seconds))
    )


def _headroom(share: float) -> Setting:
    return Setting(label=f"{share:g}", policy=replace(CHAT, signals=replace(CHAT.signals, token_headroom=share)))


def _queue(target: int) -> Setting:
    alone = SignalTargets(queue_per_replica=target, kv_target=None, token_headroom=None)
    return Setting(label=str(target), policy=replace(CHAT, signals=alone))


def _cache(target: float) -> Setting:
    alone = SignalTargets(queue_per_replica=None, kv_target=target, token_headroom=None)
    return Setting(label=f"{target:g}", policy=replace(CHAT, signals=alone))


def _window(seconds: float) -> Setting:
    return Setting(label=f"{seconds:g}", policy=replace(CHAT, pace=replace(CHAT.pace, down_after_seconds=seconds)))


def _down(step: int) -> Setting:
    return Setting(label=str(step), policy=replace(CHAT, pace=replace(CHAT.pace, down_max_step=step)))


def _up(step: int, factor: float) -> Setting:
    pace = replace(CHAT.pace, up_max_step=step, up_max_factor=factor)
    return Setting(label=f"{step}, {factor:g}", policy=replace(CHAT, pace=pace))


def _assumed(seconds: float, *, learn: bool) -> Setting:
    start = replace(CHAT.cold_start, assume_seconds=seconds, learn=learn)
    return Setting(label=f"{seconds:g}s{', learn' if learn else ''}", policy=replace(CHAT, cold_start=start))


def _pool(ready: int) -> Setting:
    return Setting(label=str(ready), policy=replace(CHAT, warm_pool=WarmPool(ready=ready)))


def _budget(most: int | None) -> Setting:
    limit = None if most is None else Decimal(most)
    return Setting(label="none" if most is None else f"{most}", policy=replace(CHAT, max_cost_per_hour=limit))


def _schedule(least: int | None) -> Setting:
    """From ten minutes before the burst on, by the clock of the simulated day, which starts at midnight."""
    window = ScheduleWindow(name="rush", cron="5 1 * * *", time_zone="UTC", duration_seconds=900.0, min_replicas=least)
    return Setting(
        label="none" if least is None else f"minReplicas {least}",
        policy=replace(CHAT, schedules=() if least is None else (window,)),
    )


def _zero(minutes: int) -> Setting:
    policy = replace(CHAT, zero_after_seconds=minutes * 60.0)
    return Setting(label=f"{minutes}m", policy=policy, bounds=replace(BOUNDS, least=0))


def _knob(name: str, field: str, view: str, *settings: Setting) -> Knob:
    made = traffic.quiet_night if name == "scale-to-zero" else busy_hours
    return Knob(name=name, field=field, expectation=view, settings=settings, make=made)


KNOBS: Final = (
    _knob(
        "objective",
        "objectives.tpotP95",
        "A stricter objective lets fewer requests run on a replica at once, so more replicas are needed at all times.",
        *map(_objective, (0.06, 0.1, 0.2)),
    ),
    _knob(
        "headroom",
        "signals.tokens.headroom",
        "It raises the whole line by a share; users do not notice a burst that fits into it.",
        *map(_headroom, (0.05, 0.15, 0.4)),
    ),
    _knob(
        "queue-depth",
        "signals.queueDepth.targetPerReplica, alone",
        "Nothing happens until users wait, and the replicas are ready one cold start later.",
        *map(_queue, (1, 2, 8)),
    ),
    _knob(
        "kv-cache",
        "signals.kvCache.target, alone",
        "It follows how much runs at once, not how fast users get replies, so the right target differs by model.",
        *map(_cache, (0.3, 0.5, 0.8)),
    ),
    _knob(
        "scale-up",
        "behavior.scaleUp.maxStep, maxFactor",
        "The larger of the two limits applies, to each tenth of a cold start: a step of 1 is a replica each 11 s here, "
        "as fast as these hours need. It guards against wrong metrics.",
        _up(1, 1.0),
        _up(4, 2.0),
        _up(16, 4.0),
    ),
    _knob(
        "stabilization",
        "behavior.scaleDown.stabilizationWindowSeconds",
        "How long the fleet keeps its size after a crest. If it is shorter than a cold start, the fleet has shrunk too "
        "far by the next wave.",
        *map(_window, (60.0, 300.0, 1200.0)),
    ),
    _knob(
        "scale-down",
        "behavior.scaleDown.maxStep",
        "It applies to each twentieth of the window: a step of 1 is a replica each 15 s, so this limit is "
        "seldom reached.",
        *map(_down, (1, 2, 8)),
    ),
    _knob(
        "cold-start",
        "coldStart.assume, learn",
        "Starts take 110 s here. The value is how far ahead the autoscaler forecasts, and the time over which it "
        "weighs arrivals: with a longer one it keeps more replicas.",
        _assumed(20.0, learn=False),
        _assumed(120.0, learn=True),
        _assumed(600.0, learn=False),
    ),
    _knob(
        "warm-pool",
        "warmPool.ready",
        "This many replicas more than needed, at all times.",
        *map(_pool, (0, 1, 3)),
    ),
    _knob(
        "schedule",
        "schedules[].minReplicas",
        "A burst that is known beforehand need not be forecast: its replicas are ready when it comes.",
        *map(_schedule, (None, 8, 12)),
    ),
    _knob(
        "budget",
        "budget.maxCostPerHour, at 1 an hour for a replica",
        "A limit that is never exceeded, even while requests wait.",
        *map(_budget, (None, 10, 6)),
    ),
    _knob(
        "scale-to-zero",
        "idle.scaleToZero.after",
        "Five hours with one request an hour: each request starts a replica, which stays for this long.",
        *map(_zero, (5, 15, 60)),
    ),
)
