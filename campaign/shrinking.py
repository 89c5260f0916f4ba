"""Shrinks a failing sequence: drops moves one by one, simplifies the rest, and runs it again each time.

A story is minimal when without any of its moves the same oracle reports nothing.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

from campaign.moves import Move
from campaign.specs import WantedSpec
from campaign.story import Pause, Step, Story

Fails = Callable[[Story], Awaitable[bool]]
"""Runs a story and returns whether the same oracle reported."""
MAX_TELLINGS: Final = 30


@dataclass(slots=True)
class Shrinking:
    """One story being shrunk."""

    story: Story
    fails: Fails
    until: float
    """By the monotonic clock; the story is short enough then."""
    left: int = MAX_TELLINGS

    async def run(self) -> Story:
        """The shortest story found in time."""
        while self._goes_on and await self._cut():
            continue
        return self.story

    async def _cut(self) -> bool:
        """Whether any simpler story still fails."""
        for candidate in candidates(self.story):
            if self._goes_on and await self._still(candidate):
                self.story = candidate
                return True
        return False

    @property
    def _goes_on(self) -> bool:
        return self.left > 0 and time.monotonic() < self.until

    async def _still(self, candidate: Story) -> bool:
        self.left -= 1
        return await self.fails(candidate)


def candidates(story: Story) -> Iterator[Story]:
    """All simpler stories, the largest cut first."""
    steps = story.steps
    if len(steps) > 2:
        half = len(steps) // 2
        yield replace(story, steps=steps[half:])
        yield replace(story, steps=steps[:half])
    for place in range(len(steps)):
        yield replace(story, steps=steps[:place] + steps[place + 1 :])
    if story.start != WantedSpec():
        yield replace(story, start=WantedSpec())
    for place, step in enumerate(steps):
        for simpler in _simpler(step):
            yield replace(story, steps=(*steps[:place], simpler, *steps[place + 1 :]))


def _simpler(step: Step) -> Iterator[Step]:
    """Waiting until it settles is easiest to understand; then small numbers."""
    if step.pause is not Pause.SETTLED:
        yield replace(step, pause=Pause.SETTLED)
    for name in ("place", "amount", "seconds"):
        if name in {one.name for one in fields(step.move)} and getattr(step.move, name) > (name != "place"):
            yield replace(step, move=_with(step.move, name, int(name != "place")))


def _with(move: Move, name: str, value: int) -> Move:
    return replace(move, **{name: value})  # type: ignore[arg-type]  # the field is there, and a number
