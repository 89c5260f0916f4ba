"""`python -m bench.gateway_hour`: an hour of a gateway on virtual time, and whether its bill adds up.

The router's own objects do the accounting: meters of replicas, bills of requests, the ledger of usage. Only time,
engines and clients are simulated: two deployments and an external API; attempts that fail and are retried, hedges,
clients that leave, streams that are cut, an engine that hangs for five minutes, a replica that joins and one that
leaves, and a price change at the half hour. Replicas' cost follows from when each existed. With one router, requests
and idle time must add up to it within 0.1 %; with three, which sync once a second, the error is printed.
"""

from dataclasses import dataclass
from typing import Final

from bench.gateway_hour.hour import GatewayHour
from bench.gateway_hour.made_up import truth

MAX_SHARE: Final = 0.001
"""Relative to what the replicas cost."""
SEVERAL: Final = 0.005
"""The stated error of several routers."""
FEWEST: Final = 100
"""Failed attempts, and unanswered ones, that the hour needs to prove anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourBill:
    """The ledgers' totals of the hour, and what the replicas cost."""

    routers: int
    requests: float
    idle: float
    true: float
    attempts: int
    retries: int
    unanswered: int

    @property
    def apart(self) -> float:
        """Relative to what the replicas cost."""
        return (self.requests + self.idle) / self.true - 1

    @property
    def text(self) -> str:
        """One row."""
        several = "1 router" if self.routers == 1 else f"{self.routers} routers"
        return (
            f"{several}: {self.attempts:,} attempts, {self.retries:,} of them retries and hedges, {self.unanswered:,} "
            f"answered nobody; requests {self.requests:.4f} + idle {self.idle:.4f} = {self.requests + self.idle:.4f}, "
            f"replicas {self.true:.4f}, {self.apart:+.4%} apart"
        )


def billed(routers: int) -> HourBill:
    """Simulate one hour."""
    hour = GatewayHour(routers)
    hour.play()
    money = [router.internal() for router in hour.routers]
    rows = [row for router in hour.routers for _, row in router.spending.ledger.rows()]
    return HourBill(
        routers=routers,
        requests=sum(one for one, _ in money),
        idle=sum(one for _, one in money),
        true=truth(),
        attempts=sum(one.attempts for one in rows),
        retries=sum(one.retries for one in rows),
        unanswered=sum(one.unanswered for one in rows),
    )


def main() -> int:
    """Run and print; 0 if the bills add up."""
    alone, three = billed(1), billed(3)
    wrong = [one.text for one, most in ((alone, MAX_SHARE), (three, SEVERAL)) if abs(one.apart) > most]
    if min(alone.retries, alone.unanswered) < FEWEST:
        wrong.append("too few attempts failed for this to say anything")
    for one in wrong:
        print(f"does not hold: {one}")
    print(f"an hour of five replicas in two deployments, and an API outside: {alone.text}; {three.text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
