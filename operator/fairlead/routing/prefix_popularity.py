"""Chooses the block that keys a prompt, so that all routers send prompts with one prefix to one engine without gossip.

Prompts of one deployment share prefixes: tools and instructions, or a document. Requests with a rarely shared prefix
are best kept together, so its first block is the key. A prefix that a large part of all traffic shares would overload
one engine; its key is the first block after which the prompts differ, where the first user message or question starts.
Each router counts only its own requests: the shares are the same at all of them.
"""

from collections.abc import Sequence
from typing import Final

MIN_CROWD: Final = 8
"""Requests below which a share means nothing."""
MAX_SHARES: Final = 0.25
"""A prefix with more than this part of one engine's share of all requests is split, since requests with one key go to
one engine. An eighth splits prefixes that only some of the routers find popular yet, and loses hits."""
PARTING: Final = 1.5
"""After a split, each branch has this many times fewer requests."""
DEEPEST: Final = 256
"""Blocks searched for a split: 32,768 tokens at 128 a block. Agents' tools and instructions take 15,000 at the median
(Claude Code sessions)."""
MOST: Final = 32_768
"""Blocks that are counted; beyond, all counts are halved and blocks seen once are dropped."""


class PrefixPopularity:
    """Counts the requests that contain a block."""

    __slots__ = ("_total", "times")

    def __init__(self) -> None:
        self._total = 0
        self.times: dict[int, int] = {}

    def saw(self, blocks: Sequence[int]) -> None:
        """Count a request with these blocks."""
        self._total += 1
        times = self.times
        for block in blocks[:DEEPEST]:
            times[block] = times.get(block, 0) + 1
        if len(times) > MOST:
            self._total >>= 1
            self.times = {block: count >> 1 for block, count in times.items() if count > 1}

    def key(self, blocks: Sequence[int], engines: int) -> int:
        """Return the block that keys this prompt; prompts that are equal up to it have the same key."""
        times = self.times
        crowd = times.get(blocks[0], 0)
        most = max(MIN_CROWD, MAX_SHARES * self._total / engines)
        place, end = 0, min(len(blocks), DEEPEST)
        while crowd > most:
            # Counts only fall along a prompt, so bisection finds where they have fallen enough.
            low, high = place, end
            while high - low > 1:
                middle = (low + high) >> 1
                if times.get(blocks[middle], 0) * PARTING > crowd:
                    low = middle
                else:
                    high = middle
            if high == end or times.get(blocks[high], 0) * PARTING > times.get(blocks[high - 1], 0):
                # The count falls turn by turn: one conversation, however large.
                break
            place, crowd = high, times.get(blocks[high], 0)
        return blocks[place]
