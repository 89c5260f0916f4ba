"""How often Python looks for reference cycles in a process that lives long.

Reference counts free nearly everything here, and each full collection blocks the event loop. While 400 deployments were
created, ten of them took a tenth of an operator's CPU time, and the others a twentieth.
"""

import gc
from typing import Final

YOUNG_OBJECTS: Final = 20_000
YOUNG_PER_MIDDLE: Final = 50


def collect_rarely(middle_per_full: int) -> None:
    """Exempt all current objects, and collect the youngest from then on, all the rest after so many more rounds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_PER_MIDDLE, middle_per_full)
