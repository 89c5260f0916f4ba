"""Blocks in main memory below an engine's own: copies by hash, of which the least recently used is dropped first.

As in vLLM's native offloading, a block is copied when it is filled, and a request that runs uses all its blocks: the
first of them are dropped last, since the others are of no use without them.
"""

from collections import OrderedDict
from collections.abc import Sequence


class HostTier:
    """The second tier of one engine's prefix cache."""

    __slots__ = ("_names", "blocks")

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self._names: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._names)

    def store(self, names: Sequence[int]) -> int:
        """Copy blocks that are not there yet, and return how many those are."""
        new = [name for name in names if name not in self._names]
        for name in new:
            self._names[name] = None
        while len(self._names) > self.blocks:
            self._names.popitem(last=False)
        return len(new)

    def found(self, names: Sequence[int]) -> int:
        """Count the blocks from the first on that can be loaded."""
        for count, name in enumerate(names):
            if name not in self._names:
                return count
        return len(names)

    def use(self, names: Sequence[int]) -> None:
        """Note that a request uses these blocks."""
        for name in reversed(names):
            if name in self._names:
                self._names.move_to_end(name)
