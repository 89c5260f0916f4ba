"""One read of an issuer's public keys over HTTPS.

Imported only if an issuer is configured, since it needs aiohttp. The certificate authenticates the server, so no proxy
from the environment is used and no redirect followed; each answer is bounded in bytes and time.
"""

import asyncio
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from fairlead.documents import json_document
from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.router.observability.label_values import KeyReadingResult
from fairlead.routing.tokens import issuer_keys
from fairlead.routing.tokens.issuer_keys import IssuerKeys

CONFIGURATION: Final = "/.well-known/openid-configuration"
MAX_BYTES: Final = 256 * 2**10
"""Limit of one page; a key takes less than 4 KiB, its certificates included."""
CONNECT_SECONDS: Final = 2.0
TOTAL_SECONDS: Final = 5.0
"""For both pages together."""
PLAIN: Final = {"accept": "application/json", "accept-encoding": "identity"}


class KeysNotRead(Exception):
    """Why there are no keys, as a metric and as a sentence."""

    def __init__(self, result: KeyReadingResult, why: str) -> None:
        super().__init__(why)
        self.result = result


async def read_keys(issuer: TokenIssuer, ca_file: str | None) -> IssuerKeys:
    """Read the issuer's current keys; raises `KeysNotRead`."""
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            authorities = await asyncio.to_thread(ssl.create_default_context, cafile=ca_file)
            return await _read(issuer, authorities)
    except TimeoutError:
        raise KeysNotRead(KeyReadingResult.UNREACHABLE, f"no answer within {TOTAL_SECONDS:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as problem:
        raise KeysNotRead(KeyReadingResult.UNREACHABLE, f"{type(problem).__name__}: {problem}") from None


async def _read(issuer: TokenIssuer, authorities: ssl.SSLContext) -> IssuerKeys:
    connections = aiohttp.TCPConnector(ssl=authorities, limit=1)
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
    async with aiohttp.ClientSession(
        connector=connections,
        timeout=timeout,
        trust_env=False,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        url = issuer.keys_url or await _keys_url(session, issuer.issuer)
        keys = issuer_keys.read(await _page(session, url))
    if keys is None:
        raise KeysNotRead(KeyReadingResult.UNUSABLE, f"{url}: it has no public key that may sign tokens")
    return keys


async def _keys_url(session: aiohttp.ClientSession, issuer: str) -> str:
    """Return the issuer's URL for its keys; a page of another issuer is refused."""
    url = issuer.rstrip("/") + CONFIGURATION
    page = await _page(session, url)
    named, found = page.get("issuer"), page.get("jwks_uri")
    if named != issuer:
        raise KeysNotRead(KeyReadingResult.UNUSABLE, f"{url}: it is the page of {str(named)[:200]!r}")
    if not isinstance(found, str) or urlsplit(found).scheme != "https":
        raise KeysNotRead(KeyReadingResult.UNUSABLE, f"{url}: jwks_uri is {str(found)[:200]!r}, which is not https")
    return found


async def _page(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    body = b""
    async with session.get(url, allow_redirects=False, headers=PLAIN) as answer:
        if answer.status != 200:
            raise KeysNotRead(KeyReadingResult.REFUSED, f"{url}: status {answer.status}")
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > MAX_BYTES:
                raise KeysNotRead(KeyReadingResult.UNUSABLE, f"{url}: more than {MAX_BYTES // 1024} KiB")
    try:
        page = json_document.read(body)
    except ValueError:
        page = None
    if not isinstance(page, dict):
        raise KeysNotRead(KeyReadingResult.UNUSABLE, f"{url}: not a JSON object")
    return page
