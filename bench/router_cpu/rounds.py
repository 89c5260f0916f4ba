"""The comparison itself. Rounds alternate between routers, so that a noisy minute affects all equally."""

import datetime as dt
import sys
from collections.abc import Iterator, Sequence

from bench.router_cpu.contestants import Running
from bench.router_cpu.found import Cost, Delay, Found
from bench.router_cpu.mock_engines import ADDRESSES, Answered, Load, Mocks
from bench.router_cpu.plan import LINES, OPEN_CONNECTIONS, Line, Plan
from prove.ledger import machine


class Comparison:
    """Running routers and their engines."""

    def __init__(self, routers: Sequence[Running], mocks: Mocks, plan: Plan) -> None:
        self._routers = routers
        self._mocks = mocks
        self._plan = plan
        self._answered = {one.contestant.name: 0 for one in routers}

    def run(self, lines: Sequence[Line] = LINES, *, delays: bool = True) -> Found:
        """Run everything."""
        costs = tuple(self._costs(lines))
        rates = self._rates(costs) if delays else {}
        return Found(
            machine=machine(),
            date=dt.datetime.now(dt.UTC).date().isoformat(),
            versions={one.contestant.name: one.contestant.version for one in self._routers},
            costs=costs,
            delays=tuple(self._delays(rates)),
            memory_mb={one.contestant.name: one.memory_mb() for one in self._routers},
            requests=dict(self._answered),
        )

    def _costs(self, lines: Sequence[Line]) -> Iterator[Cost]:
        for number in range(self._plan.rounds):
            for line in lines:
                self._mocks.pace(paced=line.paced)
                for router in self._turn(number):
                    cost = self._cost(router, line, number)
                    print(f"  round {number + 1}: {cost.router}: {line.name}: {cost.cpu_us:.1f} µs", file=sys.stderr)
                    yield cost
        self._mocks.pace(paced=False)

    def _turn(self, number: int) -> Sequence[Running]:
        """Rotate who goes first."""
        first = number % len(self._routers)
        return [*self._routers[first:], *self._routers[:first]]

    def _cost(self, router: Running, line: Line, seed: int) -> Cost:
        before, system_before = router.cpu_seconds(), router.system_seconds()
        answered = self._run_client(router, line.load_of(self._plan.share, seed))
        used, system = router.cpu_seconds() - before, router.system_seconds() - system_before
        return Cost(
            router=router.contestant.name,
            line=line.name,
            cpu_us=used * 1e6 / max(1, answered.requests),
            per_second=answered.per_second,
            failed=answered.failed,
            wrong=answered.wrong,
            system_us=system * 1e6 / max(1, answered.requests),
        )

    def _run_client(self, router: Running, load: Load) -> Answered:
        answered = self._mocks.run_client(router.contestant.target, load, router.contestant.keys)
        self._answered[router.contestant.name] += answered.requests
        return answered

    def _rates(self, costs: Sequence[Cost]) -> dict[str, float]:
        """Half of what each can do with short prompts."""
        names = [router.contestant.name for router in self._routers]
        most = {
            name: [one.per_second for one in costs if one.router == name and one.line == LINES[0].name]
            for name in names
        }
        return {name: max(rates) / 2 for name, rates in most.items() if rates}

    def _delays(self, rates: dict[str, float]) -> Iterator[Delay]:
        if not rates:
            return
        common = min(rates.values())
        for number in range(self._plan.rounds):
            for router in self._turn(number):
                yield self._delay(router, rates[router.contestant.name], number, common=False)
                yield self._delay(router, common, number, common=True)

    def _delay(self, router: Running, rate: float, seed: int, *, common: bool) -> Delay:
        """Measure through the router and directly afterwards: the difference is what the router adds."""
        load = Load(rate=rate, seconds=self._plan.latency_seconds, connections=OPEN_CONNECTIONS, seed=seed)
        through = self._run_client(router, load)
        direct = self._mocks.run_client(ADDRESSES[0], load, router.contestant.keys)
        delay = Delay(
            router=router.contestant.name,
            rate=rate,
            common=common,
            p50=through.whole["p50"] - direct.whole["p50"],
            p99=through.whole["p99"] - direct.whole["p99"],
            failed=through.failed,
        )
        print(f"  {delay.router} at {rate:.0f}/s: +{delay.p50:.0f} µs p50, +{delay.p99:.0f} µs p99", file=sys.stderr)
        return delay
