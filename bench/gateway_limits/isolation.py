"""What a tenant can learn of others: from cached answers, keys, usage, tasks, errors, and how long a refusal takes."""

import random
import secrets
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from bench.gateway_limits.load import PORT, TENANTS
from bench.gateway_world import answering, routers
from bench.gateway_world.answering import EngineSide, Json, chat_answer
from bench.gateway_world.kept_client import Answered
from bench.gateway_world.routers import RouterProcess

PROBES: Final = 3000
"""Wrong keys of each kind."""
DEVIATIONS: Final = 4.0
"""By which ranks may differ by chance: exceeded in one of 16,000 runs."""
HIDDEN: Final = "board-papers"
"""A model that no tenant may use."""
RIGHT_LETTERS: Final = 24
"""Leading characters of a key that were guessed correctly."""


@dataclass(slots=True)
class Numbered:
    """An engine whose answers are all different."""

    given: int = 0

    async def answer(self, document: Json, side: EngineSide) -> None:
        """Answer with the next number."""
        del document
        self.given += 1
        side.whole(chat_answer(f"answer {self.given}", 5, 3))


@dataclass(slots=True)
class IsolationFound:
    """What tenants learned."""

    answers: int = 0
    owners: dict[str, str] = field(default_factory=dict)
    """Who got each of the engine's answers first."""
    leaks: list[str] = field(default_factory=list)
    deviations: float = 0.0
    """Rank deviations of the times to refuse almost right keys, among those to refuse random ones."""
    apart: float = 0.0
    """Seconds between the medians."""

    @property
    def text(self) -> str:
        """One row."""
        return (
            f"{self.answers:,} answers show nothing of other tenants' cache, keys, usage, tasks or errors; the times "
            f"to refuse {PROBES:,} wrong keys with {RIGHT_LETTERS} right letters and as many random ones differ by "
            f"{abs(self.apart) * 1e6:.2f} µs in the median and {abs(self.deviations):.1f} deviations in rank"
        )

    def broken(self) -> list[str]:
        """What does not hold."""
        slow = [f"wrong keys differ by {self.deviations:.1f} deviations"] if abs(self.deviations) > DEVIATIONS else []
        return [*self.leaks[:5], *slow]


async def tried(folder: Path) -> IsolationFound:
    """Send as each tenant in turn, twice, to one router with the response cache on."""
    engine, found = Numbered(), IsolationFound()
    keys = {name: f"sk-{secrets.token_hex(16)}" for name in TENANTS}
    async with answering.answering(engine.answer) as address:
        config = _written(folder, address, keys)
        async with routers.router(config, PORT) as router:
            for name in TENANTS:
                await _requests(router, found, keys, name)
            for name in TENANTS:
                await _pages(router, found, keys, name)
            await _times(router, found, keys[TENANTS[0]])
    return found


async def _requests(router: RouterProcess, found: IsolationFound, keys: dict[str, str], name: str) -> None:
    """Send everyone's same request: the first is answered anew for each, the second from the tenant's own cache."""
    body = {"model": "chat", "messages": [{"role": "user", "content": "hello"}], "temperature": 0, "max_tokens": 5}
    task = {"x-fairlead-task": f"task-of-{name}"}
    for cached, more in (("miss", task), ("hit", {})):
        answer = await router.chat(body, keys[name], more)
        _read(found, answer, keys, name)
        state, owner = answer.headers.get("x-fairlead-cache"), found.owners.setdefault(answer.text, name)
        if (state, owner) != (cached, name):
            found.leaks.append(f"{name} got {answer.text!r} of {owner}, {state} instead of {cached}")
    for wrong in ({"model": "none"}, {"model": "chat-2"}):
        _read(found, await router.chat(body | wrong, keys[name]), keys, name)


async def _pages(router: RouterProcess, found: IsolationFound, keys: dict[str, str], name: str) -> None:
    own = {"authorization": f"Bearer {keys[name]}"}
    usage = await router.clients.get("/v1/usage", own)
    _read(found, usage, keys, name)
    counted = sum(one["num_model_requests"] for bucket in usage.json["data"] for one in bucket["results"])
    if counted != 1:
        found.leaks.append(f"{name} reads {counted} requests in its usage; one of its own needed an engine")
    _read(found, await router.clients.get("/v1/models", own), keys, name)
    other = random.Random(name).choice([one for one in TENANTS if one != name])  # noqa: S311 - a seeded draw
    report = {"task": f"task-of-{other}", "success": False}
    receipt = await router.clients.post("/fairlead/v1/outcomes", report, own)
    if receipt.status != 404:
        found.leaks.append(f"{name} reported the task of {other}: {receipt.status}")
    for page in ("/metrics", "/fairlead/v1/endpoints"):
        if (await router.clients.get(page, own)).status == 200:
            found.leaks.append(f"{name} reads {page} on the port for clients")


def _read(found: IsolationFound, answer: Answered, keys: dict[str, str], name: str) -> None:
    """Check that neither body nor headers contain anything of another tenant."""
    found.answers += 1
    text = answer.body.decode() + " ".join(answer.headers.values())
    for other, key in keys.items():
        if other != name and (other in text or key in text):
            found.leaks.append(f"{name} reads of {other}: {text[:120]}")
    if HIDDEN in text:
        found.leaks.append(f"{name} reads of a model that it may not use: {text[:120]}")


async def _times(router: RouterProcess, found: IsolationFound, right: str) -> None:
    """Time keys that begin like a right one, and random ones, in random order on one connection; none is sent twice."""
    rng = random.Random(31)  # noqa: S311 - a seeded draw
    kinds = [True] * PROBES + [False] * PROBES
    rng.shuffle(kinds)
    taken: list[tuple[float, bool]] = []
    for almost in kinds:
        tail = secrets.token_hex(20)
        key = right[:RIGHT_LETTERS] + tail[: len(right) - RIGHT_LETTERS] if almost else f"sk-{tail}"[: len(right)]
        began = perf_counter()
        answer = await router.clients.get("/v1/models", {"authorization": f"Bearer {key}"})
        taken.append((perf_counter() - began, almost))
        if answer.status != 401:
            found.leaks.append(f"a wrong key was answered with {answer.status}")
    found.deviations = rank_deviations(taken)
    found.apart = median(t for t, almost in taken if almost) - median(t for t, almost in taken if not almost)


def rank_deviations(taken: list[tuple[float, bool]]) -> float:
    """The rank sum of one kind, in standard deviations from its expectation: the Mann-Whitney test."""
    ranked = sorted(taken)
    count = sum(kind for _, kind in ranked)
    others = len(ranked) - count
    ranks = sum(rank for rank, (_, kind) in enumerate(ranked, 1) if kind)
    return (ranks - count * (len(ranked) + 1) / 2) / sqrt(count * others * (len(ranked) + 1) / 12)


def _written(folder: Path, address: str, keys: dict[str, str]) -> Path:
    tenants = []
    for name, key in keys.items():
        place = folder / f"{name}.key"
        place.write_text(key, encoding="utf-8")
        tenants.append({"name": name, "keyFiles": [str(place)], "models": ["chat"]})
    target = {"target": "ns/a", "namespace": "ns", "endpoints": [address], "models": ["m"], "pricePerHour": "1"}
    return routers.written(
        folder,
        targets=[target],
        routes=[{"name": name, "strategy": "Single", "target": "ns/a"} for name in ("chat", HIDDEN)],
        routing={"tenants": tenants, "cache": {"enabled": True}},
    )
