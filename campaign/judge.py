"""One lane watched: since when nothing moves, and what the status says otherwise for longer than it takes to look."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

from campaign.observer import conditions, counts, words
from campaign.observer.facts import Facts
from campaign.observer.verdicts import Lie
from campaign.world import Lane, World

LAG_S: Final = 20.0
"""After the last change; an object that a spec names and nobody watches is looked for every 15 s."""
PAGE_LAG_S: Final = 75.0
"""After the last change of what routers alone can tell: of a quiet deployment they are asked once a minute."""
EYES_S: Final = 10.0
"""In which the campaign's own eyes surely have seen what the operator saw."""
STILL_S: Final = 1.2
LONGEST_S: Final = 120.0
"""Weather may come again and again, so that nothing can be judged."""
EVERY_S: Final = 0.3


def disagreements(facts: Facts) -> Iterator[Lie]:
    """Everything that is said and is not so."""
    yield from counts.lies(facts)
    yield from conditions.lies(facts)
    yield from words.lies(facts)


class Accusations:
    """Pods that a status says ended by themselves, beside those that did: an end that was asked for is no crash."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._ended: set[str] = set()

    def observe(self, facts: Facts) -> None:
        """Who is accused now, and who has ended before anybody asked for it."""
        self._ended |= facts.ended
        for one in facts.conditions.values():
            for name in words.POD.findall(str(one["message"])) if one["reason"] == "CrashLoop" else ():
                self._since.setdefault(name, time.monotonic())

    @property
    def false(self) -> tuple[Lie, ...]:
        """Those that nobody saw ending, a little after they were accused."""
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
        """What does not agree now; it may still be on its way."""

    def observe(self) -> None:
        """Once."""
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
        """Whether nothing moves and nothing new is said."""
        since = max(self._moved_at, self._status_at, self._world.disturbed_at())
        return self.facts is not None and time.monotonic() - since > STILL_S

    @property
    def agreed(self) -> bool:
        """Whether all is quiet, and said as it is."""
        return self.quiet and not self.against

    @property
    def lies(self) -> tuple[Lie, ...]:
        """What was said otherwise for too long while nothing moved."""
        late = max(self._moved_at, self._world.disturbed_at()) + LAG_S
        if self._doubted_at > self._moved_at:
            late = max(late, self._doubted_at + PAGE_LAG_S)
        late_ones = self.against if self.facts is not None and time.monotonic() > late else ()
        return (*self._accusations.false, *late_ones)

    @property
    def restless(self) -> str:
        """What moved last."""
        now = time.monotonic()
        what = "; ".join(self._moved)[:300]
        return f"{now - self._moved_at:.0f} s ago: {what}; said {now - self._status_at:.0f} s ago; {self.against}"

    async def settled(self, within_s: float) -> bool:
        """Wait until it agrees, or lies, or the time is over."""
        until = time.monotonic() + within_s
        while True:
            self.observe()
            if self.agreed or self.lies:
                return True
            if ((now := time.monotonic()) > until and now - self._moved_at < LAG_S) or now > until + LONGEST_S:
                return False
            await asyncio.sleep(EVERY_S)


def _print(facts: Facts) -> tuple[str, ...]:
    """What an operator may have to tell anew when it changes."""
    meta: list[Any] = [facts.document["metadata"]["generation"], facts.present, facts.wanted]
    meta += [(one["metadata"]["uid"], one["metadata"]["resourceVersion"]) for one in facts.pods]
    meta += [(one["metadata"]["uid"], one["metadata"].get("generation")) for one in facts.deployments]
    meta += [(one["metadata"]["name"], one.get("spec"), _gist(one)) for one in facts.nodes]
    return tuple(map(repr, meta))


def _gist(node: dict[str, Any]) -> object:
    """Of a node, what does not beat."""
    status = node.get("status") or {}
    entries = [(one["type"], one["status"]) for one in status.get("conditions") or ()]
    return sorted(entries), status.get("allocatable")


def _doubts(facts: Facts) -> object:
    """What routers alone know."""
    return {
        name: page and sorted(one["pod"] for one in page["endpoints"] if one["state"] == "ejected")
        for name, page in facts.pages.items()
    }
