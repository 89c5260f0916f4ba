"""When the keys of tenants' issuer are read; apart from what reads them, which few routers import."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReadingPace:
    """Seconds between the beginnings of readings."""

    every_seconds: float = 300.0
    first_seconds: float = 2.0
    """Until the first reading that succeeds."""
    least_seconds: float = 10.0
    """After one that failed, and however many tokens name keys that are not known."""


KEY_READING_PACE: Final = KeyReadingPace()
