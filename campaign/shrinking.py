"""A sequence that fails, cut down: moves dropped one by one, then what is left made plain, and told anew each time.

A story is as short as it gets when without any of its moves the same oracle says nothing.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

from campaign.moves import Move
from campaign.specs import WantedSpec
from campaign.story import Pause, Step, Story

Fails = Callable[[Story], Awaitable[bool]]
"""Tells a story and says whether the same oracle spoke."""
MOST_TELLINGS: Final = 30


@dataclass(slots=True)
class Shrinking:
    """One story on its way to being short."""

    story: Story
    fails: Fails
    until: float
    """By the monotonic clock; what is left then is short enough."""
    left: int = MOST_TELLINGS

    async def run(self) -> Story:
        """The shortest that was found within so many tellings."""
        while self._goes_on and await self._cut():
            continue
        return self.story

    async def _cut(self) -> bool:
        """Whether anything simpler still fails."""
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
    """Everything a little simpler, the largest cut first."""
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
    """To wait for the end of things is simplest to understand; then small numbers."""
    if step.pause is not Pause.SETTLED:
        yield replace(step, pause=Pause.SETTLED)
    for name in ("place", "amount", "seconds"):
        if name in {one.name for one in fields(step.move)} and getattr(step.move, name) > (name != "place"):
            yield replace(step, move=_with(step.move, name, int(name != "place")))


def _with(move: Move, name: str, value: int) -> Move:
    return replace(move, **{name: value})  # type: ignore[arg-type]  # the field is there, and a number
