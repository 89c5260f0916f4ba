"""Resolves tokens to tenants: the issuer's keys, read periodically, and the tokens that were proved recently.

No request waits for the issuer: keys are read in the background, and a token whose key is not known yet gets 503, to be
sent again. Keys stay in use until newer ones are read. Imported only if an issuer is configured.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from time import monotonic
from time import time as wall_time
from typing import Final

from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.router import issuer_reader
from fairlead.router.issuer_reader import KeysNotRead
from fairlead.router.key_reading_pace import KeyReadingPace
from fairlead.router.observability.label_values import KeyReadingResult
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.tokens import token_claims, token_proof
from fairlead.routing.tokens.issuer_keys import IssuerKeys
from fairlead.routing.tokens.token_claims import NO_KEY, UNPROVED, ProvedTenant, TokenTerms
from fairlead.routing.tokens.token_proof import TokenHead

log = logging.getLogger(__name__)

KEPT_SECONDS: Final = 60.0
"""How long a token counts as proved at most: proving one took 60 to 110 µs, with ES384 and ES512 470 µs, and looking
one up 1 µs."""
MAX_KEPT: Final = 4096
MAX_SOUGHT: Final = 64
"""Limit of unknown key ids kept, so that made-up ones take no memory."""


class TenantTokens:
    """The tokens of one issuer at one router; used inside its loop."""

    def __init__(
        self,
        source: tuple[TokenIssuer, str | None],
        readings: dict[KeyReadingResult, int],
        pace: KeyReadingPace,
        wall: Callable[[], float] = wall_time,
    ) -> None:
        issuer, self._ca_file = source
        self._terms = TokenTerms(issuer=issuer, tenants={})
        self._readings = readings
        self._pace = pace
        self._wall = wall
        self._keys: IssuerKeys | None = None
        self._read_at = -inf
        """When the read of `_keys` began."""
        self._began = -inf
        """When the latest read began."""
        self._wanted = asyncio.Event()
        self._sought: dict[str | None, float] = {}
        """When a token first named an unknown key; renewed after a while, as the key may exist by then."""
        self._proved: dict[bytes, tuple[str, float]] = {}
        """Tenants by the SHA-256 of their tokens, each until a Unix time."""
        self._silent = False
        self._task: asyncio.Task[None] | None = None

    def apply(self, issuer: TokenIssuer, tenants: Mapping[str, str]) -> None:
        """Judge tokens by these terms from now on, and start to read keys."""
        self._terms = TokenTerms(issuer=issuer, tenants=tenants)
        self._proved.clear()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._follow(), name="keys of the issuer")

    async def close(self) -> None:
        """Stop reading keys."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def is_token(self, key: bytes) -> bool:
        """Whether this has the form of a token."""
        return token_proof.is_token(key)

    def tenant(self, key: bytes, digest: bytes) -> str | Refusal:
        """Return the token's tenant, or why there is none."""
        if not self.is_token(key):
            return NO_KEY
        now = self._wall()
        kept = self._proved.get(digest)
        if kept is not None and now < kept[1]:
            return kept[0]
        found = self._prove(key, now)
        if isinstance(found, Refusal):
            return found
        self._proved.pop(digest, None)
        if len(self._proved) >= MAX_KEPT:
            del self._proved[next(iter(self._proved))]
        self._proved[digest] = found.name, min(found.until, now + KEPT_SECONDS)
        return found.name

    def _prove(self, token: bytes, now: float) -> ProvedTenant | Refusal:
        head = token_proof.head_of(token)
        if head is None:
            return UNPROVED
        if self._keys is None:
            return _unread(self._pace.first_seconds)
        if not self._keys.has(head.key_id):
            return self._seek(head)
        key = self._keys.find(head.key_id, head.algorithm)
        claims = None if key is None else token_proof.proved_claims(token, head, key)
        return UNPROVED if claims is None else token_claims.tenant(claims, self._terms, now)

    def _seek(self, head: TokenHead) -> Refusal:
        """Have the keys read again; refuse a token once a read that began after it arrived has no key for it."""
        now = monotonic()
        if head.key_id not in self._sought and len(self._sought) >= MAX_SOUGHT:
            del self._sought[next(iter(self._sought))]
        since = self._sought.get(head.key_id, -inf)
        if now - since > self._pace.every_seconds:
            since = self._sought[head.key_id] = now
        self._wanted.set()
        return UNPROVED if self._read_at >= since else _unread(self._began + self._pace.least_seconds - now)

    async def _follow(self) -> None:
        while True:
            self._began = monotonic()
            self._wanted.clear()
            done = await self._read(self._began)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause(done=done)):
                    await self._wanted.wait()
                    await asyncio.sleep(self._began + self._pace.least_seconds - monotonic())

    def _pause(self, *, done: bool) -> float:
        """Return the seconds until the next read, if no token requests one earlier."""
        if done:
            return self._pace.every_seconds
        return self._pace.first_seconds if self._keys is None else self._pace.least_seconds

    async def _read(self, began: float) -> bool:
        """Read the keys; return whether that succeeded."""
        issuer = self._terms.issuer
        try:
            keys = await issuer_reader.read_keys(issuer, self._ca_file)
        except KeysNotRead as problem:
            self._readings[problem.result] += 1
            self._miss(str(problem))
            return False
        except Exception as problem:
            self._readings[KeyReadingResult.UNUSABLE] += 1
            log.exception("internal error: the keys of %s were not read; please report it", issuer.issuer)
            self._miss(type(problem).__name__)
            return False
        self._readings[KeyReadingResult.READ] += 1
        if self._keys is None or self._silent:
            log.info("issuer %s: %d keys read", issuer.issuer, len(keys.keys))
        self._silent = False
        self._keys, self._read_at = keys, began
        self._proved.clear()
        return True

    def _miss(self, why: str) -> None:
        if not self._silent:
            self._silent = True
            rest = "tokens get 503 until then" if self._keys is None else "those read before stay"
            log.warning("issuer %s: its keys cannot be read (%s); %s", self._terms.issuer.issuer, why, rest)


def _unread(seconds: float) -> Refusal:
    return Refusal(
        reason=RefusalReason.NO_ISSUER_KEYS,
        message="The key for this token's signature has not been read from its issuer yet: send the request again.",
        retry_after_seconds=max(1.0, seconds),
    )
