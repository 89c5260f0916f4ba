"""Counts the bytes of all bodies that a router is receiving, so that no number of clients can fill its memory.

If they are too many, a body of the sender with the most bytes goes, whoever sent the last ones: nobody can take all the
room and keep others out.
"""

from collections.abc import Callable
from typing import Final, Protocol

from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import RequestHead

MAX_BYTES: Final = 256 * 2**20
"""As many as may wait for a replica. A body that arrives in one read is never among them."""
LARGEST_BODIES: Final = 4
"""So many of the largest bodies that a configuration allows are received in any case."""


class BodyHolder(Protocol):
    """Receives one body."""

    held: int
    """Bytes that have arrived of it."""
    share: "SenderShare | None"
    """Its sender's; None before the first bytes and after the last."""

    def give_up(self) -> None:
        """Forget what has arrived, and refuse the rest."""


class SenderShare:
    """The unfinished bodies of one sender, a tenant."""

    __slots__ = ("bytes", "holders", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.bytes = 0
        self.holders: set[BodyHolder] = set()


def _anybody(_head: RequestHead) -> str:
    return ""


class UnfinishedBodies:
    """The bytes that have arrived of bodies that are not complete, of all of one router's connections."""

    __slots__ = ("_sender_of", "_shares", "bytes")

    def __init__(self, sender_of: Callable[[RequestHead], str] = _anybody) -> None:
        self._sender_of = sender_of
        self._shares: dict[str, SenderShare] = {}
        self.bytes = 0

    def add(self, holder: BodyHolder, head: RequestHead, size: int, limits: RequestLimits) -> bool:
        """Count bytes of a body; return whether it does not fit. Others may have given up for it."""
        share = holder.share
        if share is None:
            name = self._sender_of(head)
            share = holder.share = self._shares.setdefault(name, SenderShare(name))
            share.holders.add(holder)
        holder.held += size
        share.bytes += size
        self.bytes += size
        while self.bytes > MAX_BYTES and self.bytes > LARGEST_BODIES * limits.body_bytes:
            most = max(self._shares.values(), key=lambda one: one.bytes)
            if share.bytes >= most.bytes:
                return True
            max(most.holders, key=lambda one: one.held).give_up()
        return False

    def end(self, holder: BodyHolder) -> None:
        """Forget a body: it is complete, or its connection ends before the rest."""
        share, held = holder.share, holder.held
        holder.share, holder.held = None, 0
        if share is None:
            return
        share.holders.discard(holder)
        share.bytes -= held
        self.bytes -= held
        if not share.holders:
            del self._shares[share.name]


def too_many(held: int) -> str:
    """Return the message for a client whose body does not fit beside the others."""
    return f"the request's body: {held} bytes of bodies are arriving here, more than fit; send it again in a second"
