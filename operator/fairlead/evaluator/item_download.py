"""The pod that reads items: hands over a mounted file, or one from a hub, or fails with a message."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp

from fairlead.evaluating.handed_lines import MAX_BYTES
from fairlead.fleet import retry_after

TRIES: Final = 4
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
"""Between two attempts, if the hub's Retry-After wants more."""
_UNREACHED: Final = "check that the namespace's pods may reach the hub"
_BUSY: Final = {
    408: _UNREACHED,
    429: "it limits requests by address, and by token where there is one: wait, or set spec.items.source.tokenSecret",
}
_TIMEOUT: Final = aiohttp.ClientTimeout(total=300.0, sock_connect=10.0, sock_read=60.0)
_REFUSED: Final = {
    401: "the hub wants a token, or another one; set spec.items.source.tokenSecret",
    403: "the token is not permitted to read it; ask for access, or set spec.items.source.tokenSecret to another",
    404: "the hub has no such repository, revision or file, or hides it without a token; check spec.items.source",
}


class ItemsUnread(Exception):
    """The file cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAddress:
    """A file on a hub."""

    endpoint: str
    repository: str
    revision: str
    path: str

    @property
    def url(self) -> str:
        """Its download URL."""
        base = self.endpoint.rstrip("/")
        return f"{base}/{self.repository}/resolve/{quote(self.revision, safe='')}/{quote(self.path)}"


def from_file(path: Path) -> bytes:
    """Read a mounted file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ItemsUnread(f"{path.name}: more than {MAX_BYTES:,} bytes; split the file")
        return path.read_bytes()
    except FileNotFoundError:
        raise ItemsUnread(f"{path}: there is no such file; check the path below spec.items") from None
    except IsADirectoryError:
        raise ItemsUnread(f"{path}: this is a folder; name a file of it in the path below spec.items") from None
    except PermissionError:
        words = f"{path}: user {os.getuid()} is not permitted to read it; let others read the file and its folders"
        raise ItemsUnread(words) from None
    except OSError as problem:
        raise ItemsUnread(f"{path}: {problem.strerror or problem}; check the volume") from None


def beside(folder: Path) -> str:
    """Digest all files of a folder, by name: it changes with a task's YAML or its code."""
    digest, left = hashlib.sha256(), MAX_BYTES
    try:
        files = sorted(one for one in folder.iterdir() if one.is_file())
        for one in files:
            left -= one.stat().st_size
            if left < 0:
                raise ItemsUnread(
                    f"{folder}: more than {MAX_BYTES:,} bytes in it; put the task into a folder of its own"
                )
            digest.update(f"{one.name}\n{one.stat().st_size}\n".encode() + one.read_bytes())
    except OSError as problem:
        words = problem.strerror or problem
        raise ItemsUnread(f"{folder}: {words}; let user {os.getuid()} read it and the files in it") from None
    return digest.hexdigest()


async def from_hub(address: HubAddress, token: str, now: Callable[[], datetime]) -> bytes:
    """Download a file from a hub, with retries; the token is not sent to other hosts on a redirect.

    Space around the token is ignored, as engines do: a Secret made from a file often ends with a line break.
    """
    headers = {"Authorization": f"Bearer {token.strip()}"} if token.strip() else {}
    words, remedy, least = "", "", 0.0
    async with aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True) as session:
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(max(FIRST_WAIT_S * 2**attempt, least))
            try:
                async with session.get(address.url, headers=headers) as reply:
                    if reply.status < 500 and reply.status not in _BUSY:
                        return await _content(address, reply)
                    words, remedy = f"the hub answers {reply.status}", _BUSY.get(reply.status, _UNREACHED)
                    least = least_wait(reply.headers.get("Retry-After", ""), now())
            except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                words, remedy, least = str(problem)[:120] or type(problem).__name__, _UNREACHED, 0.0
    raise ItemsUnread(f"{address.url}: {words}; {remedy}, then delete this pod to try again")


def least_wait(written: str, now: datetime) -> float:
    """Seconds to wait at least, as the hub wants."""
    return min(retry_after.seconds(written, now) or 0.0, LONGEST_WAIT_S)


async def _content(address: HubAddress, reply: aiohttp.ClientResponse) -> bytes:
    if reply.status != 200:
        why = _REFUSED.get(reply.status, "check spec.items.source, then delete this pod to try again")
        raise ItemsUnread(f"{address.url}: the hub answers {reply.status}: {why}")
    content = bytearray()
    async for piece in reply.content.iter_any():
        content += piece
        if len(content) > MAX_BYTES:
            raise ItemsUnread(f"{address.path}: more than {MAX_BYTES:,} bytes; split the file")
    return bytes(content)
