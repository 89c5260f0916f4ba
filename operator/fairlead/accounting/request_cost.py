"""What one request costs: all its attempts, at whatever targets; those that failed or were cut too."""

from dataclasses import dataclass, field

from fairlead.accounting.token_rates import TokensUsed
from fairlead.fleet.light_dataclass import light


@light
class AttemptRecord:
    """One attempt that ended."""

    target: str
    revision: str
    """Empty at an external API."""
    used: TokensUsed
    cost: float
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
