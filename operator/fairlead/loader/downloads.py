"""Download one file over HTTP, with a size limit and a timeout for silence but not for length."""

import asyncio
import errno
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp

SILENT_S: Final = 30.0
LARGEST: Final = 16 << 30
"""Maximum bytes of one file; an adapter of rank 512 for a model of 400 billion parameters takes some 10 GB."""
_PIECE: Final = 1 << 20
_MEANINGS: Final = {
    HTTPStatus.UNAUTHORIZED: "credentials are missing or wrong",
    HTTPStatus.FORBIDDEN: "these credentials are not permitted to read it",
    HTTPStatus.NOT_FOUND: "there is no such file",
}


class SourceUnreadable(Exception):
    """A source does not respond, or refuses the request."""


class AccessRefused(SourceUnreadable):
    """A source answered 401, 403 or 404; other credentials may read it."""


class CredentialsRefused(AccessRefused):
    """A source answered 401; `challenge` says where a registry gives out tokens, if it is one."""

    def __init__(self, message: str, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge


def bearer_challenge(answer: aiohttp.ClientResponse) -> str:
    """Return the challenge for a token among those of an answer; empty without one."""
    found = answer.headers.getall("WWW-Authenticate", ())
    return next((one for one in found if one.lower().startswith("bearer ")), "")


async def read_whole(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    """Read an answer to its end: `content.read(n)` returns what has arrived so far, which need not be all of it."""
    content = bytearray()
    async for piece in answer.content.iter_any():
        content += piece
        if len(content) > largest:
            raise SourceUnreadable(
                f"{answer.url.with_query(None)}: answered more than {largest >> 20} MiB, so it is no manifest or "
                "token; check the host in the source"
            )
    return bytes(content)


async def download(session: aiohttp.ClientSession, url: str, path: Path, *, headers: Mapping[str, str]) -> None:
    """Download a URL to a file."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENT_S, sock_read=SILENT_S)
    try:
        async with session.get(url, headers=headers, timeout=timeout) as answer:
            if answer.status != HTTPStatus.OK:
                message = f"{url}: answered {answer.status}: {meaning(answer.status)}"
                if answer.status == HTTPStatus.UNAUTHORIZED:
                    raise CredentialsRefused(message, bearer_challenge(answer))
                raise kind(answer.status)(message)
            refuse_size(answer.content_length or 0, url)
            size = 0
            # In threads: a slow disk holds up writes for seconds, and the kubelet expects an answer within two.
            with await asyncio.to_thread(path.open, "wb") as file:
                async for piece in answer.content.iter_chunked(_PIECE):
                    size += len(piece)
                    refuse_size(size, url)
                    await asyncio.to_thread(file.write, piece)
    except TimeoutError:
        raise SourceUnreadable(f"{url}: silent for {SILENT_S:.0f} s; it is tried again") from None
    except (aiohttp.ClientError, OSError) as problem:
        if is_of_space(problem):
            raise
        raise SourceUnreadable(f"{url}: {type(problem).__name__}: {str(problem)[:120]}; it is tried again") from None


def refuse_size(size: int, what: str) -> None:
    """Refuse a file that is too large for an adapter, before it fills the node's disk."""
    if size > LARGEST:
        raise SourceUnreadable(f"{what}: more than {LARGEST >> 30} GiB, so it is not an adapter")


def is_of_space(problem: Exception) -> bool:
    """Whether the node's disk is to blame and not the source."""
    return isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def kind(status: int) -> type[SourceUnreadable]:
    """Return the problem that a status is."""
    return AccessRefused if status in _MEANINGS else SourceUnreadable


def meaning(status: int) -> str:
    """Return what a status says about a file."""
    found = _MEANINGS.get(HTTPStatus(status)) if status in HTTPStatus._value2member_map_ else None
    return found or "it is tried again"
