"""How many points of a story a fault is tried at: all of them in `make test`, a few while somebody waits for a check."""

import os
from collections.abc import Iterator
from typing import Final

ALL_FROM: Final = 100
"""As many examples as this mean that nobody waits."""


def of(count: int, few: int = 3) -> Iterator[int]:
    """Numbers of writes; every one, or a few spread over the story, the last one among them."""
    if int(os.environ.get("FAIRLEAD_EXAMPLES", str(ALL_FROM))) >= ALL_FROM or count <= few:
        yield from range(count)
        return
    yield from sorted({round(place * (count - 1) / (few - 1)) for place in range(few)})
