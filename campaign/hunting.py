"""Many sequences in parallel: each lane runs one after the other, and cluster-wide faults affect all of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from campaign import drawing
from campaign.drawing import Deck
from campaign.sequence_run import Fresh, Outcome, SequenceRun
from campaign.world import Lane, World

ANEW_EVERY: Final = 5
"""One sequence in this many ends with deletion and a fresh apply, even if that result is cached."""
MAX_FAILURES: Final = 40
"""After so many failures a person is needed, not more sequences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The size of a campaign."""

    sequences: int
    seed: int
    weather_every_s: float = 40.0
    """0 means no cluster-wide faults."""
    first: int = 0


@dataclass(slots=True, kw_only=True)
class Found:
    """The results."""

    seed: int
    played: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    done: int = 0
    judged: int = 0
    weather: int = 0
    seconds: float = 0.0
    requests: int = 0
    """Of clients, if there are any."""
    failures: list[Outcome] = field(default_factory=list)

    def note(self, outcome: Outcome) -> None:
        """Add one sequence."""
        self.played += 1
        self.done += outcome.done
        self.judged += outcome.judged
        self.requests += outcome.requests
        self.moves.update(type(one.move).__name__.lower() for one in outcome.story.steps)
        if outcome.violations:
            self.failures.append(outcome)

    @property
    def faults(self) -> int:
        """Moves other than edits of a spec or policy."""
        return self.moves.total() - self.moves["edit"] + self.weather

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.failures


class Hunt:
    """One running campaign."""

    def __init__(self, world: World, deck: Deck, wanted: Wanted, lanes: Sequence[Lane] = ()) -> None:
        self._world = world
        self._lanes = lanes or world.lanes
        self._deck = deck
        self._wanted = wanted
        self._fresh = Fresh()
        self._next = wanted.first
        self._running: dict[int, SequenceRun] = {}
        self.found = Found(seed=wanted.seed)

    async def run(self, progress: Callable[[Found], None]) -> Found:
        """Run all sequences, or until too many failed."""
        started = time.monotonic()
        weather = asyncio.create_task(self._weather())
        try:
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes:
                    group.create_task(self._lane(lane, progress))
        finally:
            weather.cancel()
            await asyncio.gather(weather, return_exceptions=True)
        self.found.seconds = time.monotonic() - started
        return self.found

    async def _lane(self, lane: Lane, progress: Callable[[Found], None]) -> None:
        while self._next < self._wanted.first + self._wanted.sequences and len(self.found.failures) < MAX_FAILURES:
            number, self._next = self._next, self._next + 1
            sequence_run = SequenceRun(
                self._world, lane, drawing.story(self._deck, self._wanted.seed, number), self._fresh
            )
            self._running[lane.number] = sequence_run
            outcome = await sequence_run.play(anew=number % ANEW_EVERY == 0)
            self.found.note(outcome)
            progress(self.found)

    async def _weather(self) -> None:
        """Cause one fault after the other, and record each in every sequence that it affected."""
        rng = Random(f"{self._wanted.seed}/weather")  # noqa: S311  # a campaign, no secrets
        while self._wanted.weather_every_s:
            await asyncio.sleep(self._wanted.weather_every_s * rng.uniform(0.6, 1.4))
            move = rng.choice(self._deck.weather)
            for sequence_run in self._running.values():
                sequence_run.outcome.weather.append((sequence_run.step, move))
            self.found.weather += 1
            await self._world.perform(self._world.lanes[0], move)
