"""Which engine holds which prompt prefixes, estimated by one router from what it sent where.

Block ids are chained: equal ids mean equal text up to there. Each engine has a list of blocks in order of last use, as
long as its KV cache; one dict for all engines maps a block to its holders, as bits.

A block is never older than those that follow it, as in the engine itself, where the tail of a prompt is evicted before
its head. So an engine that holds a block holds all before it, and bisection finds the end of the held prefix: eleven
look-ups for two thousand blocks. The index never hashes text, and ignores load.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import filterfalse
from typing import Final

DEFAULT_BLOCKS: Final = 4096
"""Blocks of an engine whose KV cache is not known yet: half a million tokens at 128 tokens a block."""
MAX_BLOCKS: Final = 2**18
"""Limit of all engines together: about 250 bytes each make 64 MiB."""
EVICTED_TOGETHER: Final = 64
"""Blocks above an engine's limit that other routers' reports may leave."""

PrefixLevel = tuple[int, int]
"""A number of blocks from the start, and the bits of the engines that hold exactly these."""


class PrefixIndex:
    """Blocks of all engines."""

    __slots__ = ("_held", "_learns", "_limits", "_most", "_shared", "masks")

    def __init__(self, *, learns: bool = True) -> None:
        self._learns = learns
        """If False, engines write the index, and what a router would learn is ignored."""
        self.masks: dict[int, int] = {}
        """Bits of the holders by block; never zero."""
        self._held: dict[int, OrderedDict[int, None]] = {}
        """Blocks by slot, least recently used first."""
        self._limits: dict[int, int] = {}
        self._shared: dict[int, set[int]] = {}
        """Blocks by slot that were recently reported to other routers, or by them."""
        self._most = MAX_BLOCKS
        """Limit per engine, so that all together stay below `MAX_BLOCKS`."""

    def __len__(self) -> int:
        """Return the number of different blocks."""
        return len(self.masks)

    def open(self, slot: int) -> None:
        """Add an engine that holds nothing."""
        self._held[slot] = OrderedDict()
        self._shared[slot] = set()
        self._limits[slot] = DEFAULT_BLOCKS
        self._most = MAX_BLOCKS // len(self._held)

    def size(self, slot: int, blocks: int) -> None:
        """Set the limit to the blocks that its KV cache holds."""
        self._limits[slot] = max(blocks, 1)
        self._trim(slot)

    def forget(self, slot: int) -> None:
        """Remove an engine and its blocks."""
        self._drop(slot, list(self._held.pop(slot)))
        del self._limits[slot], self._shared[slot]
        self._most = MAX_BLOCKS // max(len(self._held), 1)

    def clear(self, slot: int) -> None:
        """Remove an engine's blocks, because another process runs at its address."""
        self._drop(slot, list(self._held[slot]))
        self._held[slot] = OrderedDict()
        self._shared[slot] = set()

    def held(self, slot: int) -> int:
        """Return the number of blocks that this engine is thought to hold."""
        return len(self._held[slot])

    def blocks(self, slot: int) -> list[int]:
        """Return these blocks, the least recently used first."""
        return list(self._held[slot])

    def unshared(self, blocks: Sequence[int], slot: int) -> list[int]:
        """Return the blocks to report to other routers: new ones, and those not reported recently.

        From now on all of them count as reported.
        """
        found = list(filterfalse(self._shared[slot].__contains__, blocks))
        if found:
            self._share(found, slot)
        return found

    def share_again(self) -> None:
        """Count none as reported: blocks used from now on are, so that all routers forget in nearly the same order."""
        for shared in self._shared.values():
            shared.clear()

    def learn_shared(self, backwards: Sequence[int], slot: int) -> None:
        """Record blocks that other routers report an engine to compute, each prompt's last first; evicted in batches
        (bench/peer_cpu.py)."""
        self._share(backwards, slot)
        self._index(backwards, slot)
        if len(self._held[slot]) > min(self._limits[slot], self._most) + EVICTED_TOGETHER:
            self._trim(slot)

    def _share(self, blocks: Sequence[int], slot: int) -> None:
        """Count them as reported, at most as many as a cache holds."""
        shared = self._shared[slot]
        if len(shared) > min(self._limits[slot], self._most):
            shared.clear()
        shared.update(blocks)

    def learn(self, blocks: Sequence[int], slot: int) -> None:
        """Record that an engine computes these blocks."""
        if not self._learns:
            return
        self._index(blocks[::-1], slot)
        held = len(self._held[slot])
        if held > self._limits[slot] or held > self._most:
            self._trim(slot)

    def _index(self, backwards: Sequence[int], slot: int) -> None:
        held, masks, bit = self._held[slot], self.masks, 1 << slot
        before = len(held)
        for block in filterfalse(held.__contains__, backwards):
            held[block] = None
            masks[block] = masks.get(block, 0) | bit
        if len(held) - before < len(backwards):
            # Otherwise all are new and in order. At C speed, a fifth of the time of a loop over a plain dict
            # (bench/choosing_cost.py, 800 blocks).
            deque(map(held.move_to_end, backwards), maxlen=0)

    def holders(self, blocks: Sequence[int]) -> list[PrefixLevel]:
        """Return which engines hold how many of these blocks, the longest last; empty if none holds the first block."""
        if not blocks:
            return []
        masks = self.masks
        mask = masks.get(blocks[0], 0)
        levels: list[PrefixLevel] = []
        low, count = 0, len(blocks)
        while mask:
            # The furthest block that all of these engines still hold: they hold `low`, and not all hold `high`.
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
        """Evict least recently used blocks down to the limit."""
        held = self._held[slot]
        surplus = len(held) - min(self._limits[slot], self._most)
        if surplus > 0:
            self._drop(slot, [held.popitem(False)[0] for _ in range(surplus)])

    def _drop(self, slot: int, blocks: list[int]) -> None:
        masks, others = self.masks, ~(1 << slot)
        for block in blocks:
            if left := masks.pop(block) & others:
                masks[block] = left
