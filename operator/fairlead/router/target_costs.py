"""What one target's work costs: a meter for each of its replicas, or the prices of an external API.

An attempt pays its share of a replica's time while in flight there, at most what its tokens may cost at the usual
speed. Time that no attempt pays for is idle.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from fairlead.accounting import token_rates
from fairlead.accounting.replica_meter import MeteredAttempt, ReplicaMeter
from fairlead.accounting.token_rates import TokenRates, TokensUsed
from fairlead.accounting.token_times import TokenTimes
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest

FREE: Final = TokenRates()
UNBILLED: Final = frozenset(
    (
        *(AttemptEnding.NOT_CONNECTED, AttemptEnding.FAILED, AttemptEnding.BUSY),
        *(AttemptEnding.LEAVING, AttemptEnding.REFUSED),
    )
)
"""Endings that an external API does not bill."""


@dataclass(slots=True, eq=False)
class MeteredReplica:
    """One replica's meter, and how much of it is counted."""

    meter: ReplicaMeter
    revision: str
    open: int = 0
    """Attempts in flight."""
    idle: float = 0.0
    """How much of the meter's idle cost is already counted."""


@dataclass(slots=True, eq=False)
class PricedAttempt:
    """One attempt in flight."""

    revision: str
    rates: TokenRates
    """The rates when it began: it pays at most what was reserved by them."""
    began: float
    uncached: int
    replica: MeteredReplica | None = None
    metered: MeteredAttempt | None = None
    first_token_at: float = -1.0


@dataclass(slots=True, eq=False)
class TargetMoney:
    """What a target's replicas have cost so far."""

    seconds: float = 0.0
    metered: float = 0.0
    idle: float = 0.0


@dataclass(slots=True, eq=False)
class TargetCosts:
    """The costs of one target, as seen by one of `routers` routers."""

    external: TokenRates | None = None
    """Prices of an external API."""
    price_per_hour: float | None = None
    """Of one replica; None if unknown: then its work costs nothing."""
    routers: int = 1
    _times: TokenTimes = field(default_factory=TokenTimes)
    _replicas: dict[Endpoint, MeteredReplica] = field(default_factory=dict)
    idle: float = 0.0
    """Counted by this router: its part, if there are several."""
    _gone: TargetMoney = field(default_factory=TargetMoney)
    _rates: TokenRates | None = None
    """Computed from what was learnt until the last sweep: requests need them often, and they change slowly."""

    def apply(self, price_per_hour: float | None, routers: int, now: float) -> None:
        """Apply a new price or number of routers; time until now is paid at the old price."""
        self.routers = routers
        self._rates = None
        if price_per_hour != self.price_per_hour:
            self.price_per_hour = price_per_hour
            for one in self._replicas.values():
                one.meter.reprice(price_per_hour or 0.0, now)

    def rates(self) -> TokenRates:
        """Return the most that tokens may cost here."""
        if self.external is not None:
            return self.external
        if self._rates is None:
            price = self.price_per_hour
            self._rates = FREE if price is None else token_rates.replica_rates(price, self._times)
        return self._rates

    # Attempts

    def started(self, routing: RoutingRequest, endpoint: Endpoint, rates: TokenRates, now: float) -> PricedAttempt:
        """Start metering an attempt at this replica."""
        uncached = max(0, min(routing.charged_prompt, routing.prompt_tokens))
        made = PricedAttempt(endpoint.revision, rates, now, uncached)
        if self.price_per_hour is not None:
            replica = made.replica = self._replica(endpoint, now)
            cached = routing.prompt_tokens - uncached
            weight = self._times.prefill_weight(uncached, cached, endpoint.inflight)
            made.metered = replica.meter.started(weight, now)
            replica.open += 1
        return made

    def first_token(self, attempt: PricedAttempt, now: float) -> None:
        """Record that its prompt is computed."""
        attempt.first_token_at = now
        if attempt.replica is not None and attempt.metered is not None:
            attempt.replica.meter.first_token(attempt.metered, now)

    def ended(self, attempt: PricedAttempt, ending: AttemptEnding, most: TokensUsed, now: float) -> float:
        """End an attempt in any way; return its cost, at most that of `most` tokens."""
        if self.external is not None:
            return 0.0 if ending in UNBILLED else attempt.rates.cost(most)
        replica = attempt.replica
        if replica is None or attempt.metered is None:
            return 0.0
        replica.open -= 1
        if ending is AttemptEnding.DONE and attempt.first_token_at >= 0:
            self._times.learn(
                attempt.uncached, attempt.first_token_at - attempt.began, most.output, now - attempt.first_token_at
            )
        return replica.meter.ended(attempt.metered, now, attempt.rates.cost(most)).total

    # Time

    def follow(self, endpoints: Iterable[Endpoint], now: float) -> dict[str, float]:
        """Account the replicas' time until now; return the idle cost since the last call, by revision.

        Each of several routers counts its part of the idle time, and takes others' requests from the engines' figures.
        """
        self._rates = None
        idle: dict[str, float] = {}
        if self.price_per_hour is None and not self._replicas:
            return idle
        present = set(endpoints)
        for endpoint in present:
            if self.price_per_hour is not None:
                self._count_others(self._replica(endpoint, now), endpoint, now)
        for endpoint, one in list(self._replicas.items()):
            if endpoint in present or one.open:
                one.meter.advance(now)
            else:
                del self._replicas[endpoint]
                self._gone.seconds += one.meter.seconds
                self._gone.metered += one.meter.metered
                self._gone.idle += one.meter.idle
            part, one.idle = (one.meter.idle - one.idle) / self.routers, one.meter.idle
            idle[one.revision] = idle.get(one.revision, 0.0) + part
            self.idle += part
        return idle

    def money(self) -> TargetMoney:
        """Return its replicas' cost since the start; with one router, `metered` and `idle` are all of it."""
        meters = [one.meter for one in self._replicas.values()]
        return TargetMoney(
            seconds=self._gone.seconds + sum(one.seconds for one in meters),
            metered=self._gone.metered + sum(one.metered for one in meters),
            idle=self._gone.idle + sum(one.idle for one in meters),
        )

    def _count_others(self, replica: MeteredReplica, endpoint: Endpoint, now: float) -> None:
        if self.routers > 1:
            figures = endpoint.sample
            there = 0.0 if figures is None else figures.running + figures.waiting
            replica.meter.count_others(max(0.0, there - endpoint.inflight), now)
        else:
            replica.meter.count_others(0.0, now)

    def _replica(self, endpoint: Endpoint, now: float) -> MeteredReplica:
        found = self._replicas.get(endpoint)
        if found is None:
            meter = ReplicaMeter(self.price_per_hour or 0.0, now)
            found = self._replicas[endpoint] = MeteredReplica(meter, endpoint.revision)
        return found
