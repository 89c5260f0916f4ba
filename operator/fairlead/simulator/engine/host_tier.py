"""Blocks in main memory below an engine's own: copies by hash, of which the least recently used is dropped first.

As in vLLM's native offloading, a block is copied when it is filled, and a request that stores one uses all its blocks
again, the first of them last: a conversation loses its end first, since no block is of use without those before it.

A request may have thousands of blocks and store one after the other, so the tier does not reorder them: it keeps the
blocks of each request in a list, orders the lists by their last use, and drops from the end of the oldest one. A block
in several lists stays until it has left the last of them, which is the most recently used.
"""

from collections import OrderedDict
from collections.abc import Sequence


class HostTier:
    """The second tier of one engine's prefix cache."""

    __slots__ = ("_entries", "_lists", "_most", "_passed", "_running", "_uses", "blocks")

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self._uses: dict[int, int] = {}
        """Every block that is there, and in how many places of the lists it stands."""
        self._lists: OrderedDict[int, list[int]] = OrderedDict()
        """Blocks of each request, from its first one on, by serial number; the least recently used request first."""
        self._passed: dict[int, list[int]] = {}
        """Blocks that left the list of a running request because a later list has them; its next store uses them."""
        self._running: set[int] = set()
        self._entries = 0
        """Places in all lists together."""
        self._most = 2 * blocks
        """How many of them are worth searching for places that decide nothing."""

    def __len__(self) -> int:
        return len(self._uses)

    def found(self, names: Sequence[int]) -> int:
        """Count the blocks from the first on that can be loaded."""
        for count, name in enumerate(names):
            if name not in self._uses:
                return count
        return len(names)

    def use(self, serial: int, names: Sequence[int]) -> None:
        """Note that a request starts with these blocks; one that starts again keeps those that it stored before."""
        self._running.add(serial)
        self._resume(serial)
        before = self._lists.pop(serial, [])
        for name in before:
            self._uses[name] -= 1
        there = [name for name in names if name in self._uses]
        after = list(dict.fromkeys(there + before))
        for name in after:
            self._uses[name] += 1
        self._entries += len(after) - len(before)
        if after:
            self._lists[serial] = after
        self._shorten()

    def store(self, serial: int, names: Sequence[int]) -> int:
        """Copy a request's next blocks that are not there yet, and return how many those are."""
        if not names:
            return 0
        self._running.add(serial)
        uses, held, new = self._uses, self._resume(serial), 0
        for name in names:
            if name in uses:
                uses[name] += 1
            else:
                uses[name] = 1
                new += 1
            held.append(name)
        self._entries += len(names)
        while len(uses) > self.blocks:
            self._drop()
        self._shorten()
        return new

    def end(self, serial: int) -> None:
        """Note that a request stores no more; its blocks stay until they are the least recently used."""
        self._running.discard(serial)
        self._passed.pop(serial, None)

    def _resume(self, serial: int) -> list[int]:
        """Return a request's list, which is now the most recently used one, with what left it and is still there."""
        held = self._lists.get(serial)
        if held is None:
            held = self._lists[serial] = []
        else:
            self._lists.move_to_end(serial)
        if serial in self._passed:
            for name in reversed(self._passed.pop(serial)):
                if name in self._uses:
                    self._uses[name] += 1
                    self._entries += 1
                    held.append(name)
        return held

    def _drop(self) -> None:
        """Remove the last block of the least recently used list, unless a later one has it too."""
        serial = next(iter(self._lists))
        held = self._lists[serial]
        name = held.pop()
        self._entries -= 1
        self._uses[name] -= 1
        if not self._uses[name]:
            del self._uses[name]
        elif serial in self._running:
            self._passed.setdefault(serial, []).append(name)
        if not held:
            del self._lists[serial]

    def _shorten(self) -> None:
        """Once the lists are long, remove from those of ended requests what a more recent list has too."""
        if self._entries <= self._most:
            return
        seen: set[int] = set()
        for serial in reversed(list(self._lists)):
            held = self._lists[serial]
            if serial not in self._running:
                left = [name for name in held if name not in seen]
                for name in held:
                    if name in seen:
                        self._uses[name] -= 1
                self._entries -= len(held) - len(left)
                if left:
                    self._lists[serial] = left
                else:
                    del self._lists[serial]
            seen.update(held)
        self._most = 2 * (self.blocks + self._entries)
