"""Which sizes of step are captured as CUDA graphs: counted for vLLM, whose starts were measured, and assumed of engines
whose graphs were not.
"""

from typing import Final

FIRST: Final[tuple[int, ...]] = (1, 2, 4, *range(8, 257, 8))
"""The sizes up to 256 tokens."""
_MOST: Final = 512
_PIECES: Final = 4
"""Sizes per doubling above `FIRST`: no step is padded by more than a quarter, and few graphs take little memory."""


def number(tokens: int, longest: int | None = None) -> int:
    """Return how many there are up to the longest, if a field sets it; otherwise for a largest batch of so many tokens:
    `FIRST`, and by 16 to twice the batch, at most 512."""
    if longest is not None:
        return len(sizes(longest))
    most = min(2 * tokens, _MOST)
    return sum(1 for size in FIRST if size <= most) + max(0, most - FIRST[-1]) // 16


def sizes(longest: int) -> tuple[int, ...]:
    """Return the tokens of each graph that a field asks for; the last has this many."""
    found = {one for one in FIRST if one <= longest}
    doubled = FIRST[-1]
    while doubled < longest:
        found |= {doubled + doubled * piece // _PIECES for piece in range(1, _PIECES + 1)}
        doubled *= 2
    return tuple(sorted({one for one in found if one <= longest} | {longest}))
