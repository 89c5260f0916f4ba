"""What a claim is: one sentence with a number, and the code that shows it to be so, or not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

WORDS: Final = (
    "house",
    "api",
    "controller",
    "engine",
    "engines",
    "router",
    "autoscaler",
    "trial",
    "simulate",
    "gateway",
    "seeing",
    "delivery",
)
"""The parts of the project that make claims, in the order a reader meets them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a proof found: whether the claim holds, and the figures a person wants to see either way."""

    holds: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence and its proof."""

    item: str
    """A word and a number, `house.4`: how people and the evidence page call it."""
    title: str
    prove: Callable[[], Figure]
    slow: bool = False
    """Takes more than a minute: said before it starts, so that nobody takes patience for a hang."""

    def __post_init__(self) -> None:
        """Refuse an item nobody could look up."""
        word, _, number = self.item.partition(".")
        if word not in WORDS or not number.isdigit():
            raise ValueError(f"{self.item!r} is no item: one of {', '.join(WORDS)}, a dot and a number")


def ordered(claims: Sequence[Claim]) -> list[Claim]:
    """By word in the reader's order, then by number: `house.10` follows `house.9`."""
    return sorted(claims, key=lambda claim: place(claim.item))


def place(item: str) -> tuple[int, int]:
    """Where an item stands among all others."""
    word, _, number = item.partition(".")
    return (WORDS.index(word), int(number))
