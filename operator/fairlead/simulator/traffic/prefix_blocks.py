"""Prefix block hashes at an engine's block size (called page here), from traces with blocks of another size.

A trace's block of 512 tokens is 32 pages of 16; a page of 128 tokens is two blocks of 64. Equal ids in the trace mean
an equal prefix up to there, so equal pages, and no others, get equal ids.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import lcm


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockConversion:
    """Converts a trace's blocks to an engine's pages."""

    block_tokens: int
    page_tokens: int

    def __post_init__(self) -> None:
        """Refuse sizes that do not divide each other, since a page would then span parts of blocks."""
        if lcm(self.block_tokens, self.page_tokens) != max(self.block_tokens, self.page_tokens):
            raise ValueError(
                f"page_tokens={self.page_tokens}: does not divide the trace's blocks of {self.block_tokens} tokens "
                "and is not a multiple of them; use a power of two"
            )

    def pages(self, blocks: Sequence[int], tokens: int) -> tuple[int, ...]:
        """Return ids of a prompt's full pages for this many tokens; its last block may be partial."""
        full = tokens // self.page_tokens
        if self.page_tokens >= self.block_tokens:
            blocks_a_page = self.page_tokens // self.block_tokens
            return tuple(blocks[blocks_a_page - 1 :: blocks_a_page][:full])
        pages_a_block = self.block_tokens // self.page_tokens
        spread = (block * pages_a_block + part for block in blocks for part in range(pages_a_block))
        return tuple(spread)[:full]


def expanded_runs(runs: Iterable[Sequence[int]]) -> list[int]:
    """Return ids of `[first id, count]` runs."""
    return [block for first, count in runs for block in range(first, first + count)]
