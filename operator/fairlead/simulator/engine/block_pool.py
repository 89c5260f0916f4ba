"""The KV blocks of one engine: how many are free, which are cached, and by which hash they can be reused.

Blocks without a hash are only counted, so that traffic without shared prefixes costs little time. Requests are unknown
here. The eviction order is vLLM's: free blocks without content are taken first; then, oldest first, full blocks that
were freed and are still cached: single blocks by hash, and runs of blocks without a hash, which keep their place in the
order although only a preempted request can recover them.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol


class CachedBlock:
    """A full block with its chained hash, called its name here."""

    __slots__ = ("holders", "name")

    def __init__(self, name: int) -> None:
        self.name = name
        self.holders = 1


class FreedBlocks:
    """A run of freed full blocks without a hash, adjacent in eviction order; the last tokens are evicted first."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class CacheListener(Protocol):
    """Receives the changes of the prefix cache."""

    def stored(self, names: Sequence[int], parent: int | None) -> None:
        """Blocks were stored, in sequence after the parent block."""

    def removed(self, name: int) -> None:
        """A block was evicted."""

    def cleared(self) -> None:
        """The whole prefix cache was reset."""


class BlockPool:
    """All blocks of one engine except vLLM's null block, which is never usable."""

    __slots__ = ("_aged", "_blank", "_last", "_named", "_twins", "block_tokens", "caching", "free", "listener",
                 "usable")  # fmt: skip

    def __init__(self, blocks: int, block_tokens: int, *, caching: bool) -> None:
        self.usable = blocks - 1
        self.block_tokens = block_tokens
        self.caching = caching
        self.listener: CacheListener | None = None
        self._blank = self.usable
        self._aged: OrderedDict[CachedBlock | FreedBlocks, None] = OrderedDict()
        self.free = self.usable
        """Blocks that can be taken, cached ones included."""
        self._last: FreedBlocks | None = None
        """The newest entry, if it is a run that no request can recover: blocks freed next are added to it."""
        self._named: dict[int, CachedBlock] = {}
        self._twins: dict[int, list[CachedBlock]] = {}
        """Further blocks by hash: equal text computed twice takes two blocks, which vLLM does not merge."""

    @property
    def usage(self) -> float:
        """vLLM's gauge `kv_cache_usage_perc`: the share of usable blocks that requests hold."""
        return (self.usable - self.free) / self.usable

    def usage_with(self, more: int) -> float:
        """Return the usage if requests held this many blocks more."""
        return (self.usable - self.free + more) / self.usable

    def pages_for(self, tokens: int) -> int:
        """Return how many blocks hold this many tokens."""
        return -(-tokens // self.block_tokens)

    def take(self, count: int) -> None:
        """Take blocks: empty ones first, then the least recently used cached ones."""
        blank, newest = self._blank, self._last
        if count <= blank:
            self._blank = blank - count
            self.free -= count
            return
        if count > self.free:
            raise AssertionError(f"{count - blank} pages were asked for beyond {self.free - blank} free ones")
        self.free -= count
        if blank:
            count -= blank
            self._blank = 0
        if newest is not None and count < newest.count and len(self._aged) == 1:
            newest.count -= count  # a run is all there is, the usual case without shared prefixes
            return
        while count:
            count -= self._evict(count)

    def _evict(self, most: int) -> int:
        """Evict blocks of the oldest entry and return how many."""
        oldest = next(iter(self._aged))
        if isinstance(oldest, CachedBlock):
            del self._aged[oldest]
            self._forget(oldest)
            return 1
        taken = min(most, oldest.count)
        oldest.count -= taken
        if not oldest.count:
            self._drop(oldest)
        return taken

    def _drop(self, run: FreedBlocks) -> None:
        del self._aged[run]
        if run is self._last:
            self._last = None

    def _forget(self, page: CachedBlock) -> None:
        twins = self._twins.get(page.name)
        if twins is None:
            del self._named[page.name]
        else:
            if self._named[page.name] is page:
                self._named[page.name] = twins.pop(0)
            else:
                twins.remove(page)
            if not twins:
                del self._twins[page.name]
        if self.listener is not None:
            self.listener.removed(page.name)

    def found(self, names: Sequence[int], most: int) -> list[CachedBlock]:
        """Return the cached blocks of the longest prefix of these hashes, at most `most` blocks."""
        pages: list[CachedBlock] = []
        for name in names[:most]:
            page = self._named.get(name)
            if page is None:
                break
            pages.append(page)
        return pages

    def hold(self, pages: Sequence[CachedBlock]) -> None:
        """Add a holder to each block; a block that had none leaves the eviction order."""
        for page in pages:
            if not page.holders:
                del self._aged[page]
                self.free -= 1
            page.holders += 1

    def recover(self, run: FreedBlocks, count: int) -> None:
        """Give the first `count` blocks of a run back to the preempted request that filled them."""
        self.free -= count
        run.count -= count
        if not run.count:
            self._drop(run)

    def name(self, held: list[CachedBlock], names: Sequence[int]) -> None:
        """Cache full blocks under their hashes, after the request's blocks that are cached already."""
        if not names:
            return
        parent = held[-1].name if held else None
        for name in names:
            page = CachedBlock(name)
            held.append(page)
            if name in self._named:
                self._twins.setdefault(name, []).append(page)
            else:
                self._named[name] = page
        if self.listener is not None:
            self.listener.stored(names, parent)

    def release(self, named: list[CachedBlock], full: int, empty: int, returns: bool = False) -> FreedBlocks | None:
        """Free a request's blocks, last first: partial ones, then full ones without a hash, then cached ones.

        For a preempted request (`returns`), return the run of its blocks without a hash, so that it can recover them.
        """
        self.free += full + empty
        if not self.caching:
            self._blank += full + empty
            return None
        self._blank += empty
        run = self._age(full, returns) if full else None
        for page in reversed(named):
            page.holders -= 1
            if not page.holders:
                self._aged[page] = None
                self.free += 1
                self._last = None
        return run

    def _age(self, count: int, alone: bool) -> FreedBlocks:
        """Append a run at the newest end of the eviction order."""
        if self._last is not None and not alone:
            self._last.count += count
            return self._last
        run = FreedBlocks(count)
        self._aged[run] = None
        self._last = None if alone else run
        return run

    def reset(self) -> bool:
        """Empty the prefix cache, unless a request holds a block, as in vLLM."""
        if self.free < self.usable:
            return False
        self._blank = self.free = self.usable
        self._aged.clear()
        self._named.clear()
        self._twins.clear()
        if self.listener is not None:
            self.listener.cleared()
        return True
