"""How long requests wait for their turn, from what routers and engines tell: one number, and whether it is falling.

A router tells the age of the request that waits longest. An engine tells how many wait and how many were begun, so that
those that waited at an earlier scrape are known to wait still while fewer were begun since: their age is at least the
time since then.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.scaling.facts import EngineFigures, EnginePod
from fairlead.scaling.pod_inventory import PodInventory

FADING: Final = 1 / 2
"""Seconds of a wait that are forgotten each second: who is served next has often waited less than who was served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineQueueSample:
    """The queue of one engine at an earlier scrape."""

    name: str
    at: float
    waiting: float
    begun: float
    """Requests it had begun since it started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAge:
    """Nothing at first."""

    lines: tuple[EngineQueueSample, ...] = ()
    """Of the engines where requests wait, by name."""
    seconds: float = 0.0
    """The longest wait of late."""
    at: float | None = None
    """When that was."""
    lowest: float = 0.0
    """The shortest that it was since the last replica became ready."""
    since: float = 0.0
    """Since when it has not become shorter."""


def updated(before: QueueAge, roster: PodInventory, now: float) -> QueueAge:
    """With this look."""
    kept = {line.name: line for line in before.lines}
    lines = tuple(
        line for pod, figures in roster.known if (line := _line(kept.get(pod.name), pod, figures)) is not None
    )
    seconds = max(_in_routers(roster), _in_engines(lines, roster, now))
    if before.at is None:
        return QueueAge(lines=lines, seconds=seconds, at=now, lowest=seconds, since=now)
    seconds = max(seconds, before.seconds - FADING * max(now - before.at, 0.0))
    newest = max((pod.ready_at for pod in roster.ready if pod.ready_at is not None), default=before.since)
    if seconds <= 0 or seconds < before.lowest or newest > before.since:
        return QueueAge(lines=lines, seconds=seconds, at=now, lowest=seconds, since=now)
    return QueueAge(lines=lines, seconds=seconds, at=now, lowest=before.lowest, since=before.since)


def _in_routers(roster: PodInventory) -> float:
    return max((figures.oldest_seconds for _, figures in roster.routers), default=0.0)


def _in_engines(lines: tuple[EngineQueueSample, ...], roster: PodInventory, now: float) -> float:
    """Where the queue is shortest: while one engine has none, who waits at another waits for its placement."""
    return min((now - line.at for line in lines), default=0.0) if len(lines) == len(roster.known) else 0.0


def _line(before: EngineQueueSample | None, pod: EnginePod, figures: EngineFigures) -> EngineQueueSample | None:
    """The earlier one while somebody of it waits still; nothing where nobody waits, or none is known to have begun."""
    begun = figures.finished if figures.first_token is None else figures.first_token.count
    if not figures.waiting or begun is None:
        return None
    if before is not None and before.begun <= begun < before.begun + before.waiting:
        return before
    return EngineQueueSample(name=pod.name, at=figures.at, waiting=figures.waiting, begun=begun)
