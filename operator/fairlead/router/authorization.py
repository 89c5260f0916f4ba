"""Who may read a router's metrics port: holders of the operator's key, or of a Kubernetes token with permission.

The API server reviews each token for each page; results are cached. Reviews of unknown tokens are rate-limited, so that
no client can make a router flood the API server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import monotonic
from typing import Final, NamedTuple

from fairlead.fleet.token_rights import TokenRight
from fairlead.router import refusals
from fairlead.router.config.loader import RouterConfig
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.routing.rates import RateBucket

GRANT_SECONDS: Final = 60.0
"""Longest time that a revoked right still works."""
REFUSAL_SECONDS: Final = 10.0
"""Longest time until a newly granted right works."""
MAX_CACHED: Final = 256
MAX_REVIEWS: Final = 8
"""Concurrent reviews of tokens not allowed before; those that were have as many again, however slow reviews are."""
UNKNOWN_TOKENS_PER_MINUTE: Final = 60.0
"""Limit of reviews of tokens not allowed before; Prometheus, whose token was, never waits for unknown clients."""

ReviewCallback = Callable[[Problem | None], None]
TokenReviewer = Callable[[str, str], Awaitable[TokenRight]]


class CachedReview(NamedTuple):
    """The result of a review, and until when it is cached."""

    problem: Problem | None
    until: float


async def review_token(token: str, page: str) -> TokenRight:
    """Have the API server review a token. A local import spares routers without a cluster the API client."""
    from fairlead.cluster import access_reviews  # noqa: PLC0415 - aiohttp and its dependencies

    return await access_reviews.may_get(token, page)


class MetricsAuthorizer:
    """The authorizer of one router."""

    def __init__(self, settings: Callable[[], RouterConfig], review: TokenReviewer = review_token) -> None:
        self.review = review
        self.open = False
        """Without keys and tokens every client may read: only this machine reaches the port, or
        `RouterOptions.metrics_host` opens it to others."""
        self._settings = settings
        self._cached: dict[tuple[bytes, bytes], CachedReview] = {}
        self._strangers = RateBucket(UNKNOWN_TOKENS_PER_MINUTE, UNKNOWN_TOKENS_PER_MINUTE, monotonic())
        self._tasks: set[asyncio.Task[None]] = set()

    def judge(self, head: RequestHead, answer: ReviewCallback) -> None:
        """Call back with the refusal or None, at once or after a review."""
        settings = self._settings()
        if not settings.guarded:
            answer(None if self.open else refusals.no_metrics_key())
            return
        digest = None if head.key is None else sha256(head.key).digest()
        if digest in settings.metrics_keys:
            answer(None)
        elif head.key is None or digest is None or not settings.in_cluster:
            answer(refusals.unknown_metrics_key())
        else:
            self._judge_token(head, digest, answer)

    async def close(self) -> None:
        """Cancel the reviews; no client waits for one any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _judge_token(self, head: RequestHead, digest: bytes, answer: ReviewCallback) -> None:
        """Answer for a token from the cache, or start a review."""
        now, cached = monotonic(), self._cached.get((digest, head.path))
        if cached is not None and now < cached.until:
            answer(cached.problem)
            return
        stranger = cached is None or cached.problem is not None
        most = MAX_REVIEWS if stranger else 2 * MAX_REVIEWS
        if len(self._tasks) >= most or (stranger and self._strangers.take(1, now)):
            answer(refusals.too_many_reviews())
            return
        task = asyncio.get_running_loop().create_task(self._review(head, digest, answer), name="review of a token")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _review(self, head: RequestHead, digest: bytes, answer: ReviewCallback) -> None:
        assert head.key is not None
        page = head.path.decode("latin-1")
        problem = refusals.of_review(await self.review(head.key.decode("latin-1"), page), page)
        if problem is None or problem.status != 503:
            self._cached.pop((digest, head.path), None)
            if len(self._cached) >= MAX_CACHED:
                del self._cached[next(iter(self._cached))]
            lasts = GRANT_SECONDS if problem is None else REFUSAL_SECONDS
            self._cached[digest, head.path] = CachedReview(problem, monotonic() + lasts)
        answer(problem)
