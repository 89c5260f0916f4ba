"""What is learnt from one look to the next: demand, speeds, cold starts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Nothing at first."""
