"""How much a request may cost, before it is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fairlead.accounting.token_rates import TokenRates, TokensUsed
from fairlead.fleet.light_dataclass import light

KEPT: Final = 0.95
FIRST_OUTPUT: Final = 1024
"""Output tokens to expect before any reply was seen. Chosen."""
DEVIATIONS: Final = 3.0


class ReservationBasis(StrEnum):
    """What a reservation is based on."""

    WORST_CASE = "worst_case"
    """The request names its maximum of output tokens: it cannot cost more."""
    ESTIMATE = "estimate"
    """It names none: the usual length of replies plus three deviations; a longer one is charged what it takes."""


@light
class ReservedCost:
    """The amount to hold of a budget."""

    money: float
    tokens: int
    basis: ReservationBasis


@dataclass(slots=True, eq=False)
class OutputEstimate:
    """How long each answer of a route is if requests name no maximum."""

    mean: float = FIRST_OUTPUT / 4
    deviation: float = FIRST_OUTPUT / 4
    _samples: float = 0.0

    def learn(self, output: int) -> None:
        """Learn from an answer that ended."""
        self._samples = self._samples * KEPT + 1
        apart = abs(output - self.mean)
        self.mean += (output - self.mean) / self._samples
        self.deviation += (apart - self.deviation) / self._samples

    def tokens(self) -> int:
        """Return the tokens to reserve."""
        return int(self.mean + DEVIATIONS * self.deviation) + 1


def reserved_cost(
    chain: Iterable[TokenRates], prompt: int, output: int | None, estimate: OutputEstimate, choices: int = 1
) -> ReservedCost:
    """Return the cost of one attempt at the dearest of these targets; each further attempt extends it first.

    Assumes that nothing is cached, and that each choice is as long as it may be. `prompt` is an upper bound if the
    prompt is not counted yet.
    """
    tokens = (estimate.tokens() if output is None else output) * choices
    used = TokensUsed(prompt=prompt, output=tokens)
    return ReservedCost(
        money=max((rates.cost(used) for rates in chain), default=0.0),
        tokens=prompt + tokens,
        basis=ReservationBasis.ESTIMATE if output is None else ReservationBasis.WORST_CASE,
    )
