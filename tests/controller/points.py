"""How many points of a story a fault is tried at: every one in `make prove`, a few while somebody waits for tests."""

import os
from collections.abc import Iterator
from typing import Final

from hypothesis import Phase, settings

ALL_FROM: Final = 100
"""As many examples as this mean that nobody waits."""
EXAMPLES: Final = int(os.environ.get("FAIRLEAD_EXAMPLES", str(ALL_FROM)))
DEAR: Final = settings(
    max_examples=max(3, EXAMPLES // 4),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    derandomize=EXAMPLES < ALL_FROM,
)
"""For properties of which one example is a whole story; shrinking one would take minutes, and stories are short."""


def of(count: int, few: int = 3) -> Iterator[int]:
    """Numbers of writes; every one, or a few spread over the story, the last one among them."""
    if EXAMPLES >= ALL_FROM or count <= few:
        yield from range(count)
        return
    last = count - 1
    yield from sorted({round(place * last / (few - 1)) for place in range(few)} if few > 1 else {last // 2})
