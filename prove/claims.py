"""A claim: one sentence with a number, and the code that proves or refutes it."""

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
"""The parts of the project that make claims, in reading order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The result of a proof: whether the claim holds, and the figures to show either way."""

    holds: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence and its proof."""

    item: str
    """A word and a number, `house.4`: its name for people and on the evidence page."""
    title: str
    prove: Callable[[], Figure]
    slow: bool = False
    """Takes more than a minute: announced at its start, so that it does not look like a hang."""

    def __post_init__(self) -> None:
        """Refuse an item that could not be looked up."""
        word, _, number = self.item.partition(".")
        if word not in WORDS or not number.isdigit():
            raise ValueError(f"{self.item!r} is no item: one of {', '.join(WORDS)}, a dot and a number")


def ordered(claims: Sequence[Claim]) -> list[Claim]:
    """Sort by word in reading order, then by number: `house.10` follows `house.9`."""
    return sorted(claims, key=lambda claim: place(claim.item))


def place(item: str) -> tuple[int, int]:
    """Sort key of an item."""
    word, _, number = item.partition(".")
    return (WORDS.index(word), int(number))
