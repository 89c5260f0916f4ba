"""HTTP requests to engine pods, scrapes above all. Knows their address; `engines` parses the text.

Whoever may create a pod chooses its program, and an Evaluation names its judge, so each reply is bounded in bytes and
time, not decompressed, and no redirect is followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

TIMEOUT_S: Final = 2.0
"""An engine that needs longer for its metrics is too busy for a retry."""

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a router's page: that of one with 2,000 engines has a million."""
LARGEST_METRICS: Final = 2 * 1024 * 1024
"""Bytes of an engine's page of metrics, which has some hundred KB: reading more would hold up this process."""
LARGEST_REPLY: Final = 512 * 1024
"""Bytes of a reply to a chat request of the operator, which waits for hundreds of them at once."""
CERTIFICATE_UNTRUSTED: Final = 495
"""In place of the reply of a server whose certificate no known CA has signed."""
_PLAIN: Final = {"Accept-Encoding": "identity"}


async def metrics(session: aiohttp.ClientSession, ip: str, port: int, path: str) -> str | None:
    """Return the engine's page of metrics; None if there is no usable answer."""
    return await fetch(session, f"http://{host(ip)}:{port}{path}", largest=LARGEST_METRICS)


@dataclass(frozen=True, slots=True)
class PodReply:
    """A whole reply."""

    status: int
    content: bytes


@dataclass(frozen=True, slots=True)
class ReplyBounds:
    """What a reply may take."""

    seconds: float
    largest: int = LARGEST


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str], bounds: ReplyBounds
) -> PodReply | None:
    """Return a reply of bounded size: 408 on a time-out, 495 for an untrusted server, None when nothing answers."""
    timeout = aiohttp.ClientTimeout(total=bounds.seconds, sock_connect=TIMEOUT_S)
    try:
        async with session.post(
            url,
            data=body,
            headers={**headers, **_PLAIN},
            timeout=timeout,
            allow_redirects=False,
            auto_decompress=False,
        ) as answer:
            content = await _bounded(answer, bounds.largest)
            if content is None:
                return PodReply(413, b"the reply is too large")
            return PodReply(answer.status, content)
    except aiohttp.ConnectionTimeoutError:
        return None
    except TimeoutError:
        return PodReply(408, f"no reply within {bounds.seconds:g} s".encode())
    except aiohttp.ClientConnectorCertificateError:
        return PodReply(CERTIFICATE_UNTRUSTED, b"")
    except (aiohttp.ClientError, OSError, ValueError):
        return None


async def act(session: aiohttp.ClientSession, ip: str, port: int, path: str, seconds: float) -> int | None:
    """POST a request that takes an engine a while; return the status of its answer, or None."""
    try:
        url, timeout = f"http://{host(ip)}:{port}{path}", aiohttp.ClientTimeout(total=seconds)
        async with session.post(url, timeout=timeout, allow_redirects=False) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    key: str | None = None,
    seconds: float | None = None,
    largest: int = LARGEST,
) -> str | None:
    """Fetch a text from a pod within two seconds or those given, of bounded size; None without one."""
    headers = _PLAIN if key is None else {**_PLAIN, "Authorization": f"Bearer {key}"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S if seconds is None else seconds)
    try:
        async with session.get(
            url, headers=headers, timeout=timeout, allow_redirects=False, auto_decompress=False
        ) as answer:
            content = await _bounded(answer, largest) if answer.status == 200 else None
            return None if content is None else content.decode(errors="replace")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None


async def _bounded(answer: aiohttp.ClientResponse, largest: int) -> bytes | None:
    """Read a whole body as it was sent; None if it is larger."""
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > largest:
            return None
    return bytes(content)


def host(ip: str) -> str:
    """Format an IP for a URL."""
    return f"[{ip}]" if ":" in ip else ip
