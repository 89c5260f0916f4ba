"""What one request costs: all its attempts, at any target, including those that failed or were cut."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fairlead.accounting.replica_meter import AttemptCost
from fairlead.accounting.token_rates import TokenRates, TokensUsed
from fairlead.accounting.token_times import CACHED_SHARE
from fairlead.fleet.light_dataclass import light


class CostParts(NamedTuple):
    """An attempt's cost by purpose."""

    prefill: float = 0.0
    """Computed prompt tokens, and what is paid per request."""
    cached: float = 0.0
    decode: float = 0.0


NOTHING: Final = CostParts()


def metered_parts(metered: AttemptCost, used: TokensUsed) -> CostParts:
    """Divide a replica's cost: the time to first token is divided between computed and cached tokens."""
    found = min(used.cached, used.prompt) * CACHED_SHARE
    work = used.prompt - min(used.cached, used.prompt) + found
    cached = min(metered.prefill, metered.prefill * found / work) if work else 0.0
    return CostParts(prefill=metered.prefill - cached, cached=cached, decode=metered.decode)


def priced_parts(rates: TokenRates, used: TokensUsed) -> CostParts:
    """Divide an external API's cost by its prices."""
    cached = min(used.cached, used.prompt)
    return CostParts(
        prefill=rates.request + (used.prompt - cached) * rates.prompt,
        cached=cached * rates.cached,
        decode=used.output * rates.output,
    )


@light
class AttemptRecord:
    """One attempt that ended."""

    target: str
    revision: str
    """Empty at an external API."""
    used: TokensUsed
    cost: float
    parts: CostParts = NOTHING
    """The cost by purpose, if known."""
    retry: bool = False
    """Not the first at this target: another replica, a hedge, or a repeat after an invalid answer."""
    fallback: bool = False
    """At a later target, because the first could not answer."""
    escalation: bool = False
    """At a larger target, because the previous answer did not pass."""
    external: bool = False
    invalid: bool | None = None
    """Whether its answer failed validation; None if it was not validated."""
    answered: bool = True
    """Whether its reply went to the client."""


@dataclass(slots=True, kw_only=True)
class RequestCost:
    """One request with all its attempts."""

    tenant: str
    route: str
    task: str = ""
    attempts: list[AttemptRecord] = field(default_factory=list)

    def add(self, attempt: AttemptRecord) -> None:
        """Add an attempt that ended."""
        self.attempts.append(attempt)

    @property
    def total(self) -> float:
        """Cost of all attempts."""
        return sum(one.cost for one in self.attempts)
