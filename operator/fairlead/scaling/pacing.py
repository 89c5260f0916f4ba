"""What was recommended lately, and so how fast the answer may move."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """Nothing at first."""
