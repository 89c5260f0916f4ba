"""Who reads the console and what they may read, by reviews of the API server; each answer holds for some seconds."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Generic, TypeVar

from fairlead.cluster import token_reviews
from fairlead.cluster.kinds import Resource
from fairlead.cluster.token_reviews import ReviewClient, TokenHolder

HOLDS_S: Final = 10.0
"""How long a revoked right may still be used."""
MAX_ANSWERS: Final = 10_000
MAX_REVIEWS: Final = 8
"""In flight at once, so that no flood of tokens becomes one at the API server."""
LONGEST_TOKEN: Final = 16_384

Answer = TypeVar("Answer")


class RecentAnswers(Generic[Answer]):
    """Answers by what was reviewed; identical reviews share one request in flight."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: OrderedDict[object, tuple[float, asyncio.Task[Answer]]] = OrderedDict()

    async def get(self, key: object, review: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the answer of the last seconds, or a new one; an error is not remembered."""
        found = self._held.get(key)
        if found is None or self._clock() - found[0] > HOLDS_S:
            self._held.pop(key, None)
            found = self._clock(), asyncio.ensure_future(_awaited(review))
            self._held[key] = found
            while len(self._held) > MAX_ANSWERS:
                self._held.popitem(last=False)
        try:
            return await asyncio.shield(found[1])
        except Exception:
            if self._held.get(key) is found:
                del self._held[key]
            raise


async def _awaited(review: Callable[[], Awaitable[Answer]]) -> Answer:
    return await review()


class ConsoleAccess:
    """Reviews tokens and rights; raises an `ApiError` if the API server does not answer."""

    def __init__(self, client: ReviewClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._holders = RecentAnswers[TokenHolder | None](clock)
        self._rights = RecentAnswers[bool](clock)
        self._free = asyncio.Semaphore(MAX_REVIEWS)

    async def holder(self, token: str) -> TokenHolder | None:
        """Return the token's holder; None if Kubernetes does not know it."""
        if not token.isascii() or not token.isprintable() or len(token) > LONGEST_TOKEN:
            return None

        async def review() -> TokenHolder | None:
            async with self._free:
                return await token_reviews.holder(self._client, token)

        return await self._holders.get(token_reviews.fingerprint(token), review)

    async def may_read(self, holder: TokenHolder, resource: Resource, namespace: str) -> bool:
        """Whether they may get that kind in a namespace."""

        async def review() -> bool:
            async with self._free:
                return await token_reviews.may_get(self._client, holder, resource, namespace)

        extra = tuple(sorted(holder.extra.items()))
        return await self._rights.get(
            (holder.username, holder.uid, holder.groups, extra, resource.title, namespace), review
        )

    async def readable(
        self, holder: TokenHolder, resource: Resource, namespaces: Iterable[str]
    ) -> frozenset[str] | None:
        """Return those of these namespaces that they may read; None if that is every namespace there may ever be."""
        if await self.may_read(holder, resource, ""):
            return None
        wanted = sorted(set(namespaces))
        allowed = await asyncio.gather(*(self.may_read(holder, resource, one) for one in wanted))
        return frozenset(one for one, granted in zip(wanted, allowed, strict=True) if granted)
