"""When a second engine is asked for the same answer, and how often at most: only for the first token, by opt-in.

The usual wait is the 95th percentile of first tokens for prompts of about this length, followed one step a request:
no list of samples, and a fleet that becomes slower raises it within a minute.
"""

from typing import Final

from fairlead.fleet.gateways import Hedging

MOST_SAVED: Final = 10.0
"""What a quiet time saves up, in hedges."""
PART: Final = 0.95
STEP: Final = 0.1
"""Of the value, up for one above it: nineteen below it undo that."""
LEAST_SECONDS: Final = 0.05
"""A sooner hedge would double most of the work for nothing."""
FIRST_GUESS: Final = 2.0
LEAST_SEEN: Final = 20
"""First tokens before a percentile of them means anything."""
_LENGTHS: Final = 24
"""By the prompt's length in bits: up to 8 million tokens."""


class HedgePolicy:
    """Of one router."""

    __slots__ = ("_saved", "_seen", "_usual", "hedged")

    def __init__(self) -> None:
        self._saved = MOST_SAVED
        self._usual = [FIRST_GUESS] * _LENGTHS
        self._seen = [0] * _LENGTHS
        self.hedged = 0

    def asked(self, share: float) -> None:
        """A request came: it pays its share in."""
        self._saved = min(MOST_SAVED, self._saved + share)

    def saw(self, prompt_tokens: int, seconds: float) -> None:
        """A first token came after so long."""
        length = min(prompt_tokens.bit_length(), _LENGTHS - 1)
        usual = self._usual[length]
        step = STEP * max(usual, LEAST_SECONDS)
        self._usual[length] = usual + step * PART if seconds > usual else usual - step * (1 - PART)
        self._seen[length] += 1

    def maybe_after(self, settings: Hedging, prompt_tokens: int) -> float | None:
        """Seconds after which a second engine may be asked; nothing where none is to be."""
        if not settings.enabled:
            return None
        if settings.after_seconds is not None:
            return settings.after_seconds
        length = min(prompt_tokens.bit_length(), _LENGTHS - 1)
        return max(self._usual[length], LEAST_SECONDS) if self._seen[length] >= LEAST_SEEN else None

    def maybe_spend(self) -> bool:
        """Whether one more fits the budget; if so, it is counted."""
        if self._saved < 1:
            return False
        self._saved -= 1
        self.hedged += 1
        return True
