"""Who may read what a router tells of itself: who has the operator's key, or a Kubernetes token with the right to.

The API server is asked once a minute for each token and page. What is unknown to it is asked about so seldom that
nobody can make a router flood it.
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
"""How long a right that was taken away goes on to work at most."""
REFUSAL_SECONDS: Final = 10.0
"""How long a right that was granted does not work yet at most."""
MOST_KNOWN: Final = 256
MOST_REVIEWS: Final = 8
"""At a time."""
UNKNOWN_TOKENS_PER_MINUTE: Final = 60.0
"""Reviews of tokens that were not allowed before; Prometheus, which was, never waits for strangers."""

ReviewCallback = Callable[[Problem | None], None]
TokenReviewer = Callable[[str, str], Awaitable[TokenRight]]


class CachedReview(NamedTuple):
    """What a review said, and how long it is believed."""

    problem: Problem | None
    until: float


async def review_token(token: str, page: str) -> TokenRight:
    """By the API server; a router without a cluster does not pay for the way to one."""
    from fairlead.cluster import access_reviews  # noqa: PLC0415 - aiohttp and what it brings

    return await access_reviews.may_get(token, page)


class MetricsAuthorizer:
    """Of one router."""

    def __init__(self, settings: Callable[[], RouterConfig], review: TokenReviewer = review_token) -> None:
        self.review = review
        self.open = False
        """Without keys and tokens everybody may: nobody but this machine reaches the port, or somebody said so."""
        self._settings = settings
        self._known: dict[tuple[bytes, bytes], CachedReview] = {}
        self._strangers = RateBucket(UNKNOWN_TOKENS_PER_MINUTE, UNKNOWN_TOKENS_PER_MINUTE, monotonic())
        self._tasks: set[asyncio.Task[None]] = set()

    def judge(self, head: RequestHead, tell: ReviewCallback) -> None:
        """Tell why not, or nothing: at once, or after a review."""
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
        """Nobody waits for an answer any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ask(self, head: RequestHead, digest: bytes, tell: ReviewCallback) -> None:
        """A token: what is known of it, or a review."""
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
