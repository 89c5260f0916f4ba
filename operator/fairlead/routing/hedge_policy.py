"""When to send a hedge to a second engine, and how often at most: only for the first token, by opt-in.

The usual wait is the 95th percentile of times to first token for prompts of about this length, updated by one step per
request: it keeps no list of samples, and follows a fleet that slows down within a minute.
"""

from typing import Final

from fairlead.fleet.gateways import Hedging

MAX_SAVED: Final = 10.0
"""Hedges that a quiet time may save up."""
PART: Final = 0.95
STEP: Final = 0.1
"""Share of the value by which a larger one raises it: nineteen smaller ones undo that."""
MIN_SECONDS: Final = 0.05
"""An earlier hedge would double most of the work for nothing."""
FIRST_GUESS: Final = 2.0
MIN_SEEN: Final = 20
"""First tokens that make a percentile meaningful."""
_LENGTHS: Final = 24
"""Classes of prompts by the bits of their length: up to 8 million tokens."""


class HedgePolicy:
    """Hedging of one router."""

    __slots__ = ("_saved", "_seen", "_usual")

    def __init__(self) -> None:
        self._saved = MAX_SAVED
        self._usual = [FIRST_GUESS] * _LENGTHS
        self._seen = [0] * _LENGTHS

    def add_share(self, share: float) -> None:
        """Add a request's share to the budget."""
        self._saved = min(MAX_SAVED, self._saved + share)

    def saw(self, prompt_tokens: int, seconds: float) -> None:
        """Learn from a first token after this many seconds."""
        length = min(prompt_tokens.bit_length(), _LENGTHS - 1)
        usual = self._usual[length]
        step = STEP * max(usual, MIN_SECONDS)
        self._usual[length] = usual + step * PART if seconds > usual else usual - step * (1 - PART)
        self._seen[length] += 1

    def maybe_after(self, settings: Hedging, prompt_tokens: int) -> float | None:
        """Return the seconds after which to send a hedge; None for no hedge."""
        if not settings.enabled:
            return None
        if settings.after_seconds is not None:
            return settings.after_seconds
        length = min(prompt_tokens.bit_length(), _LENGTHS - 1)
        return max(self._usual[length], MIN_SECONDS) if self._seen[length] >= MIN_SEEN else None

    def maybe_spend(self) -> bool:
        """Take one hedge from the budget, if there is one."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
