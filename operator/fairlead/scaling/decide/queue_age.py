"""How long requests queue in routers and engines: the longest wait, and how long it has not fallen.

A router reports the age of its oldest request. An engine reports how many wait and how many it has begun: as long as it
has begun fewer since an earlier scrape than waited then, one of those still waits and is at least as old as that
scrape.
"""

from dataclasses import dataclass, replace
from typing import Final

from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.facts import EngineFigures, EnginePod

FADING: Final = 1 / 2
"""Seconds a second by which the longest wait may fall: the next request has often waited less than the last one."""


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
    """The longest wait and its history; initially empty."""

    lines: tuple[EngineQueueSample, ...] = ()
    """Of engines with waiting requests, by name."""
    seconds: float = 0.0
    """The longest wait; falls no faster than `FADING` allows."""
    at: float | None = None
    """When it was updated."""
    lowest: float = 0.0
    """The shortest value since the last replica became ready."""
    since: float = 0.0
    """When that value was reached."""


def updated(before: QueueAge, inventory: PodInventory, now: float) -> QueueAge:
    """Update with the present figures."""
    before = _as_of(before, now)
    kept = {line.name: line for line in before.lines}
    lines = tuple(
        line for pod, figures in inventory.measured if (line := _line(kept.get(pod.name), pod, figures)) is not None
    )
    seconds = max(_in_routers(inventory), _in_engines(lines, inventory, now))
    if before.at is None:
        return QueueAge(lines=lines, seconds=seconds, at=now, lowest=seconds, since=now)
    seconds = max(seconds, before.seconds - FADING * max(now - before.at, 0.0))
    if seconds <= 0 or seconds < before.lowest or inventory.newest_ready_at(before.since) > before.since:
        return QueueAge(lines=lines, seconds=seconds, at=now, lowest=seconds, since=now)
    return QueueAge(lines=lines, seconds=seconds, at=now, lowest=before.lowest, since=before.since)


def _as_of(before: QueueAge, now: float) -> QueueAge:
    """Return it without times to come: once a clock was set back, no wait would last until it has caught up."""
    if before.at is None or before.at <= now:
        return before
    lines = tuple(replace(line, at=min(line.at, now)) for line in before.lines)
    return replace(before, lines=lines, at=now, since=min(before.since, now))


def _in_routers(inventory: PodInventory) -> float:
    return max((figures.oldest_seconds for _, figures in inventory.routers), default=0.0)


def _in_engines(lines: tuple[EngineQueueSample, ...], inventory: PodInventory, now: float) -> float:
    """Return the shortest wait of all engines: if one has no queue, waits at others come from placement, not load."""
    return min((now - line.at for line in lines), default=0.0) if len(lines) == len(inventory.measured) else 0.0


def _line(before: EngineQueueSample | None, pod: EnginePod, figures: EngineFigures) -> EngineQueueSample | None:
    """Return the earlier sample while one of its requests still waits; None if none waits or `begun` is unknown."""
    begun = figures.finished if figures.first_token is None else figures.first_token.count
    if not figures.waiting or begun is None:
        return None
    if before is not None and before.begun <= begun < before.begun + before.waiting:
        return before
    return EngineQueueSample(name=pod.name, at=figures.at, waiting=figures.waiting, begun=begun)
