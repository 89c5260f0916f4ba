"""HTTP requests to engine pods, scrapes above all. Knows their address; `engines` parses the text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

TIMEOUT_S: Final = 2.0
"""An engine that needs longer for its metrics is too busy for a retry."""

LARGEST: Final = 8 * 1024 * 1024
"""Bytes: a page of metrics has some hundred KB, so anything larger is not one."""


async def metrics(session: aiohttp.ClientSession, ip: str, port: int, path: str) -> str | None:
    """Return the engine's page of metrics; None if there is no usable answer."""
    return await fetch(session, f"http://{host(ip)}:{port}{path}")


@dataclass(frozen=True, slots=True)
class PodReply:
    """A whole reply."""

    status: int
    content: bytes


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> PodReply | None:
    """Return a reply of bounded size: 408 on a time-out, None when nothing answers."""
    timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=TIMEOUT_S)
    try:
        async with session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False) as answer:
            content = bytearray()
            async for chunk in answer.content.iter_any():
                content += chunk
                if len(content) > LARGEST:
                    return PodReply(413, b"the reply is too large")
            return PodReply(answer.status, bytes(content))
    except aiohttp.ConnectionTimeoutError:
        return None
    except TimeoutError:
        return PodReply(408, f"no reply within {seconds:g} s".encode())
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
    session: aiohttp.ClientSession, url: str, key: str | None = None, seconds: float | None = None
) -> str | None:
    """Fetch a text from a pod within two seconds or those given, of bounded size; None without one."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S if seconds is None else seconds)
    try:
        async with session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as answer:
            if answer.status != 200:
                return None
            content = bytearray()
            async for chunk in answer.content.iter_any():
                content += chunk
                if len(content) > LARGEST:
                    return None
            return content.decode(errors="replace")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None


def host(ip: str) -> str:
    """Format an IP for a URL."""
    return f"[{ip}]" if ":" in ip else ip
