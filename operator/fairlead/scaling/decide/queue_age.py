"""How long requests queue, in routers and engines: the longest wait, and since when it has not become shorter.

A router reports the age of its oldest request. An engine reports how many wait and how many were begun: while fewer
were begun since an earlier scrape than waited then, one of those still waits, and is at least as old as that scrape.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.facts import EngineFigures, EnginePod

FADING: Final = 1 / 2
"""Seconds by which the longest wait may fall each second: the next request has often waited less than the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineQueueSample:
    """The queue of one engine at an earlier scrape."""

    name: str
    at: float
    waiting: float
    begun: float
    """Requests begun since the engine started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAge:
    """Empty at first."""

    lines: tuple[EngineQueueSample, ...] = ()
    """Of engines where requests wait, by name."""
    seconds: float = 0.0
    """The longest wait, falling at most as fast as `FADING` allows."""
    at: float | None = None
    """When it was updated."""
    lowest: float = 0.0
    """The shortest value since the last replica became ready."""
    since: float = 0.0
    """Since when there was no shorter one."""


def updated(before: QueueAge, roster: PodInventory, now: float) -> QueueAge:
    """With the present figures."""
    kept = {line.name: line for line in before.lines}
    lines = tuple(
        line for pod, figures in roster.measured if (line := _line(kept.get(pod.name), pod, figures)) is not None
    )
    seconds = max(_in_routers(roster), _in_engines(lines, roster, now))
    if before.at is None:
        return QueueAge(lines=lines, seconds=seconds, at=now, lowest=seconds, since=now)
    seconds = max(seconds, before.seconds - FADING * max(now - before.at, 0.0))
    if seconds <= 0 or seconds < before.lowest or roster.newest_ready_at(before.since) > before.since:
        return QueueAge(lines=lines, seconds=seconds, at=now, lowest=seconds, since=now)
    return QueueAge(lines=lines, seconds=seconds, at=now, lowest=before.lowest, since=before.since)


def _in_routers(roster: PodInventory) -> float:
    return max((figures.oldest_seconds for _, figures in roster.routers), default=0.0)


def _in_engines(lines: tuple[EngineQueueSample, ...], roster: PodInventory, now: float) -> float:
    """The least wait of all engines: while one engine has no queue, a wait at another comes from placement, not from
    load."""
    return min((now - line.at for line in lines), default=0.0) if len(lines) == len(roster.measured) else 0.0


def _line(before: EngineQueueSample | None, pod: EnginePod, figures: EngineFigures) -> EngineQueueSample | None:
    """The earlier sample while a request of it still waits; None where none waits, or the count of begun requests is
    unknown."""
    begun = figures.finished if figures.first_token is None else figures.first_token.count
    if not figures.waiting or begun is None:
        return None
    if before is not None and before.begun <= begun < before.begun + before.waiting:
        return before
    return EngineQueueSample(name=pod.name, at=figures.at, waiting=figures.waiting, begun=begun)
