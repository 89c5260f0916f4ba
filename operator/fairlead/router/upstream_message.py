"""A request as it is sent to an engine, and how its response is to be framed."""

from msgspec import Struct

from fairlead.router.wire.responses import ReplyFraming


class UpstreamMessage(Struct, kw_only=True, frozen=True, gc=False):
    """A request as sent."""

    parts: tuple[bytes, bytes]
    """Head and body; they are sent together."""
    framing: ReplyFraming = ReplyFraming.AS_IT_CAME
