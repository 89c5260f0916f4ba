"""Asking engine pods for their metrics. Knows where they answer; what the text means is for `engines` to read."""

from typing import Final

import aiohttp

PORT: Final = 8000
TIMEOUT_S: Final = 2.0
"""An engine that needs longer for its own numbers is too busy to be asked twice."""

LARGEST: Final = 8 * 1024 * 1024
"""A page of metrics has some hundred KB; whatever is larger is none."""


async def metrics(session: aiohttp.ClientSession, ip: str, port: int = PORT, path: str = "/metrics") -> str | None:
    """The engine's page of metrics; nothing when there is no answer to rely on."""
    return await fetch(session, f"http://{host(ip)}:{port}{path}")


async def act(session: aiohttp.ClientSession, ip: str, path: str, seconds: float) -> int | None:
    """Have an engine do something that takes a while; the status of its answer, or nothing."""
    try:
        url, timeout = f"http://{host(ip)}:{PORT}{path}", aiohttp.ClientTimeout(total=seconds)
        async with session.post(url, timeout=timeout, allow_redirects=False) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None


async def fetch(session: aiohttp.ClientSession, url: str, key: str | None = None) -> str | None:
    """A text from a pod, within two seconds and of bounded size, or nothing."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
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
    """An IP as it stands in an address."""
    return f"[{ip}]" if ":" in ip else ip
