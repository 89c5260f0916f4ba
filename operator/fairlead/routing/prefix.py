"""Which engine holds which beginnings of prompts, as far as one router can know: from what it sent where.

Block ids are chained: equal ids mean equal text up to there. Each engine has a list of blocks in order of last use, as
long as its KV cache; one dict for all engines says which of them hold a block, as bits.

A block is never older than those that follow it, as in the engine itself, where the tail of a prompt is evicted
before its head. So whoever holds a block holds all before it, and the end of what is held is found by bisection:
eleven look-ups for two thousand blocks. Never hashes text, and knows no load.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import filterfalse, islice
from typing import Final

DEFAULT_BLOCKS: Final = 4096
"""Of an engine whose KV cache is not known yet: half a million tokens at 128 tokens a block."""
MOST_BLOCKS: Final = 2**18
"""Of all engines together: about 250 bytes each make 64 MiB."""

PrefixLevel = tuple[int, int]
"""So many blocks from the start, and the bits of those that hold them and not one more."""


class PrefixIndex:
    """All engines' blocks."""

    __slots__ = ("_held", "_limits", "_masks", "_most")

    def __init__(self) -> None:
        self._masks: dict[int, int] = {}
        """By block, the bits of its holders; never zero."""
        self._held: dict[int, OrderedDict[int, None]] = {}
        """By slot, its blocks from the one that is longest unused on."""
        self._limits: dict[int, int] = {}
        self._most = MOST_BLOCKS
        """Of one engine, so that all together stay below the bound."""

    def __len__(self) -> int:
        """Different blocks known."""
        return len(self._masks)

    def open(self, slot: int) -> None:
        """An engine came: it holds nothing."""
        self._held[slot] = OrderedDict()
        self._limits[slot] = DEFAULT_BLOCKS
        self._most = MOST_BLOCKS // len(self._held)

    def size(self, slot: int, blocks: int) -> None:
        """As many as its KV cache has room for."""
        self._limits[slot] = max(blocks, 1)
        self._trim(slot)

    def forget(self, slot: int) -> None:
        """It went, and its cache with it."""
        self._drop(slot, list(self._held.pop(slot)))
        del self._limits[slot]
        self._most = MOST_BLOCKS // max(len(self._held), 1)

    def clear(self, slot: int) -> None:
        """It lost its cache and stays: another process runs at its address."""
        self._drop(slot, list(self._held[slot]))
        self._held[slot] = OrderedDict()

    def held(self, slot: int) -> int:
        """Blocks that this engine is thought to hold."""
        return len(self._held[slot])

    def learn(self, blocks: Sequence[int], slot: int) -> None:
        """An engine reads these."""
        held, masks = self._held[slot], self._masks
        backwards = blocks[::-1]
        bit = 1 << slot
        for block in filterfalse(held.__contains__, backwards):
            held[block] = None
            masks[block] = masks.get(block, 0) | bit
        # At C speed, a fifth of the time of a loop over a plain dict: bench/choosing_cost.py, 800 blocks.
        deque(map(held.move_to_end, backwards), maxlen=0)
        if len(held) > self._limits[slot] or len(held) > self._most:
            self._trim(slot)

    def holders(self, blocks: Sequence[int]) -> list[PrefixLevel]:
        """Who holds how much of it, the longest last; empty when nobody holds the first block."""
        if not blocks:
            return []
        masks = self._masks
        mask = masks.get(blocks[0], 0)
        levels: list[PrefixLevel] = []
        low, count = 0, len(blocks)
        while mask:
            # The furthest block that all of these still hold: `low` is one of theirs, `high` is not.
            high = count
            if masks.get(blocks[-1], 0) != mask:
                while high - low > 1:
                    middle = (low + high) >> 1
                    if masks.get(blocks[middle], 0) == mask:
                        low = middle
                    else:
                        high = middle
            if high == count:
                levels.append((count, mask))
                return levels
            beyond = masks.get(blocks[high], 0)
            levels.append((high, mask & ~beyond))
            mask, low = beyond, high
        return levels

    def _trim(self, slot: int) -> None:
        """Down to what it has room for, longest unused first."""
        held = self._held[slot]
        surplus = len(held) - min(self._limits[slot], self._most)
        if surplus > 0:
            oldest = list(islice(held, surplus))
            for block in oldest:
                del held[block]
            self._drop(slot, oldest)

    def _drop(self, slot: int, blocks: list[int]) -> None:
        masks, others = self._masks, ~(1 << slot)
        for block in blocks:
            if left := masks[block] & others:
                masks[block] = left
            else:
                del masks[block]
