"""The words of a watch: what the server may say in one, and how a stream of bytes becomes them.

Knows the framing. Never opens a watch; `api_server` does.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

import aiohttp

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.kinds import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """How long a watch lasts."""

    seconds: int = 300
    """The server is asked to end it then."""
    silence_s: float = 70.0
    """Without a word for so long it counts as broken; bookmarks come every minute."""


WATCH_LIMITS: Final = WatchLimits()


class WatchEventType(StrEnum):
    """What a watch tells; an ERROR is raised, not told."""

    OPENED = "OPENED"
    """Ours, and always the first: the server took the watch."""
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


class WatchEvent(NamedTuple):
    """One word of a watch; a bookmark holds nothing but a resourceVersion, the opening nothing."""

    type: WatchEventType
    manifest: Manifest
    version: str
    """From here a watch may go on."""


def hang_up(answer: aiohttp.ClientResponse) -> None:
    """Leave a stream that still runs at once: the farewell that TLS would wait for may never come."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()


async def lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length: the reader's own `readline` gives up at 128 KiB, and objects may have a megabyte."""
    pieces: list[bytes] = []
    async for chunk in content.iter_any():
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            line = b"".join((*pieces, piece))
            pieces.clear()
            if line:
                yield line
        if rest:
            pieces.append(rest)


def event(asked: ApiRequest, line: bytes) -> WatchEvent:
    """One word of the stream; one that is no word ends it, since what it hid is lost."""
    try:
        said: Mapping[str, Any] = json.loads(line)
        manifest: Manifest = said["object"]
        if said["type"] == "ERROR":
            raise api_errors.of_stream(asked, manifest)
        version = str(manifest["metadata"]["resourceVersion"])
        return WatchEvent(WatchEventType(said["type"]), kinds.trimmed(manifest), version)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise api_errors.of_stream(asked, {"message": f"no event of a watch: {problem!r}"}) from problem
