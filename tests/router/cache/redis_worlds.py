"""A shared store within a test, as slow and as broken as configured, and two routers that use it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from fairlead.router.cache.cache import ResponseCache
from fairlead.router.cache.redis_store import RedisAnswerStore, StoreClocks
from tests.router.cache.clients import Client, answer, cache, followed


@dataclass
class SlowRedis:
    """A store within the test: as slow and as broken as configured."""

    held: dict[bytes, bytes] = field(default_factory=dict)
    delay: float = 0.0
    broken: Exception | None = None
    requests: int = 0
    closed: bool = False

    async def mget(self, keys: Sequence[bytes], /) -> Sequence[bytes | None]:
        await self._serve()
        return [self.held.get(one) for one in keys]

    async def set(self, name: bytes, value: bytes, *, px: int) -> object:
        await self._serve()
        assert px > 0
        self.held[name] = value
        return True

    async def aclose(self) -> None:
        self.closed = True

    async def _serve(self) -> None:
        self.requests += 1
        await asyncio.sleep(self.delay)
        if self.broken is not None:
            raise self.broken


@dataclass
class World:
    """Two routers on one store, and a manual clock."""

    redis: SlowRedis = field(default_factory=SlowRedis)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.one, self.one_cache = self.router(0.0)
        self.two, self.two_cache = self.router(50_000.0)

    def router(self, began: float) -> tuple[RedisAnswerStore, ResponseCache]:
        """Each measures its own time from a different start."""
        clocks = StoreClocks(own=lambda: self.now + began, wall=lambda: 1_000_000.0 + self.now)
        store = RedisAnswerStore(self.redis, clocks, "InferenceDeployment prod/chat")
        kept = cache()
        kept.elsewhere = store
        return store, kept


def story(action: Callable[[World], Awaitable[None]]) -> None:
    async def whole() -> None:
        world = World()
        world.one.start()
        world.two.start()
        try:
            await action(world)
        finally:
            await world.one.close()
            await world.two.close()

    asyncio.run(whole())


async def rounds(store: SlowRedis, *, request: int) -> None:
    """Wait until the store got this many requests, and answered."""
    while store.requests < request:
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(store.delay)


async def kept_by_one(world: World) -> None:
    leader = followed(world.one_cache, Client())
    await rounds(world.redis, request=1)
    assert leader.received == ["lead"]
    assert leader.flight is not None
    answer(leader.flight)
    await rounds(world.redis, request=2)
