"""Who may read a router's metrics port: holders of the operator's key, or of a Kubernetes token with the right to.

The API server reviews each token and page once a minute. Reviews of unknown tokens are rate-limited, so that no client
can make a router flood the API server.
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
"""How long a revoked right works on at most."""
REFUSAL_SECONDS: Final = 10.0
"""How long a newly granted right does not work yet at most."""
MOST_KNOWN: Final = 256
MOST_REVIEWS: Final = 8
"""Reviews at a time."""
UNKNOWN_TOKENS_PER_MINUTE: Final = 60.0
"""Reviews of tokens that were not allowed before; Prometheus, whose token was, never waits for unknown clients."""

ReviewCallback = Callable[[Problem | None], None]
TokenReviewer = Callable[[str, str], Awaitable[TokenRight]]


class CachedReview(NamedTuple):
    """The result of a review, and until when it is cached."""

    problem: Problem | None
    until: float


async def review_token(token: str, page: str) -> TokenRight:
    """Review a token by the API server. The import is local: a router without a cluster does not pay for a client."""
    from fairlead.cluster import access_reviews  # noqa: PLC0415 - aiohttp and what it brings

    return await access_reviews.may_get(token, page)


class MetricsAuthorizer:
    """The authorizer of one router."""

    def __init__(self, settings: Callable[[], RouterConfig], review: TokenReviewer = review_token) -> None:
        self.review = review
        self.open = False
        """Without keys and tokens every client may read: only this machine reaches the port, or
        `RouterOptions.metrics_host` opens it to others."""
        self._settings = settings
        self._known: dict[tuple[bytes, bytes], CachedReview] = {}
        self._strangers = RateBucket(UNKNOWN_TOKENS_PER_MINUTE, UNKNOWN_TOKENS_PER_MINUTE, monotonic())
        self._tasks: set[asyncio.Task[None]] = set()

    def judge(self, head: RequestHead, tell: ReviewCallback) -> None:
        """Report the refusal or nothing to the callback: at once, or after a review."""
        settings = self._settings()
        if not settings.guarded:
            tell(None if self.open else refusals.no_metrics_key())
            return
        digest = None if head.key is None else sha256(head.key).digest()
        if digest in settings.metrics_keys:
            tell(None)
        elif head.key is None or digest is None or not settings.selector:
            tell(refusals.unknown_metrics_key())
        else:
            self._ask(head, digest, tell)

    async def close(self) -> None:
        """Cancel the reviews; no client waits for one any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ask(self, head: RequestHead, digest: bytes, tell: ReviewCallback) -> None:
        """Answer for a token from the cache, or start a review."""
        now, known = monotonic(), self._known.get((digest, head.path))
        if known is not None and now < known.until:
            tell(known.problem)
            return
        stranger = known is None or known.problem is not None
        if len(self._tasks) >= MOST_REVIEWS or (stranger and self._strangers.take(1, now)):
            tell(refusals.too_many_reviews())
            return
        task = asyncio.get_running_loop().create_task(self._review(head, digest, tell), name="review of a token")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _review(self, head: RequestHead, digest: bytes, tell: ReviewCallback) -> None:
        assert head.key is not None
        page = head.path.decode("latin-1")
        problem = refusals.of_review(await self.review(head.key.decode("latin-1"), page), page)
        if problem is None or problem.status != 503:
            self._known.pop((digest, head.path), None)
            if len(self._known) >= MOST_KNOWN:
                del self._known[next(iter(self._known))]
            lasts = GRANT_SECONDS if problem is None else REFUSAL_SECONDS
            self._known[digest, head.path] = CachedReview(problem, monotonic() + lasts)
        tell(problem)
