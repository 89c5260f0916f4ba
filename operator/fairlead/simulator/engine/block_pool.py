"""The paged KV cache of one engine: how many pages are free, which are remembered, and who may find them again.

Pages without names are only counted, so that traffic which shares nothing costs next to nothing. Knows no requests.

The order of reuse is vLLM's. Free pages that hold nothing go first. Behind them, oldest first, stand full pages that
were freed and are still findable: single pages by name, and runs of nameless ones, which keep their place in the order
although nobody but a preempted owner can find them.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol


class CachedBlock:
    """A full page with a name: the chained id of its text."""

    __slots__ = ("holders", "name")

    def __init__(self, name: int) -> None:
        self.name = name
        self.holders = 1


class FreedBlocks:
    """Freed full pages without names, side by side in the order of reuse; the last of their text goes first."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class CacheListener(Protocol):
    """Who wants to know what can be found in the cache."""

    def stored(self, names: Sequence[int], parent: int | None) -> None:
        """These follow the parent in one text."""

    def removed(self, name: int) -> None:
        """It was taken for something else."""

    def cleared(self) -> None:
        """Nothing can be found any more."""


class BlockPool:
    """All pages of one engine but vLLM's null block, which is never usable."""

    __slots__ = ("_aged", "_aged_pages", "_blank", "_last", "_named", "_twins", "block_tokens", "caching", "listener",
                 "usable")  # fmt: skip

    def __init__(self, blocks: int, block_tokens: int, *, caching: bool) -> None:
        self.usable = blocks - 1
        self.block_tokens = block_tokens
        self.caching = caching
        self.listener: CacheListener | None = None
        self._blank = self.usable
        self._aged: OrderedDict[CachedBlock | FreedBlocks, None] = OrderedDict()
        self._aged_pages = 0
        self._last: FreedBlocks | None = None
        """The newest entry, if it is a run that nobody will ask for: what is freed next joins it."""
        self._named: dict[int, CachedBlock] = {}
        self._twins: dict[int, list[CachedBlock]] = {}
        """Equal text computed twice stands on two pages; vLLM does not merge them."""

    @property
    def free(self) -> int:
        """Pages that can be had, remembered ones included."""
        return self._blank + self._aged_pages

    @property
    def usage(self) -> float:
        """vLLM's gauge: the share of usable pages that is held."""
        return (self.usable - self._blank - self._aged_pages) / self.usable

    def pages_for(self, tokens: int) -> int:
        """How many hold so many tokens."""
        return -(-tokens // self.block_tokens)

    def take(self, count: int) -> None:
        """Empty ones first, then the remembered that nobody asked for longest."""
        if count <= self._blank:
            self._blank -= count
            return
        count -= self._blank
        self._blank = 0
        if count > self._aged_pages:
            raise AssertionError(f"{count} pages were asked for beyond {self._aged_pages} free ones")
        self._aged_pages -= count
        while count:
            count -= self._evict(count)

    def _evict(self, most: int) -> int:
        """From the oldest entry; how many pages that gave."""
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
        """The longest beginning of this text that is remembered, of at most so many pages."""
        pages: list[CachedBlock] = []
        for name in names[:most]:
            page = self._named.get(name)
            if page is None:
                break
            pages.append(page)
        return pages

    def hold(self, pages: Sequence[CachedBlock]) -> None:
        """One holder more; whoever had none leaves the order of reuse."""
        for page in pages:
            if not page.holders:
                del self._aged[page]
                self._aged_pages -= 1
            page.holders += 1

    def recover(self, run: FreedBlocks, count: int) -> None:
        """The first so many pages of a run are its owner's again."""
        self._aged_pages -= count
        run.count -= count
        if not run.count:
            self._drop(run)

    def name(self, held: list[CachedBlock], names: Sequence[int]) -> None:
        """The pages after those already named are full: from now on others may find them."""
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

    def release(self, named: list[CachedBlock], full: int, empty: int, *, returns: bool = False) -> FreedBlocks | None:
        """Give back a request's pages, its last first: those not full, then the full without a name, then the named.

        For one that returns, since it was preempted, the answer is where its nameless pages stand.
        """
        if not self.caching:
            self._blank += full + empty
            return None
        self._blank += empty
        run = self._age(full, alone=returns) if full else None
        for page in reversed(named):
            page.holders -= 1
            if not page.holders:
                self._aged[page] = None
                self._aged_pages += 1
                self._last = None
        return run

    def _age(self, count: int, *, alone: bool) -> FreedBlocks:
        """To the young end of the order of reuse."""
        self._aged_pages += count
        if self._last is not None and not alone:
            self._last.count += count
            return self._last
        run = FreedBlocks(count)
        self._aged[run] = None
        self._last = None if alone else run
        return run

    def reset(self) -> bool:
        """Forget all that was remembered, unless a page is held, as vLLM does."""
        if self.free < self.usable:
            return False
        self._blank = self.usable
        self._aged.clear()
        self._aged_pages = 0
        self._named.clear()
        self._twins.clear()
        if self.listener is not None:
            self.listener.cleared()
        return True
