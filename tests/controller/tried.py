"""What the tests of a run tried: worlds that ran to their end, places where the operator was killed, faults."""

from collections import Counter
from typing import Final

COUNT: Final[Counter[str]] = Counter()
"""`histories`, `crash_points`, `faults`; `make prove ITEM=controller.4` prints them."""
