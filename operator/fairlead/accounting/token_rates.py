"""What tokens cost at a target: the prices of an external API, or the most that they may cost at our own replicas."""

from typing import Final

from fairlead.accounting.token_times import TokenTimes
from fairlead.fleet.light_dataclass import light
from fairlead.fleet.model_routes import TokenPrices

MILLION: Final = 1_000_000.0
HOUR: Final = 3600.0


@light
class TokensUsed:
    """Tokens of one attempt, as far as it went."""

    prompt: int = 0
    """All of the prompt, including cached tokens."""
    cached: int = 0
    output: int = 0


@light
class TokenRates:
    """Money for one request and for each of its tokens."""

    request: float = 0.0
    prompt: float = 0.0
    cached: float = 0.0
    output: float = 0.0

    def cost(self, used: TokensUsed) -> float:
        """Return what these tokens cost."""
        cached = min(used.cached, used.prompt)
        return self.request + (used.prompt - cached) * self.prompt + cached * self.cached + used.output * self.output


def external_rates(prices: TokenPrices) -> TokenRates:
    """Return the rates of an external API, as it bills them."""
    cached = prices.prompt if prices.cached is None else prices.cached
    return TokenRates(
        prompt=float(prices.prompt) / MILLION, cached=float(cached) / MILLION, output=float(prices.output) / MILLION
    )


def replica_rates(price_per_hour: float, times: TokenTimes) -> TokenRates:
    """Return the ceiling at our own replica: as if it worked only for this request, at its slowest usual speed.

    The part of a request's share of time above this, because the engine hung or was slow, is charged to no tenant and
    counts as idle. So no budget is overrun if the request ends at the rates that it was reserved at.
    """
    second = price_per_hour / HOUR
    slow = times.slowest()
    return TokenRates(
        request=second * slow.request,
        prompt=second * slow.prefill,
        cached=second * slow.cached,
        output=second * slow.decode,
    )
