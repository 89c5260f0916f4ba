"""How many sizes of step are captured as CUDA graphs if no field says so: counted for vLLM, whose starts were measured,
and assumed of engines whose graphs were not.
"""

from typing import Final

FIRST: Final[tuple[int, ...]] = (1, 2, 4, *range(8, 257, 8))
"""The sizes up to 256 tokens."""
_MOST: Final = 512


def number(tokens: int) -> int:
    """Return it for a largest batch of so many tokens: `FIRST`, and by 16 to twice the batch, at most 512."""
    most = min(2 * tokens, _MOST)
    return sum(1 for size in FIRST if size <= most) + max(0, most - FIRST[-1]) // 16
