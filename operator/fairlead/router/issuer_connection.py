"""The issuer of tenants' tokens, if the configuration names one: followed, replaced, left.

Token verification is imported only then: with cryptography and aiohttp it takes memory that other routers do not need.
"""

import asyncio
from typing import TYPE_CHECKING

from fairlead.fleet.token_issuer import TokenIssuer, tenants_by_claim
from fairlead.router.config.loader import RouterConfig
from fairlead.router.key_reading_pace import KeyReadingPace
from fairlead.router.router_context import RouterContext

if TYPE_CHECKING:
    from fairlead.router.tenant_tokens import TenantTokens

IssuerSource = tuple[str, str | None, str | None]
"""Issuer, URL of its keys and its CA file: while these stay the same, so do the keys."""


class IssuerConnection:
    """The issuer of one router's tenants; used inside its loop."""

    def __init__(self, context: RouterContext, pace: KeyReadingPace) -> None:
        self._context = context
        self._pace = pace
        self._tokens: TenantTokens | None = None
        self._source: IssuerSource | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def apply(self, settings: RouterConfig) -> None:
        """Accept tokens of this issuer from now on, for these tenants."""
        issuer = settings.routing.oidc
        source = None if issuer is None else (issuer.issuer, issuer.keys_url, settings.issuer_ca_file)
        if source != self._source:
            self._leave()
            self._source = source
        if issuer is not None:
            tokens = self._tokens or self._open(issuer, settings.issuer_ca_file)
            tokens.apply(issuer, tenants_by_claim(settings.routing.tenants))
            self._tokens = tokens
        self._context.resolve_by(self._tokens)

    async def close(self) -> None:
        """Stop reading keys."""
        self._leave()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _open(self, issuer: TokenIssuer, ca_file: str | None) -> "TenantTokens":
        from fairlead.router.tenant_tokens import TenantTokens  # noqa: PLC0415 - not imported without an issuer

        return TenantTokens((issuer, ca_file), self._context.telemetry.counts.key_readings, self._pace)

    def _leave(self) -> None:
        if self._tokens is not None:
            task = asyncio.get_running_loop().create_task(self._tokens.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        self._tokens = None
        self._context.resolve_by(None)
