"""What one target's work costs: a meter for each of its replicas, or the prices of an API outside of the cluster.

An attempt pays its share of a replica's time while it is there, at most what its tokens may cost at the usual speed.
What nobody pays is idle.
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
"""Endings for which an API outside sends no bill."""


@dataclass(slots=True, eq=False)
class MeteredReplica:
    """One replica's meter, and what of it is counted already."""

    meter: ReplicaMeter
    revision: str
    open: int = 0
    """Attempts in flight."""
    idle: float = 0.0
    """Of the meter's idle money, what is counted."""


@dataclass(slots=True, eq=False)
class PricedAttempt:
    """One attempt in flight."""

    revision: str
    rates: TokenRates
    """As they were when it began: what it was reserved by is what it pays at most."""
    began: float
    uncached: int
    replica: MeteredReplica | None = None
    metered: MeteredAttempt | None = None
    first_token_at: float = -1.0


@dataclass(slots=True, eq=False)
class TargetMoney:
    """What a target's replicas took so far."""

    seconds: float = 0.0
    metered: float = 0.0
    idle: float = 0.0


@dataclass(slots=True, eq=False)
class TargetCosts:
    """Of one target, as one of `routers` routers sees it."""

    external: TokenRates | None = None
    """Of an API outside."""
    price_per_hour: float | None = None
    """Of one replica; nothing where it is not known: then its work costs nothing."""
    routers: int = 1
    _times: TokenTimes = field(default_factory=TokenTimes)
    _replicas: dict[Endpoint, MeteredReplica] = field(default_factory=dict)
    idle: float = 0.0
    """Counted by this router: its part, where there are several."""
    _gone: TargetMoney = field(default_factory=TargetMoney)
    _rates: TokenRates | None = None
    """Reckoned from what was learnt until the last sweep: a request asks for them often, and they move slowly."""

    def apply(self, price_per_hour: float | None, routers: int, now: float) -> None:
        """The price or the number of routers changed; what was until now is paid at the old price."""
        self.routers = routers
        self._rates = None
        if price_per_hour != self.price_per_hour:
            self.price_per_hour = price_per_hour
            for one in self._replicas.values():
                one.meter.reprice(price_per_hour or 0.0, now)

    def rates(self) -> TokenRates:
        """The most that tokens may cost here."""
        if self.external is not None:
            return self.external
        if self._rates is None:
            price = self.price_per_hour
            self._rates = FREE if price is None else token_rates.replica_rates(price, self._times)
        return self._rates

    # Attempts

    def started(self, routing: RoutingRequest, endpoint: Endpoint, rates: TokenRates, now: float) -> PricedAttempt:
        """An attempt is sent to this replica."""
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
        """Its prompt is computed."""
        attempt.first_token_at = now
        if attempt.replica is not None and attempt.metered is not None:
            attempt.replica.meter.first_token(attempt.metered, now)

    def ended(self, attempt: PricedAttempt, ending: AttemptEnding, most: TokensUsed, now: float) -> float:
        """It is over, however it ended: what it costs, at most what `most` tokens may."""
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
        """Account the time until now of the replicas that there are; the idle money since the last call, by revision.

        Several routers each count their part of the idle time, and what engines say of each other's requests.
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
        """What its replicas took since the start: of one router, `metered` and `idle` are all that they cost."""
        meters = [one.meter for one in self._replicas.values()]
        return TargetMoney(
            seconds=self._gone.seconds + sum(one.seconds for one in meters),
            metered=self._gone.metered + sum(one.metered for one in meters),
            idle=self._gone.idle + sum(one.idle for one in meters),
        )

    def _count_others(self, replica: MeteredReplica, endpoint: Endpoint, now: float) -> None:
        if self.routers > 1:
            figures = endpoint.figures
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
