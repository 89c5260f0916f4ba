"""Parses an event of a stream or a whole response into its typed parts; data of another shape has none."""

from typing import Final

import msgspec

from fairlead.router.wire.event_shapes import EventResponse, MessageStop, ReplyEvent

FAILURES: Final = frozenset({"error", "response.failed"})
INNER: Final = msgspec.json.Decoder(EventResponse)
STOP: Final = msgspec.json.Decoder(MessageStop)
EVENT: Final = msgspec.json.Decoder(ReplyEvent)


def event(data: bytes) -> ReplyEvent | None:
    """Parse the event; None for data of another shape."""
    try:
        return EVENT.decode(data)
    except (ValueError, RecursionError):
        return None


def fails(reply_event: ReplyEvent) -> bool:
    """Whether it reports an error."""
    return reply_event.type in FAILURES or (bool(reply_event.error) and bytes(reply_event.error) != b"null")


def inner(reply_event: ReplyEvent) -> EventResponse | None:
    """Parse the response or message that an event carries."""
    raw = reply_event.response or reply_event.message
    try:
        return INNER.decode(raw) if raw else None
    except (ValueError, RecursionError):
        return None


def stop_reason(reply_event: ReplyEvent) -> str | None:
    """Return why a message ended."""
    try:
        return STOP.decode(reply_event.delta).stop_reason
    except (ValueError, RecursionError):
        return None
