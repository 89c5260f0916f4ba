"""Watches one lane: since when nothing changes, and what the status claims wrongly for longer than observing takes."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

from campaign.observer import conditions, counts, words
from campaign.observer.facts import Facts
from campaign.observer.verdicts import Lie
from campaign.world import Lane, World

LAG_S: Final = 20.0
"""After the last change; objects that a spec names and no watch covers are read every 15 s."""
PAGE_LAG_S: Final = 75.0
"""After the last change that only routers know: those of a quiet deployment are read once a minute."""
EYES_S: Final = 10.0
"""Within which the campaign's own watches surely have what the operator saw."""
STILL_S: Final = 1.2
LONGEST_S: Final = 120.0
"""Faults may recur forever, so that nothing can be judged."""
EVERY_S: Final = 0.3


def disagreements(facts: Facts) -> Iterator[Lie]:
    """Everything that the status wrongly claims."""
    yield from counts.lies(facts)
    yield from conditions.lies(facts)
    yield from words.lies(facts)


class Accusations:
    """Pods that a status reports as crashed, and those that did: an end that was requested is no crash."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._ended: set[str] = set()

    def observe(self, facts: Facts) -> None:
        """Record the pods reported now, and those that ended before they were deleted."""
        self._ended |= facts.ended
        for one in facts.conditions.values():
            for name in words.POD.findall(str(one["message"])) if one["reason"] == "CrashLoop" else ():
                self._since.setdefault(name, time.monotonic())

    @property
    def false(self) -> tuple[Lie, ...]:
        """Reported crashes that no watch saw, some time after the report."""
        now = time.monotonic()
        late = [name for name, since in self._since.items() if now - since > EYES_S and name not in self._ended]
        fact = "its container never ended before it was told to"
        return tuple(Lie(about="CrashLoop", reported=f"pod {name} crashes", fact=fact) for name in late)


class Judge:
    """Watches one lane for as long as a sequence lasts."""

    def __init__(self, world: World, lane: Lane) -> None:
        self._world = world
        self._lane = lane
        self._print: tuple[str, ...] = ()
        self._moved: list[str] = []
        self._status: object = None
        self._doubts: object = None
        self._moved_at = self._status_at = self._doubted_at = time.monotonic()
        self._accusations = Accusations()
        self.facts: Facts | None = None
        self.against: tuple[Lie, ...] = ()
        """Current disagreements; their update may still be coming."""

    def observe(self) -> None:
        """Take one observation."""
        now = time.monotonic()
        self.facts = found = self._world.facts(self._lane)
        if found is None:
            self._moved_at, self.against = now, ()
            return
        self._accusations.observe(found)
        doubts = _doubts(found)
        if doubts != self._doubts:
            self._doubts, self._doubted_at = doubts, now
        if (print_ := _print(found)) != self._print:
            self._moved = sorted(set(print_) - set(self._print))
            self._print, self._moved_at = print_, now
        if (resource_version := found.document["metadata"]["resourceVersion"]) != self._status:
            self._status, self._status_at = resource_version, now
        self.against = tuple(disagreements(found))

    @property
    def quiet(self) -> bool:
        """Whether facts and status have not changed for a moment."""
        since = max(self._moved_at, self._status_at, self._world.disturbed_at())
        return self.facts is not None and time.monotonic() - since > STILL_S

    @property
    def agreed(self) -> bool:
        """Whether all is quiet and the status correct."""
        return self.quiet and not self.against

    @property
    def lies(self) -> tuple[Lie, ...]:
        """What was wrong for too long while nothing changed."""
        late = max(self._moved_at, self._world.disturbed_at()) + LAG_S
        if self._doubted_at > self._moved_at:
            late = max(late, self._doubted_at + PAGE_LAG_S)
        late_ones = self.against if self.facts is not None and time.monotonic() > late else ()
        return (*self._accusations.false, *late_ones)

    @property
    def restless(self) -> str:
        """What changed last."""
        now = time.monotonic()
        what = "; ".join(self._moved)[:300]
        return f"{now - self._moved_at:.0f} s ago: {what}; said {now - self._status_at:.0f} s ago; {self.against}"

    async def settled(self, within_s: float) -> bool:
        """Wait until it agrees, a lie is certain, or time is up."""
        until = time.monotonic() + within_s
        while True:
            self.observe()
            if self.agreed or self.lies:
                return True
            if ((now := time.monotonic()) > until and now - self._moved_at < LAG_S) or now > until + LONGEST_S:
                return False
            await asyncio.sleep(EVERY_S)


def _print(facts: Facts) -> tuple[str, ...]:
    """Facts whose change may require a new status."""
    meta: list[Any] = [facts.document["metadata"]["generation"], facts.present, facts.wanted]
    meta += [(one["metadata"]["uid"], one["metadata"]["resourceVersion"]) for one in facts.pods]
    meta += [(one["metadata"]["uid"], one["metadata"].get("generation")) for one in facts.deployments]
    meta += [(one["metadata"]["name"], one.get("spec"), _gist(one)) for one in facts.nodes]
    return tuple(map(repr, meta))


def _gist(node: dict[str, Any]) -> object:
    """A node's fields other than heartbeats."""
    status = node.get("status") or {}
    entries = [(one["type"], one["status"]) for one in status.get("conditions") or ()]
    return sorted(entries), status.get("allocatable")


def _doubts(facts: Facts) -> object:
    """What only routers know."""
    return {
        name: page and sorted(one["pod"] for one in page["endpoints"] if one["state"] == "ejected")
        for name, page in facts.pages.items()
    }
