"""Fifty tenants that exceed their limits until each has spent its budget, while routers are restarted."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from bench.gateway_limits.seen_spending import MAX_TOKENS, PRICES, TOKEN_PRICE, SeenSpending
from bench.gateway_world import answering, routers
from bench.gateway_world.answering import Json
from bench.gateway_world.kept_client import GONE
from bench.gateway_world.routers import RouterProcess

PORT: Final = 8371
TENANTS: Final = tuple(f"tenant{place:02d}" for place in range(50))
CLIENTS: Final = 6
"""Per tenant, which may have one to four requests at once."""
BUDGET: Final = 1.0
TEXT: Final = "Tell me of the tide."
END_SECONDS: Final = 1.0
"""Between restarts of two routers: on a quiet machine all budgets are spent within three."""
RESERVED: Final = (100 + MAX_TOKENS) * TOKEN_PRICE
"""The most for one attempt: each byte of the prompt a token, and the longest answer."""
LONGEST_SECONDS: Final = 150.0
LEAST_USED: Final = 0.5
"""Of every budget; half of the tenants must also have reached their concurrency, else the run proves nothing."""
REFUSALS: Final = 4
"""A client stops after as many refusals in a row: its budget is spent."""
UNSEEN_SECONDS: Final = 1.0
"""Between two reads of everyone's spending by routers: half a second, and as much for the store's answer."""


def concurrency(tenant: str) -> int:
    """How many requests at once a tenant may have."""
    return 1 + TENANTS.index(tenant) % 4


@dataclass(slots=True, kw_only=True)
class LimitsFound:
    """The result of one run."""

    routers: int
    seen: SeenSpending
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    ended: int = 0
    """Router restarts."""
    seeds: Iterator[int] = field(default_factory=itertools.count)
    """One for each request, to identify it."""

    @property
    def above(self) -> int:
        """How many requests at once the worst tenant was above its limit."""
        return max(self.seen.most(one) - concurrency(one) for one in TENANTS)

    @property
    def exceeded(self) -> float:
        """How many reservations of one request the worst budget was overspent by; negative if none was."""
        return max(self.seen.spent[one] - BUDGET for one in TENANTS) / RESERVED

    @property
    def used(self) -> float:
        """The smallest share of a budget that a tenant could use."""
        return min(self.seen.spent[one] for one in TENANTS) / BUDGET

    @property
    def unseen(self) -> float:
        """The stated error in reservations: what began while routers could not see each other's spending."""
        return max(self.seen.busiest(one, UNSEEN_SECONDS) for one in TENANTS)

    def broken(self) -> list[str]:
        """What does not hold."""
        alone = self.routers == 1
        most_above, most_exceeded = (0, 1.0) if alone else (self.routers - 1, self.unseen)
        wrong = []
        if self.above > most_above:
            wrong.append(f"{self.routers} routers: {self.above} requests above a tenant's concurrency")
        if self.exceeded > most_exceeded:
            wrong.append(f"{self.routers} routers: a budget exceeded by {self.exceeded:.1f} reservations")
        reached = sum(self.seen.most(one) >= concurrency(one) for one in TENANTS)
        if not self.ended:
            wrong.append(f"{self.routers} routers: none was ended meanwhile, so nothing of that was tried")
        if reached < len(TENANTS) / 2 or self.used < LEAST_USED:
            wrong.append(f"{self.routers} routers: limits were not reached, so nothing was tried")
        return wrong

    @property
    def text(self) -> str:
        """One row."""
        several = "1 router" if self.routers == 1 else f"{self.routers} routers"
        endings = ", ".join(f"{n:,} {what}" for what, n in sorted(self.seen.endings.items()))
        exceeded = f"exceeded by {self.exceeded:.1f}" if self.exceeded > 0 else "never exceeded"
        return (
            f"{several}, {self.ended} ended and started again, {len(TENANTS)} tenants, {sum(self.statuses.values()):,} "
            f"requests ({endings}): at most {self.above} above a concurrency, budgets {exceeded} "
            f"({'reservations' if self.exceeded > 0 else f'at least {self.used:.0%} used'})"
        )


async def tried(count: int, folder: Path, store: str) -> LimitsFound:
    """Run once with `count` routers, whose budgets are in the store."""
    rng = random.Random(29)  # noqa: S311 - a seeded draw
    found = LimitsFound(routers=count, seen=SeenSpending(rng))
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(answering.answering(found.seen.answer))
        other = await stack.enter_async_context(answering.answering(found.seen.answer))
        paths = [_written(folder, place, count, (address, other), store) for place in range(count)]
        fleet = Fleet(paths)
        stack.push_async_callback(fleet.close)
        for place in range(count):
            await fleet.start(place)
        began = monotonic()
        ending = asyncio.create_task(fleet.end_some(found))
        clients = (_client(fleet, found, tenant, place) for tenant in TENANTS for place in range(CLIENTS))
        await asyncio.gather(*clients)
        found.seconds = monotonic() - began
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
    return found


class Fleet:
    """The routers, some of which are restarted."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._stacks: dict[int, AsyncExitStack] = {}
        self.running: dict[int, RouterProcess] = {}

    async def start(self, place: int) -> None:
        """Start a router; return once it serves."""
        stack = self._stacks[place] = AsyncExitStack()
        self.running[place] = await stack.enter_async_context(routers.router(self._paths[place], PORT + place))

    async def end_some(self, found: LimitsFound) -> None:
        """Restart one as Kubernetes does, then kill another as a failing node does; with one router only the former."""
        for place, killed in ((0, False), (1, True))[: len(self._paths)]:
            await asyncio.sleep(END_SECONDS)
            router = self.running.pop(place)
            if killed:
                router.process.kill()
            await self._stacks.pop(place).aclose()
            await self.start(place)
            found.ended += 1

    async def close(self) -> None:
        """Stop all."""
        for stack in self._stacks.values():
            await stack.aclose()


async def _client(fleet: Fleet, found: LimitsFound, tenant: str, place: int) -> None:
    rng = random.Random(f"{tenant}/{place}")  # noqa: S311 - a seeded draw
    refused, until = 0, monotonic() + LONGEST_SECONDS
    while refused < REFUSALS and monotonic() < until:
        serving = list(fleet.running.values())
        if not serving:
            await asyncio.sleep(0.05)
            continue
        document: Json = {
            "model": "chat" if rng.random() < 0.8 else "local",
            "messages": [{"role": "user", "content": TEXT}],
            "max_tokens": MAX_TOKENS,
            "stream": rng.random() < 0.6,
            "user": tenant,
            "seed": next(found.seeds),
        }
        leave = rng.uniform(0.01, 0.05) if rng.random() < 0.1 else None
        try:
            answer = await rng.choice(serving).chat(document, f"sk-{tenant}", leave=leave)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        if leave is not None and answer.status == GONE:
            found.seen.leaves(document["seed"])
        found.statuses[answer.status] += 1
        spent = answer.status == 429 and document["model"] == "chat"
        refused = refused + 1 if spent else refused if document["model"] == "local" else 0
        if answer.status in {GONE, 429}:
            await asyncio.sleep(rng.uniform(0.3, 0.7) if spent else 0.02)


def _written(folder: Path, place: int, count: int, addresses: tuple[str, str], store: str) -> Path:
    url = folder / "store"
    url.write_text(store, encoding="utf-8")
    budget = {"maxCost": f"{BUDGET}", "monthly": True}
    tenants = routers.tenants(folder, TENANTS, budget=budget)
    limited = [one | {"maxConcurrency": concurrency(one["name"])} for one in tenants]
    chain = {"targets": ["external/priced-b"], "reasons": ["Unavailable", "EngineError", "QueueFull", "Timeout"]}
    named = zip(("priced-a", "priced-b"), addresses, strict=True)
    externals = [routers.external(name, address, **PRICES) for name, address in named]
    return routers.written(
        folder,
        f"router-{place}",
        routers=count,
        targets=[{"target": "ns/local", "namespace": "ns", "endpoints": list(addresses), "models": ["local"]}],
        externals=[one | {"maxConcurrency": 1000} for one in externals],
        routes=[
            {"name": "chat", "strategy": "Single", "target": "external/priced-a", "fallback": chain},
            {"name": "local", "strategy": "Single", "target": "ns/local"},
        ],
        routing={"tenants": limited, "cache": {"redisUrlFile": str(url)}},
    )
