"""How many sizes of step are captured as CUDA graphs if no field says so: counted for vLLM, whose starts were measured,
and assumed of engines whose graphs were not.
"""

from typing import Final

_MOST: Final = 512
_FINE: Final = 256


def sizes(tokens: int) -> int:
    """Return the number for a largest batch of so many tokens: 1, 2, 4, by 8 to 256, by 16 to twice the batch, at most
    512."""
    most = min(2 * tokens, _MOST)
    small = sum(1 for size in (1, 2, 4) if size <= most)
    return small + min(most, _FINE) // 8 + max(0, most - _FINE) // 16
