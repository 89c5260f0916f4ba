"""What the stories of a run tried: worlds that ran their course, places where the operator was killed, faults."""

from collections import Counter
from typing import Final

COUNT: Final[Counter[str]] = Counter()
"""`histories`, `crash_points`, `faults`; `make prove ITEM=controller.4` prints them."""
