"""How much one sample may take. A form of few characters may demand millions, and the event loop waits meanwhile."""

from typing import Final

CHARACTERS: Final = 100_000
"""A longer reply would be cut by `max_tokens` anyway."""


class SampleBudget:
    """The characters, or steps of about their cost, that a sample has left."""

    __slots__ = ("left",)

    def __init__(self, characters: int = CHARACTERS) -> None:
        self.left = characters

    def take(self, cost: int) -> None:
        """Subtract what a step cost."""
        self.left = max(0, self.left - cost)

    @property
    def spent(self) -> bool:
        """Whether nothing is left: the sample ends as soon as its form allows."""
        return self.left == 0
