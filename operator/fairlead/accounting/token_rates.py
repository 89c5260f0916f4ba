"""What tokens cost at a target: at an external API its prices; at our own replicas the most that they may cost."""

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
    """All of the prompt, those from the cache too."""
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
        """What these tokens cost."""
        cached = min(used.cached, used.prompt)
        return self.request + (used.prompt - cached) * self.prompt + cached * self.cached + used.output * self.output


def external_rates(prices: TokenPrices) -> TokenRates:
    """Of an external API: what its bill says."""
    cached = prices.prompt if prices.cached is None else prices.cached
    return TokenRates(
        prompt=float(prices.prompt) / MILLION, cached=float(cached) / MILLION, output=float(prices.output) / MILLION
    )


def replica_rates(price_per_hour: float, times: TokenTimes) -> TokenRates:
    """The ceiling at a replica of ours: as if it had worked for this request alone, at its slowest usual speed.

    What a request's share of the time exceeds this by, since the engine hung or dawdled, is charged to nobody and
    counts as idle. So a budget is not overrun, where the request ends by the rates that it was reserved by.
    """
    second = price_per_hour / HOUR
    slow = times.slowest()
    return TokenRates(
        request=second * slow.request,
        prompt=second * slow.prefill,
        cached=second * slow.cached,
        output=second * slow.decode,
    )
