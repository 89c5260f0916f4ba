"""What names a prompt's talk, so that routers without gossip send it to the same place: how crowded its blocks are.

Prompts of one deployment begin alike: with tools and instructions, or with the same document. A beginning that few
requests share is best kept together whole, so its first block is its name. One that a large part of all traffic shares
would be too much for one engine; there the name is the block behind which the crowd parts, where the first user speaks
or the first question is asked. Each router counts what it sees itself: shares are the same wherever they are counted.
"""

from collections.abc import Sequence
from typing import Final

LEAST_CROWD: Final = 8
"""Requests; fewer say nothing of a share."""
MOST_SHARES: Final = 0.25
"""A crowd that asks for more than this part of one engine's share of all requests is parted: what is kept together goes
to one place. An eighth parts beginnings that only some of the routers find crowded yet, and loses hits."""
PARTING: Final = 1.5
"""Behind a parting each way has so many times fewer requests."""
DEEPEST: Final = 256
"""Blocks in which a parting is looked for: 32,768 tokens at 128 a block. Agents' tools and instructions take 15,000 on
the median (Claude Code sessions)."""
MOST: Final = 32_768
"""Blocks that are counted; beyond, all counts are halved and what was met once is forgotten."""


class PrefixPopularity:
    """Counts how many requests went past a block."""

    __slots__ = ("_total", "times")

    def __init__(self) -> None:
        self._total = 0
        self.times: dict[int, int] = {}

    def saw(self, blocks: Sequence[int]) -> None:
        """A request with this beginning."""
        self._total += 1
        times = self.times
        for block in blocks[:DEEPEST]:
            times[block] = times.get(block, 0) + 1
        if len(times) > MOST:
            self._total >>= 1
            self.times = {block: count >> 1 for block, count in times.items() if count > 1}

    def key(self, blocks: Sequence[int], engines: int) -> int:
        """The block that names this prompt's talk; equal for equal beginnings up to there."""
        times = self.times
        crowd = times.get(blocks[0], 0)
        most = max(LEAST_CROWD, MOST_SHARES * self._total / engines)
        place, end = 0, min(len(blocks), DEEPEST)
        while crowd > most:
            # Counts only fall along a prompt, so where they have fallen enough is found by bisection.
            low, high = place, end
            while high - low > 1:
                middle = (low + high) >> 1
                if times.get(blocks[middle], 0) * PARTING > crowd:
                    low = middle
                else:
                    high = middle
            if high == end or times.get(blocks[high], 0) * PARTING > times.get(blocks[high - 1], 0):
                # It thins out turn by turn: one talk, however large.
                break
            place, crowd = high, times.get(blocks[high], 0)
        return blocks[place]
