"""The events of a watch: their types, and how a stream of bytes is parsed into them.

Knows the framing. Never opens a watch; `api_server` does.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

import aiohttp

from fairlead.cluster import api_errors, kinds, nested_json
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.kinds import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """How long a watch lasts."""

    seconds: int = 300
    """The server ends it after this time."""
    silence_s: float = 70.0
    """After this long without a message it counts as broken; bookmarks come every minute."""


WATCH_LIMITS: Final = WatchLimits()


class WatchEventType(StrEnum):
    """The types of events; an ERROR is raised as an exception instead."""

    OPENED = "OPENED"
    """Our own type, and always the first: the server accepted the watch."""
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


class WatchEvent(NamedTuple):
    """One event of a watch; a bookmark's manifest holds only a resourceVersion, that of OPENED is empty."""

    type: WatchEventType
    manifest: Manifest
    version: str
    """The resourceVersion from which a watch may continue."""


def hang_up(answer: aiohttp.ClientResponse) -> None:
    """Abort a stream that is still open: TLS would wait for a close_notify that may never come."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()


async def lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines of any length: the reader's own `readline` fails beyond 128 KiB, and objects may have a megabyte."""
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


def event(request: ApiRequest, line: bytes) -> WatchEvent:
    """Parse one event of the stream; a line that is no event ends the watch, since its content is lost."""
    try:
        message: Mapping[str, Any] = nested_json.loads(line)
        manifest: Manifest = message["object"]
        if message["type"] == "ERROR":
            raise api_errors.of_stream(request, manifest)
        version = str(manifest["metadata"]["resourceVersion"])
        return WatchEvent(WatchEventType(message["type"]), kinds.trimmed(manifest), version)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise api_errors.of_stream(request, {"message": f"no event of a watch: {problem!r}"}) from problem
