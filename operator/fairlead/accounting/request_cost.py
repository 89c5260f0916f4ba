"""What one request costs: all its attempts, at whatever targets; those that failed or were cut too."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fairlead.accounting.replica_meter import AttemptCost
from fairlead.accounting.token_rates import TokenRates, TokensUsed
from fairlead.accounting.token_times import CACHED_SHARE
from fairlead.fleet.light_dataclass import light


class CostParts(NamedTuple):
    """What of an attempt's cost is for what."""

    prefill: float = 0.0
    """Prompt tokens that were computed; what is paid for a request as such is in it."""
    cached: float = 0.0
    decode: float = 0.0


NOTHING: Final = CostParts()


def metered_parts(metered: AttemptCost, used: TokensUsed) -> CostParts:
    """Of one of our replicas: the time to the first token is divided by what computed and cached tokens take of it."""
    found = min(used.cached, used.prompt) * CACHED_SHARE
    work = used.prompt - min(used.cached, used.prompt) + found
    cached = min(metered.prefill, metered.prefill * found / work) if work else 0.0
    return CostParts(prefill=metered.prefill - cached, cached=cached, decode=metered.decode)


def priced_parts(rates: TokenRates, used: TokensUsed) -> CostParts:
    """Of an external API: by its prices."""
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
    """What of the cost is for what, where that is known."""
    retry: bool = False
    """Not the first at this target: another replica, a hedge, or asked again for an invalid answer."""
    fallback: bool = False
    """At another target than the first, as that could not answer."""
    escalation: bool = False
    """At a larger target, as the answer before did not pass."""
    external: bool = False
    invalid: bool | None = None
    """Whether its answer failed validation; nothing where it was not validated."""
    answered: bool = True
    """Its reply went to the client."""


@dataclass(slots=True, kw_only=True)
class RequestCost:
    """One request and all that it took."""

    tenant: str
    route: str
    task: str = ""
    attempts: list[AttemptRecord] = field(default_factory=list)

    def add(self, attempt: AttemptRecord) -> None:
        """An attempt ended."""
        self.attempts.append(attempt)

    @property
    def total(self) -> float:
        """Money of all attempts."""
        return sum(one.cost for one in self.attempts)
