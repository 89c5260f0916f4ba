"""When to read the issuer's keys; apart from the module that reads them, which few routers import."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReadingPace:
    """Seconds between the starts of reads."""

    every_seconds: float = 300.0
    first_seconds: float = 2.0
    """Until the first successful read."""
    least_seconds: float = 10.0
    """After a failed read, and however many tokens name unknown keys."""


KEY_READING_PACE: Final = KeyReadingPace()
