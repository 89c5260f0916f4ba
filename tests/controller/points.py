"""How many fault points of a scenario are tried: all in `make prove`, a few in the test run."""

import os
from collections.abc import Iterator
from typing import Final

from hypothesis import Phase, settings

ALL_FROM: Final = 100
"""With this many examples, nobody is waiting for the result."""
EXAMPLES: Final = int(os.environ.get("FAIRLEAD_EXAMPLES", str(ALL_FROM)))
DEAR: Final = settings(
    max_examples=max(3, EXAMPLES // 4),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    derandomize=EXAMPLES < ALL_FROM,
)
"""For properties of which one example is a whole scenario: shrinking one would take minutes, and they are short."""


def of(count: int, few: int = 3) -> Iterator[int]:
    """Numbers of writes: every one, or a few spread over the scenario, including the last."""
    if EXAMPLES >= ALL_FROM or count <= few:
        yield from range(count)
        return
    last = count - 1
    yield from sorted({round(place * last / (few - 1)) for place in range(few)} if few > 1 else {last // 2})
